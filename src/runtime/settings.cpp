#include "runtime/settings.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/units.h"
#include "runtime/setting_arguments.h"

namespace tamis {
namespace {

constexpr std::array kPrecisions{"f32", "bf16", "f16"};
constexpr std::array kGraphLevels{"disable", "basic", "extended", "all"};
constexpr std::array kProviders{"cpu", "openvino", "dnnl", "xnnpack", "cuda", "tensorrt"};
constexpr std::array kHints{"latency", "throughput"};
constexpr std::array kPinnings{"off", "on", "performance"};

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::invalid_argument, "run settings: " + what);
}

std::string text_value(const std::string& key, const Json& value) {
  if (!value.is_string()) refuse(key + " must be text, got " + json_text(value));
  return value.get<std::string>();
}

template <std::size_t n>
std::string one_of(const std::string& key, const Json& value,
                   const std::array<const char*, n>& known) {
  std::string text = text_value(key, value);
  if (std::find(known.begin(), known.end(), text) == known.end())
    refuse("unknown " + key + " " + text + "; " +
           suggest(text, std::vector<std::string>(known.begin(), known.end())));
  return text;
}

int count_value(const std::string& key, const Json& value) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 1 ||
      value.get<std::int64_t>() > 4096)
    refuse(key + " must be a whole number from 1 to 4096, got " + json_text(value));
  return value.get<int>();
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

/// "2 threads", "1 thread".
std::string counted(int count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

/// One row per key: how it is read, how it is written (null = absent), and how people read a value
/// that is there; "" = not worth a word.
struct Field {
  const char* key;
  void (*set)(RunSettings&, const std::string& key, const Json&);
  Json (*get)(const RunSettings&);
  std::string (*text)(const RunSettings&) = nullptr;
};

// A row whose value is one of a list of words, or a count.
#define TAMIS_WORD(member, known, words)                                 \
  Field {                                                                \
#member,                                                               \
        [](RunSettings& s, const std::string& k, const Json& v) {          \
          s.member = one_of(k, v, known);                                  \
        },                                                                 \
        [](const RunSettings& s) { return or_null(s.member); },            \
        [](const RunSettings& s) -> std::string { return words; } \
  }
#define TAMIS_COUNT(member, words)                                       \
  Field {                                                                \
#member,                                                               \
        [](RunSettings& s, const std::string& k, const Json& v) {          \
          s.member = count_value(k, v);                                    \
        },                                                                 \
        [](const RunSettings& s) { return or_null(s.member); },            \
        [](const RunSettings& s) -> std::string { return words; } \
  }

constexpr std::array kFields{
    Field{"backend",
          [](RunSettings& s, const std::string& k, const Json& v) { s.backend = text_value(k, v); },
          [](const RunSettings& s) { return Json(s.backend); }},
    Field{"device",
          [](RunSettings& s, const std::string& k, const Json& v) { s.device = text_value(k, v); },
          [](const RunSettings& s) { return Json(s.device); }},
    TAMIS_WORD(inference_precision, kPrecisions, *s.inference_precision),
    TAMIS_WORD(graph_level, kGraphLevels, *s.graph_level),
    TAMIS_WORD(provider, kProviders, *s.provider == "cpu" ? "" : "provider " + *s.provider),
    TAMIS_COUNT(threads, counted(*s.threads, "thread")),
    TAMIS_WORD(hint, kHints, "hint " + *s.hint),
    TAMIS_COUNT(streams, counted(*s.streams, "stream")),
    TAMIS_COUNT(in_flight, std::to_string(*s.in_flight) + " in flight"),
    TAMIS_COUNT(batch, *s.batch == 1 ? "" : "batch " + std::to_string(*s.batch)),
    TAMIS_WORD(pinning, kPinnings, "pinning " + *s.pinning),
    Field{"library",
          [](RunSettings& s, const std::string& k, const Json& v) { s.library = text_value(k, v); },
          [](const RunSettings& s) { return s.library.empty() ? Json() : Json(s.library); }},
    Field{"extra",
          [](RunSettings& s, const std::string& k, const Json& v) {
            if (!v.is_object()) refuse(k + " must be an object, got " + json_text(v));
            s.extra = v;
          },
          [](const RunSettings& s) { return s.extra.empty() ? Json() : s.extra; }},
};
#undef TAMIS_WORD
#undef TAMIS_COUNT

std::vector<std::string> known_keys() {
  std::vector<std::string> keys;
  for (const Field& field : kFields) keys.emplace_back(field.key);
  return keys;
}

}  // namespace

Json to_json(const RunSettings& settings) {
  Json json = Json::object();
  for (const Field& field : kFields) {
    Json value = field.get(settings);
    if (!value.is_null()) json[field.key] = std::move(value);
  }
  return json;
}

RunSettings parse_run_settings(const Json& json) {
  if (!json.is_object()) refuse("must be an object, got " + json_text(json));
  RunSettings settings;
  for (const auto& [key, value] : json.items()) {
    auto field = std::find_if(kFields.begin(), kFields.end(),
                              [&key = key](const Field& f) { return key == f.key; });
    if (field == kFields.end()) refuse("unknown key " + key + "; " + suggest(key, known_keys()));
    if (!value.is_null()) field->set(settings, key, value);
  }
  return settings;
}

std::vector<std::string> setting_texts(const RunSettings& settings) {
  std::vector<std::string> texts;
  for (const Field& field : kFields) {
    if (field.text == nullptr || field.get(settings).is_null()) continue;
    if (std::string text = field.text(settings); !text.empty()) texts.push_back(std::move(text));
  }
  return texts;
}

std::vector<std::string> setting_arguments(const RunSettings& settings) {
  std::vector<std::string> arguments;
  for (const Field& field : kFields) {
    const Json value = field.get(settings);
    if (value.is_null() || value.is_object()) continue;
    std::string option = std::string("--") + field.key;
    std::replace(option.begin(), option.end(), '_', '-');
    arguments.push_back(std::move(option));
    arguments.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  }
  return arguments;
}

std::string to_text(const RunSettings& settings) {
  std::string text = settings.backend + " " + settings.device;
  const char* separator = " ";
  for (const std::string& word : setting_texts(settings)) {
    if (word.find(' ') != std::string::npos) separator = ", ";
    text += separator + word;
  }
  if (!settings.library.empty()) text += ", library " + settings.library;
  if (!settings.extra.empty()) text += ", " + json_text(settings.extra);
  return text;
}

}  // namespace tamis
