#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/defs/parser.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/units.h"
#include "graph/graph.h"
#include "graph/model_checks.h"
#include "graph/node_order.h"
#include "graph/skeleton.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

struct WireState {
  bool is_onnx = true;            // as far as the file goes
  std::size_t missing_bytes = 0;  // what a last, cut field lacks
};

// Field numbers of onnx.ModelProto whose wire type is a length-delimited record; ir_version (1) and
// model_version (5) are integers.
constexpr std::array kRecords{2, 3, 4, 6, 7, 8, 14, 20, 25, 26};

std::optional<std::uint64_t> read_varint(std::string_view bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
    auto byte = static_cast<unsigned char>(bytes[at++]);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// Walks the outermost fields only: enough to tell a cut model from something else.
WireState walk(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    auto tag = read_varint(bytes, at);
    if (!tag) return {at >= bytes.size() && at > 1, 1};
    auto field = static_cast<int>(*tag >> 3 & 0xffff);
    bool integer = (*tag & 7) == 0 && (field == 1 || field == 5);
    bool record =
        (*tag & 7) == 2 && std::find(kRecords.begin(), kRecords.end(), field) != kRecords.end();
    if (!integer && !record) return {false, 0};
    auto value = read_varint(bytes, at);
    if (!value) return {true, 1};
    if (integer) continue;
    if (*value > bytes.size() - at) return {true, *value - (bytes.size() - at)};
    at += *value;
  }
  return {};
}

onnx::ModelProto parse_model(std::string_view bytes, const std::string& what) {
  const char* remedy = "; give a model exported to ONNX (for Ultralytics: yolo export format=onnx)";
  if (bytes.empty())
    throw Error(ErrorCode::corrupt_data, "load " + what + ": the file is empty" + remedy);
  WireState state = walk(bytes);
  if (!state.is_onnx)
    throw Error(ErrorCode::corrupt_data, "load " + what + ": not an ONNX file" + remedy);
  if (state.missing_bytes > 0)
    throw Error(ErrorCode::corrupt_data,
                fmt::format("load {}: truncated: at least {} bytes are missing at its end; copy or "
                            "export it again",
                            what, state.missing_bytes));
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    throw Error(ErrorCode::unsupported,
                "load " + what + ": 2 GB or more in one file; keep the weights as external data");
  onnx::ModelProto model;
  google::protobuf::LogSilencer quiet;  // protobuf would print to stderr what the error says
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    throw Error(ErrorCode::corrupt_data,
                "load " + what + ": damaged inside, or not an ONNX file" + remedy);
  if (!model.has_graph() || model.ir_version() < 1)
    throw Error(ErrorCode::corrupt_data,
                "load " + what + ": not an ONNX model (it has no graph)" + remedy);
  return model;
}

[[noreturn]] void throw_external(ErrorCode code, const onnx::TensorProto& tensor,
                                 const std::string& what, const std::string& problem) {
  throw Error(code,
              "load " + what + ": external data of tensor \"" + tensor.name() + "\" " + problem);
}

struct ExternalPlace {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

ExternalPlace external_place(const onnx::TensorProto& tensor, const std::string& what) {
  ExternalPlace place;
  auto number = [&](const std::string& text) {
    const std::optional<std::uint64_t> value = parse_number<std::uint64_t>(text);
    if (!value)
      throw_external(ErrorCode::corrupt_data, tensor, what,
                     "has the offset or length \"" + text +
                         "\", which is not a number; export the model again");
    return *value;
  };
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") place.location = entry.value();
    if (entry.key() == "offset") place.offset = number(entry.value());
    if (entry.key() == "length") place.length = number(entry.value());
  }
  return place;
}

// The data file, proven to lie inside the model's folder after links are followed.
fs::path external_file(const onnx::TensorProto& tensor, const std::string& what,
                       const std::string& location, const fs::path& folder) {
  const std::string outside = "points outside the model's folder (\"" + location +
                              "\"); put the data file next to the model and export it again";
  const auto file = path_inside(folder, location);
  if (!file) throw_external(ErrorCode::invalid_argument, tensor, what, outside);
  std::error_code ignored;
  if (!fs::is_regular_file(*file, ignored))
    throw_external(ErrorCode::corrupt_data, tensor, what,
                   "is missing: no file \"" + location + "\" next to the model; copy it there");
  return *file;
}

/// Reads what each tensor needs from the data files, which stay open but not in memory.
class ExternalData {
 public:
  ExternalData(fs::path folder, std::string what)
      : folder_(std::move(folder)), what_(std::move(what)) {}

