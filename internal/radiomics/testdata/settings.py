"""What PyRadiomics computes for parameter files, for settings_peer_test.go.

Arguments: image, mask, parameter files. Writes a JSON list of {name: value} a
file to stdout, null for NaN.
"""

import json
import logging
import math
import sys

import radiomics
from radiomics.featureextractor import RadiomicsFeatureExtractor

radiomics.logger.setLevel(logging.CRITICAL)
found = []
for file in sys.argv[3:]:
    features = RadiomicsFeatureExtractor(file).execute(sys.argv[1], sys.argv[2])
    values = [(k, float(v)) for k, v in features.items() if not k.startswith("diagnostics")]
    found.append([[k, None if math.isnan(v) else v] for k, v in values])
json.dump(found, sys.stdout)
