"""Compares what ranges_test.cpp wrote with onnxruntime.quantization: referee.py FOLDER. Exit 1 and a line per difference."""
import json
import os
import sys

import numpy as np
from onnxruntime.quantization.calibrate import HistogramCollector


def divergence(counts, half, levels):
    """That of get_entropy_threshold, in f64: in f32, as there, widths that agree in five digits are in random order."""
    middle = counts.size // 2
    start, end = middle - half, min(middle + half + 1, counts.size)
    part = counts[start:end]
    p = part.copy()
    p[0] += counts[:start].sum()
    p[-1] += counts[end:].sum()
    held, run = p != 0, part.size // levels
    q = np.zeros(p.size, np.int64)
    for level in range(levels):
        a, b = level * run, (level + 1) * run
        total = part[a:].sum() if level == levels - 1 else part[a:b].sum()
        if held[a:b].sum():
            q[a:b] = total / held[a:b].sum()

    def smooth(x):
        empty = x == 0
        x = x + 1e-4 * empty - 1e-4 * empty.sum() / (~empty).sum() * ~empty
        return x / x.sum()

    p, q = smooth(p), smooth(q)
    return float(np.sum(p * np.log(p / q)))


collector = HistogramCollector("entropy", False, 2048, 128, 99.99, "same")
bad = []
for number, case in enumerate(json.load(open(os.path.join(sys.argv[1], "entropy.json")))):
    counts = np.array(case["counts"]).astype(np.int64)
    middle = counts.size // 2
    edges = np.arange(-middle, middle + 1).astype(np.float32)
    low, _ = collector.get_entropy_threshold((counts, edges, edges[0], edges[-1], edges[-1]), case["levels"])
    theirs, ours = int(-low), case["half_width"]
    a, b = divergence(counts, theirs, case["levels"]), divergence(counts, ours, case["levels"])
    if theirs != ours and abs(a - b) > 1e-5 * a:
        bad.append(f"case {number}: onnxruntime {theirs} ({a}), ours {ours} ({b})")
print("\n".join(bad))
sys.exit(1 if bad else 0)
