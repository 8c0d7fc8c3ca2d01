#pragma once

#include <cstdint>
#include <span>

namespace tamis {

/// The smallest model that a backend must run: y [1,3,4,4] = Relu(Conv 3x3 of x [1,2,4,4], padding
/// 1), ONNX opset 17, f32.
std::span<const std::uint8_t> probe_model();
std::span<const float> probe_input();
/// What onnx.reference gives for probe_input().
std::span<const float> probe_output();

}  // namespace tamis
