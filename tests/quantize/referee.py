"""Compares what ranges_test.cpp wrote with onnxruntime.quantization: referee.py FOLDER. Exit 1 and a line per difference."""
import json
import os
import sys

import numpy as np
from onnxruntime.quantization.calibrate import HistogramCollector

collector = HistogramCollector("entropy", False, 2048, 128, 99.99, "same")
bad = []
for number, case in enumerate(json.load(open(os.path.join(sys.argv[1], "entropy.json")))):
    counts = np.array(case["counts"]).astype(np.int64)
    middle = counts.size // 2
    edges = np.arange(-middle, middle + 1).astype(np.float32)
    low, _ = collector.get_entropy_threshold((counts, edges, edges[0], edges[-1], edges[-1]), case["levels"])
    if -low != case["half_width"]:
        bad.append(f"case {number}: onnxruntime {-low}, ours {case['half_width']}")
print("\n".join(bad))
sys.exit(1 if bad else 0)
