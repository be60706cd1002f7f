"""Writes the codestreams of this folder. Each holds the test pattern of
pattern_test.go, 33 rows of 40 columns, encoded by somebody else's library:

    python3 -m venv v && v/bin/pip install numpy pyjpegls==1.5.1 pylibjpeg-openjpeg==2.6.0
    v/bin/python testdata/make.py
"""
import os

import jpeg_ls
import numpy as np
from openjpeg.utils import encode_array

here = os.path.dirname(os.path.abspath(__file__))


def pattern(bits, signed, samples):
    r, c, s = np.meshgrid(np.arange(33), np.arange(40), np.arange(samples), indexing="ij")
    v = (r * r * 55 + c * 205 + s * 2950) % 2**bits
    if signed:
        v -= 2 ** (bits - 1)
    kind = ("int" if signed else "uint") + ("8" if bits <= 8 else "16")
    return (v if samples > 1 else v[:, :, 0]).astype(kind)


def write(name, data):
    with open(os.path.join(here, name), "wb") as f:
        f.write(bytes(data))


def jls(name, bits, samples=1, interleave=0, lossy=0):
    a = pattern(bits, False, samples)
    if interleave == 0 and samples > 1:
        a = np.moveaxis(a, -1, 0)  # by plane
    write(name, jpeg_ls.encode_array(np.ascontiguousarray(a), lossy_error=lossy, interleave_mode=interleave))


jls("8.jls", 8)
jls("12.jls", 12)
jls("16.jls", 16)
jls("16-near3.jls", 16, lossy=3)
jls("8-rgb-plane.jls", 8, 3, 0)
jls("8-rgb-line.jls", 8, 3, 1)
jls("8-rgb-pixel.jls", 8, 3, 2)
jls("12-rgb-plane.jls", 12, 3, 0)

write("8.j2k", encode_array(pattern(8, False, 1), bits_stored=8, photometric_interpretation=2))
write("12.j2k", encode_array(pattern(12, False, 1), bits_stored=12, photometric_interpretation=2))
write("12-signed.j2k", encode_array(pattern(12, True, 1), bits_stored=12, photometric_interpretation=2))
write("8-signed.j2k", encode_array(pattern(8, True, 1), bits_stored=8, photometric_interpretation=2))
write("16-signed.j2k", encode_array(pattern(16, True, 1), bits_stored=16, photometric_interpretation=2))
write("8-rgb-mct.j2k", encode_array(pattern(8, False, 3), bits_stored=8, photometric_interpretation=1, use_mct=True))
write("8-rgb.j2k", encode_array(pattern(8, False, 3), bits_stored=8, photometric_interpretation=1, use_mct=False))
write("12.jp2", encode_array(pattern(12, False, 1), bits_stored=12, photometric_interpretation=2, codec_format=1))
