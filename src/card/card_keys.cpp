#include "card/card_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/error.h"
#include "base/files.h"
#include "base/number.h"
#include "base/units.h"

namespace tamis {
namespace {

template <typename T>
struct Named {
  T value;
  std::string_view name;
};
constexpr Named<TaskKind> kTasks[] = {{TaskKind::classify, "classify"},
                                      {TaskKind::detect, "detect"},
                                      {TaskKind::segment, "segment"},
                                      {TaskKind::anomaly, "anomaly"},
                                      {TaskKind::none, "none"}};
constexpr Named<ColorOrder> kColors[] = {
    {ColorOrder::rgb, "rgb"}, {ColorOrder::bgr, "bgr"}, {ColorOrder::gray, "gray"}};
constexpr Named<ResizeRule> kResizes[] = {{ResizeRule::stretch, "stretch"},
                                          {ResizeRule::letterbox, "letterbox"},
                                          {ResizeRule::center_crop, "center_crop"}};

constexpr Named<InputLayout> kLayouts[] = {{InputLayout::nchw, "nchw"},
                                           {InputLayout::nhwc, "nhwc"}};
constexpr Named<DataType> kInputTypes[] = {
    {DataType::f32, "f32"}, {DataType::f16, "f16"}, {DataType::u8, "u8"}};
constexpr Named<Anchor> kAnchors[] = {{Anchor::center, "center"}, {Anchor::top_left, "top_left"}};

[[noreturn]] void fail(const std::string& where, const std::string& problem) {
  throw Error(ErrorCode::invalid_argument, where + ": " + problem);
}

template <typename T, std::size_t n>
std::string_view name_of(const Named<T> (&table)[n], T value) {
  return std::find_if(std::begin(table), std::end(table),
                      [&](auto& row) { return row.value == value; })
      ->name;
}

template <typename T, std::size_t n>
T parse_named(const Named<T> (&table)[n], const Json& value, const std::string& where) {
  std::string text = value.is_string() ? value.get<std::string>() : json_text(value);
  std::vector<std::string> known;
  for (const auto& row : table) {
    if (row.name == text) return row.value;
    known.emplace_back(row.name);
  }
  fail(where, fmt::format("unknown value \"{}\"; {}", text, suggest(text, known)));
}

Json number_or_text(const std::string& text) {
  const std::optional<double> value = parse_number<double>(text);
  if (!value) return text;
  if (*value == std::floor(*value) && std::abs(*value) < 1e15)
    return static_cast<std::int64_t>(*value);
  return *value;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (char c : text) {
    if (c == separator)
      parts.emplace_back();
    else if (c != ' ' || !parts.back().empty())
      parts.back() += c;
  }
  return parts;
}

Json text_itself(const std::string& text) { return text; }

Json list_from_text(const std::string& text) {
  Json list = Json::array();
  for (const std::string& part : split(text, ',')) list.push_back(number_or_text(part));
  return list;
}

// "640x480" is height x width; one number stands for both.
Json size_from_text(const std::string& text) {
  Json list = Json::array();
  for (const std::string& part : split(text, 'x')) list.push_back(number_or_text(part));
  if (list.size() == 1) list.push_back(list[0]);
  return list;
}

Json sizes_from_text(const std::string& text) {
  Json list = Json::array();
  for (const std::string& part : split(text, ',')) list.push_back(size_from_text(part));
  return list;
}

Json labels_from_text(const std::string& text) {
  std::error_code error;  // a long list is no name of a file
  if (std::filesystem::is_regular_file(text, error) || text.find(',') == std::string::npos)
    return labels_of_file(text, "option --labels");
  return names_between_commas(text);
}

/// "a=640,640;b=1" is {"a": [640, 640], "b": [1]}.
Json hold_from_text(const std::string& text) {
  Json inputs = Json::object();
  for (const std::string& one : split(text, ';')) {
    const std::size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == one.size())
      fail("option --hold-input", one + ": give NAME=VALUES, such as orig_target_sizes=640,640");
    inputs[one.substr(0, equals)] = list_from_text(one.substr(equals + 1));
  }
  return inputs;
}

double number(const Json& value, const std::string& where) {
  if (!value.is_number()) fail(where, fmt::format("expected a number, got {}", json_text(value)));
  double number = value.get<double>();
  if (!std::isfinite(number)) fail(where, "expected a finite number");
  return number;
}

int whole_between(const Json& value, int low, int high, const std::string& where) {
  if (!value.is_number_integer() || value.get<double>() < low || value.get<double>() > high)
    fail(where,
         fmt::format("expected a whole number from {} to {}, got {}", low, high, json_text(value)));
  return value.get<int>();
}

constexpr int kMaxSide = 16384;

Size size_of(const Json& value, const std::string& where) {
  if (!value.is_array() || value.size() != 2)
    fail(where, fmt::format("expected height and width, as 640x640 or [640, 640], got {}",
                            json_text(value)));
  return {whole_between(value[0], 1, kMaxSide, where), whole_between(value[1], 1, kMaxSide, where)};
}

void apply_size(Card& card, const Json& value, const std::string& where) {
  card.input_size = size_of(value, where);
}

void apply_sizes(Card& card, const Json& value, const std::string& where) {
  constexpr std::size_t kMostSizes = 8;
  if (!value.is_array() || value.size() < 2 || value.size() > kMostSizes)
    fail(where, fmt::format("expected two to {} sizes, as 480x640,640x480 or [[480, 640], "
                            "[640, 480]], got {}",
                            kMostSizes, json_text(value)));
  card.input_sizes.clear();
  for (const Json& one : value) {
    const Size size = size_of(one, where);
    const auto& known = card.input_sizes;
    if (std::find(known.begin(), known.end(), size) != known.end())
      fail(where, fmt::format("{}x{} is given twice", size.height, size.width));
    card.input_sizes.push_back(size);
  }
}

Json sizes_json(const Card& card) {
  Json list = Json::array();
  for (const Size& s : card.input_sizes) list.push_back(Json::array({s.height, s.width}));
  return list.empty() ? Json() : list;
}

void apply_scale(Card& card, const Json& value, const std::string& where) {
  card.scale = number(value, where);
  if (card.scale <= 0) fail(where, "the scale that pixels are divided by must be above 0");
}

std::vector<double> per_channel(const Json& value, const std::string& where) {
  Json list = value.is_array() ? value : Json::array({value});
  if (list.size() != 1 && list.size() != 3)
    fail(where, fmt::format("expected 1 or 3 numbers, one per channel, got {}", list.size()));
  std::vector<double> numbers;
  for (const Json& one : list) numbers.push_back(number(one, where));
  return numbers;
}

void apply_std(Card& card, const Json& value, const std::string& where) {
  card.std = per_channel(value, where);
  for (double std : card.std)
    if (std <= 0) fail(where, "each number must be above 0");
}

void apply_strides(Card& card, const Json& value, const std::string& where) {
  if (!value.is_array() || value.empty())
    fail(where, fmt::format("expected one number per level, such as [8, 16, 32], got {}",
                            json_text(value)));
  card.strides.clear();
  for (const Json& one : value) card.strides.push_back(whole_between(one, 1, kMaxSide, where));
}

// A list of names, or a table number → name that starts at 0 without gaps. Files are read by those
// who may name them (labels_of_file), so that no model's metadata can.
void apply_labels(Card& card, const Json& value, const std::string& where) {
  card.labels.clear();
  if (!value.is_array() && !value.is_object()) fail(where, "expected a list of names or a file");
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value.is_object() && !value.contains(std::to_string(i)))
      fail(where, fmt::format("class {} of {} has no name", i, value.size()));
    const Json& name = value.is_object() ? value.at(std::to_string(i)) : value[i];
    card.labels.push_back(name.is_string() ? name.get<std::string>() : json_text(name));
  }
}

