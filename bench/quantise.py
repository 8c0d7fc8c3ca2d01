#!/usr/bin/env python3
"""INT8 files against those of the known tools: accuracy, speed in both runtimes, time and memory of
making them. Peers by peer_pick.py with their best settings: onnxruntime's quantize_static (u8, per
channel, detection tail left out by hand) and NNCF on OpenVINO (mixed preset, tail left out by hand).

The pictures are cut in two halves; each file is made on one half and judged on the other, and the
mAP is that of all pictures, each seen by the file that was not calibrated on it. Everybody's files
are run and judged by the same few lines of Python.

  quantise.py --python PYTHON [--models MODEL.onnx ...] [--data DATA] [--out DIR] [--rounds 40]
      [--only accuracy|time]

PYTHON is an interpreter with nncf, openvino, onnx, onnxruntime, numpy and opencv. What OUT already
holds is not made again.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import harness

FORMS = ("portable", "ort", "openvino")
PEERS = {"onnxruntime": ("ort_tail", "ort_qdq_tail.onnx"), "nncf": ("nncf_tail", "nncf_mixed_tail.xml")}
JUDGED = [("fp32", "ort"), ("portable", "ort"), ("ort", "ort"), ("onnxruntime", "ort"),
          ("portable", "openvino"), ("openvino", "openvino"), ("nncf", "openvino")]
# Ours, the peer's, the runtime, and the limit for the upper bound of the time's ratio.
RACES = [("portable", "onnxruntime", "ort", 0.80), ("ort", "onnxruntime", "ort", 0.75),
         ("portable", "nncf", "openvino", 1.10), ("openvino", "nncf", "openvino", 1.02)]
MOST_LOST = 0.003


def half_of(data, fold, folder):
    """Links to every second picture, and the same as a text file of paths."""
    pictures = sorted(next(p for p in sorted((data / "images").iterdir()) if p.is_dir()).glob("*.jpg"))
    folder = folder / f"half{fold}"
    folder.mkdir(parents=True, exist_ok=True)
    chosen = pictures[fold::2]
    for picture in chosen:
        link = folder / picture.name
        if not link.exists():
            link.symlink_to(picture.resolve())
    listed = folder / "pictures.txt"
    listed.write_text("".join(f"{p.resolve()}\n" for p in chosen))
    return folder, listed


def make_ours(model, form, listed, out, python):
    file, notes = out / f"{form}.onnx", out / f"{form}.json"
    if not notes.exists():
        done = subprocess.run([str(harness.program()), "quantize", str(model), "--calibration",
                               str(listed), "--for", form, "--out", str(file), "--json", "--quiet"],
                              check=True, stdout=subprocess.PIPE)
        made = json.loads(done.stdout)
        notes.write_text(json.dumps({"wall_s": made["wall_s"],
                                     "peak_mb": made["peak_memory_bytes"] / 1e6}))
    return file, json.loads(notes.read_text())


def make_peer(model, peer, pictures, out, args):
    recipe, name = PEERS[peer]
    file, notes = out / name, out / f"{peer}.json"
    if not notes.exists():
        done = subprocess.run([args.python, str(harness.SHARED / "peers/peer_pick.py"), str(model),
                               "--calib", str(pictures), "--eval", str(args.data), "--out", str(out),
                               "--make", recipe], check=True, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL)
        made = json.loads(re.search(r"^RESULT (.*)$", done.stdout, re.M)[1])
        notes.write_text(json.dumps({"wall_s": made["seconds"],
                                     "peak_mb": made["peak_rss_mib"] * 1.048576}))
    return file, json.loads(notes.read_text())


def judge(files, half, args):
    """mAP50-95 of [(file made on half 0, made on half 1), runtime] pairs, by quantise_judge.py."""
    request = [{"files": [str(f) for f in pair], "runtime": runtime} for pair, runtime in files]
    script = Path(__file__).with_name("quantise_judge.py")
    done = subprocess.run([args.python, str(script), str(harness.SHARED / "peers"), str(args.data),
                           *[str(h) for h in half]], input=json.dumps(request), check=True,
                          stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def race(ours, theirs, backend, size, rounds):
    """Both in the bare loop, in turns."""
    shape = [1, 3, *size]
    precision = "f32" if backend == "openvino" else ""
    runners = {}
    try:
        for name, file in (("ours", ours), ("theirs", theirs)):
            runners[name] = harness.BareLoop(backend, file, shape, 2, precision)
        with harness.machine_lock():
            samples = harness.rounds(runners, rounds, 2, 5)
    finally:
        for runner in runners.values():
            runner.close()
    return harness.paired_ratio(samples["ours"], samples["theirs"])


def compare(model, args, out):
    out.mkdir(parents=True, exist_ok=True)
    print(f"{model.stem}", flush=True)
    made, cost, half = {"fp32": [model, model]}, {}, []
    for fold in (0, 1):
        pictures, listed = half_of(Path(args.data), fold, out)
        half.append(pictures)
        folder = out / f"made{fold}"
        folder.mkdir(exist_ok=True)
        for form in FORMS:
            file, cost[form] = make_ours(model, form, listed, folder, args.python)
            made.setdefault(form, []).append(file)
        for peer in PEERS:
            file, cost[peer] = make_peer(model, peer, pictures, folder, args)
            made.setdefault(peer, []).append(file)
    for name, c in cost.items():
        print(f"  made {name:<12} {c['wall_s']:6.1f} s  {c['peak_mb']:6.0f} MB", flush=True)
    met = judge_all(made, half, args) if args.only != "time" else True
    return (race_all(made, args) if args.only != "accuracy" else True) and met


def judge_all(made, half, args):
    met = True
    values = judge([(made[name], runtime) for name, runtime in JUDGED], half, args)
    best_peer = max(v for (name, _), v in zip(JUDGED, values) if name in PEERS)
    for (name, runtime), value in zip(JUDGED, values):
        line = f"  mAP50-95 {name:<12} in {runtime:<9} {value:.4f}  lost {values[0] - value:+.4f}"
        if name in FORMS:
            good = values[0] - value <= MOST_LOST and value >= best_peer - 0.001 - 5e-6
            met &= good
            line += f"  limit {MOST_LOST}, and best peer {best_peer:.4f} - .001: " + (
                "met" if good else "MISSED")
        print(line, flush=True)
    return met


def race_all(made, args):
    met = True
    for ours, theirs, backend, limit in RACES:
        ratio, low, high = race(made[ours][0], made[theirs][0], backend, args.size, args.rounds)
        met &= high <= limit
        print(f"  time {ours} / {theirs} in {backend}: {ratio:.4f} [{low:.4f}, {high:.4f}]  "
              + harness.verdict(high, limit), flush=True)
    return met


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    detect = harness.SHARED / "data/detect"
    parser.add_argument("--models", nargs="+", type=Path,
                        default=[detect / f"{m}.onnx" for m in ("yolov8n", "yolov8s", "yolo11n_from_seg")])
    parser.add_argument("--data", default=harness.PICTURES)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--out")
    parser.add_argument("--only", choices=["accuracy", "time"])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--size", type=int, nargs=2, default=[640, 640])
    args = parser.parse_args()
    print("figure: INT8 files against the known tools'")
    harness.print_load()
    with tempfile.TemporaryDirectory() as folder:
        met = [compare(model, args, Path(args.out or folder) / model.stem) for model in args.models]
    raise SystemExit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
