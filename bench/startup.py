#!/usr/bin/env python3
"""What the program tamis itself costs: `tamis --help` in at most 20 ms and without a vendor
library; at most 150 MB resident throughout an optimize of yolov8s; a finished optimize again in at
most 2 s.

  startup.py [--model MODEL.onnx] [--data DATA] [--out DIR] [--only help|optimize]
      [-- OPTIONS OF optimize]
"""
import argparse
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness

HELP_MS, RESIDENT_MB, AGAIN_S = 20, 150, 2
VENDORS = ("onnxruntime", "openvino", "torch")


def time_help(count=41):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        pid = os.posix_spawn(str(harness.program()), ["tamis", "--help"], os.environ,
                             file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
        os.waitpid(pid, 0)
        times.append((time.perf_counter() - start) * 1e3)
    return times


def median_interval(times, draws=4000):
    rng = random.Random(1)
    medians = sorted(statistics.median(rng.choices(times, k=len(times))) for _ in range(draws))
    return medians[math.floor(0.025 * draws)], medians[math.ceil(0.975 * draws) - 1]


def loaded_libraries():
    """The files that the dynamic loader opens for `tamis --help`."""
    done = subprocess.run([str(harness.program()), "--help"], stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=True,
                          env={**os.environ, "LD_DEBUG": "files"})
    return {line.split("file=")[1].split()[0] for line in done.stderr.splitlines()
            if "file=" in line and "generating link map" in line}


def check_help():
    print("figure: tamis --help")
    times = time_help()
    low, high = median_interval(times)
    libraries = loaded_libraries()
    vendors = [name for name in libraries if any(v in name for v in VENDORS)]
    print(f"  median {statistics.median(times):.1f} ms [{low:.1f}, {high:.1f}], least "
          f"{min(times):.1f}, most {max(times):.1f}  {harness.verdict(high, HELP_MS)}")
    print(f"  {len(libraries)} libraries, of vendors: {', '.join(vendors) or 'none'}")
    return high <= HELP_MS and not vendors


def peak_mb(pid):
    """The process's own peak so far; absent once it has ended."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    except OSError:
        pass
    return None


def run_optimize(args, out):
    """Wall time in s and peak resident memory in MB of the process tamis (not of its workers)."""
    start, peak = time.perf_counter(), 0.0
    child = subprocess.Popen([str(a) for a in (harness.program(), "optimize", args.model, "--data",
                                               args.data, "--out", out, "--quiet", *args.more)],
                             stdout=subprocess.DEVNULL)
    try:
        while child.poll() is None:
            peak = max(peak, peak_mb(child.pid) or 0.0)
            time.sleep(0.02)
    finally:
        child.terminate()
    if child.returncode != 0:
        sys.exit(f"tamis optimize ended with status {child.returncode}")
    return time.perf_counter() - start, peak


def check_optimize(args, out):
    print(f"figure: memory of tamis during optimize of {Path(args.model).stem}, and a re-run")
    first, peak = run_optimize(args, out)
    print(f"  first run {first:.1f} s, peak of tamis {peak:.0f} MB  "
          + harness.verdict(peak, RESIDENT_MB), flush=True)
    again = [run_optimize(args, out)[0] for _ in range(5)]
    print(f"  re-run median {statistics.median(again):.2f} s, most {max(again):.2f} s  "
          + harness.verdict(max(again), AGAIN_S))
    return peak <= RESIDENT_MB and max(again) <= AGAIN_S


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=harness.SHARED / "data/detect/yolov8s.onnx")
    parser.add_argument("--data", default=harness.PICTURES)
    parser.add_argument("--out", help="of optimize (default: a temporary folder)")
    parser.add_argument("--only", choices=["help", "optimize"])
    parser.add_argument("more", nargs="*", help="options of optimize, after --",
                        default=["--max-drop", "1%", "--confidence", "50%"])
    args = parser.parse_args()
    harness.print_load()
    met = args.only == "optimize" or check_help()
    if args.only != "help":
        with tempfile.TemporaryDirectory() as folder:
            met = check_optimize(args, args.out or Path(folder) / "out") and met
    raise SystemExit(0 if met else 1)


if __name__ == "__main__":
    main()
