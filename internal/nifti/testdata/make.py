"""Writes the images of this folder and expected.json with nibabel.

    pip install nibabel==5.4.2 numpy==2.4.6 && python3 make.py

Every image is 4x3x2 voxels. expected.json holds, for each, what nibabel reads
back: its affine (in mm) and its scaled values in Fortran order, i fastest.
"""
import json
import os

import nibabel as nib
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
expected = {}

# 30 and 10 degrees oblique, with voxels of 0.5 x 0.75 x 4 mm, left-handed.
c, s = np.cos(np.pi / 6), np.sin(np.pi / 6)
e, d = np.cos(np.pi / 18), np.sin(np.pi / 18)
rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, e, -d], [0, d, e]])
oblique = np.eye(4)
oblique[:3, :3] = rotation @ np.diag([-0.5, 0.75, 4])
oblique[:3, 3] = [-12.25, 30.5, -7.125]


def header(version, order):
    return {1: nib.Nifti1Header, 2: nib.Nifti2Header}[version](endianness=order)


def save(name, data, affine=oblique, version=1, order="<", edit=None, mm=1.0, units="mm"):
    h = header(version, order)
    h.set_data_dtype(data.dtype)
    h.set_data_shape(data.shape)
    h.set_xyzt_units(units)
    h.set_sform(affine, 1)
    h.set_qform(affine, 0)
    raw = data
    if edit:
        edit(h)
    image = {1: nib.Nifti1Image, 2: nib.Nifti2Image}[version]
    path = os.path.join(here, name)
    if name.endswith(".gz"):
        import gzip, io
        f = gzip.GzipFile(path, "wb", mtime=0)
    else:
        f = open(path, "wb")
    with f:
        h["vox_offset"] = {1: 352, 2: 544}[version]
        f.write(h.binaryblock)
        f.write(b"\0" * 4)
        f.write(raw.astype(raw.dtype.newbyteorder(order)).tobytes(order="F"))
    back = image.from_filename(path)
    out = {"shape": list(back.shape)}
    if data.dtype.kind in "iuf":
        a = np.array(back.affine)
        a[:3] *= mm
        out["affine"] = a[:3].tolist()
        out["values"] = back.get_fdata().ravel(order="F").tolist()
    expected[name] = out


shape = (4, 3, 2)
for t in "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float32 float64".split():
    dt = np.dtype(t)
    v = np.arange(24)
    if dt.kind == "f":
        v = (v * 1.25 - 7).astype(dt)
        v[-2], v[-1] = 1e-30, -3e30
    else:
        v = v.astype(dt)
        v[-2], v[-1] = np.iinfo(dt).min, np.iinfo(dt).max
    v = v.reshape(shape, order="F")
    for version in (1, 2):
        for order in "<>":
            end = {"<": "le", ">": "be"}[order]
            ext = ".nii.gz" if (version == 1) == (order == "<") else ".nii"
            save(f"{t}-{version}-{end}{ext}", v, version=version, order=order)

plain = np.arange(24, dtype="<i2").reshape(shape, order="F")


def qform(h, a=oblique):
    h.set_qform(a, 1)
    h.set_sform(None, 0)


half = np.eye(4)  # half a turn about an oblique axis: a = 0 in the quaternion
n = np.array([1, 2, 3]) / np.sqrt(14)
half[:3, :3] = (2 * np.outer(n, n) - np.eye(3)) @ np.diag([1, 2, 3])
half[:3, 3] = [1, 2, 3]


def both(h):
    h.set_qform(half, 1)
    h.set_sform(oblique, 2)


def scaled(h):
    h["scl_slope"], h["scl_inter"] = 0.1, -3.5


def slope_zero(h):
    h["scl_slope"], h["scl_inter"] = 0, 7


save("qform.nii", plain, edit=qform)
save("qform-half-turn.nii", plain, edit=lambda h: qform(h, half))
save("qform-2-be.nii", plain, version=2, order=">", edit=qform)
save("both.nii", plain, edit=both)
save("scaled.nii", plain, edit=scaled)
save("scaled-2-be.nii.gz", plain, version=2, order=">", edit=scaled)
save("slope-zero.nii", plain, edit=slope_zero)
save("metre.nii", plain, affine=np.diag([1e-3, 1e-3, 1e-3, 1]) @ oblique, units="meter", mm=1e3)
save("micron.nii", plain, affine=np.diag([1e3, 1e3, 1e3, 1]) @ oblique, units="micron", mm=1e-3)
save("units-unknown.nii", plain, units="unknown")
save("one-slice.nii", plain[:, :, 0])
save("4d-one.nii", plain.reshape(4, 3, 2, 1))
save("4d-two.nii", plain.reshape(4, 3, 1, 2, order="F"))
save("vector.nii", plain.reshape(4, 3, 1, 1, 2, order="F"))
save("complex64.nii", plain.astype("<c8"))
save("rgb.nii", np.zeros((4, 3, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")]))

with open(os.path.join(here, "expected.json"), "w") as f:
    f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in sorted(expected.items())) + "\n}\n")
