"""Compares the activation scales and zero points that corrections_test.cpp wrote with those of NNCF's quantize() on its ONNX
backend (min-max estimators, asymmetric): referee_nncf.py FOLDER. Exit 1 and a line per difference."""
import json
import logging
import os
import sys

import numpy as np
import onnx
from onnx import numpy_helper

import nncf
from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
from nncf.quantization.range_estimator import RangeEstimatorParametersSet

nncf.set_log_level(logging.ERROR)
folder = sys.argv[1]
ours = json.load(open(os.path.join(folder, "scales.json")))
shape = ours.pop("shape")
inputs = np.fromfile(os.path.join(folder, "inputs.bin"), np.float32).reshape(-1, *shape)
model = onnx.load(os.path.join(folder, "model.onnx"))
advanced = AdvancedQuantizationParameters(activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
                                          weights_range_estimator_params=RangeEstimatorParametersSet.MINMAX,
                                          disable_bias_correction=True, disable_channel_alignment=True)
quantised = nncf.quantize(model, nncf.Dataset([{"x": x} for x in inputs]), preset=nncf.QuantizationPreset.MIXED,
                          subset_size=len(inputs), advanced_parameters=advanced)
constants = {c.name: numpy_helper.to_array(c) for c in quantised.graph.initializer}
theirs = {}
for node in quantised.graph.node:
    if node.op_type == "QuantizeLinear" and constants[node.input[1]].size == 1:
        low = {np.dtype(np.int8): -128, np.dtype(np.uint8): 0}[constants[node.input[2]].dtype]
        theirs[node.input[0]] = (float(constants[node.input[1]].ravel()[0]), int(constants[node.input[2]].ravel()[0]) - low)

compared = 0
for name, (scale, zero) in theirs.items():
    if name not in ours:
        continue
    compared += 1
    if len(ours[name][0]) != 1 or abs(ours[name][0][0] / scale - 1) > 2e-2 or abs(ours[name][1] - zero) > 1:
        print(f"{name}: ours {ours[name]}, NNCF's {scale} and {zero}")
        sys.exitcode = 1
print(f"ours {sorted(ours)}, theirs {sorted(theirs)}, compared {compared}")
sys.exit(1 if compared < 2 or hasattr(sys, "exitcode") else 0)
