#include "cli/other_names.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace tamis {
namespace {

struct OtherName {
  std::string_view of;    ///< an option, "option" or "command"
  std::string_view said;  ///< in lower case
  std::string_view meant;
};

constexpr std::array kValues{
    OtherName{"backend", "onnxruntime", "ort"},
    OtherName{"backend", "onnx-runtime", "ort"},
    OtherName{"backend", "onnx", "ort"},
    OtherName{"backend", "ov", "openvino"},
    OtherName{"for", "onnxruntime", "ort"},
    OtherName{"for", "onnx", "ort"},
    OtherName{"for", "ov", "openvino"},
    OtherName{"precision", "int8", "int8-static"},
    OtherName{"precision", "float32", "fp32"},
    OtherName{"precision", "fp32", "fp32"},
    OtherName{"precision", "fp16", "fp16"},
    OtherName{"precision", "float", "fp32"},
    OtherName{"precision", "float16", "fp16"},
    OtherName{"precision", "half", "fp16"},
    OtherName{"precision", "int4", "int4-weights"},
    OtherName{"inference-precision", "fp32", "f32"},
    OtherName{"inference-precision", "float32", "f32"},
    OtherName{"inference-precision", "fp16", "f16"},
    OtherName{"inference-precision", "float16", "f16"},
    OtherName{"inference-precision", "bfloat16", "bf16"},
    OtherName{"device", "cpu", "CPU"},
    OtherName{"device", "gpu", "GPU"},
    OtherName{"device", "npu", "NPU"},
    OtherName{"device", "auto", "AUTO"},
};

constexpr std::array kNames{
    OtherName{"option", "--images", "--data"},
    OtherName{"option", "--dataset", "--data"},
    OtherName{"option", "--imgsz", "--input-size"},
    OtherName{"option", "--img-size", "--input-size"},
    OtherName{"option", "--image-size", "--input-size"},
    OtherName{"option", "--output", "--out"},
    OtherName{"option", "--save-dir", "--out"},
    OtherName{"option", "--project", "--out"},
    OtherName{"option", "--conf", "--min-score"},
    OtherName{"option", "--conf-thres", "--min-score"},
    OtherName{"option", "--runtime", "--backend"},
    OtherName{"option", "--engine", "--backend"},
    OtherName{"option", "--batch-size", "--batch"},
    OtherName{"option", "--num-threads", "--threads"},
    OtherName{"option", "--nthreads", "--threads"},
    OtherName{"option", "--intra-op", "--threads"},
    OtherName{"option", "--names", "--labels"},
    OtherName{"option", "--classes", "--labels"},
    OtherName{"option", "--timeout", "--budget"},
    OtherName{"option", "--time", "--budget"},
    OtherName{"option", "--runs", "--rounds"},
    OtherName{"option", "--iterations", "--rounds"},
    OtherName{"option", "--max-samples", "--limit"},
    OtherName{"option", "--verbose", "--json"},
    OtherName{"command", "benchmark", "bench"},
    OtherName{"command", "compare", "bench"},
    OtherName{"command", "evaluate", "eval"},
    OtherName{"command", "val", "eval"},
    OtherName{"command", "validate", "eval"},
    OtherName{"command", "test", "eval"},
    OtherName{"command", "detect", "predict"},
    OtherName{"command", "infer", "predict"},
    OtherName{"command", "run", "predict"},
    OtherName{"command", "show", "inspect"},
    OtherName{"command", "info", "inspect"},
    OtherName{"command", "summary", "inspect"},
    OtherName{"command", "profile", "explain"},
    OtherName{"command", "convert", "apply"},
    OtherName{"command", "simplify", "apply"},
    OtherName{"command", "int8", "quantize"},
    OtherName{"command", "tune", "optimize"},
    OtherName{"command", "search", "optimize"},
    OtherName{"command", "grid", "sweep"},
    OtherName{"command", "env", "doctor"},
    OtherName{"command", "check", "doctor"},
};

template <std::size_t n>
const OtherName* find(const std::array<OtherName, n>& table, std::string_view of,
                      std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto at = std::find_if(table.begin(), table.end(), [&](const OtherName& row) {
    return row.of == of && row.said == lower;
  });
  return at == table.end() ? nullptr : &*at;
}

}  // namespace

std::string own_value(std::string_view of, const std::string& value) {
  const OtherName* row = find(kValues, of, value);
  return row == nullptr ? value : std::string(row->meant);
}

std::optional<std::string> own_name(std::string_view of, std::string_view name) {
  const OtherName* row = find(kNames, of, name);
  if (row == nullptr) return std::nullopt;
  return std::string(row->meant);
}

void take_other_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty()) continue;
    const std::string name = option->get_lnames()[0];
    if (std::any_of(kValues.begin(), kValues.end(),
                    [&](const OtherName& row) { return row.of == name; }))
      option->transform([name](const std::string& value) { return own_value(name, value); }, "");
  }
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    take_other_values(*sub);
}

}  // namespace tamis
