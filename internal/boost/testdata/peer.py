"""What XGBoost's Python package and scikit-learn's forest make of a test's data.

peer.py DIR: reads DIR/ask.json, {"kind", "columns", "labels", "params": [...]},
DIR/train.f32 and DIR/test.f32 (row-major float32) and, for xgboost, a file that
magn saved for each params, DIR/model0 and on; prints a JSON list.
"""

import json
import sys

import numpy as np

folder = sys.argv[1]
with open(folder + "/ask.json") as f:
    ask = json.load(f)
train, test = (np.fromfile(f"{folder}/{n}.f32", "<f4").reshape(-1, ask["columns"]) for n in ("train", "test"))
labels = np.array(ask["labels"])


def boosted(params, path):
    import xgboost

    params = dict(params, objective="binary:logistic", base_score=0.5)
    rounds = params.pop("rounds")
    model = xgboost.train(params, xgboost.DMatrix(train, labels), rounds)
    answer = {"margins": model.predict(xgboost.DMatrix(test), output_margin=True).tolist()}
    for kind in ("weight", "gain", "cover", "total_gain", "total_cover"):
        scores = model.get_score(importance_type=kind)
        answer[kind] = [scores.get(f"f{i}", 0) for i in range(ask["columns"])]
    with open(path, "rb") as f:
        _, header, trees = f.read().split(b"\n", 2)
    model = xgboost.Booster()
    model.load_model(bytearray(trees))
    model.feature_names = json.loads(header)["features"]
    data = xgboost.DMatrix(test, feature_names=model.feature_names)
    answer["opened"] = model.predict(data, output_margin=True).tolist()
    return answer


def forest(params, _):
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(500, max_features="sqrt", random_state=params["seed"]).fit(train, labels)
    order = np.argsort(-model.feature_importances_, kind="stable")
    return {"top": order[:30].tolist(), "margins": model.predict_proba(test)[:, 1].tolist()}


of = {"xgboost": boosted, "forest": forest}[ask["kind"]]
json.dump([of(p, f"{folder}/model{i}") for i, p in enumerate(ask["params"])], sys.stdout)
