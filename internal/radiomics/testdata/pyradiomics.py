"""Writes what PyRadiomics makes of small generated lesions, for peer_test.go.

    python -m venv v && v/bin/pip install "numpy<2" SimpleITK PyWavelets pykwalify six setuptools versioneer cython
    v/bin/pip install --no-build-isolation pyradiomics==3.0.1
    v/bin/python testdata/pyradiomics.py > testdata/pyradiomics.csv
"""

import csv
import logging
import sys

import numpy as np
import radiomics
import SimpleITK as sitk
from radiomics import firstorder, glcm, gldm, glrlm, glszm, ngtdm, shape, shape2D

radiomics.logger.setLevel(logging.CRITICAL)
np.seterr(all="ignore")

CLASSES = {
    "firstorder": firstorder.RadiomicsFirstOrder,
    "glcm": glcm.RadiomicsGLCM,
    "gldm": gldm.RadiomicsGLDM,
    "glrlm": glrlm.RadiomicsGLRLM,
    "glszm": glszm.RadiomicsGLSZM,
    "ngtdm": ngtdm.RadiomicsNGTDM,
    "shape": shape.RadiomicsShape,
    "shape2D": shape2D.RadiomicsShape2D,
}
DEPRECATED = {"firstorder": ["StandardDeviation"], "shape2D": ["SphericalDisproportion"],
              "shape": ["Compactness1", "Compactness2", "SphericalDisproportion"]}

# name: size x y z, tenths of voxels inside, divisor of the values, settings
CASES = {
    "plain": ((11, 9, 7), 7, 1, {}),
    "distances": ((11, 9, 7), 7, 1, {"distances": [1, 2, 3]}),
    "far": ((11, 9, 7), 7, 1, {"distances": [6]}),
    "asymmetric": ((11, 9, 7), 7, 1, {"symmetricalGLCM": False, "binWidth": 40}),
    "euclidean": ((11, 9, 7), 7, 1, {"weightingNorm": "euclidean"}),
    "manhattan": ((11, 9, 7), 7, 1, {"weightingNorm": "manhattan", "symmetricalGLCM": False}),
    "infinity": ((11, 9, 7), 7, 1, {"weightingNorm": "infinity"}),
    "slices0": ((11, 9, 7), 7, 1, {"force2D": True, "force2Ddimension": 0}),
    "slices1": ((11, 9, 7), 7, 1, {"force2D": True, "force2Ddimension": 1}),
    "slices2": ((11, 9, 7), 7, 1, {"force2D": True, "force2Ddimension": 2}),
    "dependent": ((11, 9, 7), 7, 1, {"gldm_a": 2, "voxelArrayShift": 1000}),
    "count": ((11, 9, 7), 7, 7, {"binCount": 16}),
    "fractions": ((11, 9, 7), 7, 7, {"binWidth": 2.3}),
    "thousands": ((17, 13, 11), 8, 7, {"binWidth": 0.01}),
    "sparse": ((13, 12, 11), 1, 1, {}),
    "solid": ((70, 12, 9), 10, 1, {}),
    "slab": ((11, 9, 1), 7, 1, {"force2D": True, "force2Ddimension": 0}),
    "wall": ((1, 9, 7), 7, 1, {"force2D": True, "force2Ddimension": 2}),
    "line": ((11, 1, 1), 10, 1, {}),
    "pair": ((3, 1, 1), 5, 1, {}),
}
SPACING = (0.75, 0.875, 2.5)


def lesion(size, tenths, divisor):
    """Values with a trend, and a mask whose box is the whole image."""
    values, inside = [], []
    state = 1
    for z in range(size[2]):
        for y in range(size[1]):
            for x in range(size[0]):
                state = (1103515245 * state + 12345) % 2**31
                values.append((40 * x + 30 * y - 25 * z + (state >> 16) % 150) / divisor)
                state = (1103515245 * state + 12345) % 2**31
                inside.append((state >> 16) % 10 < tenths)
    inside[0] = inside[-1] = True
    shape = size[::-1]
    image = sitk.GetImageFromArray(np.array(values, dtype="float64").reshape(shape))
    mask = sitk.GetImageFromArray(np.array(inside, dtype="uint8").reshape(shape))
    image.SetSpacing(SPACING)
    mask.SetSpacing(SPACING)
    return image, mask


columns = {}
rows = []
for name, (size, tenths, divisor, settings) in CASES.items():
    image, mask = lesion(size, tenths, divisor)
    for cls, make in CLASSES.items():
        if cls == "shape2D" and name not in ("slab", "wall"):
            continue
        try:
            features = make(image, mask, **dict({"binWidth": 25}, **settings))
            features.enableAllFeatures()
            for old in DEPRECATED.get(cls, []):
                features.enableFeatureByName(old)
            found = features.execute()
        except Exception as e:
            print(name, cls, repr(e), file=sys.stderr)
            continue
        for feature, value in found.items():
            columns.setdefault(name, {})[cls + "_" + feature] = float(value)
            if cls + "_" + feature not in rows:
                rows.append(cls + "_" + feature)

out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["feature"] + list(CASES))
for row in rows:
    out.writerow([row] + ["%.12g" % columns[c][row] if row in columns.get(c, {}) else "" for c in CASES])
