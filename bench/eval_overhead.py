#!/usr/bin/env python3
"""What an evaluation costs beside the inference itself: time of `tamis eval` after load and compile
/ (median inference of `tamis bench` * items), f32, in turns. To be at most 1.15.

  eval_overhead.py [--model MODEL.onnx] [--data DATA] [--backend ort] [--turns 5]
"""
import argparse
import json
import random
import statistics
import subprocess

import harness

LIMIT = 1.15


def tamis(*argv):
    done = subprocess.run([str(a) for a in (harness.program(), *argv, "--json", "--quiet")],
                          check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=harness.DETECTOR)
    parser.add_argument("--data", default=harness.PICTURES)
    parser.add_argument("--backend", default="ort")
    parser.add_argument("--turns", type=int, default=5)
    args = parser.parse_args()
    print("figure: evaluate / pure inference, " + args.backend + " f32")
    harness.print_load()
    common = [args.model, "--data", args.data, "--backend", args.backend,
              "--inference-precision", "f32"]
    whole, inside, pure, rng = [], [], [], random.Random(1)
    for _ in range(args.turns):
        turn = {}
        jobs = [("bench", ["--rounds", "30", "--budget", "20s"]), ("eval", [])]
        rng.shuffle(jobs)
        for command, options in jobs:
            turn[command] = tamis(command, *common, *options)
        found = turn["eval"]
        whole.append(found["evaluate_s"] / found["items"] * 1e3)
        inside.append(found["inference_s"] / found["items"] * 1e3)
        pure.append(turn["bench"]["variants"][0]["inference_ms"]["median"])
        print(f"  per item: evaluate {whole[-1]:.2f} ms, of it in the runtime {inside[-1]:.2f} ms; "
              f"pure inference {pure[-1]:.2f} ms", flush=True)
    ratio, low, high = harness.paired_ratio(whole, pure)
    print(f"evaluate / pure inference: {ratio:.3f} [{low:.3f}, {high:.3f}]  "
          + harness.verdict(ratio, LIMIT))
    print("evaluate / its own time in the runtime: "
          f"{statistics.median(a / b for a, b in zip(whole, inside)):.3f}")
    raise SystemExit(0 if ratio <= LIMIT else 1)


if __name__ == "__main__":
    main()
