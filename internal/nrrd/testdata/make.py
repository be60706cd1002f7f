"""Writes the images of this folder and expected.json with ITK, pynrrd and teem.

    apt-get install teem-apps
    pip install SimpleITK==2.5.7 pynrrd==1.1.3 numpy==2.4.6 && python3 make.py

Every image is 4x3x2 voxels unless its name says otherwise. expected.json holds,
for each, its size and affine as SimpleITK reads them, turned from LPS to RAS,
and its values as pynrrd reads them (SimpleITK, where they are in hex), layer by
layer, i fastest.
"""
import gzip
import json
import os
import subprocess

import nrrd
import numpy as np
import SimpleITK as sitk

here = os.path.dirname(os.path.abspath(__file__))
os.chdir(here)
expected = {}
NAMES = {"i1": "signed char", "u1": "uchar", "i2": "short", "u2": "unsigned short", "i4": "int", "u4": "uint32",
         "i8": "long long int", "u8": "uint64_t", "f4": "float", "f8": "double"}

c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
e, d = np.cos(np.pi / 18), np.sin(np.pi / 18)
rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, e, -d], [0, d, e]])
oblique = rotation @ np.diag([-0.5, 0.75, 4])
vec = lambda v: "(%s)" % ",".join(repr(float(x)) for x in v)
PLACE = ["space: left-posterior-superior", "space directions: " + " ".join(vec(oblique[:, i]) for i in range(3)),
         "space origin: (-12.25,30.5,-7.125)", "kinds: domain domain domain"]


def values(dtype, shape=(4, 3, 2)):
    n = int(np.prod(shape))
    v = (np.arange(n) * 7 - 5) % 120
    if dtype[0] in "if":
        v = v - 60
    if dtype[0] == "f":
        v = v + 0.125
    return v.astype(dtype).reshape(shape, order="F")


def packed(data, encoding, order):
    raw = data.astype(data.dtype.newbyteorder(order)).tobytes(order="F")
    if encoding in ("gzip", "gz"):
        return gzip.compress(raw, mtime=0)
    if encoding == "hex":
        text = raw.hex()
        return "\n".join(text[i:i + 60] for i in range(0, len(text), 60)).encode() + b"\n"
    if encoding in ("ascii", "txt"):
        flat = data.ravel(order="F")
        return "\n".join(" ".join(repr(x.item()) for x in flat[i:i + 4]) for i in range(0, len(flat), 4)).encode() + b"\n"
    return raw


def save(name, data, encoding="raw", order="<", place=PLACE, magic="NRRD0004", more=(), datafile=None, before=b"", typename=None, eol="\n"):
    head = [magic, "# written by make.py", "type: " + (typename or NAMES[data.dtype.str[1:]]), "dimension: %d" % data.ndim,
            "sizes: " + " ".join(map(str, data.shape)), "encoding: " + encoding]
    if data.dtype.itemsize > 1:
        head.append("endian: " + ("little" if order == "<" else "big"))
    head += list(place) + list(more)
    body = before + packed(data, encoding, order)
    if datafile:
        head.append("data file: " + datafile)
        open(datafile, "wb").write(body)
        open(name, "wb").write((eol.join(head) + eol).encode())
    else:
        open(name, "wb").write((eol.join(head) + eol + eol).encode() + body)
    truth(name)


def truth(name, itk=True):
    if b"encoding: hex" in open(name, "rb").read(2000):  # pynrrd has no hex
        data, head = sitk.GetArrayFromImage(sitk.ReadImage(name)).T, {}
    else:
        data, head = nrrd.read(name)
    out = {}
    kinds = head.get("kinds", [])
    if "list" in kinds and data.ndim == 4:
        data = np.moveaxis(data, kinds.index("list"), 3)
        out["layers"] = data.shape[3]
        itk = False
    out["values"] = [float(x) for x in data.ravel(order="F")]
    if itk:
        im = sitk.ReadImage(name)
        out["size"] = (list(im.GetSize()) + [1, 1])[:3]
        n = im.GetDimension()
        if n >= 3:
            m = np.array(im.GetDirection()).reshape(n, n)[:3, :3] @ np.diag(im.GetSpacing()[:3])
            a = np.column_stack([m, im.GetOrigin()[:3]])
            a[:2] *= -1
            out["affine"] = a.tolist()
    expected[name] = out