void apply_outputs(Card& card, const Json& value, const std::string& where) {
  card.outputs.clear();
  if (!value.is_array() || value.empty())
    fail(where, "expected a list with a word for each of the model's outputs");
  for (const Json& role : value) {
    if (!role.is_string()) fail(where, fmt::format("expected a word, got {}", json_text(role)));
    card.outputs.push_back(role.get<std::string>());
  }
}

void apply_hold(Card& card, const Json& value, const std::string& where) {
  card.hold.clear();
  if (!value.is_object() || value.empty())
    fail(where, "expected inputs by name, each with a list of numbers: {sizes: [640, 640]}");
  for (const auto& [name, given] : value.items()) {
    const Json list = given.is_array() ? given : Json::array({given});
    if (list.empty()) fail(where, fmt::format("{}: has no numbers", name));
    for (const Json& one : list)
      card.hold[name].push_back(number(one, fmt::format("{}: {}", where, name)));
  }
}

// As far as they are whole, numbers are written without ".0".
Json number_json(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
  return value;
}

Json numbers_json(const std::vector<double>& values) {
  Json list = Json::array();
  for (double value : values) list.push_back(number_json(value));
  return list;
}

Json hold_json(const Card& card) {
  Json inputs = Json::object();
  for (const auto& [name, numbers] : card.hold) inputs[name] = numbers_json(numbers);
  return inputs.empty() ? Json() : inputs;
}

}  // namespace

