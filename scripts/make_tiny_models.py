#!/usr/bin/env python3
"""Writes the tiny ONNX models that probing and the conformance test embed, with the outputs that ONNX's own reference
evaluator (onnx.reference, package onnx) gives: src/runtime/probe_model.cpp and tests/backends/tiny_models.cpp.
Run from the repository's root; needs the packages onnx and numpy."""
import numpy as np
from onnx import TensorProto as T
from onnx import checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

rng = np.random.default_rng(7)


def model(nodes, inputs, outputs, constants=(), opset=17):
    graph = helper.make_graph(nodes, "tiny", inputs, outputs,
                              [numpy_helper.from_array(v, k) for k, v in constants])
    m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    checker.check_model(m)
    return m


def info(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def floats(*shape):
    return (rng.integers(-64, 65, shape) / 64).astype(np.float32)


def probe():
    return model([helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
                  helper.make_node("Relu", ["c"], ["y"])],
                 [info("x", T.FLOAT, [1, 2, 4, 4])], [info("y", T.FLOAT, [1, 3, 4, 4])],
                 [("w", floats(3, 2, 3, 3)), ("b", floats(3))]), [floats(1, 2, 4, 4)]


def dynamic_conv():
    return model([helper.make_node("Conv", ["x", "w"], ["c"], strides=[2, 2], pads=[1, 1, 1, 1]),
                  helper.make_node("Sigmoid", ["c"], ["s"]), helper.make_node("Mul", ["c", "s"], ["y"])],
                 [info("x", T.FLOAT, ["n", 3, "h", "w_"])], [info("y", T.FLOAT, ["n", 4, "h2", "w2"])],
                 [("w", floats(4, 3, 3, 3))]), [floats(2, 3, 8, 6)]


def gemm_softmax():
    return model([helper.make_node("Gemm", ["x", "w", "b"], ["g"], transB=1), helper.make_node("Softmax", ["g"], ["y"])],
                 [info("x", T.FLOAT, [3, 5])], [info("y", T.FLOAT, [3, 7])],
                 [("w", floats(7, 5)), ("b", floats(7))]), [floats(3, 5)]


def two_outputs():
    return model([helper.make_node("MaxPool", ["x"], ["m"], kernel_shape=[2, 2], strides=[2, 2]),
                  helper.make_node("GlobalAveragePool", ["x"], ["a"])],
                 [info("x", T.FLOAT, [1, 2, 6, 6])], [info("m", T.FLOAT, [1, 2, 3, 3]), info("a", T.FLOAT, [1, 2, 1, 1])]), [
                     floats(1, 2, 6, 6)]


def two_inputs():
    return model([helper.make_node("Cast", ["i"], ["f"], to=T.FLOAT), helper.make_node("Add", ["f", "x"], ["y"])],
                 [info("i", T.UINT8, [2, 3]), info("x", T.FLOAT, [2, 3])], [info("y", T.FLOAT, [2, 3])]), [
                     rng.integers(0, 256, (2, 3)).astype(np.uint8), floats(2, 3)]


def arg_max():
    return model([helper.make_node("ArgMax", ["x"], ["y"], axis=1, keepdims=0)],
                 [info("x", T.FLOAT, [2, 9])], [info("y", T.INT64, [2])]), [floats(2, 9)]


def qdq():
    u8 = np.uint8
    return model([helper.make_node("QuantizeLinear", ["x", "sx", "zx"], ["xq"]),
                  helper.make_node("DequantizeLinear", ["xq", "sx", "zx"], ["xd"]),
                  helper.make_node("DequantizeLinear", ["wq", "sw", "zw"], ["wd"]),
                  helper.make_node("Conv", ["xd", "wd"], ["c"]),
                  helper.make_node("QuantizeLinear", ["c", "sc", "zc"], ["cq"]),
                  helper.make_node("DequantizeLinear", ["cq", "sc", "zc"], ["y"])],
                 [info("x", T.FLOAT, [1, 2, 5, 5])], [info("y", T.FLOAT, [1, 3, 4, 4])],
                 [("sx", np.float32(1 / 64)), ("zx", u8(128)), ("wq", rng.integers(-60, 60, (3, 2, 2, 2)).astype(np.int8)),
                  ("sw", np.float32(1 / 64)), ("zw", np.int8(0)), ("sc", np.float32(1 / 16)), ("zc", u8(120))], opset=19), [
                      floats(1, 2, 5, 5)]


def c_array(name, data):
    lines, line = [], "   "
    for b in data:
        item = f" {b},"
        if len(line) + len(item) > 99:
            lines.append(line)
            line = "   "
        line += item
    lines.append(line)
    return f"constexpr std::uint8_t {name}[] = {{\n" + "\n".join(lines) + "};\n"


def shape(array):
    return "{" + ", ".join(map(str, array.shape)) + "}"


TYPE = {np.dtype("float32"): "f32", np.dtype("uint8"): "u8", np.dtype("int64"): "i64"}
HEAD = "// Made by scripts/make_tiny_models.py (outputs: onnx.reference); do not edit.\n// clang-format off\n"


def short_f32(values):
    return ", ".join(np.format_float_scientific(np.float32(v), trim="0", unique=True) + "F" for v in values)


def write_probe():
    m, xs = probe()
    y = ReferenceEvaluator(m).run(None, {"x": xs[0]})[0]
    with open("src/runtime/probe_model.cpp", "w") as f:
        f.write(HEAD + '#include "runtime/probe_model.h"\n\nnamespace tamis {\nnamespace {\n\n')
        f.write(c_array("kModel", m.SerializeToString()))
        f.write(f"constexpr float kInput[] = {{{short_f32(xs[0].ravel())}}};\n")
        f.write(f"constexpr float kOutput[] = {{{short_f32(y.ravel())}}};\n\n}}  // namespace\n\n")
        f.write("std::span<const std::uint8_t> probe_model() { return kModel; }\n")
        f.write("std::span<const float> probe_input() { return kInput; }\n")
        f.write("std::span<const float> probe_output() { return kOutput; }\n\n}  // namespace tamis\n")


def write_cases():
    cases = [dynamic_conv, gemm_softmax, two_outputs, two_inputs, arg_max, qdq]
    with open("tests/backends/tiny_models.cpp", "w") as f:
        f.write(HEAD + '#include "backends/tiny_models.h"\n\nnamespace tamis {\nnamespace {\n\n')
        rows = []
        for case in cases:
            m, xs = case()
            names = [i.name for i in m.graph.input]
            ys = ReferenceEvaluator(m).run(None, dict(zip(names, xs)))
            f.write(c_array("k_" + case.__name__, m.SerializeToString()))
            ts = lambda vs: ",\n      ".join(
                f"{{DataType::{TYPE[v.dtype]}, {shape(v)}, {{{', '.join(repr(float(x)) for x in v.ravel())}}}}}" for v in vs)
            rows.append(f'    {{"{case.__name__}", k_{case.__name__},\n     {{{ts(xs)}}},\n     {{{ts(ys)}}}}},\n')
        f.write("\n}  // namespace\n\nstd::vector<TinyModel> tiny_models() {\n  return {\n" + "".join(rows))
        f.write("  };\n}\n\n}  // namespace tamis\n")


write_probe()
write_cases()
