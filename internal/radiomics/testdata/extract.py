"""Prints, as JSON, what PyRadiomics extracts with each of its example parameter
files from its two test cases; null is nan. The argument is the folder of both.
Used by TestPyPIExtract; see pyradiomics.py for how to install it."""

import glob
import json
import logging
import math
import os
import sys

import radiomics
from radiomics import featureextractor

radiomics.logger.setLevel(logging.CRITICAL)
out = {}
for path in sorted(glob.glob(os.path.join(sys.argv[1], "settings", "*.yaml"))):
    for case in ("brain1", "breast1"):
        features = {}
        try:
            found = featureextractor.RadiomicsFeatureExtractor(path).execute(
                *(os.path.join(sys.argv[1], case + "_%s.nrrd" % kind) for kind in ("image", "label"))
            )
            for name, value in found.items():
                if not name.startswith("diagnostics_"):
                    features[name] = None if math.isnan(float(value)) else float(value)
        except Exception as e:
            print(path, case, repr(e), file=sys.stderr)
        out[os.path.basename(path) + " " + case] = features
json.dump(out, sys.stdout)
