#!/usr/bin/env python3
"""Who ran before must not matter: time of B (OpenVINO) right after A (ONNX Runtime, whose threads
spin on after a run) against B right after B. Four times: workers stopped while idle or left
running; after the discarded inferences of a visit, and without them. The first line is how Tamis
measures; the others show what stopping and discarding are there for.

  neighbour.py [--model MODEL.onnx] [--precision bf16] [--rounds 60] [--threads 2]
"""
import argparse
import random
import statistics
import time

import harness

LIMIT = 1.02
QUIET_S = 0.1  # before each pair, so that only the pair's own first half can disturb the second


def measure(args, stopped, discard):
    """Per round, in random order: A then B, and B then B. The second of each is timed, and what it
    is compared with ran just as long after its predecessor."""
    a = harness.Worker(args.model, {"backend": "ort", "threads": args.threads}, stopped)
    b = harness.Worker(args.model, {"backend": "openvino", "threads": args.threads,
                                    "inference_precision": args.precision}, stopped)
    after, rng = {"a": [], "b": []}, random.Random(1)
    try:
        for _ in range(args.rounds):
            order = [("a", a), ("b", b)]
            rng.shuffle(order)
            for name, before in order:
                time.sleep(QUIET_S)
                before.visit(1, 2)
                timed = 3 if discard else 1
                after[name].append(statistics.median(b.visit(discard, timed)) * 1e-6)
    finally:
        a.close()
        b.close()
    return after


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=harness.DETECTOR)
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    print("figure: B (OpenVINO) right after A (ONNX Runtime) / B right after itself")
    harness.print_load()
    met = True
    for stopped, discard in ((True, 1), (True, 0), (False, 1), (False, 0)):
        with harness.machine_lock():
            after = measure(args, stopped, discard)
        ratio, low, high = harness.paired_ratio(after["a"], after["b"])
        judged = stopped and discard > 0
        met = met and (not judged or high <= LIMIT)
        a, b = (statistics.median(after[name]) for name in "ab")
        print(f"idle workers {'stopped' if stopped else 'running':<8} discarded {discard}  after A "
              f"{a:7.3f} ms  after B {b:7.3f} ms  ratio {ratio:.4f} [{low:.4f}, {high:.4f}]"
              + ("  " + harness.verdict(high, LIMIT) if judged else ""), flush=True)
    raise SystemExit(0 if met else 1)


if __name__ == "__main__":
    main()
