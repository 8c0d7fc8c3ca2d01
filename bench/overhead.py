#!/usr/bin/env python3
"""Our latency against the bare C++ loop on the vendor's API: same model, threads, precision and
input; in turns, in random order, the idle side stopped. Ratio of medians by round, with its 95 %
interval; the upper bound is to be at most 1.02.

  overhead.py [--models MODEL.onnx ...] [--backends ort openvino] [--rounds 60] [--threads 2]
"""
import argparse
import math
import statistics
import tempfile
from pathlib import Path

import harness

LIMIT = 1.02


def block_size(warm_ms):
    """Discarded and timed inferences of a visit, by the length of one."""
    return max(2, round(5 / warm_ms)), min(max(5, round(40 / warm_ms)), 200)


def compare(model, backend, precision, args, folder):
    settings = {"backend": backend, "threads": args.threads}
    if backend == "openvino":
        settings["inference_precision"] = precision
    ours = harness.Worker(model, settings)
    size = ours.card["input"]["size"]
    shape = [1, 1 if ours.card["input"]["color"] == "gray" else 3, *size]
    input_file = Path(folder) / "input.f32"
    input_file.write_bytes(harness.worker_noise(math.prod(shape)).tobytes())
    bare = harness.BareLoop(backend, model, shape, args.threads,
                            precision if backend == "openvino" else "", input_file)
    try:
        discard, timed = block_size(ours.opened["warm_ms"])
        samples = harness.rounds({"ours": ours, "bare": bare}, args.rounds, discard, timed)
    finally:
        ours.close()
        bare.close()
    ratio, low, high = harness.paired_ratio(samples["ours"], samples["bare"])
    print(f"{Path(model).stem:<20} {backend:<8} {precision:<4} ours "
          f"{statistics.median(samples['ours']):8.4f} ms  bare "
          f"{statistics.median(samples['bare']):8.4f} ms  ratio {ratio:.4f} [{low:.4f}, {high:.4f}]"
          f"  {harness.verdict(high, LIMIT)}", flush=True)
    return high <= LIMIT


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=[harness.DETECTOR, harness.CLASSIFIER])
    parser.add_argument("--backends", nargs="+", default=["ort", "openvino"])
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    print("figure: inference in tamis-worker / in a bare C++ loop")
    harness.print_load()
    with harness.machine_lock(), tempfile.TemporaryDirectory() as folder:
        met = [compare(model, backend, args.precision, args, folder)
               for model in args.models for backend in args.backends]
    raise SystemExit(0 if all(met) else 1)


if __name__ == "__main__":
    main()
