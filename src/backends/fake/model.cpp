#include "backends/fake/model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "backends/fake/onnx.h"
#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "runtime/tensor_info.h"

namespace tamis::fake {
namespace {

struct AnswerRow {
  const char* name;
  Answers answers;
};
constexpr std::array kAnswers{AnswerRow{"zeros", Answers::zeros}, AnswerRow{"hash", Answers::hash},
                              AnswerRow{"mean", Answers::mean}};

std::vector<TensorInfo> read_infos(const Json& json, const char* key) {
  std::vector<TensorInfo> infos;
  for (const Json& one : json.at(key)) infos.push_back(parse_tensor_info(one));
  return infos;
}

Answers read_answers(const Json& json, const std::string& file) {
  std::string name = json.value("answers", "zeros");
  for (const AnswerRow& row : kAnswers)
    if (name == row.name) return row.answers;
  throw Error(ErrorCode::corrupt_data,
              "open model: " + file + ": answers must be zeros, hash or mean, got " + name);
}

/// FNV-1a, 64 bits.
std::uint64_t hash_of(std::span<const unsigned char> bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (unsigned char byte : bytes) hash = (hash ^ byte) * 1099511628211ULL;
  return hash ^ (hash >> 32);
}

double mean_of(std::span<const unsigned char> bytes) {
  double sum = 0;
  std::size_t count = bytes.size() / sizeof(float);
  for (std::size_t i = 0; i < count; ++i) {
    float value = 0;
    std::memcpy(&value, bytes.data() + i * sizeof(float), sizeof(float));
    sum += double{value};
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

std::size_t class_of(Answers answers, std::span<const unsigned char> item, std::size_t classes,
                     double wrong_share) {
  std::uint64_t hash = hash_of(item);
  std::size_t found = hash % classes;
  if (answers == Answers::mean) {
    double scaled = std::floor(mean_of(item) * static_cast<double>(classes));
    found = static_cast<std::size_t>(std::clamp(scaled, 0.0, static_cast<double>(classes - 1)));
  }
  bool wrong = static_cast<double>(hash >> 11 & 0xFFFFF) / 0x100000 < wrong_share;
  return wrong ? (found + 1) % classes : found;
}

}  // namespace

namespace {

Model onnx_model(std::span<const std::uint8_t> bytes, const std::string& file) {
  OnnxFile onnx = parse_onnx(bytes, file);
  const bool scores = std::all_of(onnx.outputs.begin(), onnx.outputs.end(),
                                  [](const TensorInfo& o) { return o.type == DataType::f32; });
  return {std::move(onnx.inputs), std::move(onnx.outputs), scores ? Answers::mean : Answers::zeros,
          std::move(onnx.operators)};
}

}  // namespace

Model load_model(const std::filesystem::path& file) {
  if (const auto bytes = load_bytes(file); !bytes.empty() && bytes.front() != '{')
    return onnx_model(bytes, file.string());
  Json json = load_json(file);
  if (!json.is_object() || json.value("fake_model", 0) != 1)
    throw Error(ErrorCode::corrupt_data, "open model: " + file.string() +
                                             " is no model of the fake backend (fake_model: 1)");
  try {
    return {read_infos(json, "inputs"),
            read_infos(json, "outputs"),
            read_answers(json, file.string()),
            {}};
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::corrupt_data, "open model: " + file.string() + ": " + error.what());
  }
}

void complete_outputs(Model& model) {
  for (TensorInfo& output : model.outputs)
    for (std::size_t d = 0; d < output.shape.size(); ++d) {
      if (output.shape[d]) continue;
      bool has = !model.inputs.empty() && d < model.inputs[0].shape.size();
      output.shape[d] = has ? model.inputs[0].shape[d] : 1;
    }
}

void answer(const Model& model, const tamis_tensor* inputs, const tamis_tensor* outputs,
            double wrong_share) {
  for (std::size_t o = 0; o < model.outputs.size(); ++o) {
    const tamis_tensor& out = outputs[o];
    std::memset(out.data, 0, out.bytes);
    if (model.answers == Answers::zeros || out.rank == 0 || model.inputs.empty()) continue;
    auto items = static_cast<std::size_t>(out.dims[0]);
    auto classes = static_cast<std::size_t>(out.dims[out.rank - 1]);
    if (items == 0 || classes == 0) continue;
    std::size_t row = out.bytes / sizeof(float) / items;
    std::size_t item_bytes = inputs[0].bytes / items;
    for (std::size_t i = 0; i < items; ++i) {
      const auto* item = static_cast<const unsigned char*>(inputs[0].data) + i * item_bytes;
      std::size_t found = class_of(model.answers, {item, item_bytes}, classes, wrong_share);
      static_cast<float*>(out.data)[i * row + found] = 1;
    }
  }
}

}  // namespace tamis::fake
