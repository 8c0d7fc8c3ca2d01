"""Compares what anomaly_test.cpp wrote with a plain evaluation of all pixels: referee_anomaly.py FOLDER. Exit 1 and a line per
difference. PRO as in MVTec AD's own evaluation: every pixel's score is a threshold, regions touch by sides and corners."""
import json
import sys

import cv2
import numpy as np

TOLERANCE = 5e-4


def evaluate(scores, masks, most=0.3):
    normal = np.zeros(scores.shape, bool)
    overlap = np.zeros(scores.shape)
    regions = 0
    for mask, share in zip(masks, overlap):
        count, label = cv2.connectedComponents((mask != 0).astype(np.uint8), connectivity=8)
        for r in range(1, count):
            share[label == r] = 1 / (label == r).sum()
        regions += count - 1
    normal = masks == 0
    order = np.argsort(-scores.ravel(), kind="stable")
    falling = scores.ravel()[order]
    last = np.append(falling[1:] != falling[:-1], True)
    rate = (np.cumsum(normal.ravel()[order]) / normal.sum())[last]
    found = (np.cumsum(overlap.ravel()[order]) / regions)[last]
    recall = (np.cumsum(~normal.ravel()[order]) / (~normal).sum())[last]
    rate, found, recall = (np.insert(v, 0, 0) for v in (rate, found, recall))
    inside = rate <= most
    x = np.append(rate[inside], most)
    y = np.append(found[inside], np.interp(most, rate, found))
    return {"pro": np.trapezoid(y, x) / most, "pixel_auroc": np.trapezoid(recall, rate)}


def main(folder):
    case = json.load(open(folder + "/cases.json"))
    shape = (-1, case["side"], case["side"])
    scores = np.fromfile(folder + "/scores.bin", np.float32).reshape(shape)
    masks = np.fromfile(folder + "/masks.bin", np.uint8).reshape(shape)
    wrong = 0
    for name, value in evaluate(scores, masks).items():
        print(name, case[name], value)
        wrong += not abs(case[name] - value) <= TOLERANCE
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
