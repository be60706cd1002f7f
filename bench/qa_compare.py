"""Converts one set with magn and dcm2niix and holds the volumes against each other; bench/qa.sh calls it.

    qa_compare.py SET SRC MAGN OUT RESULTS [REF]   run both on SRC into OUT, compare, append to RESULTS
    qa_compare.py --table RESULTS                  print the table of all sets

A volume is three-dimensional: a file of dcm2niix with a time axis is as many volumes as it has time points.
Both are brought to closest canonical (permuted and flipped to RAS) and compared as values (stored x slope +
intercept, float32) and by affine (largest difference of a corner voxel's place, in mm).

    equal      the same values everywhere and every corner within 1e-3 mm
    rounding   values differ by less than 1e-5 of the largest, every corner within 1e-3 mm
    copy       the same values and place as another of its volumes, of which we have one
    differs    the nearest of ours, and in what
    refused    magn refused the files of its series, with the reason
    theirs     only dcm2niix has it
    ours       only magn has it
"""
import collections, csv, gzip, hashlib, json, os, pathlib, resource, shutil, subprocess, sys, time

import numpy as np

TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}


class Nifti:
    """A NIfTI-1 file: header fields that matter, and volumes read one at a time."""

    def __init__(self, path):
        self.path = path
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        e = "<" if int.from_bytes(data[:4], "little") == 348 else ">"
        dim = np.frombuffer(data, e + "i2", 8, 40)
        self.rgb = int(np.frombuffer(data, e + "i2", 1, 70)[0]) == 128
        self.kind = np.dtype("V3" if self.rgb else e + TYPES[int(np.frombuffer(data, e + "i2", 1, 70)[0])])
        self.shape = tuple(int(max(1, n)) for n in dim[1 : 1 + max(3, dim[0])][:3])
        self.count = int(np.prod([max(1, int(n)) for n in dim[4 : 1 + dim[0]]])) if dim[0] > 3 else 1
        offset, slope, inter = (float(v) for v in np.frombuffer(data, e + "f4", 3, 108))
        self.slope, self.inter = (slope, inter) if slope != 0 and np.isfinite(slope) else (1.0, 0.0)
        self.data, self.offset = data, int(offset)
        sform = int(np.frombuffer(data, e + "i2", 1, 254)[0])
        self.affine = np.eye(4)
        if sform > 0:
            self.affine[:3] = np.frombuffer(data, e + "f4", 12, 280).reshape(3, 4)
        else:
            pix = np.frombuffer(data, e + "f4", 8, 76).astype(float)
            b, c, d, x, y, z = np.frombuffer(data, e + "f4", 6, 256).astype(float)
            a = np.sqrt(max(0, 1 - b * b - c * c - d * d))
            r = np.array([[a*a+b*b-c*c-d*d, 2*b*c-2*a*d, 2*b*d+2*a*c], [2*b*c+2*a*d, a*a+c*c-b*b-d*d, 2*c*d-2*a*b], [2*b*d-2*a*c, 2*c*d+2*a*b, a*a+d*d-c*c-b*b]])
            self.affine[:3, :3] = r * pix[1:4] * [1, 1, -1 if pix[0] < 0 else 1]
            self.affine[:3, 3] = x, y, z

    def volume(self, t):
        n = int(np.prod(self.shape))
        raw = np.frombuffer(self.data, self.kind, n, self.offset + t * n * self.kind.itemsize)
        v = raw.reshape(self.shape, order="F")
        if self.rgb:
            return v, self.affine
        v = (v.astype(np.float64) * self.slope + self.inter).astype(np.float32)
        return canonical(v, self.affine)


def canonical(v, affine):
    """Permutes and flips to the orientation nearest to RAS, as nibabel.as_closest_canonical does."""
    m = affine[:3, :3] / np.maximum(1e-9, np.linalg.norm(affine[:3, :3], axis=0))
    axes, free = [0, 0, 0], {0, 1, 2}
    for _, r, c in sorted(((-abs(m[r, c]), r, c) for r in range(3) for c in range(3))):
        if r in free and c not in [axes[q] for q in range(3) if q not in free]:
            axes[r] = c
            free.discard(r)
    out = np.eye(4)
    v = v.transpose(axes)
    out[:3, :3], out[:3, 3] = affine[:3, axes], affine[:3, 3]
    for r in range(3):
        if out[r, r] < 0:
            out[:3, 3] += out[:3, r] * (v.shape[r] - 1)
            out[:3, r] *= -1
            v = np.flip(v, r)
    return v, out


