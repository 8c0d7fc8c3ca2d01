#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/units.h"
#include "card/card_decoders.h"
#include "card/card_keys.h"
#include "card/python_literal.h"

namespace tamis {
namespace {

using Dims = std::vector<std::optional<std::int64_t>>;

[[noreturn]] void refuse_for_model(const std::string& problem) {
  throw Error(ErrorCode::invalid_argument, "card: " + problem);
}

bool is_channels(const std::optional<std::int64_t>& dim) { return dim == 1 || dim == 3; }

/// Channels last: the last dimension says so and the second does not.
bool is_nhwc(const TensorInfo& input) {
  const Dims& dims = input.shape;
  return dims.size() == 4 && is_channels(dims[3]) && !is_channels(dims[1]);
}

/// Names those that are no picture, and what can be done about them.
[[noreturn]] void fail_with_inputs(const ModelFacts& facts) {
  std::string texts, options;
  for (const TensorInfo& input : facts.inputs) {
    texts += (texts.empty() ? "" : ", ") + input.name + " " + dims_text(input.shape);
    if (input.shape.size() != 4) options += " --hold-input " + input.name + "=VALUES";
  }
  throw Error(
      ErrorCode::unsupported,
      fmt::format("card: the model has {} inputs ({}); Tamis reads one, the image: {}",
                  facts.inputs.size(), texts,
                  facts.inputs.empty() || options.empty()
                      ? "export the model with one input"
                      : "hold the others at constant values with" + options +
                            ", or hold in NAME.card.yaml" +
                            ", or export the model without what needs them (its post-processor)"));
}

const TensorInfo& picture_input(const ModelFacts& facts) {
  if (facts.inputs.size() != 1) fail_with_inputs(facts);
  const TensorInfo& input = facts.inputs.front();
  const Dims& dims = input.shape;
  if (dims.size() == 4 && (!dims[1] || is_channels(dims[1]) || is_nhwc(input))) return input;
  throw Error(ErrorCode::unsupported,
              fmt::format("card: input \"{}\" has the shape {}; export the model with images as "
                          "[N,C,H,W] or [N,H,W,C], 1 or 3 channels",
                          input.name, dims_text(dims)));
}

/// Where a picture's sides and channels are among the input's dimensions.
struct Places {
  std::size_t channels, height;  ///< width is behind height
};
Places places_of(const TensorInfo& input) { return is_nhwc(input) ? Places{3, 1} : Places{1, 2}; }

std::optional<Size> static_size(const TensorInfo& input) {
  const std::size_t at = places_of(input).height;
  if (!input.shape[at] || !input.shape[at + 1]) return std::nullopt;
  // Longer ones are no pictures; what is counted from sides stays in an int.
  auto side = [](std::int64_t dim) {
    constexpr std::int64_t kLongest = 1 << 15;
    return static_cast<int>(std::clamp<std::int64_t>(dim, 0, kLongest));
  };
  return Size{side(*input.shape[at]), side(*input.shape[at + 1])};
}

const DecoderRow& decoder_row(const std::string& name) {
  std::vector<std::string> known;
  for (const DecoderRow& row : card_decoders()) {
    if (row.name == name) return row;
    known.emplace_back(row.name);
  }
  refuse_for_model(
      fmt::format("unknown decoder \"{}\"; {} (--decoder)", name, suggest(name, known)));
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

/// Ultralytics' RT-DETR, which says what it is by the head's name, in older versions by the
/// model's.
bool says_rtdetr(const ModelFacts& facts) {
  const std::string* head = find_metadata(facts, "head");
  if (head != nullptr) return *head == "RTDETRDecoder";
  const std::string* description = find_metadata(facts, "description");
  return is_ultralytics(facts) && description != nullptr &&
         description->find("rtdetr") != std::string::npos;
}

/// What exporters call our tasks.
struct TaskWord {
  std::string_view word, task;
};
constexpr TaskWord kTaskWords[] = {{"classify", "classify"}, {"image-classification", "classify"},
                                   {"detect", "detect"},     {"object-detection", "detect"},
                                   {"segment", "segment"},   {"anomaly", "anomaly"}};

std::string_view task_of(const std::string& word) {
  for (const TaskWord& row : kTaskWords)
    if (row.word == word) return row.task;
  throw Error(
      ErrorCode::unsupported,
      fmt::format(
          "card: the model's metadata says that its task is \"{}\", which Tamis does not know (it "
          "knows classify, detect, segment and anomaly); with --decoder none it can change, "
          "quantise and measure the model without reading its outputs, or give --task",
          word));
}

/// Class names as exporters write them: a Python or JSON list or dict, or names with commas
/// between. Absent where there are none.
std::optional<Json> names_of(const std::string& text) {
  const std::string what = "model metadata \"names\"";
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return std::nullopt;
  try {
    Json names = std::string_view("{[(").find(text[first]) != std::string_view::npos
                     ? parse_python_literal(text, what)
                     : names_between_commas(text);
    if (names.empty()) return std::nullopt;
    Card trial;
    card_key("labels").apply(trial, names, what);
    return names;
  } catch (const Error& e) {
    throw Error(ErrorCode::corrupt_data, fmt::format("card: {}; give --labels", e.what()));
  }
}

/// The size that Ultralytics says, as [height, width] or one number.
Json imgsz_of(const std::string& text) {
  const std::string what = "model metadata \"imgsz\"";
  try {
    Json size = parse_python_literal(text, what);
    if (size.is_number()) size = Json::array({size, size});
    Card trial;
    card_key("input.size").apply(trial, size, what);
    return size;
  } catch (const Error& e) {
    throw Error(ErrorCode::corrupt_data, fmt::format("card: {}; give --input-size", e.what()));
  }
}

/// Decoders that a head which Ultralytics names can have; none: its name tells nothing.
std::vector<std::string_view> decoders_of_head(const ModelFacts& facts) {
  if (says_rtdetr(facts)) return {"rtdetr-topk", "detr-scores"};
  const std::string* end2end = find_metadata(facts, "end2end");
  if (is_ultralytics(facts) && end2end != nullptr && *end2end == "True" &&
      facts.outputs.size() == 1)
    return {"end2end"};
  return {};
}

/// Why the metadata rule a decoder out, or in the case of one that only they tell, do not name it.
std::optional<std::string> metadata_misfit(const ModelFacts& facts, const DecoderRow& row) {
  const auto own = decoders_of_head(facts);
  if (own.empty())
    return row.only_by_metadata ? std::optional<std::string>("the metadata does not say so")
                                : std::nullopt;
  if (std::find(own.begin(), own.end(), row.name) != own.end()) return std::nullopt;
  return fmt::format("the metadata says {}", fmt::join(own, " or "));
}

/// Why what a Softmax makes is no detector's only output.
std::optional<std::string> shares_only(const ModelFacts& facts) {
  if (facts.outputs.size() != 1 || facts.last_operators != std::vector<std::string>{"Softmax"})
    return std::nullopt;
  return "the output comes from a Softmax: its values are shares of one whole, so they hold no "
         "boxes";
}

/// reg_max and strides, where they are said, against the outputs' shapes.
void check_cut(const ModelFacts& facts, const Card& card) {
  const auto& outputs = facts.outputs;
  if (card.reg_max && *outputs[0].shape[1] != 4 * *card.reg_max)
    refuse_for_model(
        fmt::format("reg_max is {}, but the output {} holds 4 x {} bins; correct --reg-max",
                    *card.reg_max, dims_text(outputs[0].shape), *outputs[0].shape[1] / 4));
  if (card.strides.empty()) return;
  const std::size_t levels = outputs.size() / (card.decoder == "yolov8-seg-cut" ? 3 : 2);
  if (card.strides.size() != levels)
    refuse_for_model(fmt::format("{} strides, but the model has {} levels; correct --strides",
                                 card.strides.size(), levels));
  for (std::size_t i = 0; i < card.strides.size(); ++i) {
    const auto& rows = outputs[2 * i].shape[2];
    if (rows && *rows * card.strides[i] != card.input_size.height)
      refuse_for_model(fmt::format(
          "stride {}, but {} rows of the output {} make {} pixels; correct --strides",
          card.strides[i], *rows, dims_text(outputs[2 * i].shape), card.input_size.height));
  }
}

}  // namespace

void CardInference::complete(CardEntries& entries) const {
  picture_input(facts_);
  add_metadata(entries);
  add_shapes(entries);
  add_decoder(entries);
  add_roles(entries);
  add_defaults(entries);
}

void CardInference::add_metadata(CardEntries& entries) const {
  // What an option or the card file says stands before the metadata are even read.
  const auto unsaid = [&](const char* key, const char* said) {
    return entries.count(said) == 0 ? find_metadata(facts_, key) : nullptr;
  };
  if (const std::string* task = entries.count("decoder") == 0 ? unsaid("task", "task") : nullptr)
    put(entries, "task", std::string(task_of(*task)), "model metadata \"task\"");
  if (const std::string* text = unsaid("names", "labels"))
    if (std::optional<Json> names = names_of(*text))
      put(entries, "labels", *names, "model metadata \"names\"");
  const std::string* size = unsaid("imgsz", "input.size");
  if (size != nullptr && entries.count("input.sizes") == 0 && !static_size(picture_input(facts_)))
    put(entries, "input.size", imgsz_of(*size), "model metadata \"imgsz\"");
  auto decoder = entries.find("decoder");
  if (is_ultralytics(facts_) && decoder != entries.end() && decoder->second.value == "none")
    for (const auto& [key, value] : std::vector<std::pair<std::string, Json>>{
             {"input.resize", "letterbox"}, {"input.mean", 0}, {"input.std", 1}})
      put(entries, key, value, "Ultralytics model");
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
  if (input.type == DataType::f16) put(entries, "input.type", "f16", "f16 input");
  if (input.type != DataType::u8) return;
  for (const auto& [key, value] : std::vector<std::pair<std::string, Json>>{
           {"input.type", "u8"}, {"input.scale", 1}, {"input.mean", 0}, {"input.std", 1}})
    put(entries, key, value, "u8 input");
}

void CardInference::add_decoder(CardEntries& entries) const {
  if (entries.count("decoder") != 0) {
    if (!entries["decoder"].value.is_string())
      refuse_for_model(entries["decoder"].source + ": decoder: expected a name");
    const auto name = entries["decoder"].value.get<std::string>();
    const DecoderRow& row = decoder_row(name);
    if (std::optional<std::string> misfit = row.misfit(facts_))
      refuse_for_model(fmt::format(
          "decoder {} ({}) reads outputs {}, the model has {}: {}; give another "
          "--decoder",
          row.name, entries["decoder"].source, row.outputs, outputs_text(facts_), *misfit));
    return put(entries, "task", Json(to_text(row.task)), "decoder " + std::string(row.name));
  }
  const DecoderRow& row = only_fitting(entries);
  std::string source = row.roles.empty() && facts_.outputs.size() == 1
                           ? "output shape " + dims_text(facts_.outputs[0].shape)
                           : "output shapes " + outputs_text(facts_);
  put(entries, "decoder", std::string(row.name), source);
  put(entries, "task", Json(to_text(row.task)), source);
}

const DecoderRow& CardInference::only_fitting(const CardEntries& entries) const {
  auto task = entries.find("task");
  std::vector<const DecoderRow*> fitting;
  std::string reasons;
  for (const DecoderRow& row : card_decoders()) {
    if (row.only_if_named) continue;
    std::optional<std::string> misfit = row.misfit(facts_);
    if (!misfit && row.untold != nullptr) misfit = row.untold(facts_);
    if (!misfit && row.task == TaskKind::detect) misfit = shares_only(facts_);
    if (std::optional<std::string> told = metadata_misfit(facts_, row)) misfit = told;
    if (task != entries.end() && task->second.value != Json(to_text(row.task)))
      misfit = fmt::format("is of the task {}", to_text(row.task));
    if (!misfit)
      fitting.push_back(&row);
    else
      reasons +=
          fmt::format("{}{} {}: {}", reasons.empty() ? "" : "; ", row.name, row.outputs, *misfit);
  }
  if (fitting.empty())
    refuse_for_model(fmt::format(
        "the outputs ({}) fit no known decoder{}. Ruled out: {}. Export the model with outputs "
        "like one of these, or give --task and --decoder, or a card NAME.card.yaml next to it "
        "(docs/cards.md); with --decoder none Tamis can change and quantise the model, and "
        "compares its outputs by value",
        outputs_text(facts_),
        task == entries.end() ? "" : " of the task " + json_text(task->second.value), reasons));
  if (fitting.size() > 1) fitting = narrow_by_labels(std::move(fitting), entries);
  if (fitting.size() == 1) return *fitting.front();
  std::string names;
  for (std::size_t i = 0; i < fitting.size(); ++i)
    names += fmt::format("{}{} ({})",
                         i == 0                   ? ""
                         : i + 1 < fitting.size() ? ", "
                                                  : " and ",
                         fitting[i]->name, fitting[i]->outputs);
  refuse_for_model(
      fmt::format("the outputs ({}) fit the decoders {}, and nothing shows which one is right; "
                  "give --decoder (none: outputs are not read), or decoder: NAME in NAME.card.yaml",
                  outputs_text(facts_), names));
}

/// Those whose number of classes is that of the labels, where these are listed and any has it.
std::vector<const DecoderRow*> CardInference::narrow_by_labels(std::vector<const DecoderRow*> rows,
                                                               const CardEntries& entries) const {
  auto labels = entries.find("labels");
  if (labels == entries.end() || labels->second.value.is_string()) return rows;
  auto count = static_cast<std::int64_t>(labels->second.value.size());
  std::vector<const DecoderRow*> same;
  for (const DecoderRow* row : rows)
    if (row->classes(facts_).value_or(count) == count) same.push_back(row);
  return same.empty() ? rows : same;
}

void CardInference::add_roles(CardEntries& entries) const {
  const DecoderRow& row = decoder_row(entries["decoder"].value.get<std::string>());
  if (row.roles.empty() || entries.count("outputs") != 0) return;
  std::vector<std::string> roles = row.find_roles(facts_);
  if (roles.empty())
    refuse_for_model(
        fmt::format("decoder {} reads {}, but the outputs ({}) do not show which is which; give "
                    "--outputs, a list of {} in the model's order",
                    row.name, row.outputs, outputs_text(facts_), fmt::join(row.roles, ", ")));
  put(entries, "outputs", roles, "output names and shapes");
}

void CardInference::add_defaults(CardEntries& entries) const {
  std::string name = entries["decoder"].value.get<std::string>();
  for (const auto& [key, value] : decoder_row(name).defaults) {
    if (key == "input.anchor" && entries["input.resize"].value != "letterbox") continue;
    put(entries, std::string(key), value, "default of decoder " + name);
  }
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
    refuse_for_model(
        fmt::format("decoder {} ({}) is of the task {}, not {} ({}); give --task or --decoder",
                    row.name, card.sources.at("decoder"), to_text(row.task), to_text(card.task),
                    card.sources.at("task")));
  if (std::optional<std::string> misfit = row.misfit(facts_))
    refuse_for_model(
        fmt::format("decoder {} ({}) does not read the model's outputs {}: {}; give --decoder",
                    row.name, card.sources.at("decoder"), outputs_text(facts_), *misfit));
  auto classes = row.classes(facts_);
  auto labels = static_cast<std::int64_t>(card.labels.size());
  if (classes && labels != 0 && *classes != labels)
    refuse_for_model(
        fmt::format("{} labels ({}), but the model's output {} has {} classes; correct --labels",
                    labels, card.sources.at("labels"), class_output_text(), *classes));
  check_roles(card);
  if (row.name == "yolov8-cut" || row.name == "yolov8-seg-cut") check_cut(facts_, card);
}

void CardInference::check_input(const Card& card) const {
  const TensorInfo& input = picture_input(facts_);
  const Places at = places_of(input);
  if ((card.layout == InputLayout::nhwc) != is_nhwc(input))
    refuse_for_model(fmt::format("the layout is {}, but the model's input is {}; correct --layout",
                                 to_text(card.layout), dims_text(input.shape)));
  const bool own = input.type == DataType::u8 || input.type == DataType::f16;
  if (card.input_type != (own ? input.type : DataType::f32))
    refuse_for_model(
        fmt::format("the input's type is {}, but the model's is {}; correct --input-type",
                    to_text(card.input_type), to_text(input.type)));
  for (std::size_t i = 0; i < 2; ++i) {
    int side = i == 0 ? card.input_size.height : card.input_size.width;
    if (input.shape[at.height + i].value_or(side) != side)
      refuse_for_model(fmt::format(
          "the model's input is {}, but the card ({}) says {}x{}; leave --input-size out",
          dims_text(input.shape), card.sources.at("input.size"), card.input_size.height,
          card.input_size.width));
  }
  if (input.shape[at.channels].value_or(card.channels()) != card.channels())
    refuse_for_model(fmt::format(
        "wrong channel count: the model's input {} has {} channels, the color \"{}\" ({}) has {}; "
        "give another --color",
        dims_text(input.shape), *input.shape[at.channels], to_text(card.color),
        card.sources.at("input.color"), card.channels()));
}

/// The output that classes are counted in.
std::string CardInference::class_output_text() const {
  return facts_.outputs.size() == 1 ? dims_text(facts_.outputs[0].shape) : outputs_text(facts_);
}

void CardInference::check_roles(const Card& card) const {
  const DecoderRow& row = decoder_row(card.decoder);
  if (card.outputs.empty()) return;
  const std::string& source = card.sources.at("outputs");
  if (row.roles.empty())
    refuse_for_model(
        fmt::format("decoder {} reads one output, but {} names several; leave --outputs out",
                    row.name, source));
  if (card.outputs.size() != facts_.outputs.size())
    refuse_for_model(fmt::format("{} names {} outputs, the model has {} ({}); correct --outputs",
                                 source, card.outputs.size(), facts_.outputs.size(),
                                 outputs_text(facts_)));
  for (std::string_view role : row.roles)
    if (std::count(card.outputs.begin(), card.outputs.end(), role) != 1)
      refuse_for_model(fmt::format("{} must name each of {} once; correct --outputs", source,
                                   fmt::join(row.roles, ", ")));
}

std::optional<Size> static_input_size(const ModelFacts& facts) {
  return static_size(picture_input(facts));
}

}  // namespace tamis
