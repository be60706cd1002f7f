"""PyRadiomics measured as magn bench radiomics measures: the same lines, of the same things.

python radiomics_peer.py IMAGE MASK SETTINGS THREADS ROUNDS [classes]   lines of a case
python radiomics_peer.py --once IMAGE MASK SETTINGS                     one extraction, for peak memory
python radiomics_peer.py --cases IMAGE MASK DIR N                       N cases of other noise, and their lists

SETTINGS may be - for PyRadiomics' defaults.
"""
import json
import os
import pathlib
import resource
import statistics
import sys
import time

import SimpleITK as sitk
import radiomics
from radiomics import featureextractor, getFeatureClasses, imageoperations

CLASSES = "firstorder glcm gldm glrlm glszm ngtdm shape".split()


def extractor(settings, only=None):
    e = featureextractor.RadiomicsFeatureExtractor(*([] if settings == "-" else [settings]))
    if only:
        e.disableAllImageTypes()
        e.enableImageTypeByName("Original")
        e.disableAllFeatures()
        e.enableFeatureClassByName(only)
    return e


def measure(what, threads, rounds, do):
    wall, cpu = [], []
    for k in range(rounds + 1):
        start, spent, times = time.perf_counter(), time.process_time(), 0
        while not times or time.perf_counter() - start < 0.02:
            n = do()
            times += 1
        if k:
            wall.append((time.perf_counter() - start) / times)
            cpu.append((time.process_time() - spent) / times)
    print(json.dumps({"program": "pyradiomics", "what": what, "threads": threads, "rounds": rounds,
        "seconds": statistics.median(wall), "cpu_seconds": statistics.median(cpu), "features": n,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}), flush=True)


def count(result):
    return sum(not name.startswith("diagnostics_") for name in result)


def case(image, mask, settings, threads, rounds, classes):
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
    e = extractor(settings)
    measure("read and extract", threads, rounds, lambda: count(e.execute(image, mask)))
    im, m = sitk.ReadImage(image), sitk.ReadImage(mask)
    measure("extract", threads, rounds, lambda: count(e.execute(im, m)))
    if not classes:
        return
    box, _ = imageoperations.checkMask(im, m)
    cut, cut_mask = imageoperations.cropToTumorMask(im, m, box)
    for name in CLASSES:
        alone = extractor("-", name)
        measure("extract " + name, threads, rounds, lambda: count(alone.execute(im, m)))

        def one():
            c = getFeatureClasses()[name](cut, cut_mask, **alone.settings)
            c.enableAllFeatures()
            return len(c.execute())
        measure(name, threads, rounds, one)


def cases(image, mask, folder, n):
    folder = pathlib.Path(folder)
    im, m = sitk.ReadImage(image), sitk.ReadImage(mask)
    sitk.WriteImage(m, str(folder / "mask.nrrd"), True)
    lines = []
    for k in range(n):
        noisy = sitk.Cast(sitk.AdditiveGaussianNoise(im, 2.0, 0.0, k + 1), im.GetPixelID())
        sitk.WriteImage(noisy, str(folder / f"{k}.nrrd"), True)
        lines.append(f"{folder}/{k}.nrrd,{folder}/mask.nrrd\n")
    (folder / "cases.csv").write_text("image,mask\n" + "".join(lines))
    (folder / "peer.csv").write_text("Image,Mask\n" + "".join(lines))


if __name__ == "__main__":
    radiomics.setVerbosity(60)
    if sys.argv[1] == "--cases":
        cases(*sys.argv[2:5], int(sys.argv[5]))
    elif sys.argv[1] == "--once":
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
        print(count(extractor(sys.argv[4]).execute(sys.argv[2], sys.argv[3])))
    else:
        case(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]), "classes" in sys.argv[6:])
