#!/usr/bin/env python3
"""Are the promises of a comparison kept on this machine? The same model against itself, again and
again: how often it is called different (at most 5 %), and which side is called slower (balanced).
With --ab also two runtimes against each other: how often the interval of a run covers the mean of
all other runs' instances (93 to 97 %). A run during which other programs took part of the processors
measured another machine: it says nothing of coverage, and is counted.

  aa.py [--models M.onnx …] [--backends ort openvino] [--pairs 100] [--budget 20s] [--ab 0]

Every run is a line of --results, so that a stopped command goes on where it was.
"""
import argparse
import json
import math
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path

import harness

MODELS = [harness.SHARED / "data" / name for name in
          ("classify/cifar10_resnet20.onnx", "classify/cifar10_resnet56.onnx",
           "classify/mobilenet_v2_1.0_224.onnx", "detect/yolov8n.onnx")]
MOST_DIFFERENT = 5.0  # %
COVERAGE = (93.0, 97.0)
LEAST_INSTANCES = 50  # that the mean must rest on
MOST_OF_OTHERS = 0.05  # of one processor, in a run that counts for coverage


def plan(args):
    """All runs: key -> the two contestants; the kinds take turns, so that a machine that gets
    busier falls on all alike."""
    runs = {}
    for i in range(max(args.pairs, args.ab)):
        turn = []
        for model in args.models:
            own = [f"{model}@backend={b},threads={args.threads}" for b in args.backends]
            if i < args.pairs:
                turn += [(f"aa {model.stem} {b} {i}", (one, one))
                         for b, one in zip(args.backends, own)]
            if i < args.ab and len(own) > 1:
                turn.append((f"ab {model.stem} {args.backends[0]}/{args.backends[1]} {i}",
                             (own[0], own[1])))
        random.Random(i).shuffle(turn)
        runs.update(turn)
    return runs


def busy_s():
    """Processor time that everything on the machine took so far, in seconds."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def own_s():
    """What this program and those that it started and that have ended took."""
    return sum(sum(resource.getrusage(who)[:2])
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def bench(pair, seed, args):
    command = [str(harness.program()), "bench", *pair, "--json", "--quiet", "--budget",
               args.budget, "--instances", str(args.instances), "--seed", str(seed)]
    busy, own, start = busy_s(), own_s(), time.monotonic()
    ended = subprocess.run(command, capture_output=True, text=True)
    others = (busy_s() - busy - (own_s() - own)) / (time.monotonic() - start)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)}: {ended.stderr.strip()}")
    found = json.loads(ended.stdout)["comparisons"][0]
    found["load"] = os.getloadavg()[0]
    found["others"] = max(0.0, others)  # processors that other programs kept busy
    return found


def measure(args):
    """key -> comparison, those of earlier calls included."""
    done = {}
    if args.results.exists():
        for line in args.results.read_text().splitlines():
            row = json.loads(line)
            done[row["key"]] = row
    runs = plan(args)
    for n, (key, pair) in enumerate(runs.items()):
        if key in done:
            continue
        done[key] = {"key": key, **bench(pair, n + 1, args)}
        with args.results.open("a") as file:
            file.write(json.dumps(done[key]) + "\n")
    return {key: done[key] for key in runs}


def binomial_p(successes, trials):
    """Two-sided: of at least so uneven a split, where both sides are equally likely."""
    side = min(successes, trials - successes)
    tail = sum(math.comb(trials, k) for k in range(side + 1)) / 2 ** trials
    return min(1.0, 2 * tail)


def groups(rows, kind):
    found = {}
    for key, row in rows.items():
        if key.startswith(kind + " "):
            found.setdefault(key.rsplit(" ", 1)[0], []).append(row)
    return found


def summary(name, rows):
    different = [r for r in rows if r["verdict"] != "not_distinguishable"]
    slower = sum(r["ratio"] > 1 for r in rows)
    known = [r for r in rows if r["low"] is not None]
    half = sorted(math.log(r["high"] / r["low"]) / 2 for r in known)
    between = sorted(r["instances_differ"] for r in known)
    logs = [math.log(r["ratio"]) for r in rows]
    spread = math.sqrt(sum(x * x for x in logs) / len(logs))
    middle = (lambda v: f"{100 * v[len(v) // 2]:5.2f} %") if known else (lambda v: "     –")
    print(f"{name:<36} {len(different):>3} of {len(rows):<3} different; first slower in {slower:>3} "
          f"(p {binomial_p(slower, len(rows)):.2f}), called so {sum(r['verdict'] == 'slower' for r in different)}; "
          f"spread of runs {100 * spread:5.2f} %, half interval {middle(half)}, "
          f"instances differ {middle(between)}", flush=True)
    return len(different)


def robust_mean(rows):
    """The ratio in the long run: the mean of the logarithms, weighted by instances, without the fifth of the weight at either end, so that a
    run that went wrong spoils its own figure alone."""
    pairs = sorted((math.log(r["ratio"]), r["instances"]) for r in rows)
    total = sum(weight for _, weight in pairs)
    low, high = .2 * total, .8 * total
    sum_, kept, passed = 0.0, 0.0, 0.0
    for value, weight in pairs:
        inside = max(0.0, min(high, passed + weight) - max(low, passed))
        sum_, kept, passed = sum_ + inside * value, kept + inside, passed + weight
    return math.exp(sum_ / kept)


def coverage(rows):
    """Runs whose interval covers the robust mean of the others'."""
    covered = known = 0
    for i, row in enumerate(rows):
        others = rows[:i] + rows[i + 1:]
        if row["low"] is None or sum(o["instances"] for o in others) == 0:
            continue
        truth = robust_mean(others)
        known += 1
        covered += row["low"] <= truth <= row["high"]
    return covered, known


