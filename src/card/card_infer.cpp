#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/units.h"
#include "card/card_keys.h"
#include "card/python_literal.h"

namespace tamis {
namespace {

using Dims = std::vector<std::optional<std::int64_t>>;

[[noreturn]] void fail(const std::string& problem) {
  throw Error(ErrorCode::invalid_argument, "card: " + problem);
}

std::string dims_text(const Dims& dims) {
  std::string text;
  for (const auto& dim : dims)
    text += (text.empty() ? "" : ",") + (dim ? std::to_string(*dim) : "?");
  return "[" + text + "]";
}

bool is_channels(const std::optional<std::int64_t>& dim) { return dim == 1 || dim == 3; }

/// Channels last: the last dimension says so and the second does not.
bool is_nhwc(const TensorInfo& input) {
  const Dims& dims = input.shape;
  return dims.size() == 4 && is_channels(dims[3]) && !is_channels(dims[1]);
}

const TensorInfo& picture_input(const ModelFacts& facts) {
  if (facts.inputs.size() != 1)
    throw Error(
        ErrorCode::unsupported,
        fmt::format("card: the model has {} inputs; one picture input [N,C,H,W] is understood",
                    facts.inputs.size()));
  const TensorInfo& input = facts.inputs.front();
  const Dims& dims = input.shape;
  if (dims.size() == 4 && (!dims[1] || is_channels(dims[1]) || is_nhwc(input))) return input;
  throw Error(
      ErrorCode::unsupported,
      fmt::format(
          "card: input \"{}\" has the shape {}; export the model with pictures as [N,C,H,W] or "
          "[N,H,W,C], 1 or 3 channels",
          input.name, dims_text(dims)));
}

/// Where a picture's sides and channels are among the input's dimensions.
struct Places {
  std::size_t channels, height;  ///< width is behind height
};
Places places_of(const TensorInfo& input) { return is_nhwc(input) ? Places{3, 1} : Places{1, 2}; }

// Positions of YOLOv8's three grids (strides 8, 16, 32) for an input.
std::int64_t yolo_positions(const Size& size) {
  std::int64_t count = 0;
  for (int stride : {8, 16, 32})
    count += static_cast<std::int64_t>((size.height + stride - 1) / stride) *
             ((size.width + stride - 1) / stride);
  return count;
}

std::optional<Size> static_size(const TensorInfo& input) {
  const std::size_t at = places_of(input).height;
  if (!input.shape[at] || !input.shape[at + 1]) return std::nullopt;
  return Size{static_cast<int>(*input.shape[at]), static_cast<int>(*input.shape[at + 1])};
}

// [N, 4 + classes, positions]: one output.
bool fits_yolov8(const ModelFacts& facts) {
  if (facts.outputs.size() != 1 || facts.outputs[0].shape.size() != 3) return false;
  const auto& channels = facts.outputs[0].shape[1];
  const auto& positions = facts.outputs[0].shape[2];
  if (!channels || *channels < 5) return false;
  auto size = static_size(picture_input(facts));
  if (!positions || !size) return true;
  return *positions == yolo_positions(*size);
}

// Pairs of maps [N, 4·bins, h, w] and [N, classes, h, w].
bool fits_yolov8_cut(const ModelFacts& facts) {
  const auto& outputs = facts.outputs;
  if (outputs.size() < 2 || outputs.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Dims &dims = outputs[i].shape, &pair = outputs[i - i % 2].shape;
    if (dims.size() != 4 || pair.size() != 4 || !dims[1] || dims[2] != pair[2] ||
        dims[3] != pair[3])
      return false;
    if (i % 2 == 0 && (*dims[1] < 8 || *dims[1] % 4 != 0)) return false;
  }
  return true;
}

// [N, classes] or [N, classes, 1, 1].
bool fits_classifier(const ModelFacts& facts) {
  if (facts.outputs.size() != 1) return false;
  const Dims& dims = facts.outputs[0].shape;
  if (dims.size() == 4) return dims[2] == 1 && dims[3] == 1;
  return dims.size() == 2 && dims[1].value_or(2) >= 2;
}

/// A family: what its outputs look like, and what its pictures are prepared with unless something
/// else is said.
struct DecoderRow {
  std::string_view name;
  TaskKind task;
  bool (*fits)(const ModelFacts&);
  std::string_view outputs;
  int class_offset;  // channels of dimension 1 that are no classes
  std::vector<std::pair<std::string_view, Json>> defaults;
};

const std::vector<DecoderRow>& decoders() {
  static const std::vector<DecoderRow> rows{{"classifier",
                                             TaskKind::classify,
                                             fits_classifier,
                                             "[N,classes]",
                                             0,
                                             {{"input.resize", "stretch"}}},
                                            {"yolov8",
                                             TaskKind::detect,
                                             fits_yolov8,
                                             "[N,4+classes,positions]",
                                             4,
                                             {{"input.resize", "letterbox"},
                                              {"input.color", "rgb"},
                                              {"input.mean", 0},
                                              {"input.std", 1}}},
                                            {"yolov8-cut",
                                             TaskKind::detect,
                                             fits_yolov8_cut,
                                             "pairs of [N,4*bins,h,w] and [N,classes,h,w]",
                                             0,
                                             {{"input.resize", "letterbox"},
                                              {"input.color", "rgb"},
                                              {"input.mean", 0},
                                              {"input.std", 1}}}};
  return rows;
}

const DecoderRow& decoder_row(const std::string& name) {
  std::vector<std::string> known;
  for (const DecoderRow& row : decoders()) {
    if (row.name == name) return row;
    known.emplace_back(row.name);
  }
  fail(fmt::format("unknown decoder \"{}\"; {} (--decoder)", name, suggest(name, known)));
}

std::string outputs_text(const ModelFacts& facts) {
  std::vector<std::string> texts;
  for (const TensorInfo& output : facts.outputs)
    texts.push_back(output.name + " " + dims_text(output.shape));
  return fmt::format("{}", fmt::join(texts, ", "));
}

void put(CardEntries& entries, const std::string& key, Json value, const std::string& source) {
  entries.try_emplace(key, CardEntry{std::move(value), source});
}

const std::string* find_metadata(const ModelFacts& facts, const std::string& key) {
  auto found = facts.metadata.find(key);
  return found == facts.metadata.end() ? nullptr : &found->second;
}

bool is_ultralytics(const ModelFacts& facts) {
  const std::string* author = find_metadata(facts, "author");
  return author != nullptr && *author == "Ultralytics";
}

/// reg_max and strides, where they are said, against the outputs' shapes.
void check_cut(const ModelFacts& facts, const Card& card) {
  const auto& outputs = facts.outputs;
  if (card.reg_max && *outputs[0].shape[1] != 4 * *card.reg_max)
    fail(fmt::format("reg_max is {}, but the output {} holds 4 x {} bins; correct --reg-max",
                     *card.reg_max, dims_text(outputs[0].shape), *outputs[0].shape[1] / 4));
  if (card.strides.empty()) return;
  if (card.strides.size() != outputs.size() / 2)
    fail(fmt::format("{} strides, but the model has {} levels; correct --strides",
                     card.strides.size(), outputs.size() / 2));
  for (std::size_t i = 0; i < card.strides.size(); ++i) {
    const auto& rows = outputs[2 * i].shape[2];
    if (rows && *rows * card.strides[i] != card.input_size.height)
      fail(fmt::format("stride {}, but {} rows of the output {} make {} pixels; correct --strides",
                       card.strides[i], *rows, dims_text(outputs[2 * i].shape),
                       card.input_size.height));
  }
}

}  // namespace

void CardInference::complete(CardEntries& entries) const {
  picture_input(facts_);
  add_metadata(entries);
  add_shapes(entries);
  add_decoder(entries);
  add_defaults(entries);
}

void CardInference::add_metadata(CardEntries& entries) const {
  if (const std::string* task = find_metadata(facts_, "task"))
    put(entries, "task", *task, "model metadata \"task\"");
  if (const std::string* names = find_metadata(facts_, "names"))
    put(entries, "labels", parse_python_literal(*names, "model metadata \"names\""),
        "model metadata \"names\"");
  const std::string* size = find_metadata(facts_, "imgsz");
  if (size != nullptr && !static_size(picture_input(facts_))) {
    Json value = parse_python_literal(*size, "model metadata \"imgsz\"");
    if (value.is_number()) value = Json::array({value, value});
    put(entries, "input.size", value, "model metadata \"imgsz\"");
  }
  auto task = entries.find("task");
  if (!is_ultralytics(facts_) || task == entries.end() || task->second.value != "classify") return;
  // Ultralytics' classify_transforms: short side to the input size, centre crop, no mean and std.
  put(entries, "input.resize", "center_crop", "Ultralytics classifier");
  put(entries, "input.mean", 0, "Ultralytics classifier");
  put(entries, "input.std", 1, "Ultralytics classifier");
}

void CardInference::add_shapes(CardEntries& entries) const {
  const TensorInfo& input = picture_input(facts_);
  std::string source = "input shape " + dims_text(input.shape);
  if (auto size = static_size(input))
    put(entries, "input.size", Json::array({size->height, size->width}), source);
  if (is_nhwc(input)) put(entries, "input.layout", "nhwc", source);
  if (input.shape[places_of(input).channels] == 1) put(entries, "input.color", "gray", source);
  if (input.type != DataType::u8) return;
  for (const auto& [key, value] : std::vector<std::pair<std::string, Json>>{
           {"input.type", "u8"}, {"input.scale", 1}, {"input.mean", 0}, {"input.std", 1}})
    put(entries, key, value, "u8 input");
}

void CardInference::add_decoder(CardEntries& entries) const {
  if (entries.count("decoder") != 0) {
    if (!entries["decoder"].value.is_string())
      fail(entries["decoder"].source + ": decoder: expected a name");
    const auto name = entries["decoder"].value.get<std::string>();
    const DecoderRow& row = decoder_row(name);
    if (!row.fits(facts_))
      fail(fmt::format("decoder {} ({}) reads outputs {}, the model has {}; give another --decoder",
                       row.name, entries["decoder"].source, row.outputs, outputs_text(facts_)));
    return put(entries, "task", Json(to_text(row.task)), "decoder " + std::string(row.name));
  }
  auto task = entries.find("task");
  std::vector<const DecoderRow*> fitting;
  for (const DecoderRow& row : decoders()) {
    bool other_task = task != entries.end() && task->second.value != Json(to_text(row.task));
    if (!other_task && row.fits(facts_)) fitting.push_back(&row);
  }
  std::string outputs = outputs_text(facts_);
  if (fitting.empty())
    fail(fmt::format(
        "the outputs ({}) fit no known decoder{}; known: classifier [N,classes], yolov8 "
        "[N,4+classes,positions], yolov8-cut pairs of [N,4*bins,h,w] and [N,classes,h,w] (--task, "
        "--decoder)",
        outputs, task == entries.end() ? "" : " of the task " + task->second.value.dump()));
  if (fitting.size() > 1)
    fail(fmt::format("the outputs ({}) fit the decoders {} and {}; say which with --decoder",
                     outputs, fitting[0]->name, fitting[1]->name));
  std::string source = "output shape " + dims_text(facts_.outputs[0].shape);
  put(entries, "decoder", std::string(fitting[0]->name), source);
  put(entries, "task", Json(to_text(fitting[0]->task)), source);
}

void CardInference::add_defaults(CardEntries& entries) const {
  std::string name = entries["decoder"].value.get<std::string>();
  for (const auto& [key, value] : decoder_row(name).defaults)
    put(entries, std::string(key), value, "default of decoder " + name);
  put(entries, "input.color", "rgb", "default");
  put(entries, "input.scale", 255, "default");
  const Json& resize = entries["input.resize"].value;
  if (resize == "letterbox") put(entries, "input.pad", 114, "default of letterbox");
  auto size = entries.find("input.size");
  if (resize != "center_crop" || size == entries.end() || !size->second.value.is_array() ||
      size->second.value.empty())
    return;
  auto sides = size->second.value;
  put(entries, "input.short_side", *std::max_element(sides.begin(), sides.end()), "input size");
}

void CardInference::check(const Card& card) const {
  check_input(card);
  const DecoderRow& row = decoder_row(card.decoder);
  if (row.task != card.task)
    fail(fmt::format("decoder {} ({}) is of the task {}, not {} ({}); give --task or --decoder",
                     row.name, card.sources.at("decoder"), to_text(row.task), to_text(card.task),
                     card.sources.at("task")));
  const bool cut = row.name == "yolov8-cut";
  const Dims& dims = facts_.outputs[cut ? 1 : 0].shape;
  auto labels = static_cast<std::int64_t>(card.labels.size());
  if (dims[1] && labels != 0 && *dims[1] - row.class_offset != labels)
    fail(fmt::format("{} labels ({}), but the model's output {} has {} classes; correct --labels",
                     labels, card.sources.at("labels"), dims_text(dims),
                     *dims[1] - row.class_offset));
  if (cut) check_cut(facts_, card);
}

void CardInference::check_input(const Card& card) const {
  const TensorInfo& input = picture_input(facts_);
  const Places at = places_of(input);
  if ((card.layout == InputLayout::nhwc) != is_nhwc(input))
    fail(fmt::format("the layout is {}, but the model's input is {}; correct --layout",
                     to_text(card.layout), dims_text(input.shape)));
  if ((card.input_type == DataType::u8) != (input.type == DataType::u8))
    fail(fmt::format("the input's type is {}, but the model's is {}; correct --input-type",
                     to_text(card.input_type), to_text(input.type)));
  for (std::size_t i = 0; i < 2; ++i) {
    int side = i == 0 ? card.input_size.height : card.input_size.width;
    if (input.shape[at.height + i].value_or(side) != side)
      fail(fmt::format(
          "the model's input is {}, but the card ({}) says {}x{}; leave --input-size out",
          dims_text(input.shape), card.sources.at("input.size"), card.input_size.height,
          card.input_size.width));
  }
  if (input.shape[at.channels].value_or(card.channels()) != card.channels())
    fail(fmt::format(
        "wrong channel count: the model's input {} has {} channels, the color \"{}\" ({}) has {}; "
        "give another --color",
        dims_text(input.shape), *input.shape[at.channels], to_text(card.color),
        card.sources.at("input.color"), card.channels()));
}

}  // namespace tamis