Json labels_of_file(const std::filesystem::path& file, const std::string& where) {
  std::vector<std::string> labels = split(load_text(file, kNamesFile), '\n');
  for (std::string& line : labels)
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  if (labels.empty()) fail(where, "the file " + file.string() + " holds no names");
  return labels;
}

std::string_view to_text(TaskKind task) { return name_of(kTasks, task); }
std::string_view to_text(ColorOrder color) { return name_of(kColors, color); }
std::string_view to_text(ResizeRule resize) { return name_of(kResizes, resize); }
std::string_view to_text(InputLayout layout) { return name_of(kLayouts, layout); }
std::string_view to_text(Anchor anchor) { return name_of(kAnchors, anchor); }

const std::vector<CardKey>& card_keys() {
  using Where = const std::string&;
  static const std::vector<CardKey> keys{
      {"task",
       {"task", "TASK", "classify, detect, segment or anomaly"},
       text_itself,
       [](Card& c, const Json& v, Where w) { c.task = parse_named(kTasks, v, w); },
       [](const Card& c) { return Json(to_text(c.task)); }},
      {"input.size",
       {"input-size", "HxW", "height and width of the model's input in pixels"},
       size_from_text,
       apply_size,
       [](const Card& c) {
         return Json::array({c.input_size.height, c.input_size.width});
       }},
      {"input.sizes",
       {"input-sizes", "HxW,HxW,…",
        "letterbox: a set of sizes; each image uses the one that fits it best"},
       sizes_from_text,
       apply_sizes,
       sizes_json},
      {"input.type",
       {"input-type", "TYPE", "f32, f16, or u8: the model takes pixels as they are"},
       text_itself,
       [](Card& c, const Json& v, Where w) { c.input_type = parse_named(kInputTypes, v, w); },
       [](const Card& c) {
         return c.input_type == DataType::f32 ? Json() : Json(to_text(c.input_type));
       }},
      {"input.layout",
       {"layout", "ORDER", "layout of the model's input: nchw or nhwc"},
       text_itself,
       [](Card& c, const Json& v, Where w) { c.layout = parse_named(kLayouts, v, w); },
       [](const Card& c) {
         return c.layout == InputLayout::nchw ? Json() : Json(to_text(c.layout));
       }},
      {"input.color",
       {"color", "ORDER", "rgb, bgr or gray"},
       text_itself,
       [](Card& c, const Json& v, Where w) { c.color = parse_named(kColors, v, w); },
       [](const Card& c) { return Json(to_text(c.color)); }},
      {"input.scale",
       {"scale", "X", "pixels (0..255) are divided by this first"},
       number_or_text,
       apply_scale,
       [](const Card& c) { return number_json(c.scale); }},
      {"input.mean",
       {"mean", "A,B,C", "subtracted after the division by the scale, per channel"},
       list_from_text,
       [](Card& c, const Json& v, Where w) { c.mean = per_channel(v, w); },
       [](const Card& c) { return numbers_json(c.mean); }},
      {"input.std",
       {"std", "A,B,C", "divided by after the mean is subtracted, per channel"},
       list_from_text,
       apply_std,
       [](const Card& c) { return numbers_json(c.std); }},
      {"input.resize",
       {"resize", "RULE", "stretch, letterbox or center_crop"},
       text_itself,
       [](Card& c, const Json& v, Where w) { c.resize = parse_named(kResizes, v, w); },
       [](const Card& c) { return Json(to_text(c.resize)); }},
      {"input.short_side",
       {"short-side", "N",
        "center_crop: the image's short side is resized to this before the crop"},
       number_or_text,
       [](Card& c, const Json& v, Where w) { c.short_side = whole_between(v, 1, kMaxSide, w); },
       [](const Card& c) { return c.short_side ? Json(*c.short_side) : Json(); }},
      {"input.pad",
       {"pad", "N", "letterbox: grey level of the border, 0 to 255"},
       number_or_text,
       [](Card& c, const Json& v, Where w) { c.pad = whole_between(v, 0, 255, w); },
       [](const Card& c) { return c.resize == ResizeRule::letterbox ? Json(c.pad) : Json(); }},
      {"input.anchor",
       {"anchor", "PLACE", "letterbox: where the image lies in the input, center or top_left"},
       text_itself,
       [](Card& c, const Json& v, Where w) { c.anchor = parse_named(kAnchors, v, w); },
       [](const Card& c) { return c.anchor == Anchor::center ? Json() : Json(to_text(c.anchor)); }},
      {"threshold",
       {"threshold", "X", "anomaly: an image whose score is above this is defective"},
       number_or_text,
       [](Card& c, const Json& v, Where w) { c.threshold = number(v, w); },
       [](const Card& c) { return c.threshold ? Json(*c.threshold) : Json(); }},
      {"decoder",
       {"decoder", "NAME",
        "how outputs are read: classifier, yolov8, yolov5, … (docs/cards.md), or none"},
       text_itself,
       [](Card& c, const Json& v, Where w) {
         if (!v.is_string()) fail(w, "expected a name");
         c.decoder = v.get<std::string>();
       },
       [](const Card& c) { return Json(c.decoder); }},
      {"reg_max",
       {"reg-max", "N", "yolov8-cut, yolov8-seg-cut: bins of a box's distance"},
       number_or_text,
       [](Card& c, const Json& v, Where w) { c.reg_max = whole_between(v, 1, kMaxSide, w); },
       [](const Card& c) { return c.reg_max ? Json(*c.reg_max) : Json(); }},
      {"strides",
       {"strides", "A,B,C",
        "yolov8-cut, yolov8-seg-cut: pixels per cell of each level, finest first"},
       list_from_text,
       apply_strides,
       [](const Card& c) { return c.strides.empty() ? Json() : Json(c.strides); }},
      {"outputs",
       {"outputs", "A,B,…",
        "what each of the model's outputs is: boxes, scores, … (docs/cards.md)"},
       [](const std::string& text) { return Json(split(text, ',')); },
       apply_outputs,
       [](const Card& c) { return c.outputs.empty() ? Json() : Json(c.outputs); }},
      {"hold",
       {"hold-input", "NAME=VALUES",
        "an input other than the image, held at these numbers (orig_target_sizes=640,640)", true},
       hold_from_text,
       apply_hold,
       hold_json},
      {"labels",
       {"labels", "FILE|A,B,…", "names of the classes: a file with one per line, or a list"},
       labels_from_text,
       apply_labels,
       [](const Card& c) { return c.labels.empty() ? Json() : Json(c.labels); }}};
  return keys;
}