  void take_in(onnx::TensorProto& tensor) {
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL) return;
    const ExternalPlace place = external_place(tensor, what_);
    const InputFile& file = open(tensor, place.location);
    const std::uint64_t length = place.length.value_or(data_bytes(tensor));
    const std::uint64_t most = most_bytes(tensor);
    if (place.offset > file.size() || length > file.size() - place.offset)
      throw_external(
          ErrorCode::corrupt_data, tensor, what_,
          fmt::format("is too short: \"{}\" has {} bytes, {} from {} on are needed; copy it again",
                      place.location, file.size(), length, place.offset));
    if (length > most)
      throw_external(ErrorCode::corrupt_data, tensor, what_,
                     fmt::format("has {} bytes, its shape {} needs no more than {}; export the "
                                 "model again",
                                 length, to_text(shape_of(tensor)), most));
    require_room(tensor, length);
    std::string& bytes = *tensor.mutable_raw_data();
    bytes.resize(length);
    file.read_at(place.offset, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    tensor.clear_external_data();
    tensor.clear_data_location();
  }

 private:
  const InputFile& open(const onnx::TensorProto& tensor, const std::string& location) {
    auto found = files_.find(location);
    if (found != files_.end()) return found->second;
    const fs::path file = external_file(tensor, what_, location, folder_);
    return files_.emplace(location, InputFile(file, kAnyFile)).first->second;
  }

  /// Of types whose size is not known here, that of the largest there is (complex128).
  static std::uint64_t most_bytes(const onnx::TensorProto& tensor) {
    constexpr std::uint64_t kLargest = 16;
    const std::uint64_t known = data_bytes(tensor);
    if (known > 0) return known;
    return kLargest * static_cast<std::uint64_t>(element_count(shape_of(tensor)));
  }

  /// Many tensors may lie in one place of a small file, and are read as often: some share it where
  /// weights are tied, hundreds only in a file that is made to fill the memory.
  void require_room(const onnx::TensorProto& tensor, std::uint64_t length) {
    constexpr std::uint64_t kAsk = std::uint64_t{64} << 20, kMostShared = 4;
    taken_ += length;
    std::uint64_t held = 0;
    for (const auto& [location, file] : files_) held += file.size();
    if (taken_ > kAsk && taken_ / kMostShared > held)
      throw_external(ErrorCode::corrupt_data, tensor, what_,
                     fmt::format("overlaps many others: {} are requested so far, and the data "
                                 "files hold {}; export the model again",
                                 bytes_text(taken_), bytes_text(held)));
    if (taken_ < asked_at_ + kAsk) return;
    asked_at_ = taken_;
    const std::uint64_t spare = spare_memory_bytes();
    if (length <= spare && spare > 0) return;
    throw_external(
        ErrorCode::unavailable, tensor, what_,
        fmt::format("does not fit into memory: with it {} are read, and this machine can "
                    "spare {} more; use a smaller model, or end other programs",
                    bytes_text(taken_), bytes_text(spare)));
  }

  fs::path folder_;
  std::string what_;
  std::map<std::string, InputFile> files_;
  std::uint64_t taken_ = 0, asked_at_ = 0;
};

// A graph out of order is sorted first: ONNX's checker refuses what runtimes execute.
Graph checked(onnx::ModelProto model, const std::string& what) {
  sort_all_nodes(model);
  check_model(model, "load " + what);
  return Graph(std::move(model), what);
}

}  // namespace

Graph Graph::load(const fs::path& file) {
  std::string what = file.string();
  onnx::ModelProto model = parse_model(load_text(file, kModelFile), what);
  ExternalData external(file.has_parent_path() ? file.parent_path() : fs::path("."), what);
  for_each_tensor(model, [&](onnx::TensorProto& tensor) { external.take_in(tensor); });
  return checked(std::move(model), what);
}

Graph Graph::parse_bytes(std::span<const std::uint8_t> bytes, const std::string& what) {
  onnx::ModelProto model = parse_model(
      std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), what);
  for_each_tensor(model, [&](onnx::TensorProto& tensor) {
    if (tensor.data_location() == onnx::TensorProto::EXTERNAL)
      throw_external(ErrorCode::corrupt_data, tensor, what,
                     "cannot be found without a folder; load the model from its file");
  });
  return checked(std::move(model), what);
}

Graph Graph::parse_text(std::string_view text) {
  onnx::ModelProto model;
  onnx::Common::Status status = onnx::OnnxParser::Parse(model, text);
  if (!status.IsOK())
    throw Error(ErrorCode::corrupt_data, "parse ONNX text: " + one_line(status.ErrorMessage()) +
                                             "; see ONNX's docs/Syntax.md");
  return Graph(std::move(model), "model text");
}

}  // namespace tamis
