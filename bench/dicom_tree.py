#!/usr/bin/env python3
"""Writes a tree of MR slices (explicit VR little endian, 256x256, 12 bits): ellipses with a
smooth coil profile and Rician noise, which pack about as well as real images do.

usage: dicom_tree.py DIR [SLICES (2000)] [SLICES A SERIES (200)]
"""
import os, struct, sys
import numpy as np

out = sys.argv[1]
slices = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
per = int(sys.argv[3]) if len(sys.argv) > 3 else 200
side = 256
rng = np.random.default_rng(1)
y, x = np.mgrid[-1:1:side * 1j, -1:1:side * 1j].astype(np.float32)

def element(tag, vr, value):
    if isinstance(value, str):
        value = value.encode()
    value += (b"\0" if vr in ("UI", "OW") else b" ") * (len(value) % 2)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    return head + (struct.pack("<HI", 0, len(value)) if vr == "OW" else struct.pack("<H", len(value))) + value

def us(v):
    return struct.pack("<H", v)

def image(k, n):
    r = 1 - 0.5 * abs(2 * k / n - 1)
    body = ((x / (0.8 * r)) ** 2 + (y / (0.9 * r)) ** 2 < 1) * 400.0
    for i in range(6):
        cx, cy, s = 0.5 * np.cos(i + k / 40), 0.5 * np.sin(2 * i + k / 60), 0.05 + 0.03 * i
        body += ((x - cx) ** 2 + (y - cy) ** 2 < s * r) * (60.0 * (i + 1))
    body *= 1.2 - 0.4 * (x ** 2 + y ** 2)
    noise = rng.normal(0, 12, (2, side, side))
    return np.hypot(body + noise[0], noise[1]).clip(0, 4095).astype("<u2").tobytes()

for s in range(-(-slices // per)):
    folder = os.path.join(out, f"series{s:02d}")
    os.makedirs(folder, exist_ok=True)
    n = min(per, slices - s * per)
    for k in range(n):
        uid = f"1.2.826.0.1.3680043.9.7133.9.{s + 1}"
        data = b"".join([
            element(0x00080008, "CS", "ORIGINAL\\PRIMARY\\M\\ND"), element(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.4"),
            element(0x00080018, "UI", f"{uid}.{k + 1}"), element(0x00080032, "TM", f"10{s:02d}{k % 60:02d}"), element(0x00080060, "CS", "MR"),
            element(0x00080070, "LO", "SIEMENS"), element(0x0008103E, "LO", "t1_tse_sag"), element(0x00100010, "PN", "Bench^Patient"),
            element(0x00100020, "LO", "bench"), element(0x00180050, "DS", "1"), element(0x00180080, "DS", "600"), element(0x00180081, "DS", "12"),
            element(0x00180088, "DS", "1.1"), element(0x0020000D, "UI", "1.2.826.0.1.3680043.9.7133.8"), element(0x0020000E, "UI", uid),
            element(0x00200011, "IS", str(s + 1)), element(0x00200013, "IS", str(k + 1)), element(0x00200032, "DS", f"{-100 + 1.1 * k:.4f}\\-128\\128"),
            element(0x00200037, "DS", "0\\1\\0\\0\\0\\-1"), element(0x00200052, "UI", "1.2.826.0.1.3680043.9.7133.7"),
            element(0x00280002, "US", us(1)), element(0x00280004, "CS", "MONOCHROME2"), element(0x00280010, "US", us(side)), element(0x00280011, "US", us(side)),
            element(0x00280030, "DS", "1\\1"), element(0x00280100, "US", us(16)), element(0x00280101, "US", us(12)), element(0x00280102, "US", us(11)),
            element(0x00280103, "US", us(0)), element(0x7FE00010, "OW", image(k, n)),
        ])
        meta = element(0x00020002, "UI", "1.2.840.10008.5.1.4.1.1.4") + element(0x00020003, "UI", f"{uid}.{k + 1}") + element(0x00020010, "UI", "1.2.840.10008.1.2.1")
        with open(os.path.join(folder, f"{(k * 7919) % 100003:06d}.dcm"), "wb") as f:
            f.write(bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<I", len(meta))) + meta + data)
