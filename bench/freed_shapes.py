#!/usr/bin/env python3
"""Freed shapes against a hand-tuned INT8 file of one size: what `tamis optimize --allow resolution`
picks, per picture of the data, against NNCF's mixed-preset IR with the detection tail left out by
hand, at 640x640 in OpenVINO.

The pictures are cut in two halves: both sides calibrate on the first and are judged on the second.
mAP: what each side loses against the FP32 model, ours by tamis, the peer's by quantise_judge.py's
few lines of Python. Time: every shape of ours and the peer's file in the bare C++ loop, in turns; a
picture of ours costs the mean over the shapes, weighted by the pictures that go to each.

  freed_shapes.py --python PYTHON [--models MODEL.onnx ...] [--data DATA] [--limit 1.3] [--out DIR]
      [--rounds 40] [--budget 10m] [--max-drop 1%] [--unlabelled | --video FILE]

--unlabelled: pictures without labels in one folder (frames of a camera): the speed only, with the
shapes fitted to them. The gate is then on agreement with the baseline, which counts every change as
a loss: 1 % of that is far stricter than 1 % of accuracy (docs/accuracy.md), so give more.
--video: the same on every third frame of a video, which are cut into DIR/frames first.

PYTHON is an interpreter with nncf, openvino, onnx, onnxruntime, numpy and opencv.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

import harness
import quantise


EVERY_THIRD = """
import cv2, sys
video, i = cv2.VideoCapture(sys.argv[1]), 0
while (read := video.read())[0]:
    if i % 3 == 0:
        cv2.imwrite(f"{sys.argv[2]}/f{i:04}.jpg", read[1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    i += 1
"""


def cut(video, folder, python):
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([python, "-c", EVERY_THIRD, str(video), str(folder)], check=True)
    return folder


def half_dataset(data, fold, folder):
    """Every second picture with its labels, as a YOLO dataset of its own."""
    folder = folder / f"data{fold}"
    split = next(p.name for p in sorted((data / "images").iterdir()) if p.is_dir())
    for kind, ending in (("images", ".jpg"), ("labels", ".txt")):
        (folder / kind / "val").mkdir(parents=True, exist_ok=True)
        pictures = sorted((data / "images" / split).glob("*.jpg"))
        for picture in pictures[fold::2]:
            source = (data / kind / split / picture.name).with_suffix(ending)
            link = folder / kind / "val" / source.name
            if source.exists() and not link.exists():
                link.symlink_to(source.resolve())
    names = (next(data.glob("*.yaml"))).read_text()
    names = names[names.index("names:"):].split("\ndownload")[0]
    (folder / "data.yaml").write_text(f"path: .\nval: images/val\n{names}\n")
    return folder


def optimize(model, evaluation, calibration, out, args):
    own = ["--calibration", str(calibration)] if calibration else []  # else it splits the data itself
    subprocess.run([str(harness.program()), "optimize", str(model), "--data", str(evaluation),
                    *own, "--max-drop", args.max_drop, "--confidence", "50%",
                    "--allow", "resolution", "--backend", "openvino", "--inference-precision", "f32",
                    "--budget", args.budget, "--out", str(out), "--quiet"], check=False,
                   stdout=subprocess.DEVNULL)
    return json.loads((out / "run.json").read_text()), json.loads((out / "decision.json").read_text())


def upright_sizes(pictures, args):
    code = ("import cv2,sys,json\n"
            "print(json.dumps([cv2.imread(p).shape[:2] for p in sys.stdin.read().split('\\n') if p]))")
    done = subprocess.run([args.python, "-c", code], input="\n".join(map(str, pictures)), check=True,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def shape_for(size, shapes):
    """As src/vision/shape_set.h."""
    scale = max(min(s[0] / size[0], s[1] / size[1]) for s in shapes)
    fits = [s for s in shapes if round(size[0] * scale) <= s[0] and round(size[1] * scale) <= s[1]]
    return tuple(min(fits, key=lambda s: s[0] * s[1]))


def shares_of(pictures, shapes, args):
    count = {}
    for size in upright_sizes(pictures, args):
        shape = shape_for(size, shapes)
        count[shape] = count.get(shape, 0) + 1
    return {shape: n / sum(count.values()) for shape, n in count.items()}


def race(ours, shares, theirs, rounds):
    runners = {}
    try:
        runners["theirs"] = harness.BareLoop("openvino", theirs, [1, 3, 640, 640], 2, "f32")
        for shape in shares:
            runners[shape] = harness.BareLoop("openvino", ours, [1, 3, *shape], 2, "f32")
        with harness.machine_lock():
            samples = harness.rounds(runners, rounds, 2, 5)
    finally:
        for runner in runners.values():
            runner.close()
    per_picture = [sum(share * samples[shape][r] for shape, share in shares.items())
                   for r in range(rounds)]
    return harness.paired_ratio(samples["theirs"], per_picture)


def lost_by(peer, model, pictures, args):
    """mAP50-95 that the peer's file loses against FP32 on these pictures."""
    half = [p.parent for p in pictures[:1]]
    request = [{"files": [str(model)] * 2, "runtime": "openvino"},
               {"files": [str(peer)] * 2, "runtime": "openvino"}]
    script = Path(quantise.__file__).with_name("quantise_judge.py")
    empty = half[0].parent / "none"
    empty.mkdir(exist_ok=True)
    done = subprocess.run([args.python, str(script), str(harness.SHARED / "peers"), str(args.data),
                           str(empty), str(half[0])], input=json.dumps(request), check=True,
                          stdout=subprocess.PIPE, text=True)
    fp32, int8 = json.loads(done.stdout)
    return fp32 - int8, fp32


def compare(model, args, out):
    out.mkdir(parents=True, exist_ok=True)
    data = Path(args.data)
    if args.unlabelled:
        pictures = sorted(data.glob("*.jpg"))
        calibration_data, evaluation_data, calibration = None, data, data
    else:
        calibration, _ = quantise.half_of(data, 0, out)
        held, _ = quantise.half_of(data, 1, out)
        pictures = sorted(held.glob("*.jpg"))
        calibration_data, evaluation_data = half_dataset(data, 0, out), half_dataset(data, 1, out)
    made = out / "made0"
    made.mkdir(exist_ok=True)
    peer, _ = quantise.make_peer(model, "nncf", calibration, made, args)
    run, decision = optimize(model, evaluation_data, calibration_data, out / "optimized", args)
    size = run["card"]["input"]
    shapes = [tuple(s) for s in size.get("sizes", [size["size"]])]
    shares = shares_of(pictures, shapes, args)
    print(f"{model.stem}: {run['name']}; pictures per shape: "
          + ", ".join(f"{h}x{w} {100 * s:.0f} %" for (h, w), s in shares.items()), flush=True)
    met = True
    if not args.unlabelled:
        ours = decision["pick"]["accuracy"]
        lost = ours["baseline"] - ours["value"]
        theirs, fp32 = lost_by(peer, model, pictures, args)
        met = lost <= theirs + 5e-5
        print(f"  mAP50-95 lost: ours {lost:+.4f} of {ours['baseline']:.4f}, peer {theirs:+.4f} of "
              f"{fp32:.4f}: {'no lower' if met else 'LOWER'}", flush=True)
    harness.print_load()
    ratio, low, high = race(out / "optimized/model.onnx", shares, peer, args.rounds)
    met &= low >= args.limit
    print(f"  {ratio:.3f} [{low:.3f}, {high:.3f}] x as fast per picture; limit {args.limit}: "
          f"{'met' if low >= args.limit else 'MISSED'}", flush=True)
    return met


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True)
    parser.add_argument("--models", nargs="+", type=Path,
                        default=[harness.SHARED / f"data/detect/{m}.onnx" for m in ("yolov8n", "yolov8s")])
    parser.add_argument("--data", default=harness.PICTURES)
    parser.add_argument("--out", type=Path, default=Path("freed_shapes"))
    parser.add_argument("--limit", type=float, default=1.3)
    parser.add_argument("--budget", default="10m")
    parser.add_argument("--max-drop", default="1%")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--unlabelled", action="store_true")
    parser.add_argument("--video", type=Path)
    args = parser.parse_args()
    if args.video:
        args.data, args.unlabelled = cut(args.video, args.out / "frames", args.python), True
    met = [compare(model, args, args.out / model.stem) for model in args.models]
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
