"""What other programs make of generated images, for truth_test.go.

    python -m venv v && v/bin/pip install "numpy<2" SimpleITK PyWavelets scikit-image pykwalify six setuptools versioneer cython
    v/bin/pip install --no-build-isolation pyradiomics==3.0.1
    MAGN_PYTHON=v/bin/python go test ./internal/radiomics -run TestPyPIFilters -truth    # writes testdata/filters.json

Reads a list of cases as JSON from stdin and writes, into the folder named by
the first argument, one file of float64 a result: <case>/<number>-<name>.
"""

import json
import pathlib
import sys

import numpy as np


def values(case):
    """The image of a case: truth_test.go makes the same."""
    x, y, z = case["size"]
    if case.get("file"):
        import SimpleITK as sitk

        return sitk.GetArrayFromImage(sitk.ReadImage(case["file"]))
    k, j, i = np.meshgrid(np.arange(z), np.arange(y), np.arange(x), indexing="ij")
    n = (i + x * (j + y * k)).astype(np.uint64)
    h = (n * 2654435761 + 40503) & 0xFFFFFFFF
    h ^= h >> np.uint64(15)
    h = (h * 2246822519) & 0xFFFFFFFF
    h ^= h >> np.uint64(13)
    v = (h % 150).astype(np.int64) + 3 * i + 2 * j - k
    v[(i // 5 + j // 4 + k // 3) % 3 == 0] = 77  # flat parts show rounding
    v -= case["shift"]
    if case["type"].startswith("float"):
        v = v / 7.0
    return v.astype(case["type"])


def image(case, array=None):
    import SimpleITK as sitk

    if case.get("file") and array is None:
        return sitk.ReadImage(case["file"])
    im = sitk.GetImageFromArray(values(case) if array is None else array)
    im.SetSpacing(case["spacing"])
    im.SetOrigin(case["origin"])
    im.SetDirection(case["direction"])
    return im


def log(case):
    import SimpleITK as sitk

    f = sitk.LaplacianRecursiveGaussianImageFilter()
    f.SetNormalizeAcrossScale(True)
    f.SetSigma(case["sigma"])
    yield "log", sitk.GetArrayFromImage(f.Execute(image(case)))


def gradient(case):
    import SimpleITK as sitk

    f = sitk.GradientMagnitudeImageFilter()
    f.SetUseImageSpacing(case["useSpacing"])
    yield "gradient", sitk.GetArrayFromImage(f.Execute(image(case)))


def wavelet(case):
    import pywt

    a = values(case)
    axes = [n for n in (2, 1, 0) if n != case["leaveOut"]]
    cut = tuple(slice(0, n) for n in a.shape)
    a = np.pad(a, [(0, n % 2) for n in a.shape], "wrap")
    for level in range(case["start"] + case["level"]):
        bands = pywt.swtn(a, case["wavelet"], level=1, axes=axes)[0]
        a = bands.pop("a" * len(axes))
        n = level - case["start"] + 1
        if n >= 1:
            for name, band in bands.items():
                name = name.replace("a", "L").replace("d", "H")
                yield "wavelet%s-%s" % ("" if n == 1 else n, name), band[cut]
    yield "wavelet%s-%s" % ("" if n == 1 else n, "L" * len(axes)), a[cut]


def lbp(case):
    from skimage.feature import local_binary_pattern

    a = values(case).swapaxes(0, case["dimension"])
    for n in range(len(a)):
        a[n] = local_binary_pattern(a[n], P=case["samples"], R=case["radius"], method=case["method"])
    yield "lbp-2D", a.swapaxes(0, case["dimension"])


def pointwise(case):
    from radiomics import imageoperations

    for name in ("Square", "SquareRoot", "Logarithm", "Exponential"):
        for im, name, _ in getattr(imageoperations, "get%sImage" % name)(image(case), None):
            import SimpleITK as sitk

            yield name, sitk.GetArrayFromImage(im)


def prepare(case):
    import SimpleITK as sitk
    from radiomics import imageoperations
    from radiomics.featureextractor import RadiomicsFeatureExtractor as extractor

    m = case["mask"]
    if m.get("file"):
        mask = sitk.ReadImage(m["file"])
    else:
        x, y, z = m["size"]
        k, j, i = np.meshgrid(np.arange(z), np.arange(y), np.arange(x), indexing="ij")
        inside = (i - x // 2) ** 2 + (j - y // 2) ** 2 + (2 * (k - z // 2)) ** 2 <= m["radius"] ** 2
        mask = image(m, inside.astype(np.uint8))
    settings = extractor._getDefaultSettings()
    settings.update(case["settings"])
    for tolerance in ("Coordinate", "Direction"):
        set_default = getattr(sitk.ProcessObject, "SetGlobalDefault%sTolerance" % tolerance)
        set_default(settings.get("geometryTolerance", 1e-6))
    im, mask = extractor.loadImage(image(case), mask, None, **settings)
    _, corrected = imageoperations.checkMask(im, mask, **settings)
    mask = corrected or mask
    yield "shape-mask", sitk.GetArrayFromImage(mask) == 1
    if settings.get("resegmentRange") is not None:
        mask = imageoperations.resegmentMask(im, mask, **settings)
    box, _ = imageoperations.checkMask(im, mask, **settings)
    yield "image", sitk.GetArrayFromImage(im)
    yield "mask", sitk.GetArrayFromImage(mask) == 1
    yield "box", np.array(box)
    yield "geometry", np.array(im.GetOrigin() + im.GetSpacing() + im.GetDirection())


for case in json.load(sys.stdin):
    folder = pathlib.Path(sys.argv[1]) / case["name"]
    folder.mkdir(parents=True)
    for n, (name, a) in enumerate(globals()[case["op"]](case)):
        np.ascontiguousarray(a, dtype="<f8").tofile(folder / ("%03d-%s" % (n, name)))
