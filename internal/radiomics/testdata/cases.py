"""Makes random cases (image.nrrd, mask.nrrd, settings.yaml in a folder each) and prints, one line of
JSON a case, what PyRadiomics extracts of them: values as text (nan and inf too), or its error.

python cases.py FOLDER SEED N

Used by TestPyPICases; see pyradiomics.py for how to install PyRadiomics. A case depends on the seed
and its own number alone."""

import json
import logging
import os
import sys
import warnings

import numpy as np
import SimpleITK as sitk
import radiomics
from radiomics import featureextractor
from scipy import ndimage

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
sitk.ProcessObject.GlobalWarningDisplayOff()

TYPES = {"uint8": sitk.sitkUInt8, "int8": sitk.sitkInt8, "int16": sitk.sitkInt16, "uint16": sitk.sitkUInt16,
         "int32": sitk.sitkInt32, "float32": sitk.sitkFloat32, "float64": sitk.sitkFloat64}
CLASSES = {c: [n for n in k.getFeatureNames()] for c, k in radiomics.getFeatureClasses().items()}
WAVELETS = "haar db2 db4 sym3 sym5 coif1 coif2 bior1.3 bior2.2 rbio3.1 dmey".split()


class Maker:
    def __init__(self, seed, k):
        self.r = np.random.default_rng([seed, k])

    def chance(self, p):
        return self.r.random() < p

    def one(self, choices):
        return choices[self.r.integers(len(choices))]

    def real(self, lo, hi, digits=3):
        return round(float(self.r.uniform(lo, hi)), digits)

    def whole(self, lo, hi):
        return int(self.r.integers(lo, hi + 1))

    def direction(self):
        kind = self.whole(0, 3)
        d = np.eye(3)
        if kind == 1:
            d = np.diag(self.r.choice([-1.0, 1.0], 3))
        elif kind == 2:
            d = np.eye(3)[self.r.permutation(3)] * self.r.choice([-1.0, 1.0], 3)
        elif kind == 3:
            d, _ = np.linalg.qr(self.r.normal(size=(3, 3)))
        return d

    def values(self, size):
        """grey values, of a common kind: smooth with noise, whole numbers, patches, flat"""
        kind = self.whole(0, 9)
        self.flat = kind == 3 and self.chance(.3)
        v = ndimage.gaussian_filter(self.r.normal(size=size), self.real(.3, 3))
        v /= max(np.ptp(v), 1e-9)
        if kind < 2:
            v = np.round(v * self.whole(1, 5)) / 3  # large zones
        elif kind == 2:
            v[self.r.random(size) < .7] = v.flat[0]
        elif self.flat:
            v[:] = .4
        return v

    def image(self, size, geometry, floating):
        kind = self.one(["float32", "float64"] if floating else list(TYPES))
        span = {"uint8": 200, "int8": 100, "float32": 400, "float64": 30}.get(kind, 1500) * self.real(.05, 1)
        v = self.values(size) * span
        if kind.startswith("u"):
            v += max(0, -v.min())
        elif self.chance(.6):
            v += max(0, -v.min()) * self.real(0, 1.2)
        if not kind.startswith("float"):
            info = np.iinfo(kind)
            v = np.clip(np.round(v), info.min, info.max)
        return place(sitk.GetImageFromArray(v.astype(kind)), geometry)

    def mask(self, size):
        """where the lesion is, and what kind it is"""
        kind = self.one("ball ball ball ball lobes lobes hole hole sparse sparse box box slice slice slice row tiny tiny edge edge all line".split() if self.chance(.97) else ["all"])
        z, y, x = np.indices(size)
        at = [round(self.real(.25, .75) * (n - 1)) for n in size]
        radius = [max(1.3, self.real(.2, .5) * n) for n in size]
        ball = sum(((a - c) / s) ** 2 for a, c, s in zip((z, y, x), at, radius)) <= 1
        m = ball
        if kind == "lobes":
            other = sum(((a - self.whole(0, n - 1)) / max(.8, .2 * n)) ** 2 for a, n in zip((z, y, x), size)) <= 1
            m = ball | other
        elif kind == "hole":
            m = ball & ~(self.r.random(size) < .15)
        elif kind == "sparse":
            m = self.r.random(size) < self.real(.02, .6)
        elif kind in ("box", "edge", "all"):
            m = np.zeros(size, bool)
            lo = [0 if kind == "all" and self.chance(.8) or kind == "edge" and self.chance(.6) else self.whole(0, n - 1) for n in size]
            hi = [n if kind == "all" or kind == "edge" and self.chance(.6) else self.whole(a + 1, n) for a, n in zip(lo, size)]
            m[tuple(slice(a, b) for a, b in zip(lo, hi))] = True
        elif kind in ("slice", "row", "line"):
            m = ball | (self.r.random(size) < .3)
            axes = self.r.permutation(3)[:1 if kind == "slice" else 2]
            for a in axes:
                keep = np.zeros(size[a], bool)
                keep[at[a]] = True
                m = m & keep.reshape([-1 if b == a else 1 for b in range(3)])
        elif kind == "tiny":
            m = np.zeros(size, bool)
            for _ in range(self.whole(2, 8)):
                m[tuple(min(n - 1, max(0, c + self.whole(-1, 1))) for c, n in zip(at, size))] = True
        return m

    def options(self, spacing, extent):
        s = {}
        if self.chance(.7):
            s["binWidth"] = self.one([5, 25, self.real(.5, 40), max(.001, round(extent / self.whole(3, 120), 3))])
        if self.chance(.25):
            s["binCount"] = self.whole(1, 40)
        if self.chance(.2):
            s["normalize"] = True
            s["normalizeScale"] = self.one([1, 100, self.real(.5, 300)])
            s.setdefault("binWidth", self.real(1, 10))
            if self.chance(.5):
                s["removeOutliers"] = self.one([1, 2, 3, self.real(.5, 3)])
            if self.chance(.5):
                s["voxelArrayShift"] = 300
        if self.chance(.15):
            s["resegmentMode"] = mode = self.one(["absolute", "relative", "sigma"])
            s["resegmentRange"] = {"absolute": [self.real(-50, 50), self.real(50, 900)], "relative": [self.real(0, .4), self.real(.6, 1)],
                                   "sigma": [self.real(-3, -1), self.real(1, 3)]}[mode]
            if self.chance(.4):
                del s["resegmentRange"][1]
            if self.chance(.4):
                s["resegmentShape"] = True
        if self.chance(.25):
            s["resampledPixelSpacing"] = [0 if self.chance(.2) else round(float(a) * self.real(.7, 2, 6), 5) for a in spacing]
            if self.chance(.7):
                s["interpolator"] = self.one(["sitkLinear", "sitkNearestNeighbor", "sitkBSpline", 1, 2])  # of 3 this SimpleITK knows nothing
        if self.chance(.2):
            s["preCrop"] = True
        if self.chance(.3):
            s["padDistance"] = self.whole(0, 8)
        if self.chance(.3):
            s["force2D"] = True
            s["force2Ddimension"] = self.whole(0, 2)
        if self.chance(.3):
            s["distances"] = self.one([[1, 2], [2], [1, 2, 3], [3, 1]])
        if self.chance(.3):
            s["weightingNorm"] = self.one(["euclidean", "manhattan", "infinity", "no_weighting", None])
        if self.chance(.2):
            s["symmetricalGLCM"] = False
        if self.chance(.2):
            s["voxelArrayShift"] = self.whole(-100, 1000)
        if self.chance(.2):
            s["gldm_a"] = self.whole(0, 3)
        if self.chance(.6):
            s["minimumROIDimensions"] = self.one([1, 1, 1, 2, 3])
        if self.chance(.15):
            s["minimumROISize"] = self.whole(1, 20)
        if self.chance(.3):
            s["additionalInfo"] = False
        return s

    def types(self):
        types = {}
        for name in self.r.permutation(["Original", "Original", "Wavelet", "LoG", "Square", "SquareRoot", "Logarithm",
                                        "Exponential", "Gradient", "LBP2D"])[:self.whole(1, 3)]:
            own = {}
            if name == "LoG" and self.flat:
                continue  # 0, but for rounding, which is above or below the edge of a bin
            if name == "Wavelet":
                own = {"wavelet": self.one(WAVELETS)}
                if self.chance(.3):
                    own["level"] = 2
                if self.chance(.3):
                    own["start_level"] = self.whole(0, 2)
            elif name == "LoG":
                own = {"sigma": [self.one([1, 2.0, 3, self.real(.4, 5, 2)]) for _ in range(self.whole(1, 2))]}
            elif name == "Gradient" and self.chance(.5):
                own = {"gradientUseSpacing": False}
            elif name == "LBP2D":
                own = {"lbp2DMethod": self.one(["default", "ror", "uniform", "var"]), "lbp2DRadius": self.real(.5, 3), "lbp2DSamples": self.whole(4, 12)}
            if self.chance(.3):
                own["binWidth"] = self.real(2, 20)
            if self.chance(.1):
                own["binCount"] = self.whole(2, 20)
            types[str(name)] = own
        return types or {"Original": {}}

    def classes(self):
        if self.chance(.5):
            return None
        chosen = {}
        for c in self.r.permutation(list(CLASSES))[:self.whole(1, 5)]:
            names = CLASSES[c]
            chosen[str(c)] = self.one([None, [], [str(n) for n in self.r.permutation(names)[:self.whole(1, 6)]]])
        return chosen

    def write(self, folder):
        size = tuple(self.whole(4, 16) for _ in range(3))
        if self.chance(.06):
            size = tuple(1 if a == self.whole(0, 2) else n for a, n in enumerate(size))
        spacing = [self.one([1.0, self.real(.3, 3), self.real(.3, 6, 6)]) for _ in range(3)]
        geometry = spacing, self.direction(), [self.real(-200, 200, 6) for _ in range(3)]
        im = self.image(size, geometry, floating := self.chance(.4))
        setting = self.options(spacing, float(np.ptp(sitk.GetArrayViewFromImage(im).astype(float))))
        if "resampledPixelSpacing" in setting and not floating:
            # An integer image's values are cut to whole numbers: where neighbours are alike the last bit decides.
            setting["interpolator"] = self.one(["sitkNearestNeighbor", 1])
        inside = self.mask(size)
        label = self.one([1, 1, 1, 2, self.whole(1, 255)])
        m = np.where(inside, label, 0).astype("uint8")
        if self.chance(.3):  # another lesion
            m[(self.r.random(size) < .1) & ~inside] = label % 255 + 1
        mask = place(sitk.GetImageFromArray(m), geometry)
        if self.chance(.12):  # the mask on a grid of its own
            f = sitk.ResampleImageFilter()
            f.SetInterpolator(sitk.sitkNearestNeighbor)
            f.SetOutputDirection(im.GetDirection() if self.chance(.7) else tuple(place(sitk.Image(1, 1, 1, sitk.sitkUInt8), (spacing, self.direction(), [0, 0, 0])).GetDirection()))
            ratio = [self.real(.6, 1.7) for _ in range(3)]
            f.SetOutputSpacing([s * r for s, r in zip(spacing, ratio)])
            f.SetSize([max(1, round(n / r)) for n, r in zip(im.GetSize(), ratio)])
            f.SetOutputOrigin(im.TransformContinuousIndexToPhysicalPoint([self.real(-.6, .9) for _ in range(3)]))
            mask = f.Execute(mask)
            if self.chance(.8):
                setting["correctMask"] = True
        elif self.chance(.1):  # as good as the same
            mask.SetOrigin([o + self.one([1e-7, 1e-5, 9e-4]) * s for o, s in zip(mask.GetOrigin(), spacing)])
            if self.chance(.6):
                setting["geometryTolerance"] = self.one([.0001, .01])
            if self.chance(.4):
                setting["correctMask"] = True
        if label != 1 or self.chance(.3):
            setting["label"] = label if self.chance(.97) else label % 250 + 3
        parts = {"setting": setting, "imageType": self.types()}
        if "Exponential" in parts["imageType"]:
            setting.pop("removeOutliers", None)  # the greatest value, 100 say, is then exp(ln 100): on a bin's edge
        chosen = self.classes()
        if setting.get("force2D") and self.chance(.9) and np.ptp(np.nonzero(inside)[setting["force2Ddimension"]] if inside.any() else [0]) > 0:
            # shape2D, one of all classes, is for lesions on one slice
            chosen = {c: n for c, n in (chosen or dict.fromkeys(CLASSES)).items() if c != "shape2D"}
        if chosen:
            parts["featureClass"] = chosen
        os.makedirs(folder)
        sitk.WriteImage(im, os.path.join(folder, "image.nrrd"), True)
        sitk.WriteImage(mask, os.path.join(folder, "mask.nrrd"), True)
        with open(os.path.join(folder, "settings.yaml"), "w") as f:
            json.dump({k: parts[k] for k in map(str, self.r.permutation(list(parts)))}, f, indent=1)


def place(im, geometry):
    spacing, direction, origin = geometry
    im.SetSpacing([float(s) for s in spacing])
    im.SetDirection(direction.ravel())
    im.SetOrigin([float(o) for o in origin])
    return im


def extract(folder):
    # PyRadiomics sets it for the whole process, and leaves it set.
    sitk.ProcessObject.SetGlobalDefaultCoordinateTolerance(1e-6)
    sitk.ProcessObject.SetGlobalDefaultDirectionTolerance(1e-6)
    radiomics.featureextractor.geometryTolerance = None
    try:
        found = featureextractor.RadiomicsFeatureExtractor(os.path.join(folder, "settings.yaml")).execute(
            os.path.join(folder, "image.nrrd"), os.path.join(folder, "mask.nrrd"))
        return {"features": {k: repr(float(v)) for k, v in found.items() if not k.startswith("diagnostics_")}}
    except Exception as e:
        return {"error": type(e).__name__ + ": " + " ".join(map(str, e.args))[:300]}


if __name__ == "__main__":
    for k in range(int(sys.argv[3])):
        folder = os.path.join(sys.argv[1], str(k))
        Maker(int(sys.argv[2]), k).write(folder)
        print(json.dumps({"case": str(k), **extract(folder)}), flush=True)
