#include "grid/baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "base/units.h"
#include "grid/axes.h"

namespace tamis {
namespace {

using Values = std::vector<std::string>;

Values split(const std::string& text, char separator) {
  Values parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

const Availability& runtime_named(const GridFacts& facts, const std::string& name) {
  Values running;
  for (const Availability& a : facts.place.backends) {
    if (a.backend == name) return a;
    running.push_back(a.backend);
  }
  throw Error(ErrorCode::unavailable, fmt::format("--baseline {}: no such runtime works here; {}",
                                                  name, suggest(name, running)));
}

/// One of the words behind the runtime.
void set_baseline_word(Variant& baseline, const GridFacts& facts, const std::string& word) {
  constexpr std::size_t kMostDigits = 4;
  Values known{"f32", "bf16", "f16", "disable", "basic", "extended", "all", "1"};
  bool number = !word.empty() && word.size() <= kMostDigits && word[0] != '0' &&
                word.find_first_not_of("0123456789") == std::string::npos;
  auto at = std::find(known.begin(), known.end(), word);
  const std::string& backend = baseline.settings.backend;
  if (number) {
    baseline.settings.threads = std::stoi(word);
  } else if (at == known.end()) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--baseline: unknown '{}'; {}", word, suggest(word, known)));
  } else if (at < known.begin() + 3) {
    Values can =
        find_axis("inference-precision")
            .values(facts, {{"device", baseline.settings.device}, {"backend", backend}}, true);
    if (std::find(can.begin(), can.end(), word) == can.end())
      throw Error(ErrorCode::unavailable,
                  fmt::format("--baseline {}:{}: {} cannot do that here", backend, word, backend));
    baseline.settings.inference_precision = word;
  } else {
    const Values& levels = find_backend(facts.place, backend).can.graph_levels;
    if (std::find(levels.begin(), levels.end(), word) == levels.end())
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("--baseline {}:{}: {} has {}", backend, word, backend,
                              levels.empty() ? "no graph levels" : "no such graph level"));
    baseline.settings.graph_level = word;
  }
}

}  // namespace

bool is_variant_id(const std::string& text) {
  return text.size() > 1 && text[0] == 'v' &&
         text.find_first_not_of("0123456789", 1) == std::string::npos;
}

Variant baseline_variant(const GridFacts& facts, const std::string& device) {
  if (facts.place.backends.empty())
    throw Error(ErrorCode::unavailable, "no runtime works on this machine; tamis doctor says why");
  const std::string& named = facts.plan.baseline;
  const Values words = is_variant_id(named) ? Values() : split(named, ':');
  Variant baseline;
  baseline.settings.device = device;
  const Availability* chosen = &facts.place.backends.front();
  for (const Availability& a : facts.place.backends)
    if (a.can.reference) chosen = &a;
  if (!words.empty()) chosen = &runtime_named(facts, words.front());
  baseline.settings.backend = chosen->backend;
  if (chosen->can.has_providers) baseline.settings.device = kUsualDevice;
  baseline.settings.inference_precision = "f32";
  if (const Values& levels = chosen->can.graph_levels; !levels.empty())
    baseline.settings.graph_level = levels.front();
  baseline.settings.threads = facts.place.cores;
  for (std::size_t i = 1; i < words.size(); ++i) set_baseline_word(baseline, facts, words[i]);
  return baseline;
}

}  // namespace tamis
