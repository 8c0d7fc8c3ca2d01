#!/usr/bin/env python3
"""What labels are worth to the pick: `tamis optimize` on labelled pictures and on the same pictures
without labels (then the gate is on agreement with the baseline), by the same command. The picks are
to be the same variant, or two that cannot be told apart in speed when run in turns.

  label_free.py --python PYTHON [--models yolov8n resnet20 mobilenet] [--out DIR] [--budget 120s]
      [--rounds 40]

Pictures: coco128's 128, 200 of CIFAR-10's test part, 200 of imagenet500. PYTHON is an interpreter
with numpy and opencv.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path

import harness

DATA = harness.SHARED / "data"
MOST = 200

CIFAR_TO_PNG = """
import cv2, numpy, pathlib, sys
records = numpy.fromfile(sys.argv[1], dtype=numpy.uint8).reshape(-1, 3073)[:int(sys.argv[2])]
for i, record in enumerate(records):
    folder = pathlib.Path(sys.argv[3], str(record[0]))
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{i:04}.png"), record[1:].reshape(3, 32, 32).transpose(1, 2, 0)[:, :, ::-1])
"""


def link(picture, folder):
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / picture.name
    if not place.exists():
        place.symlink_to(picture.resolve())


def coco(_args, out):
    for picture in sorted(Path(DATA, "coco128/images").rglob("*.jpg"))[:MOST]:
        link(picture, out / "unlabelled")
    return DATA / "coco128/coco128.yaml"


def cifar(args, out):
    labelled = out / "labelled"
    if not labelled.exists():
        batch = next(Path(DATA, "cifar10").rglob("test_batch.bin"))
        subprocess.run([args.python, "-c", CIFAR_TO_PNG, str(batch), str(MOST), str(labelled)],
                       check=True)
    for picture in sorted(labelled.rglob("*.png")):
        link(picture, out / "unlabelled")
    return labelled


def imagenet(_args, out):
    lines = (DATA / "imagenet500/labels.txt").read_text().splitlines()[:: 500 // MOST][:MOST]
    for line in lines:
        picture = DATA / "imagenet500" / line.split()[0]
        link(picture, out / "labelled")
        link(picture, out / "unlabelled")
    (out / "labelled/labels.txt").write_text("\n".join(lines) + "\n")
    return out / "labelled"


MODELS = {"yolov8n": ("detect/yolov8n.onnx", coco),
          "resnet20": ("classify/cifar10_resnet20.onnx", cifar),
          "mobilenet": ("classify/mobilenet_v2_1.0_224.onnx", imagenet)}


def optimize(model, data, out, args):
    subprocess.run([str(harness.program()), "optimize", str(model), "--data", str(data),
                    "--max-drop", "1%", "--confidence", "50%", "--threads", "2", "--graph-level",
                    "all", "--budget", args.budget, "--out", str(out), "--quiet"], check=False,
                   stdout=subprocess.DEVNULL)
    return json.loads((out / "decision.json").read_text())["pick"]


def name_of(pick):
    return pick["name"] if pick else "none"


def same_speed(one, two, rounds):
    done = subprocess.run([str(harness.program()), "bench", str(one), str(two), "--rounds",
                           str(rounds), "--json", "--quiet"], check=True, stdout=subprocess.PIPE)
    pair = json.loads(done.stdout)["comparisons"][0]
    print(f"  in turns: ratio {pair['ratio']:.4f} [{pair['low']:.4f}, {pair['high']:.4f}]")
    return pair["low"] <= 1 <= pair["high"]


def compare(name, args):
    file, prepare = MODELS[name]
    out = args.out / name
    out.mkdir(parents=True, exist_ok=True)
    labelled = prepare(args, out)
    with_labels = optimize(DATA / file, labelled, out / "with_labels", args)
    without = optimize(DATA / file, out / "unlabelled", out / "without", args)
    print(f"{name}\n  with labels: {name_of(with_labels)}\n  without:     {name_of(without)}",
          flush=True)
    same = name_of(with_labels) == name_of(without)
    if not same and with_labels and without:
        same = same_speed(out / "with_labels", out / "without", args.rounds)
    print(f"  {'the same' if same else 'DIFFERENT'}", flush=True)
    return same


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--out", type=Path, default=Path("label_free"))
    parser.add_argument("--budget", default="120s")
    parser.add_argument("--rounds", type=int, default=40)
    args = parser.parse_args()
    harness.print_load()
    sys.exit(0 if all([compare(name, args) for name in args.models]) else 1)


if __name__ == "__main__":
    main()
