#pragma once

#include "graph/graph.h"
#include "runtimes.h"

namespace tamis {

/// One block of a vision transformer on 9 tokens of 64 values: attention of 4 heads, then two
/// layers with GELU, each after a LayerNormalization and beside a shortcut; a Gemm to 10 classes at
/// the end. Weights from fixed seeds; the batch is dynamic.
inline Graph transformer_block() {
  Graph graph = Graph::parse_text(R"(
    <ir_version: 8, opset_import: ["" : 17]>
    g (float[N,9,64] x) => (float[N,10] y)
    <int64[4] heads = {0, 0, 4, 16}, int64[3] joined = {0, 0, 64}, float scale = {0.25},
     float half = {0.5}, float one = {1}, float root = {1.4142135}, int64[1] axis = {1}> {
      n1 = LayerNormalization (x, g1, b1)
      q0 = MatMul (n1, wq)
      k0 = MatMul (n1, wk)
      v0 = MatMul (n1, wv)
      q1 = Reshape (q0, heads)
      k1 = Reshape (k0, heads)
      v1 = Reshape (v0, heads)
      q = Transpose <perm = [0, 2, 1, 3]> (q1)
      k = Transpose <perm = [0, 2, 3, 1]> (k1)
      v = Transpose <perm = [0, 2, 1, 3]> (v1)
      a0 = MatMul (q, k)
      a1 = Mul (a0, scale)
      a = Softmax <axis = -1> (a1)
      o0 = MatMul (a, v)
      o1 = Transpose <perm = [0, 2, 1, 3]> (o0)
      o2 = Reshape (o1, joined)
      o3 = MatMul (o2, wo)
      o = Add (o3, bo)
      r1 = Add (x, o)
      n2 = LayerNormalization (r1, g2, b2)
      m0 = MatMul (n2, w1)
      m1 = Add (m0, c1)
      e0 = Div (m1, root)
      e1 = Erf (e0)
      e2 = Add (e1, one)
      e3 = Mul (m1, e2)
      e = Mul (e3, half)
      f0 = MatMul (e, w2)
      f = Add (f0, c2)
      r2 = Add (r1, f)
      p = ReduceMean <axes = [1], keepdims = 0> (r2)
      y = Gemm <transB = 1> (p, w3, c3)
    })");
  for (const char* name : {"g1", "g2"})
    *graph.graph().add_initializer() =
        make_tensor(name, onnx::TensorProto::FLOAT, {64}, std::vector<double>(64, 1.0));
  unsigned seed = 1;
  for (const char* name : {"b1", "b2", "bo", "c2"}) add_random(graph, name, {64}, 0.1, seed++);
  for (const char* name : {"wq", "wk", "wv", "wo"}) add_random(graph, name, {64, 64}, 0.12, seed++);
  add_random(graph, "w1", {64, 200}, 0.12, seed++), add_random(graph, "c1", {200}, 0.1, seed++);
  add_random(graph, "w2", {200, 64}, 0.08, seed++);
  add_random(graph, "w3", {10, 64}, 0.2, seed++), add_random(graph, "c3", {10}, 0.1, seed++);
  graph.reindex();
  return graph;
}

}  // namespace tamis
