"""Dumps DICOM files as pydicom reads them: a JSON object a line and file.

{"file": name, "elements": {path: [VR, values]}} with path tag/item/tag…;
values are numbers, texts, or the SHA-256 of bytes. Pixel data are
{"pixels": [first 16 hex digits of the SHA-256 of frame's int32]} where they
are not compressed and pydicom is 3 or later.

File names come on standard input. With a folder as argument, the names are
below it and the output is odd.tsv: file, transfer syntax, number of elements of
all depths without meta information, patient's name, first frame.
"""
import hashlib
import json
import sys
import warnings

import numpy
import pydicom
from pydicom.multival import MultiValue

warnings.simplefilter("ignore")
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
pydicom.config.replace_un_with_known_vr = True


def plain(e):
    v = e.value
    if v is None:
        return []
    if isinstance(v, (bytes, bytearray)):
        return hashlib.sha256(bytes(v)).hexdigest() if v else []
    vs = list(v) if isinstance(v, (MultiValue, list)) else [v]
    out = []
    for x in vs:
        if e.VR in ("DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "SV", "UV", "AT"):
            out.append(None if x == "" else float(x))
        else:
            out.append(str(x).strip(" \0\t\r\n").rstrip("=" if e.VR == "PN" else ""))
    return [] if out == [""] else out


def walk(d, prefix, out):
    for tag in d.keys():
        path = prefix + "%08x" % int(tag)
        raw = d.get_item(tag)
        if tag.is_private and tag.element >= 0x1000 and raw.VR in (None, "UN") and raw.length != 0xFFFFFFFF and isinstance(raw.value, bytes):
            # Its private dictionary is pydicom's own knowledge.
            out[path] = ["UN", hashlib.sha256(raw.value).hexdigest() if raw.value else []]
            continue
        try:
            e = d[tag]
            plain(e)
        except Exception as x:
            out[path] = ["error"]
            continue
        if e.VR == "SQ":
            out[path] = ["SQ", [float(len(e.value))]]
            for i, item in enumerate(e.value):
                walk(item, path + "/%d/" % i, out)
        elif int(tag) >> 16 == 0x7FE0:
            out[path] = [e.VR, []]
        else:
            out[path] = [e.VR, plain(e)]


for line in sys.stdin:
    name = line.rstrip("\n")
    path = sys.argv[1] + "/" + name if len(sys.argv) > 1 else name
    r = {"file": name, "elements": {}}
    try:
        d = pydicom.dcmread(path, force=True)
        walk(d.file_meta, "", r["elements"])
        walk(d, "", r["elements"])
        ts = str(d.file_meta.get("TransferSyntaxUID", ""))
        # Before version 3 it left bits above the high bit in.
        if "PixelData" in d and hasattr(pydicom, "pixels") and not (ts and pydicom.uid.UID(ts).is_compressed and ts != "1.2.840.10008.1.2.1.99"):
            try:
                a = pydicom.pixels.pixel_array(d, raw=True)
                n = int(d.get("NumberOfFrames", 1) or 1)
                a = a.reshape((n, -1)).astype(numpy.int64).astype("<i4")
                r["pixels"] = [hashlib.sha256(f.tobytes()).hexdigest()[:16] for f in a]
            except Exception as x:
                r["nopixels"] = str(x)
    except Exception as x:
        r["error"] = str(x)
    if len(sys.argv) < 2:
        print(json.dumps(r), flush=True)
        continue
    names = [v for p, v in r["elements"].items() if p == "00100010"]
    print(
        name,
        "".join(r["elements"].get("00020010", ["UI", []])[1]) or "-",
        sum(not p.startswith("0002") for p in r["elements"]),
        "\\".join(names[0][1]) if names and names[0][1] else "-",
        r.get("pixels", ["-"])[0],
        sep="\t",
    )
