#include "runtime/settings.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/units.h"

namespace tamis {
namespace {

constexpr std::array kPrecisions{"f32", "bf16", "f16"};
constexpr std::array kGraphLevels{"disable", "basic", "extended", "all"};

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::invalid_argument, "run settings: " + what);
}

std::string text_value(const std::string& key, const Json& value) {
  if (!value.is_string()) refuse(key + " must be text, got " + value.dump());
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

int thread_count(const std::string& key, const Json& value) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 1 ||
      value.get<std::int64_t>() > 4096)
    refuse(key + " must be a whole number from 1 to 4096, got " + value.dump());
  return value.get<int>();
}

/// One row per key: how it is read, and how it is written (null = absent).
struct Field {
  const char* key;
  void (*set)(RunSettings&, const std::string& key, const Json&);
  Json (*get)(const RunSettings&);
};

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

constexpr std::array kFields{
    Field{"backend",
          [](RunSettings& s, const std::string& k, const Json& v) { s.backend = text_value(k, v); },
          [](const RunSettings& s) { return Json(s.backend); }},
    Field{"device",
          [](RunSettings& s, const std::string& k, const Json& v) { s.device = text_value(k, v); },
          [](const RunSettings& s) { return Json(s.device); }},
    Field{"inference_precision",
          [](RunSettings& s, const std::string& k, const Json& v) {
            s.inference_precision = one_of(k, v, kPrecisions);
          },
          [](const RunSettings& s) { return or_null(s.inference_precision); }},
    Field{"graph_level",
          [](RunSettings& s, const std::string& k, const Json& v) {
            s.graph_level = one_of(k, v, kGraphLevels);
          },
          [](const RunSettings& s) { return or_null(s.graph_level); }},
    Field{
        "threads",
        [](RunSettings& s, const std::string& k, const Json& v) { s.threads = thread_count(k, v); },
        [](const RunSettings& s) { return or_null(s.threads); }},
    Field{"library",
          [](RunSettings& s, const std::string& k, const Json& v) { s.library = text_value(k, v); },
          [](const RunSettings& s) { return s.library.empty() ? Json() : Json(s.library); }},
    Field{"extra",
          [](RunSettings& s, const std::string& k, const Json& v) {
            if (!v.is_object()) refuse(k + " must be an object, got " + v.dump());
            s.extra = v;
          },
          [](const RunSettings& s) { return s.extra.empty() ? Json() : s.extra; }},
};

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
  if (!json.is_object()) refuse("must be an object, got " + json.dump());
  RunSettings settings;
  for (const auto& [key, value] : json.items()) {
    auto field = std::find_if(kFields.begin(), kFields.end(),
                              [&key = key](const Field& f) { return key == f.key; });
    if (field == kFields.end()) refuse("unknown key " + key + "; " + suggest(key, known_keys()));
    if (!value.is_null()) field->set(settings, key, value);
  }
  return settings;
}

std::string to_text(const RunSettings& settings) {
  std::string text = settings.backend + " " + settings.device;
  if (settings.inference_precision) text += " " + *settings.inference_precision;
  if (settings.graph_level) text += " level " + *settings.graph_level;
  if (settings.threads)
    text += ", " + std::to_string(*settings.threads) +
            (*settings.threads == 1 ? " thread" : " threads");
  if (!settings.library.empty()) text += ", library " + settings.library;
  if (!settings.extra.empty()) text += ", " + settings.extra.dump();
  return text;
}

}  // namespace tamis
