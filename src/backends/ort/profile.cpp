#include "backends/ort/profile.h"

#include <array>
#include <string_view>
#include <utility>

namespace tamis::ort {
namespace {

constexpr std::string_view kSuffix = "_kernel_time";

bool ends_with_kernel_time(const std::string& name) {
  return name.size() > kSuffix.size() && name.ends_with(kSuffix);
}

/// ONNX Runtime's own names of element types.
std::string precision_of(const Json& args) {
  constexpr std::array<std::pair<const char*, const char*>, 10> kNames{{{"float", "f32"},
                                                                        {"float16", "f16"},
                                                                        {"bfloat16", "bf16"},
                                                                        {"double", "f64"},
                                                                        {"uint8", "u8"},
                                                                        {"int8", "i8"},
                                                                        {"int32", "i32"},
                                                                        {"int64", "i64"},
                                                                        {"bool", "bool"},
                                                                        {"string", "string"}}};
  for (const Json& output : args.value("output_type_shape", Json::array()))
    for (const auto& [type, shape] : output.items()) {
      for (const auto& [theirs, ours] : kNames)
        if (type == theirs) return ours;
      return type;
    }
  return "";
}

}  // namespace

Json last_run(const Json& trace) {
  Json current = Json::array(), last = Json::array();
  for (const Json& event : trace) {
    std::string category = event.value("cat", ""), name = event.value("name", "");
    if (category == "Session" && name == "model_run") {
      last = std::exchange(current, Json::array());
    } else if (category == "Node" && ends_with_kernel_time(name)) {
      const Json& args = event.at("args");
      current.push_back({{"name", name.substr(0, name.size() - kSuffix.size())},
                         {"type", args.value("op_name", "")},
                         {"precision", precision_of(args)},
                         {"us", event.value("dur", 0.0)}});
    }
  }
  return last.empty() ? current : last;
}

}  // namespace tamis::ort
