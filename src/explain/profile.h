#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"

namespace tamis {

/// What a layer of a profile does.
enum class LayerKind {
  compute,     ///< what the model asks for
  conversion,  ///< from one precision to another: Q, DQ, cast, a reorder of types
  layout,      ///< moves values to another layout and was put there by the runtime
};
std::string_view to_text(LayerKind kind);

/// A layer as the runtime executed it.
struct Layer {
  std::string name;       ///< the runtime's own
  std::string type;       ///< the runtime's own: "QLinearConv", "Convolution"
  std::string kernel;     ///< openvino: "brgconv_avx512_I8"; else empty
  std::string precision;  ///< int8, f32, bf16, f16, i64, …: what it computes in, see below
  LayerKind kind = LayerKind::compute;
  std::string from, to;            ///< of a conversion, where known
  std::vector<std::string> fused;  ///< openvino: names of the layers fused into it
  std::vector<double> runs_us;     ///< its time in each run, in order; the same length everywhere

  // What map_to_graph() (executed.h) adds: first outputs of the file's nodes that it executes.
  std::vector<std::string> nodes;

  double us() const;  ///< median of the runs
};

/// The rows of Profiling::profile() with the last `runs` runs of each. A precision is read off the
/// profile: in openvino the suffix of the kernel's name, which is the type of the first input; in
/// ort the operator where it is an integer one (QLinearConv, ConvInteger …), else the type of the
/// first input. u8 and i8 are both called int8. Throws corrupt_data where a row lacks a member.
std::vector<Layer> parse_profile(const Json& rows, std::size_t runs);

/// "u8", "i8" → "int8"; others stay.
std::string precision_name(const std::string& type);

/// Types of layers that quantise or dequantise and do nothing else.
bool is_quantise_type(const std::string& type);    ///< QuantizeLinear, DynamicQuantizeLinear …
bool is_dequantise_type(const std::string& type);  ///< DequantizeLinear

}  // namespace tamis
