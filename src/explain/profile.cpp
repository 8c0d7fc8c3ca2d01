#include "explain/profile.h"

#include <algorithm>
#include <array>
#include <regex>
#include <string_view>

#include "base/error.h"
#include "stats/percentile.h"

namespace tamis {
namespace {

/// Operators of ONNX Runtime that compute in 8-bit integers whatever the type of their first input
/// or output is. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
constexpr std::array<std::string_view, 9> kIntegerOperators{
    "QGemm",          "ConvInteger",    "MatMulInteger",       "MatMulIntegerToFloat",
    "QAttention",     "QOrderedMatMul", "DynamicQuantizeLSTM", "DynamicQuantizeMatMul",
    "NhwcConvInteger"};

bool is_integer_operator(const std::string& type) {
  return type.rfind("QLinear", 0) == 0 ||
         std::find(kIntegerOperators.begin(), kIntegerOperators.end(), type) !=
             kIntegerOperators.end();
}

bool is_layout_type(const std::string& type) {
  return type == "ReorderInput" || type == "ReorderOutput" || type == "Reorder";
}

std::string first_type(const Json& row, const char* key) {
  const Json types = row.value(key, Json::array());
  return types.empty() ? "" : precision_name(types.front());
}

std::string without_unknown(const std::string& type) {
  return type == "undef" || type == "unknown" ? "" : type;
}

std::string precision_of(const Json& row, const std::string& type) {
  if (!row.contains("inputs")) return without_unknown(precision_name(row.at("precision")));
  if (is_integer_operator(type)) return "int8";
  std::string first = first_type(row, "inputs");
  return first.empty() ? precision_name(row.at("precision")) : first;
}

/// OpenVINO names a reorder "<layer before>_<from>_<to>_<layer after>", where from and to are types
/// if it converts, and layouts (abcd, acdb) if it moves.
void read_reorder(Layer& layer) {
  static const std::regex kTypes(
      "_(f32|f16|bf16|u8|i8|i32|i64|u4|i4)_(f32|f16|bf16|u8|i8|i32|i64)_");
  std::smatch found;
  if (layer.type != "Reorder" || !std::regex_search(layer.name, found, kTypes)) return;
  layer.kind = LayerKind::conversion;
  layer.from = precision_name(found[1]);
  layer.to = precision_name(found[2]);
}

void read_kind(Layer& layer, const Json& row) {
  if (is_quantise_type(layer.type) || is_dequantise_type(layer.type)) {
    layer.kind = LayerKind::conversion;
    layer.from = layer.precision;
    layer.to = first_type(row, "outputs");
  } else if (is_layout_type(layer.type)) {
    layer.kind = LayerKind::layout;
    read_reorder(layer);
  }
}

Layer parse_layer(const Json& row, std::size_t runs) {
  Layer layer;
  layer.name = row.at("name");
  layer.type = row.at("type");
  layer.kernel = row.value("kernel", "");
  layer.precision = precision_of(row, layer.type);
  layer.fused = row.value("fused", std::vector<std::string>());
  auto times = row.value("runs_us", std::vector<double>{row.at("us").get<double>()});
  std::size_t kept = std::min(runs, times.size());
  layer.runs_us.assign(times.end() - static_cast<std::ptrdiff_t>(kept), times.end());
  read_kind(layer, row);
  return layer;
}

}  // namespace

std::string_view to_text(LayerKind kind) {
  switch (kind) {
    case LayerKind::conversion:
      return "conversion";
    case LayerKind::layout:
      return "layout";
    default:
      return "compute";
  }
}

double Layer::us() const { return runs_us.empty() ? 0 : median(runs_us); }

std::string precision_name(const std::string& type) {
  return type == "u8" || type == "i8" ? "int8" : type;
}

bool is_quantise_type(const std::string& type) {
  return type == "QuantizeLinear" || type == "DynamicQuantizeLinear" || type == "FakeQuantize";
}

bool is_dequantise_type(const std::string& type) { return type == "DequantizeLinear"; }

std::vector<Layer> parse_profile(const Json& rows, std::size_t runs) {
  std::vector<Layer> layers;
  try {
    for (const Json& row : rows) layers.push_back(parse_layer(row, runs));
  } catch (const Json::exception& e) {
    throw Error(ErrorCode::corrupt_data, std::string("read profile: ") + e.what());
  }
  std::size_t fewest = runs;
  for (const Layer& layer : layers) fewest = std::min(fewest, layer.runs_us.size());
  for (Layer& layer : layers)
    layer.runs_us.erase(layer.runs_us.begin(),
                        layer.runs_us.end() - static_cast<std::ptrdiff_t>(fewest));
  return layers;
}

}  // namespace tamis