encodings = ["raw", "gzip", "ascii", "hex"]
for i, t in enumerate(NAMES):
    save(f"{t}-le.nrrd", values(t), encodings[i % 4], "<", magic="NRRD000%d" % (1 + i % 5) if i % 5 > 2 else "NRRD0004")
    save(f"{t}-be.nrrd", values(t), encodings[(i + 1) % 4 if i % 4 != 3 else 1], ">")

for space in ("right-anterior-superior", "left-anterior-superior", "LPS", "RAS"):
    save(space + ".nrrd", values("i2"), place=["space: " + space] + PLACE[1:])
save("handed.nrrd", values("i2"), place=["space: 3D-right-handed"] + PLACE[1:])
save("space-dimension.nrrd", values("i2"), place=["space dimension: 3"] + PLACE[1:3])
save("spacings.nrrd", values("i2"), place=["spacings: 0.5 0.75 4"])
save("spacings-mins.nrrd", values("i2"), place=["spacings: 0.5 0.75 4", "axis mins: 10 -20 30"])
save("spacings-node.nrrd", values("i2"), place=["spacings: 0.5 0.75 4", "axis mins: 10 -20 30", "centers: node node node"])
save("crlf.nrrd", values("u1"), eol="\r\n")
save("plane.nrrd", values("u1", (4, 3)), place=["spacings: 0.5 0.75"])
save("time.nrrd", values("i2", (4, 3, 2, 1)), place=["space: left-posterior-superior", PLACE[1] + " none", PLACE[2], "kinds: domain domain domain list"])
save("line skip.nrrd", values("i2"), before=b"one\ntwo\n", more=["line skip: 2"])
save("raw.nhdr", values("i2"), datafile="raw.raw")
save("gzip.nhdr", values("i2"), "gzip", datafile="gzip.raw.gz")
save("skips.nhdr", values("i2"), before=b"one\ntwo\nthree", datafile="skips.raw", more=["line skip: 2", "byte skip: 5"])
save("tail.nhdr", values("i2"), before=b"something or other", datafile="tail.raw", more=["byteskip: -1"])
first = ["space: left-posterior-superior", "space directions: none " + PLACE[1].split(": ")[1], PLACE[2], "kinds: list domain domain domain"]
save("layers-first.nrrd", values("u1", (3, 4, 3, 2)), place=first)
last = ["space: left-posterior-superior", PLACE[1] + " none", PLACE[2], "kinds: domain domain domain list"]
save("layers-last.nrrd", values("u1", (4, 3, 2, 3)), "gzip", place=last)
dirs = PLACE[1].split(": ")[1].split(" ")
middle = ["space: left-posterior-superior", f"space directions: {dirs[0]} none {dirs[1]} {dirs[2]}", PLACE[2], "kinds: domain list domain domain"]
save("layers-middle.nrrd", values("i2", (4, 3, 3, 2)), place=middle)

# Written by others.
im = sitk.GetImageFromArray(values("i2").transpose(2, 1, 0).copy())
im.SetSpacing((0.5, 0.75, 4)), im.SetOrigin((-12.25, 30.5, -7.125)), im.SetDirection(rotation.ravel())
sitk.WriteImage(im, "itk.nrrd", True)
sitk.WriteImage(im, "itk.nhdr", False)
nrrd.write("pynrrd.nrrd", values("f4"), {"space": "RAS", "space directions": oblique.T, "space origin": [1, 2, 3], "encoding": "gzip"})
for encoding in ("ascii", "hex"):
    subprocess.run(["teem-unu", "save", "-i", "i2-le.nrrd", "-f", "nrrd", "-e", encoding, "-o", f"unu-{encoding}.nrrd"], check=True)
for name in ("itk.nrrd", "itk.nhdr", "pynrrd.nrrd", "unu-ascii.nrrd", "unu-hex.nrrd"):
    truth(name)

json.dump(expected, open("expected.json", "w"), separators=(",", ":"))
