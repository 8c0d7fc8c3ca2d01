"""Compares what coco_referee_test.cpp wrote with pycocotools: referee.py FOLDER. Exit 1 and a line per difference."""
import contextlib
import io
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

folder = sys.argv[1]


def evaluate(case):
    truth, found = [], []
    for image, scene in enumerate(case["scenes"], 1):
        for x0, y0, x1, y1, label, crowd, area in scene["truth"]:
            truth.append({"id": len(truth) + 1, "image_id": image, "category_id": label, "iscrowd": crowd,
                          "area": area, "bbox": [x0, y0, x1 - x0, y1 - y0]})
        for x0, y0, x1, y1, score, label in scene["detections"]:
            found.append({"image_id": image, "category_id": label, "score": score,
                          "bbox": [x0, y0, x1 - x0, y1 - y0]})
    kind = "segm" if "size" in case else "bbox"
    if kind == "segm":
        code = lambda counts: {"size": case["size"], "counts": counts.encode()}
        for entry, mask in zip(truth, [m for s in case["scenes"] for m in s["truth_masks"]], strict=True):
            entry["segmentation"] = code(mask)
        for entry, mask in zip(found, [m for s in case["scenes"] for m in s["masks"]], strict=True):
            del entry["bbox"]  # else loadRes takes the area from it
            entry["segmentation"] = code(mask)
    coco = COCO()
    coco.dataset = {"info": {}, "images": [{"id": i + 1, "height": 860, "width": 820} for i in range(len(case["scenes"]))],
                    "categories": [{"id": c} for c in range(case["classes"])], "annotations": truth}
    coco.createIndex()
    evaluation = COCOeval(coco, coco.loadRes(found), kind)
    evaluation.params.maxDets = sorted({1, 10, 100, case["max_detections"]})
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation


def figures(case):
    evaluation = evaluate(case)
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]  # [T,R,K,A,M], [T,K,A,M]

    def mean(values):
        values = values[values > -1]
        return float(values.mean()) if values.size else None

    most = evaluation.params.maxDets
    out = {"map50_95": mean(precision[..., 0, -1]), "map50": mean(precision[0, ..., 0, -1]),
           "map75": mean(precision[5, ..., 0, -1]), "recall_max": mean(recall[..., 0, -1])}
    for m in (1, 10, 100):
        out[f"recall_{m}"] = mean(recall[..., 0, most.index(m)])
    for area, name in enumerate(("small", "medium", "large"), 1):
        out[f"map_{name}"] = mean(precision[..., area, -1])
        out[f"recall_{name}"] = mean(recall[..., area, -1])
    out["per_class"] = [mean(precision[:, :, k, 0, -1]) for k in range(precision.shape[2])]
    return out


def differences(ours, theirs):
    ours = dict(ours)
    ours["per_class"] = ours["per_class"] + [None] * (len(theirs["per_class"]) - len(ours["per_class"]))
    assert ours.keys() == theirs.keys(), (ours.keys(), theirs.keys())
    pairs = [(name, ours[name], theirs[name]) for name in theirs if name != "per_class"]
    pairs += [(f"class {k}", a, b) for k, (a, b) in enumerate(zip(ours["per_class"], theirs["per_class"]))]
    return [p for p in pairs if (p[1] is None) != (p[2] is None) or (p[1] is not None and abs(p[1] - p[2]) > 1e-9)]


failures = 0
cases = json.load(open(f"{folder}/cases.json"))
for number, case in enumerate(cases):
    with contextlib.redirect_stdout(io.StringIO()):
        theirs = figures(case)
    for difference in differences(case["figures"], theirs):
        failures += 1
        print("case", number, difference)
sys.exit(1 if failures or not cases else 0)
