# A plain PyTorch MAGN to hold the Go one against: same weights, same batch.
# Usage: parity.py IN.safetensors OUT.safetensors CONFIG-JSON
# IN holds the network's tensors, x.<view> [B,1,H,W], m.<view> [B,H,W], y [B].
# OUT holds logits, map.<view>, loss.*, grad.<name>, and after.<name>: the
# tensors after the given number of Adam steps on the same batch.
import json, math, struct, sys
import numpy as np, torch, torchvision
import torch.nn.functional as F

KINDS = {"F32": np.float32, "F64": np.float64, "I64": np.int64, "U8": np.uint8}

def load(path):
    with open(path, "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(n))
        data = f.read()
    return {k: torch.from_numpy(np.frombuffer(data[e["data_offsets"][0]:e["data_offsets"][1]], KINDS[e["dtype"]]).reshape(e["shape"]).copy())
            for k, e in header.items() if k != "__metadata__"}

def save(path, tensors):
    header, blobs, at = {}, [], 0
    for k, t in tensors.items():
        a = np.ascontiguousarray(t.detach().numpy())
        b = a.tobytes()
        header[k] = {"dtype": {v: n for n, v in KINDS.items()}[a.dtype.type], "shape": list(t.shape), "data_offsets": [at, at + len(b)]}
        at += len(b)
        blobs.append(b)
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))

class Net(torch.nn.Module):
    def __init__(self, cfg):
        super().__init__()
        kw = {"replace_stride_with_dilation": [False, False, True]} if cfg["stride"] == 16 else {}
        self.views = cfg["views"]
        names = ["shared"] if cfg["shared"] else self.views
        for v in names:
            net = getattr(torchvision.models, cfg["backbone"])(**kw)
            self.c = net.fc.in_features
            net.fc = torch.nn.Identity()
            setattr(self, v, net)
        self.one = cfg["shared"]
        self.fc = torch.nn.Linear(self.c * len(self.views), 1)
        self.r = cfg["lse_r"]

    def features(self, v, x):
        n = getattr(self, "shared" if self.one else v)
        x = n.maxpool(n.relu(n.bn1(n.conv1(x))))
        return n.layer4(n.layer3(n.layer2(n.layer1(x))))

    def forward(self, xs):
        fs = [self.features(v, x) for v, x in zip(self.views, xs)]
        ps = [(torch.logsumexp(self.r * f.flatten(2), 2) - math.log(f.shape[2] * f.shape[3])) / self.r for f in fs]
        return self.fc(torch.cat(ps, 1))[:, 0], fs

    def raw_maps(self, fs, y, size):
        sign = (2 * y - 1)[:, None, None]
        out = []
        for w, f in zip(self.fc.weight.detach().view(len(fs), -1), fs):
            a = torch.relu(sign * (f * w[None, :, None, None]).sum(1))
            out.append(F.interpolate(a[:, None], size=size, mode="bilinear", align_corners=False)[:, 0])
        return out

def minmax(a):
    lo, hi = a.amin((1, 2), keepdim=True), a.amax((1, 2), keepdim=True)
    return torch.where(hi - lo > 1e-5, (a - lo) / torch.where(hi - lo > 1e-5, hi - lo, torch.ones_like(hi)), torch.zeros_like(a))

def attention(form, raw, m):
    if form == "normalised":
        t = torch.sigmoid(100 * (minmax(raw) - 0.4))
        each = ((t - m) ** 2).sum((1, 2)) / (t + m).sum((1, 2))
    elif form == "mse":
        each = ((minmax(raw) - m) ** 2).mean((1, 2))
    else:
        each = 1 - (raw * m).sum((1, 2)) / (raw.sum((1, 2)) + 1e-8)
    has = m.sum((1, 2)) > 0
    return each[has].mean() if has.any() else raw.sum() * 0

cfg = json.loads(sys.argv[3])
torch.set_num_threads(2)
tensors = load(sys.argv[1])
dtype = tensors["fc.weight"].dtype
net = Net(cfg).to(dtype).to(memory_format=torch.channels_last)
missing, extra = net.load_state_dict({k: v for k, v in tensors.items() if not k.startswith(("x.", "m.")) and k != "y"}, strict=False)
assert not extra and all(k.endswith("num_batches_tracked") for k in missing), (missing, extra)
xs = [tensors["x." + v].expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last) for v in cfg["views"]]
ms = [tensors["m." + v] for v in cfg["views"]]
y = tensors["y"]
net.train()
opt = torch.optim.Adam(net.parameters(), cfg["lr"])
out = {}
for step in range(max(1, cfg["steps"])):
    z, fs = net(xs)
    lc = F.binary_cross_entropy_with_logits(z, y)
    raws = net.raw_maps(fs, y, ms[0].shape[1:])
    ls = [attention(cfg["loss"], a, m) for a, m in zip(raws, ms)]
    loss = lc + cfg["lambda"] * sum(ls) if cfg["lambda"] > 0 else lc
    opt.zero_grad()
    loss.backward()
    if step == 0:
        out["logits"], out["loss.classification"], out["loss.total"] = z, lc.reshape(1), loss.reshape(1)
        for v, a, l in zip(cfg["views"], raws, ls):
            out["map." + v], out["loss." + v] = minmax(a), l.reshape(1)
        for k, p in net.named_parameters():
            out["grad." + k] = p.grad.clone()
    if cfg["steps"] > 0:
        opt.step()
if cfg["steps"] > 0:
    for k, t in net.state_dict().items():
        if not k.endswith("num_batches_tracked"):
            out["after." + k] = t
save(sys.argv[2], out)
