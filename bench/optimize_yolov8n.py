#!/usr/bin/env python3
"""The main job: optimize of yolov8n on coco128 within 10 minutes, and its pick against what the
known tools give. Against the FP32 model at OpenVINO's bf16 the upper bound of the time's ratio is
to be at most 1.02. With --peer, also against a peer's INT8 file (OpenVINO IR, run by the bare loop
in f32): a figure without a limit.

  optimize_yolov8n.py [--model MODEL.onnx] [--data DATA] [--out DIR] [--rounds 60]
      [--peer FILE.xml | --peer-python PYTHON]

PYTHON is an interpreter with nncf, openvino, onnx, onnxruntime, numpy and opencv: it then makes the
peer's file by peer_pick.py (NNCF on OpenVINO, mixed preset, the tail left out by hand).
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness

WALL_S, LIMIT = 600, 1.02


def optimize(args, out):
    start = time.perf_counter()
    done = subprocess.run([str(a) for a in (harness.program(), "optimize", args.model, "--data",
                                            args.data, "--max-drop", "1%", "--confidence", "50%",
                                            "--out", out, "--quiet")], stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"tamis optimize ended with status {done.returncode}")
    return time.perf_counter() - start


def describe_pick(out, wall_s):
    decision = json.loads((out / "decision.json").read_text())
    pick = decision["pick"]
    accuracy = pick["accuracy"]
    print(f"  pick: {pick['name']} ({decision['status']})")
    print(f"  {accuracy['metric']} {accuracy['value']:.4f}, baseline {accuracy['baseline']:.4f}; "
          f"{pick['speedup']['ratio']:.2f} x the baseline's speed "
          f"[{pick['speedup']['low']:.2f}, {pick['speedup']['high']:.2f}]")
    print(f"  wall {wall_s:.0f} s  {harness.verdict(wall_s, WALL_S)}", flush=True)


def race_known_tool(args, out):
    """The pick and the FP32 model at bf16, in turns, by tamis bench."""
    other = f"{args.model}@backend=openvino,inference-precision=bf16"
    done = subprocess.run([str(harness.program()), "bench", str(out), other, "--rounds",
                           str(args.rounds), "--resolution", "0.1%", "--json", "--quiet"],
                          check=True, stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    ours, theirs = (v["latency_ms"]["median"] for v in found["variants"])
    pair = found["comparisons"][0]
    print(f"  pick {ours:.2f} ms, FP32 at OpenVINO bf16 {theirs:.2f} ms: ratio {pair['ratio']:.4f} "
          f"[{pair['low']:.4f}, {pair['high']:.4f}] in {found['rounds']} rounds  "
          + harness.verdict(pair["high"], LIMIT), flush=True)
    return pair["high"] <= LIMIT


def make_peer(args, folder):
    pictures = next(p for p in sorted(Path(args.data, "images").iterdir()) if p.is_dir())
    script = harness.SHARED / "peers/peer_pick.py"
    subprocess.run([args.peer_python, str(script), str(args.model), "--calib", str(pictures),
                    "--eval", str(args.data), "--out", str(folder), "--stages", "make",
                    "--only", "nncf_tail"], check=True, stdout=sys.stderr)
    made = Path(folder) / "nncf_mixed_tail.xml"
    return made if made.exists() else sys.exit(f"peer_pick.py made no {made.name}")


def race_peer(args, out, peer):
    """Inference alone on both sides, since the bare loop decodes nothing."""
    run = json.loads((out / "run.json").read_text())
    ours = harness.Worker(out / run["model"], run["settings"])
    threads = run["settings"].get("threads") or len(os.sched_getaffinity(0))
    theirs = harness.BareLoop("openvino", peer, [1, 3, *ours.card["input"]["size"]], threads, "f32")
    try:
        with harness.machine_lock():
            samples = harness.rounds({"ours": ours, "peer": theirs}, args.rounds, 2, 5)
    finally:
        ours.close()
        theirs.close()
    ratio, low, high = harness.paired_ratio(samples["ours"], samples["peer"])
    print(f"  pick / peer's {Path(peer).name}, inference alone: ratio {ratio:.4f} "
          f"[{low:.4f}, {high:.4f}]")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=harness.DETECTOR)
    parser.add_argument("--data", default=harness.PICTURES)
    parser.add_argument("--out", help="of optimize (default: a temporary folder)")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--peer")
    parser.add_argument("--peer-python")
    args = parser.parse_args()
    print("figure: optimize of " + Path(args.model).stem + ", and its pick against known tools")
    harness.print_load()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(args.out or Path(folder) / "out")
        wall_s = optimize(args, out)
        describe_pick(out, wall_s)
        met = race_known_tool(args, out) and wall_s <= WALL_S
        if args.peer or args.peer_python:
            race_peer(args, out, args.peer or make_peer(args, folder))
    raise SystemExit(0 if met else 1)


if __name__ == "__main__":
    main()