const CardKey& card_key(std::string_view key) {
  const auto& keys = card_keys();
  return *std::find_if(keys.begin(), keys.end(),
                       [&](const CardKey& row) { return row.key == key; });
}

Json names_between_commas(const std::string& text) {
  Json names = Json::array();
  for (std::string& name : split(text, ',')) {
    while (!name.empty() && (name.back() == ' ' || name.back() == '\n' || name.back() == '\r'))
      name.pop_back();
    names.push_back(std::move(name));
  }
  return names;
}

const std::vector<CardOption>& card_options() {
  static const std::vector<CardOption> options = [] {
    std::vector<CardOption> all;
    for (const CardKey& key : card_keys()) all.push_back(key.option);
    return all;
  }();
  return options;
}

CardEntries entries_of_options(const CardOptions& options) {
  CardEntries entries;
  for (const auto& [name, text] : options.given) {
    const auto& keys = card_keys();
    auto key = std::find_if(keys.begin(), keys.end(),
                            [&, n = name](const CardKey& row) { return row.option.name == n; });
    if (key == keys.end()) {
      std::vector<std::string> known;
      for (const CardKey& row : keys) known.emplace_back(row.option.name);
      fail("card", "unknown option --" + name + "; " + suggest(name, known));
    }
    if (text.empty()) fail("option --" + name, "is empty");
    entries[std::string(key->key)] = {key->from_text(text), "option --" + name};
  }
  return entries;
}

}  // namespace tamis
