#!/usr/bin/env python3
"""Throughput that Tamis measures / what a hand-written OpenVINO loop gives, in turns.

    python3 bench/throughput.py [--model FILE.onnx] [--rounds 30] [--limit 1.03]

Ours: a tamis-worker with as many requests in flight as OpenVINO calls best, hint throughput. Theirs:
openvino's AsyncInferQueue in Python, as its benchmark_app runs it, same properties and requests. Both
infer only, on noise. The ratio is theirs / ours, so above 1 is what Tamis fails to get out of the
machine. Needs the package openvino (PYTHONPATH).
"""
import argparse
import json
import random
import sys

import harness

PEER = r"""
import sys, time, json
import numpy as np
import openvino as ov

model, properties = sys.argv[1], json.loads(sys.argv[2])
core = ov.Core()
compiled = core.compile_model(core.read_model(model), "CPU", properties)
queue = ov.AsyncInferQueue(compiled, compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
rng = np.random.default_rng(1)
for request in queue:
    for tensor in request.input_tensors:
        tensor.data[:] = rng.random(tensor.shape, dtype=np.float32)
ends = []
queue.set_callback(lambda request, data: ends.append(time.perf_counter()))
print("ready", len(queue), flush=True)
for line in sys.stdin:
    seconds = float(line)
    ends.clear()
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        queue.start_async()
    queue.wait_all()
    # From the first completion of each request on, to the last that had all requests beside it.
    own = sorted(ends)[:len(ends) - len(queue) + 1]
    first = len(queue) - 1
    print((len(own) - 1 - first) / (own[-1] - own[first]), flush=True)
"""


class Peer(harness.Process):
    """The hand-written loop."""

    def __init__(self, model, properties):
        super().__init__([sys.executable, "-c", PEER, model, json.dumps(properties)])
        words = self.child.stdout.readline().split()
        if not words or words[0] != b"ready":
            sys.exit("the peer did not start: is the package openvino on PYTHONPATH?")
        self.in_flight = int(words[1])
        self.pause()

    def rate(self, seconds):
        self.resume()
        self.child.stdin.write(f"{seconds}\n".encode())
        self.child.stdin.flush()
        found = float(self.child.stdout.readline())
        self.pause()
        return found


class Ours(harness.Worker):
    """A tamis-worker under load, without a card: it only infers."""

    def __init__(self, model, settings):
        harness.Process.__init__(self, [harness.program().parent / "tamis-worker"])
        self.opened = self.request({"op": "open", "model": str(model), "card": None,
                                    "settings": settings, "inputs": None, "under_load": True})[0]
        self.pause()

    def rate(self, seconds):
        self.resume()
        head = self.request({"op": "load", "input": 0, "discard": 1, "least": 3,
                             "target_ms": seconds * 1e3})[0]
        self.pause()
        return head["images_per_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=str(harness.DETECTOR))
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each block")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--limit", type=float, default=1.03)
    arguments = parser.parse_args()
    harness.print_load()
    properties = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_NUM_THREADS": arguments.threads,
                  "INFERENCE_PRECISION_HINT": arguments.precision}
    settings = {"backend": "openvino", "hint": "throughput", "threads": arguments.threads,
                "inference_precision": arguments.precision,
                "library": harness.find_library("openvino")}
    with harness.machine_lock():
        ours, theirs = Ours(arguments.model, settings), Peer(arguments.model, properties)
        print(f"in flight: ours {ours.opened['in_flight']}, theirs {theirs.in_flight}; "
              f"streams {ours.opened['effective']['streams']}")
        rates, rng = {"ours": [], "theirs": []}, random.Random(1)
        for _ in range(arguments.rounds):
            for name, side in rng.sample([("ours", ours), ("theirs", theirs)], 2):
                rates[name].append(side.rate(arguments.seconds))
        ours.close()
        theirs.close()
    for name, values in rates.items():
        print(f"{name}: {sorted(values)[len(values) // 2]:.2f} images/s")
    ratio, low, high = harness.paired_ratio(rates["theirs"], rates["ours"])
    print(f"theirs / ours: {ratio:.4f} [{low:.4f}, {high:.4f}]  "
          f"{harness.verdict(high, arguments.limit)}")
    return 0 if high <= arguments.limit else 1


if __name__ == "__main__":
    sys.exit(main())
