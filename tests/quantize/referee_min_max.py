"""Compares the scales and zero points that corrections_test.cpp wrote with those of onnxruntime.quantization's
quantize_static (MinMax calibrator): referee_min_max.py FOLDER. Exit 1 and a line per difference."""
import json
import os
import sys

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

folder = sys.argv[1]
ours = json.load(open(os.path.join(folder, "scales.json")))
shape = ours.pop("shape")
inputs = np.fromfile(os.path.join(folder, "inputs.bin"), np.float32).reshape(-1, *shape)


class Reader(CalibrationDataReader):
    def __init__(self):
        self.inputs = iter(inputs)

    def get_next(self):
        x = next(self.inputs, None)
        return None if x is None else {"x": x}


out = os.path.join(folder, "theirs.onnx")
quantize_static(os.path.join(folder, "model.onnx"), out, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax)
theirs = {i.name: numpy_helper.to_array(i).reshape(-1) for i in onnx.load(out).graph.initializer}
bad, compared = [], 0
for value, (scales, zero_point) in ours.items():
    if value + "_scale" not in theirs:
        continue
    compared += 1
    scale = theirs[value + "_scale"]
    zero = int(theirs[value + "_zero_point"][0])
    if scale.size != len(scales) or not np.allclose(scale, scales, rtol=2e-7, atol=0) or zero != zero_point:
        bad.append(f"{value}: onnxruntime {scale[:4]} zero point {zero}, ours {scales[:4]} zero point {zero_point}")
if compared < 4:
    bad.append(f"only {compared} of {sorted(ours)} found among {sorted(theirs)}")
print("\n".join(bad))
sys.exit(1 if bad else 0)