def report(rows):
    loads = [r["load"] for r in rows.values()]
    print(f"load average {min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} processors")
    same = groups(rows, "aa")
    different = sum(summary(name[3:], some) for name, some in same.items())
    every = [r for some in same.values() for r in some]
    met = True
    if every:
        summary("all", every)
        share = 100 * different / len(every)
        met = share <= MOST_DIFFERENT
        print(f"called different: {share:.1f} %, " + harness.verdict(share, MOST_DIFFERENT))
    covered = known = busy = 0
    for name, some in groups(rows, "ab").items():
        quiet = [r for r in some if r.get("others", 1) <= MOST_OF_OTHERS]  # unknown in old lines
        busy += len(some) - len(quiet)
        c, k = coverage(quiet)
        covered, known = covered + c, known + k
        instances = sum(r["instances"] for r in quiet)
        note = "" if instances >= LEAST_INSTANCES else f"  (of {instances} instances only)"
        print(f"{name[3:]:<36} covers the mean in {c} of {k}{note}")
    if busy:
        print(f"{busy} runs while others took more than {100 * MOST_OF_OTHERS:.0f} % of a processor: "
              "not counted for coverage")
    if known:
        share = 100 * covered / known
        low, high = COVERAGE
        met = met and low <= share <= high
        print(f"coverage {share:.1f} %, limits {low} to {high}: "
              f"{'met' if low <= share <= high else 'MISSED'}")
    return met


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", type=Path, default=MODELS)
    parser.add_argument("--backends", nargs="+", default=["ort", "openvino"])
    parser.add_argument("--pairs", type=int, default=100, help="of each model and runtime")
    parser.add_argument("--ab", type=int, default=0, help="runs of the first two runtimes, per model")
    parser.add_argument("--budget", default="20s", help="of a run")
    parser.add_argument("--instances", type=int, default=20, help="of a run, at most")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path, default=harness.program().parent / "aa.jsonl")
    args = parser.parse_args()
    sys.exit(0 if report(measure(args)) else 1)


if __name__ == "__main__":
    main()
