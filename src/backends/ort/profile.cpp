#include "backends/ort/profile.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace tamis::ort {
namespace {

constexpr std::string_view kSuffix = "_kernel_time";

bool ends_with_kernel_time(const std::string& name) {
  return name.size() > kSuffix.size() && name.ends_with(kSuffix);
}

/// ONNX Runtime's own names of element types.
std::string our_name(const std::string& theirs) {
  constexpr std::array<std::pair<std::string_view, const char*>, 10> kNames{{{"float", "f32"},
                                                                             {"float16", "f16"},
                                                                             {"bfloat16", "bf16"},
                                                                             {"double", "f64"},
                                                                             {"uint8", "u8"},
                                                                             {"int8", "i8"},
                                                                             {"int32", "i32"},
                                                                             {"int64", "i64"},
                                                                             {"bool", "bool"},
                                                                             {"string", "string"}}};
  for (const auto& [name, ours] : kNames)
    if (theirs == name) return ours;
  return theirs;
}

/// The element types in `key` of a node's event: [{"float": [1, 3]}, …].
Json types_of(const Json& args, const char* key) {
  Json types = Json::array();
  for (const Json& tensor : args.value(key, Json::array()))
    for (const auto& [type, shape] : tensor.items()) types.push_back(our_name(type));
  return types;
}

Json layer_of(const std::string& name, const Json& event) {
  const Json& args = event.at("args");
  Json outputs = types_of(args, "output_type_shape");
  return {{"name", name.substr(0, name.size() - kSuffix.size())},
          {"type", args.value("op_name", "")},
          {"precision", outputs.empty() ? Json("") : outputs.front()},
          {"us", event.value("dur", 0.0)},
          {"inputs", types_of(args, "input_type_shape")},
          {"outputs", std::move(outputs)}};
}

bool same_nodes(const Json& a, const Json& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](auto& x, auto& y) {
           return x.at("name") == y.at("name");
         });
}

/// The last of the runs, with the times of all.
Json merge(const std::vector<Json>& runs) {
  Json last = runs.back();
  for (Json& layer : last) layer["runs_us"] = Json::array();
  for (const Json& run : runs) {
    if (!same_nodes(run, last)) continue;
    for (std::size_t i = 0; i < last.size(); ++i) last[i]["runs_us"].push_back(run[i].at("us"));
  }
  return last;
}

}  // namespace

Json last_run(const Json& trace) {
  Json current = Json::array();
  std::vector<Json> runs;
  for (const Json& event : trace) {
    std::string category = event.value("cat", ""), name = event.value("name", "");
    if (category == "Session" && name == "model_run") {
      runs.push_back(std::exchange(current, Json::array()));
    } else if (category == "Node" && ends_with_kernel_time(name)) {
      current.push_back(layer_of(name, event));
    }
  }
  if (runs.empty()) runs.push_back(std::move(current));
  return merge(runs);
}

}  // namespace tamis::ort
