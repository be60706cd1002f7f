# What a user would otherwise run: MAGN as a plain PyTorch script, timed.
# Usage: pytorch_magn.py train|predict BACKBONE fp32|bf16 contiguous|channels_last BATCH SIZE STEPS THREADS
# One JSON line: images a second over all views, seconds a step (median), peak memory.
import json, math, resource, statistics, sys, time
import torch, torchvision
import torch.nn.functional as F

what, backbone, precision, fmt, batch, size, steps, threads = sys.argv[1:5] + [int(a) for a in sys.argv[5:9]]
torch.set_num_threads(threads)
torch.manual_seed(1)
views = 3
memory_format = torch.channels_last if fmt == "channels_last" else torch.contiguous_format

class Magn(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.backbones = torch.nn.ModuleList()
        for _ in range(views):
            net = getattr(torchvision.models, backbone)()
            channels = net.fc.in_features
            self.backbones.append(torch.nn.Sequential(*list(net.children())[:-2]))
        self.fc = torch.nn.Linear(views * channels, 1)

    def forward(self, xs):
        pooled = []
        for net, x in zip(self.backbones, xs):
            f = net(x)
            pooled.append((torch.logsumexp(6 * f.float().flatten(2), 2) - math.log(f.shape[2] * f.shape[3])) / 6)
        return self.fc(torch.cat(pooled, 1))[:, 0]

net = Magn().to(memory_format=memory_format)
xs = [torch.rand(batch, 1, size, size).expand(-1, 3, -1, -1).contiguous(memory_format=memory_format) for _ in range(views)]
y = (torch.arange(batch) % 2).float()
autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")
optimiser = torch.optim.Adam(net.parameters(), 1e-4)

def train():
    with autocast:
        z = net(xs)
    loss = F.binary_cross_entropy_with_logits(z.float(), y)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()

def predict():
    with torch.no_grad(), autocast:
        return net(xs).sum().item()

net.train(what == "train")
step = train if what == "train" else predict
step(), step()
seconds = []
for _ in range(steps):
    t = time.perf_counter()
    step()
    seconds.append(time.perf_counter() - t)
print(json.dumps({
    "program": f"PyTorch {torch.__version__}", "what": what, "backbone": backbone, "precision": precision, "memory_format": fmt,
    "batch": batch, "size": size, "views": views, "threads": threads, "steps": steps,
    "step_seconds": round(statistics.median(seconds), 4), "images_per_second": round(views * batch / statistics.median(seconds), 2),
    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}))
