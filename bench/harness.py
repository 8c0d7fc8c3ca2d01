"""What the commands of bench/ share: contestants that are measured in turns, and the paired ratio.

A contestant is a process that is stopped (SIGSTOP) except while it is being timed. Two kinds: a
tamis-worker, spoken to in frames (src/base/frame.h), and the bare loop, spoken to in lines.
Only the standard library of Python is needed.
"""
import argparse
import array
import contextlib
import fcntl
import glob
import json
import math
import os
import random
import signal
import statistics
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("TAMIS_SHARED", ROOT.parent / "shared"))
DETECTOR = SHARED / "data/detect/yolov8n.onnx"
CLASSIFIER = SHARED / "data/classify/cifar10_resnet20.onnx"
PICTURES = SHARED / "data/coco128"


def program():
    """The program tamis: $TAMIS, else the release build."""
    return Path(os.environ.get("TAMIS", ROOT / "build/release/tamis"))


@contextlib.contextmanager
def machine_lock():
    """Held while measuring without the program tamis, which takes it itself
    (src/store/machine_lock.h): two that measure at once would falsify each other."""
    folder = "/run/lock" if os.path.isdir("/run/lock") else "/tmp"
    name = os.environ.get("TAMIS_LOCK_FILE", f"{folder}/tamis-measure.lock")
    with open(os.open(name, os.O_RDONLY | os.O_CREAT, 0o666)) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def find_library(backend):
    """The vendor library that scripts/setup.sh unpacked."""
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    folder = os.environ.get("TAMIS_DEPS_DIR", f"{cache}/tamis/deps")
    pattern = {"ort": "onnxruntime-[0-9]*/onnxruntime/capi/libonnxruntime.so.*",
               "openvino": "openvino-*/openvino/libs/libopenvino_c.so.*"}[backend]
    found = sorted(glob.glob(f"{folder}/{pattern}"))
    if not found:
        sys.exit(f"no {pattern} in {folder}; run scripts/setup.sh")
    return found[-1]


class Process:
    """A child that is stopped while idle, unless `stopped` is switched off."""

    def __init__(self, argv, stopped=True):
        self.child = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)
        self.stopped = stopped

    def pause(self):
        if self.stopped:
            os.kill(self.child.pid, signal.SIGSTOP)

    def resume(self):
        if self.stopped:
            os.kill(self.child.pid, signal.SIGCONT)

    def close(self):
        self.child.kill()
        self.child.wait()


class Worker(Process):
    """A tamis-worker with a model open."""

    def __init__(self, model, settings, stopped=True):
        super().__init__([program().parent / "tamis-worker"], stopped)
        facts = self.request({"op": "inspect", "model": str(model)})[0]
        self.card = facts["card"]
        self.opened = self.request({"op": "open", "model": str(model), "card": self.card,
                                    "settings": settings, "inputs": None})[0]
        self.pause()

    def request(self, head):
        text = json.dumps(head).encode()
        pipe = self.child.stdin
        pipe.write(struct.pack("<4sIQ", b"TMS1", len(text), 0) + text)
        pipe.flush()
        magic, head_bytes, block_bytes = struct.unpack("<4sIQ", self.read(16))
        assert magic == b"TMS1"
        reply, block = json.loads(self.read(head_bytes)), self.read(block_bytes)
        if not reply["ok"]:
            raise RuntimeError(reply["text"])
        return reply, block

    def read(self, size):
        data = self.child.stdout.read(size)
        if len(data) != size:
            raise RuntimeError("the worker ended")
        return data

    def visit(self, discard, timed):
        """Inference times, ns, always on the first input."""
        self.resume()
        block = self.request({"op": "visit", "input": 0, "discard": discard, "timed": timed})[1]
        self.pause()
        return list(struct.unpack(f"<{3 * timed}q", block))[0::3]


class BareLoop(Process):
    """The bare C++ loop on the vendor's API."""

    def __init__(self, backend, model, shape, threads, precision="", input_file="", stopped=True):
        argv = [os.environ.get("TAMIS_BARE_LOOP", program().parent / "bench/tamis-bare-loop"),
                backend, find_library(backend), model, f"threads={threads}",
                "shape=" + ",".join(map(str, shape))]
        argv += [f"precision={precision}"] if precision else []
        argv += [f"input={input_file}"] if input_file else []
        super().__init__(argv, stopped)
        if self.child.stdout.readline() != b"ready\n":
            sys.exit("the bare loop did not start: " + " ".join(map(str, argv)))
        self.go(20)
        self.pause()

    def go(self, count):
        self.child.stdin.write(f"go {count}\n".encode())
        self.child.stdin.flush()
        return [int(t) for t in self.child.stdout.readline().split()]

    def visit(self, discard, timed):
        self.resume()
        if discard:
            self.go(discard)
        times = self.go(timed)
        self.pause()
        return times


def worker_noise(count):
    """The first made-up input of a worker: SplitMix64 of seed 1, stream 0 (src/stats/random.h),
    as floats. So both sides of a comparison run on the same numbers."""
    mask, golden = (1 << 64) - 1, 0x9E3779B97F4A7C15

    def mix(x):
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
        return x ^ (x >> 31)

    key = mix((mix((1 + golden) & mask) + 1) & mask)
    values = array.array("f")
    for i in range(1, count + 1):
        values.append((mix((key + i * golden) & mask) >> 11) * 2.0 ** -53)
    return values


def rounds(contestants, count, discard, timed, seed=1):
    """Every contestant once a round, in random order. name -> one median per round, ms."""
    rng, names = random.Random(seed), list(contestants)
    samples = {name: [] for name in names}
    for _ in range(count):
        rng.shuffle(names)
        for name in names:
            samples[name].append(statistics.median(contestants[name].visit(discard, timed)) * 1e-6)
    return samples


def paired_ratio(ours, theirs, draws=4000, seed=1):
    """Median of the rounds' ratios, with its percentile-bootstrap interval at 95 %."""
    ratios, rng = [a / b for a, b in zip(ours, theirs)], random.Random(seed)
    medians = sorted(statistics.median(rng.choices(ratios, k=len(ratios))) for _ in range(draws))
    return (statistics.median(ratios), medians[math.floor(0.025 * draws)],
            medians[math.ceil(0.975 * draws) - 1])


def peer_parser(doc):
    """The options of every command that makes files by a peer's interpreter too."""
    parser = argparse.ArgumentParser(description=doc,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", type=Path, default=[DETECTOR])
    parser.add_argument("--data", type=Path, default=PICTURES)
    parser.add_argument("--python", default=sys.executable)
    return parser


def verdict(value, limit):
    return f"limit {limit}: {'met' if value <= limit else 'MISSED'}"


def print_load():
    """Figures taken on a busy machine are worth little, so its load stands beside them."""
    load = os.getloadavg()[0]
    note = "" if load < 1.5 else "  (others are working: the figures below are not to be trusted)"
    print(f"load average {load:.2f}, {os.cpu_count()} processors{note}", flush=True)
