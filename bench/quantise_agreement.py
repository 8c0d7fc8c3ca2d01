#!/usr/bin/env python3
"""How near INT8 files stay to the float model on pictures of another kind than they were calibrated
on. The boxes that the float model finds above a score of .25 are taken as the truth, so no labels are
needed; mAP of each file against them, which is 1 for the float model itself. Ours (no flags) in both
runtimes, and the known tools' with their best settings, all calibrated on the same half of coco128.

  PYTHON quantise_agreement.py [--models MODEL.onnx ...] [--pictures DIR] [--most 250] [--out DIR]

PYTHON is an interpreter with nncf, openvino, onnx, onnxruntime, numpy and opencv. What OUT already
holds is not made again (the same folder as quantise.py's serves).
"""
import os
import sys
import tempfile
from pathlib import Path

import harness
import quantise
import quantise_judge

LEAST_SCORE = 0.25
JUDGED = [("portable", "ort"), ("portable", "openvino"), ("onnxruntime", "ort"), ("nncf", "openvino")]


def predict(file, runtime, pictures):
    import coco
    import peer_pick
    infer = quantise_judge.open_file(str(file), runtime)
    found = {}
    for picture in pictures:
        x, geometry = peer_pick.load_input(str(picture), coco)
        found[picture.stem] = peer_pick.decode(infer(x), geometry, coco)
    return found


def save_truth(found, pictures, labels):
    import cv2
    for picture in pictures:
        height, width = cv2.imread(str(picture)).shape[:2]
        boxes, scores, classes = found[picture.stem]
        lines = [f"{int(c)} {(x1 + x2) / 2 / width} {(y1 + y2) / 2 / height} {(x2 - x1) / width} "
                 f"{(y2 - y1) / height}\n"
                 for (x1, y1, x2, y2), s, c in zip(boxes, scores, classes) if s > LEAST_SCORE]
        (labels / f"{picture.stem}.txt").write_text("".join(lines))


def compare(model, pictures, args):
    import coco
    out = args.out / model.stem
    made = out / "made0"
    made.mkdir(parents=True, exist_ok=True)
    calibration, listed = quantise.half_of(args.data, 0, out)
    files = {"portable": quantise.make_ours(model, "portable", listed, made, args.python)[0]}
    for peer in quantise.PEERS:
        files[peer] = quantise.make_peer(model, peer, calibration, made, args)[0]
    labels = Path(coco.R) / "object_detection/labels/val"
    save_truth(predict(model, "openvino", pictures), pictures, labels)
    coco.imgs = lambda _split: [str(p) for p in pictures]
    values = {}
    for name, runtime in JUDGED:
        map50, map50_95 = coco.ap(predict(files[name], runtime, pictures), "val")[:2]
        values[name, runtime] = map50_95
        print(f"  {name:<12} in {runtime:<9} mAP50-95 {map50_95:.4f}  mAP50 {map50:.4f}", flush=True)
    best = max(v for (name, _), v in values.items() if name in quantise.PEERS)
    ours = [v for (name, _), v in values.items() if name == "portable"]
    met = min(ours) >= best - 0.001
    print(f"  best peer {best:.4f}: {'met' if met else 'MISSED by %.4f' % (best - min(ours))}")
    return met


def main():
    parser = harness.peer_parser(__doc__)
    parser.add_argument("--pictures", type=Path, default=harness.SHARED / "data/imagenet500")
    parser.add_argument("--most", type=int, default=250)
    parser.add_argument("--out", type=Path, default=Path("quantise"))
    args = parser.parse_args()
    every = sorted(args.pictures.rglob("*.jpg"))
    if not every:
        sys.exit(f"{args.pictures} has no pictures; name some with --pictures")
    pictures = every[:: max(1, len(every) // args.most)][:args.most]
    if len({p.stem for p in pictures}) < len(pictures):
        sys.exit(f"{args.pictures} has pictures of the same name in several folders; name one folder")
    print(f"figure: agreement of INT8 files with the float model on {len(pictures)} other pictures")
    with tempfile.TemporaryDirectory() as view:
        Path(view, "object_detection/labels/val").mkdir(parents=True)
        os.environ["COCO128"] = view
        sys.path.insert(0, str(harness.SHARED / "peers"))
        met = True
        for model in args.models:
            print(model.stem, flush=True)
            met = compare(model, pictures, args) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
