"""Compares what referee_test.cpp wrote with Pillow, OpenCV and NumPy: referee.py FOLDER. Exit 1 and a line per difference."""
import json
import sys

import cv2
import numpy as np
from PIL import Image

folder = sys.argv[1]


def pillow(picture, height, width):
    grey = picture.shape[2] == 1
    image = Image.fromarray(picture[:, :, 0] if grey else picture)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR)).reshape(height, width, -1)


def opencv(picture, height, width):
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, -1)


def letterbox(picture, height, width, extra):
    # ultralytics/data/augment.py LetterBox(auto=False, scaleup=True, center=True)
    h, w = picture.shape[:2]
    r = min(height / h, width / w)
    nw, nh = max(round(w * r), 1), max(round(h * r), 1)
    top, left = round((height - nh) / 2 - 0.1), round((width - nw) / 2 - 0.1)
    assert np.allclose(extra["placement"], [r, left, top]), (extra, r, left, top)
    out = np.full((height, width, picture.shape[2]), 114, np.uint8)
    out[top : top + nh, left : left + nw] = picture if (nh, nw) == (h, w) else opencv(picture, nh, nw)
    return out


def center_crop(picture, height, width, extra):
    # torchvision Resize(short_side) and CenterCrop((height, width)), functional.py
    h, w = picture.shape[:2]
    short = extra["short_side"]
    long_side = int(short * max(h, w) / min(h, w))
    nh, nw = (short, long_side) if w > h else (long_side, short)
    out = pillow(picture, nh, nw)
    if width > nw or height > nh:
        left, top = ((width - nw) // 2 if width > nw else 0), ((height - nh) // 2 if height > nh else 0)
        right = (width - nw + 1) // 2 if width > nw else 0
        bottom = (height - nh + 1) // 2 if height > nh else 0
        out = np.pad(out, ((top, bottom), (left, right), (0, 0)))
        nh, nw = out.shape[:2]
    top, left = int(round((nh - height) / 2.0)), int(round((nw - width) / 2.0))
    return out[top : top + height, left : left + width]


def picture_difference(case):
    rule, extra = case["rule"], case["extra"]
    picture = np.fromfile(f"{folder}/{case['name']}.in", np.uint8).reshape(case["in"])
    ours = np.fromfile(f"{folder}/{case['name']}.out", np.uint8).reshape(case["out"])
    height, width = case["out"][:2]
    theirs = {
        "pillow_bilinear": lambda: pillow(picture, height, width),
        "letterbox": lambda: letterbox(picture, height, width, extra),
        "center_crop": lambda: center_crop(picture, height, width, extra),
        "grey": lambda: np.asarray(Image.fromarray(picture).convert("L"))[:, :, None],
    }[rule]()
    worst = int(np.abs(ours.astype(int) - theirs.astype(int)).max())
    limit = 0 if rule in ("pillow_bilinear", "center_crop", "grey") else 1
    return worst > limit and f"differs by {worst} grey levels"


def yolov8(case):
    extra = case["extra"]
    out = np.fromfile(f"{folder}/{case['name']}.in", np.float32).reshape(case["in"])
    anchors, labels = np.nonzero(out[4:].T > 0.001)
    x, y, w, h = out[:4][:, anchors]
    boxes = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1)
    scores = out[4 + labels, anchors]
    order = np.argsort(-scores, kind="stable")[: extra["max_candidates"]]
    boxes, scores, labels = boxes[order], scores[order], labels[order]
    shifted = (boxes + labels[:, None] * 7680.0).astype(np.float64)
    rectangles = np.concatenate([shifted[:, :2], shifted[:, 2:] - shifted[:, :2]], 1)
    kept = np.array(cv2.dnn.NMSBoxes(rectangles.tolist(), scores.tolist(), 0.0, 0.7)).reshape(-1)[:300]
    gain, left, top = extra["placement"]
    height, width = extra["picture"]
    boxes = (boxes[kept] - [left, top, left, top]) / gain
    boxes = np.clip(boxes, 0, [width, height, width, height])
    return np.concatenate([boxes, scores[kept, None], labels[kept, None]], 1)


def yolov8_difference(case):
    theirs = yolov8(case)
    ours = np.fromfile(f"{folder}/{case['name']}.out", np.float32).reshape(-1, 6)
    if len(ours) != len(theirs):
        return f"{len(ours)} detections, the referee has {len(theirs)}"
    worst = np.abs(ours - theirs).max()
    return worst > 1e-3 and f"differs by {worst}"


failures = 0
cases = json.load(open(f"{folder}/cases.json"))
for case in cases:
    what = yolov8_difference(case) if case["rule"] == "yolov8" else picture_difference(case)
    if what:
        failures += 1
        print(case, what)
sys.exit(1 if failures or not cases else 0)