def corner_distance(shape, a, b):
    """The largest distance in mm that a corner voxel's centre lies apart under two affines."""
    n = np.array(shape) - 1
    corners = np.array([[x * n[0], y * n[1], z * n[2], 1] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    return float(np.max(np.linalg.norm((corners @ (a - b).T)[:, :3], axis=1)))


class Volume:
    def __init__(self, path, name, t, v, affine, info):
        self.path, self.name, self.t, self.affine, self.shape, self.info = path, name, t, affine, v.shape, info
        self.hash = hashlib.sha1(np.ascontiguousarray(v + np.float32(0)).tobytes()).digest()
        flat = v[:: max(1, v.shape[0] // 32), :: max(1, v.shape[1] // 32), :: max(1, v.shape[2] // 32)]
        self.thumb = np.nan_to_num(flat.astype(float).ravel())
        self.match = None


def volumes(root, pattern):
    out, colour = [], []
    for path in sorted(root.rglob(pattern)):
        n = Nifti(path)
        side = path.with_name(path.name.removesuffix(".gz").removesuffix(".nii") + ".json")
        info = json.loads(side.read_text(errors="replace")) if side.exists() else {}
        if n.rgb:
            colour.append(path.name)
            continue
        for t in range(n.count):
            v, affine = n.volume(t)
            out.append(Volume(path, str(path.relative_to(root)), t if n.count > 1 else -1, v, affine, info))
    return out, colour


def reload(v):
    return Nifti(v.path).volume(max(0, v.t))[0]


def run(command, log):
    start = time.monotonic()
    with open(log, "wb") as f:
        p = subprocess.Popen(command, stdout=f, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(p.pid, 0)
    return {"seconds": round(time.monotonic() - start, 2), "peak_mib": usage.ru_maxrss >> 10, "code": os.waitstatus_to_exitcode(status)}


def how(a, b):
    """In what ours, b, differs from theirs, a: both canonical."""
    x, y = reload(a), reload(b)
    if x.shape != y.shape:
        return "shape %s, ours %s" % (x.shape, y.shape)
    top = max(1e-30, float(np.nanmax(np.abs(x))))
    d = np.abs(x.astype(float) - y)
    far = corner_distance(x.shape, a.affine, b.affine)
    words = []
    if not np.nanmax(d) <= 1e-5 * top:
        words.append("%.2f%% of voxels differ, by up to %.4g of %.4g" % (100 * np.mean(d > 1e-5 * top), np.nanmax(d), top))
    if far > 1e-3:
        words.append("affine %.4g mm" % far)
    return "; ".join(words)


def compare(theirs, ours):
    """Gives each of theirs its match among ours: first equal ones, then the nearest."""
    by = collections.defaultdict(list)
    for o in ours:
        by[o.shape, o.hash].append(o)
    rows = []
    for t in theirs:
        same = [o for o in by[t.shape, t.hash] if o.match is None]
        if same:
            o = min(same, key=lambda o: corner_distance(t.shape, t.affine, o.affine))
            if (far := corner_distance(t.shape, t.affine, o.affine)) <= 1e-3:
                o.match = t.match = True
                rows.append(("equal", t, o, ""))
    # The same image once more: dcm2niix merges series that are one, and writes some volumes to two files.
    for t in theirs:
        if not t.match:
            for o in by[t.shape, t.hash]:
                if corner_distance(t.shape, t.affine, o.affine) <= 1e-3:
                    t.match = True
                    rows.append(("copy", t, o, ""))
                    break
    for t in theirs:
        if t.match:
            continue
        best, score = None, -2.0
        for o in ours:
            if o.match or o.shape != t.shape:
                continue
            c = np.corrcoef(t.thumb, o.thumb)[0, 1] if t.thumb.std() > 0 and o.thumb.std() > 0 else float(np.array_equal(t.thumb, o.thumb))
            c -= min(10, corner_distance(t.shape, t.affine, o.affine)) / 1e3
            if c > score:
                best, score = o, c
        if best is not None and score > .98:
            why = how(t, best)
            best.match = t.match = True
            rows.append(("differs" if why else "rounding", t, best, why))
    return rows


def main(name, src, magn, out, results, ref=None):
    src, out, results, ref = pathlib.Path(src), pathlib.Path(out), pathlib.Path(results), ref and pathlib.Path(ref)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / "dcm2niix").mkdir()
    # -x i: keep volumes as they are; -l o: values as stored; -w 2: no file lost to a name that is there.
    peer = run(["dcm2niix", "-b", "y", "-ba", "y", "-z", "n", "-i", "n", "-l", "o", "-x", "i", "-w", "2", "-d", "9", "-f", "%s_%p_%e_%t", "-o", str(out / "dcm2niix"), str(src)], out / "dcm2niix.log")
    own = run([magn, "convert", str(src), "--out", str(out / "magn"), "--json"], out / "magn.log")
    theirs, colour = volumes(out / "dcm2niix", "*.nii")
    ours, _ = volumes(out / "magn", "*.nii.gz") if (out / "magn").exists() else ([], [])
    rows = compare(theirs, ours)
    # A series that magn refused, by its number: files.csv has the reason.
    refused, status = collections.defaultdict(collections.Counter), collections.Counter()
    lost = collections.Counter()
    if (out / "magn" / "files.csv").exists():
        for f in csv.DictReader(open(out / "magn" / "files.csv", newline="")):
            status[f["status"]] += 1
            if f["status"] == "refused" or f["reason"].startswith("in part"):
                lost[f["reason"]] += 1
                for v in f["volumes"].split(" ; ") if f["volumes"] else [""]:
                    refused[v.split("/")[-1].split("_")[0].lstrip("0")][f["reason"]] += 1
    for t in theirs:
        if not t.match:
            number = str(t.info.get("SeriesNumber", ""))
            why = refused.get(number) or refused.get("")
            rows.append(("refused" if refused.get(number) else "theirs", t, None, why.most_common(1)[0][0] if why else ""))
    rows += [("ours", None, o, "") for o in ours if not o.match]
    # The volumes that come with the set, made by the dcm2niix of its time: they count by themselves.
    for o in ours:
        o.match = None
    given = compare(volumes(ref, "*.nii*")[0], ours) if ref else []
    ref_count = collections.Counter(r[0] for r in given)
    if ref:
        ref_count["other"] = len(volumes(ref, "*.nii*")[0]) - sum(ref_count.values())
        rows += [("ref-" + k, t, o, why) for k, t, o, why in given]
    count = collections.Counter(r[0] for r in rows if not r[0].startswith("ref-"))
    label = lambda v: "-" if v is None else v.name + ("" if v.t < 0 else "[%d]" % v.t)
    lines = ["%-8s %s | %s | %s %s" % (k, label(t), label(o), (t or o).shape, why) for k, t, o, why in rows]
    (out / "volumes.txt").write_text("\n".join(lines) + "\n")
    line = {"set": name, "files": sum(status.values()), "status": dict(status), "dcm2niix_volumes": len(theirs), "colour": len(colour), "our_volumes": len(ours), "counts": dict(count), "ref": dict(ref_count),
            "refusals": dict(lost.most_common(12)), "magn": own, "dcm2niix": peer, "load": round(os.getloadavg()[0], 2)}
    log, old = results / "qa.jsonl", []
    if log.exists():
        old = [l for l in log.read_text().splitlines() if json.loads(l)["set"] != name]
    log.write_text("\n".join(sorted(old + [json.dumps(line, ensure_ascii=False)])) + "\n")
    # All lines stand in OUT; the log has those that are not equal.
    lines = [l for l in lines if not l.startswith(("equal", "ref-equal"))]
    listing = results / "qa-volumes.txt"
    old = [l for l in listing.read_text().splitlines() if not l.startswith(name + "\t")] if listing.exists() else []
    listing.write_text("".join(l + "\n" for l in old + [name + "\t" + l for l in lines]))
    print(name, dict(count), "ref", dict(ref_count), "magn", own, "dcm2niix", peer, flush=True)


def table(results):
    print("| set | files | volumes of dcm2niix | equal | copies | rounding | differ | refused by us | only dcm2niix | only ours | Ref: equal, copies, differ, without input | magn s, MiB | dcm2niix s, MiB |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    total = collections.Counter()
    for l in (pathlib.Path(results) / "qa.jsonl").read_text().splitlines():
        r = json.loads(l)
        c = [r["counts"].get(k, 0) for k in ("equal", "copy", "rounding", "differs", "refused", "theirs", "ours")]
        ref = [r["ref"].get(k, 0) for k in ("equal", "copy", "differs", "other")]
        total.update(dict(enumerate([r["files"], r["dcm2niix_volumes"], *c, *ref])))
        print("| %s | %d | %d | %s | %s | %.1f, %d | %.1f, %d |" % (r["set"], r["files"], r["dcm2niix_volumes"], " | ".join(map(str, c)), ", ".join(map(str, ref)) if sum(ref) else "",
              r["magn"]["seconds"], r["magn"]["peak_mib"], r["dcm2niix"]["seconds"], r["dcm2niix"]["peak_mib"]))
    print("| all | %s | %s | | |" % (" | ".join(str(total[i]) for i in range(len(c) + 2)), ", ".join(str(total[i]) for i in range(len(c) + 2, len(c) + 6))))


if __name__ == "__main__":
    table(sys.argv[2]) if sys.argv[1] == "--table" else main(*sys.argv[1:7])
