#!/usr/bin/env python3
"""What calibrating and quantising costs, no flags: `tamis quantize` against NNCF on OpenVINO with its
best settings (peer_pick.py's nncf_tail), on the same first pictures, in turns, each from nothing
cached. Wall time of the whole making; peak memory of the process that does it. Beside them, what
running the float model on so many pictures costs by itself (ONNX Runtime, bare C++ loop), and our
memory on more pictures.

  quantise_cost.py --python PYTHON [--models MODEL.onnx ...] [--data DATA] [--pictures 100]
      [--rounds 5] [--many FOLDER]

PYTHON is an interpreter with nncf, openvino, onnx, numpy and opencv. --many: a folder with 1,000
pictures (any) to calibrate on once for memory; --many "" leaves that out.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import harness

LIMIT_TIME, LIMIT_MB, LIMIT_BARE = 0.5, 450, 1.3


def first_pictures(folder, count):
    pictures = sorted(p for p in Path(folder).rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if len(pictures) < count:
        sys.exit(f"{folder} has {len(pictures)} pictures, {count} are wanted")
    return [p.resolve() for p in pictures[:count]]


def make_ours(model, pictures):
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "pictures.txt"
        listed.write_text("".join(f"{p}\n" for p in pictures))
        # The vendors' libraries stay where they are; everything that was computed is forgotten.
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        deps = os.environ.get("TAMIS_DEPS_DIR", f"{cache}/tamis/deps")
        done = subprocess.run([str(harness.program()), "quantize", str(model), "--calibration",
                               str(listed), "--items", str(len(pictures)), "--out",
                               f"{folder}/int8.onnx", "--json", "--quiet"],
                              check=True, stdout=subprocess.PIPE,
                              env=os.environ | {"XDG_CACHE_HOME": folder, "TAMIS_DEPS_DIR": deps})
        made = json.loads(done.stdout)
        return made["wall_s"], made["peak_memory_bytes"] / 1e6


def make_theirs(model, pictures, args):
    with tempfile.TemporaryDirectory() as folder:
        calibration = Path(folder) / "pictures"
        calibration.mkdir()
        for i, picture in enumerate(pictures):
            (calibration / f"{i:04}{picture.suffix}").symlink_to(picture)
        done = subprocess.run([args.python, str(harness.SHARED / "peers/peer_pick.py"), str(model),
                               "--calib", str(calibration), "--eval", str(args.data), "--out", folder,
                               "--make", "nncf_tail"], check=True, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.DEVNULL)
        made = json.loads(re.search(r"^RESULT (.*)$", done.stdout, re.M)[1])
        return made["seconds"], made["peak_rss_mib"] * 1.048576


def bare_run(model, args):
    """Seconds for the pictures, from the median of single runs."""
    loop = harness.BareLoop("ort", model, [1, 3, *args.size], os.cpu_count())
    try:
        times = sorted(loop.visit(5, 31))
    finally:
        loop.close()
    return times[len(times) // 2] * 1e-9 * args.pictures


def compare(model, args):
    pictures = first_pictures(args.data, args.pictures)
    ours, theirs, memory = [], [], {"tamis": 0, "nncf": 0}
    with harness.machine_lock():
        bare = bare_run(model, args)
    for i in range(args.rounds):
        contestants = [("tamis", lambda: make_ours(model, pictures), ours),
                       ("nncf", lambda: make_theirs(model, pictures, args), theirs)]
        for name, make, times in contestants if i % 2 == 0 else reversed(contestants):
            seconds, megabytes = make()
            times.append(seconds)
            memory[name] = max(memory[name], megabytes)
            print(f"    {name:<6} {seconds:6.2f} s  {megabytes:5.0f} MB", flush=True)
    ratio, low, high = harness.paired_ratio(ours, theirs)
    print(f"  tamis / nncf                 {ratio:.3f} [{low:.3f}, {high:.3f}]  "
          f"{harness.verdict(high, LIMIT_TIME)}")
    least = min(ours)
    print(f"  least / bare FP32 ({bare:.1f} s)   {least / bare:.2f}  to come close to {LIMIT_BARE}")
    print(f"  peak memory                  {memory['tamis']:.0f} MB, nncf {memory['nncf']:.0f} MB  "
          f"{harness.verdict(memory['tamis'], LIMIT_MB)}")
    met = high <= LIMIT_TIME and memory["tamis"] <= LIMIT_MB
    if args.many:
        seconds, megabytes = make_ours(model, first_pictures(args.many, 1000))
        print(f"  on 1,000 pictures            {megabytes:.0f} MB, {seconds:.1f} s  "
              f"{harness.verdict(megabytes, LIMIT_MB)}")
        met = met and megabytes <= LIMIT_MB
    return met


def main():
    parser = harness.peer_parser(__doc__)
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--many", default="")
    parser.add_argument("--size", type=int, nargs=2, default=[640, 640])
    args = parser.parse_args()
    if not args.data.exists():
        sys.exit(f"{args.data} is absent; name pictures with --data")
    print("figure: cost of calibrating and quantising")
    harness.print_load()
    met = True
    for model in args.models:
        print(model.stem, flush=True)
        met = compare(model, args) and met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
