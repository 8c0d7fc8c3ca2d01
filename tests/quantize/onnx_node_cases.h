#pragma once

#include <string>
#include <vector>

namespace tamis {

/// A node test of ONNX's own data set for quantisation: all inputs but the first are initializers.
struct OnnxNodeCase {
  std::string name;  ///< as ONNX calls it
  std::string model;
  std::vector<double> input;
  std::vector<std::vector<double>> outputs;
};

/// Made from onnx 1.23's onnx.backend.test.case.node (collect_testcases): those in f32, u8 and s8,
/// with opset 13 or, for blocks, 21. ConvInteger with a zero point per channel is left out: ONNX
/// Runtime has only one per tensor.
inline const std::vector<OnnxNodeCase>& onnx_node_cases() {
  // clang-format off
  static const std::vector<OnnxNodeCase> cases{
      {"quantizelinear",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (float[6] x) => (uint8[6] y) <float y_scale = {2}, uint8 y_zero_point = {128}> {y = QuantizeLinear (x, y_scale, y_zero_point)})",
       {0, 2, 3, 1000, -254, -1000},
       {{128, 129, 130, 255, 1, 0}}},
      {"quantizelinear_axis",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (float[1,3,3,2] x) => (uint8[1,3,3,2] y) <float[3] y_scale = {2, 4, 5}, uint8[3] y_zero_point = {84, 24, 196}> {y = QuantizeLinear (x, y_scale, y_zero_point)})",
       {-162, 10, -100, 232, -20, -50, -76, 0, 0, 252, 32, -44, 245, -485, -960, -270, -375, -470},
       {{3, 89, 34, 200, 74, 59, 5, 24, 24, 87, 32, 13, 245, 99, 4, 142, 121, 102}}},
      {"quantizelinear_blocked_asymmetric",
       R"(<ir_version: 10, opset_import: ["" : 21]> g (float[3,4] x) => (uint8[3,4] y) <float[3,2] y_scale = {1.5, 2.5, 3, 4.9, 5.1, 6.9}, uint8[3,2] y_zero_point = {0, 1, 1, 0, 2, 3}> {y = QuantizeLinear <axis = 1, block_size = 2> (x, y_scale, y_zero_point)})",
       {6, 12, 50, 5, 1, 8, 4, 5, 0, 20, 10, 4},
       {{4, 8, 21, 3, 1, 4, 1, 1, 2, 6, 4, 4}}},
      {"dequantizelinear",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (uint8[4] x) => (float[4] y) <float x_scale = {2}, uint8 x_zero_point = {128}> {y = DequantizeLinear (x, x_scale, x_zero_point)})",
       {0, 3, 128, 255},
       {{-256, -250, 0, 254}}},
      {"dequantizelinear_axis",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (uint8[1,3,3,2] x) => (float[1,3,3,2] y) <float[3] x_scale = {2, 4, 5}, uint8[3] x_zero_point = {84, 24, 196}> {y = DequantizeLinear (x, x_scale, x_zero_point)})",
       {3, 89, 34, 200, 74, 59, 5, 24, 24, 87, 32, 13, 245, 99, 4, 142, 121, 102},
       {{-162, 10, -100, 232, -20, -50, -76, 0, 0, 252, 32, -44, 245, -485, -960, -270, -375, -470}}},
      {"dequantizelinear_blocked",
       R"(<ir_version: 10, opset_import: ["" : 21]> g (uint8[1,4,3,2] x) => (float[1,4,3,2] y) <float[1,2,3,2] x_scale = {3, 2, 4, 1, 2, 2, 5, 2, 4, 3, 5, 2}, uint8[1,2,3,2] x_zero_point = {1, 0, 0, 1, 2, 20, 3, 2, 4, 3, 15, 2}> {y = DequantizeLinear <axis = 1, block_size = 2> (x, x_scale, x_zero_point)})",
       {3, 89, 34, 200, 74, 59, 5, 24, 24, 87, 32, 13, 5, 12, 12, 33, 65, 42, 245, 99, 4, 142, 121, 102},
       {{6, 178, 136, 199, 144, 78, 12, 48, 96, 86, 60, -14, 10, 20, 32, 90, 250, 80, 1210, 194, 0, 417, 530, 200}}},
      {"dynamicquantizelinear",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (float[6] x) => (uint8[6] y, float y_scale, uint8 y_zero_point) {y, y_scale, y_zero_point = DynamicQuantizeLinear (x)})",
       {0, 2, -3, -2.5, 1.34, 0.5},
       {{153, 255, 0, 26, 221, 179}, {0.019607844}, {153}}},
      {"dynamicquantizelinear_max_adjusted",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (float[6] x) => (uint8[6] y, float y_scale, uint8 y_zero_point) {y, y_scale, y_zero_point = DynamicQuantizeLinear (x)})",
       {-1, -2.1, -1.3, -2.5, -3.34, -4},
       {{191, 121, 172, 96, 42, 0}, {0.015686275}, {255}}},
      {"dynamicquantizelinear_min_adjusted",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (float[3,4] x) => (uint8[3,4] y, float y_scale, uint8 y_zero_point) {y, y_scale, y_zero_point = DynamicQuantizeLinear (x)})",
       {1, 2.1, 1.3, 2.5, 3.34, 4, 1.5, 2.6, 3.9, 4, 3, 2.345},
       {{64, 134, 83, 159, 213, 255, 96, 166, 249, 255, 191, 149}, {0.015686275}, {0}}},
      {"matmulinteger",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (uint8[4,3] A) => (int32[4,2] Y) <uint8[3,2] B = {1, 4, 2, 5, 3, 6}, uint8[1] a_zero_point = {12}, uint8[1] b_zero_point = {0}> {Y = MatMulInteger (A, B, a_zero_point, b_zero_point)})",
       {11, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0},
       {{-38, -83, -44, -98, -50, -113, -56, -128}}},
      {"convinteger_without_padding",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (uint8[1,1,3,3] x) => (int32[1,1,2,2] y) <uint8[1,1,2,2] w = {1, 1, 1, 1}, uint8 x_zero_point = {1}> {y = ConvInteger (x, w, x_zero_point)})",
       {2, 3, 4, 5, 6, 7, 8, 9, 10},
       {{12, 16, 24, 28}}},
      {"qlinearconv",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (uint8[1,1,7,7] x) => (uint8[1,1,7,7] y) <float x_scale = {0.003692047}, uint8 x_zero_point = {132}, uint8[1,1,1,1] w = {0}, float[1] w_scale = {0.0017279458}, uint8[1] w_zero_point = {255}, float y_scale = {0.0016268126}, uint8 y_zero_point = {123}> {y = QLinearConv (x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point)})",
       {255, 174, 162, 25, 203, 168, 58, 15, 59, 237, 95, 129, 0, 64, 56, 242, 153, 221, 168, 12, 166, 232, 178, 186, 195, 237, 162, 237, 188, 39, 124, 77, 80, 102, 43, 127, 230, 21, 83, 41, 40, 134, 255, 154, 92, 141, 42, 148, 247},
       {{0, 81, 93, 230, 52, 87, 197, 240, 196, 18, 160, 126, 255, 191, 199, 13, 102, 34, 87, 243, 89, 23, 77, 69, 60, 18, 93, 18, 67, 216, 131, 178, 175, 153, 212, 128, 25, 234, 172, 214, 215, 121, 0, 101, 163, 114, 213, 107, 8}}},
      {"qlinearmatmul_2D_uint8_float32",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (uint8[2,4] a) => (uint8[2,3] y) <float[1] a_scale = {0.0066}, uint8[1] a_zero_point = {113}, uint8[4,3] b = {152, 51, 244, 60, 26, 255, 0, 127, 246, 127, 254, 247}, float[1] b_scale = {0.00705}, uint8[1] b_zero_point = {114}, float[1] y_scale = {0.0107}, uint8[1] y_zero_point = {118}> {y = QLinearMatMul (a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point)})",
       {208, 236, 0, 238, 3, 214, 255, 29},
       {{168, 115, 255, 1, 66, 151}}},
      {"qlinearmatmul_3D_uint8_float32",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (uint8[2,2,4] a) => (uint8[2,2,3] y) <float[1] a_scale = {0.0066}, uint8[1] a_zero_point = {113}, uint8[2,4,3] b = {152, 51, 244, 60, 26, 255, 0, 127, 246, 127, 254, 247, 152, 51, 244, 60, 26, 255, 0, 127, 246, 127, 254, 247}, float[1] b_scale = {0.00705}, uint8[1] b_zero_point = {114}, float[1] y_scale = {0.0107}, uint8[1] y_zero_point = {118}> {y = QLinearMatMul (a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point)})",
       {208, 236, 0, 238, 3, 214, 255, 29, 208, 236, 0, 238, 3, 214, 255, 29},
       {{168, 115, 255, 1, 66, 151, 168, 115, 255, 1, 66, 151}}},
      {"qlinearmatmul_2D_int8_float32",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (int8[2,4] a) => (int8[2,3] y) <float[1] a_scale = {0.0066}, int8[1] a_zero_point = {-14}, int8[4,3] b = {25, -76, 117, -67, -101, -128, -127, 0, 119, 0, 127, 120}, float[1] b_scale = {0.00705}, int8[1] b_zero_point = {-13}, float[1] y_scale = {0.0107}, int8[1] y_zero_point = {-9}> {y = QLinearMatMul (a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point)})",
       {81, 109, -127, 111, -124, 87, -128, -98},
       {{41, -12, -9, 1, -75, -128}}},
      {"qlinearmatmul_3D_int8_float32",
       R"(<ir_version: 8, opset_import: ["" : 13]> g (int8[2,2,4] a) => (int8[2,2,3] y) <float[1] a_scale = {0.0066}, int8[1] a_zero_point = {-14}, int8[2,4,3] b = {25, -76, 117, -67, -101, -128, -127, 0, 119, 0, 127, 120, 25, -76, 117, -67, -101, -128, -127, 0, 119, 0, 127, 120}, float[1] b_scale = {0.00705}, int8[1] b_zero_point = {-13}, float[1] y_scale = {0.0107}, int8[1] y_zero_point = {-9}> {y = QLinearMatMul (a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point)})",
       {81, 109, -127, 111, -124, 87, -128, -98, 81, 109, -127, 111, -124, 87, -128, -98},
       {{41, -12, -9, 1, -75, -128, 41, -12, -9, 1, -75, -128}}},
  };
  // clang-format on
  return cases;
}

}  // namespace tamis
