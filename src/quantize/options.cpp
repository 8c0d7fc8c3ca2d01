#include "quantize/options.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "base/units.h"

namespace tamis {

namespace {

constexpr std::array<std::pair<QuantizeTarget, std::string_view>, 4> kTargets{{
    {QuantizeTarget::portable, "portable"},
    {QuantizeTarget::ort, "ort"},
    {QuantizeTarget::openvino, "openvino"},
    {QuantizeTarget::tensorrt, "tensorrt"},
}};

constexpr std::array<std::pair<RangeMethod, std::string_view>, 5> kMethods{{
    {RangeMethod::min_max, "min_max"},
    {RangeMethod::moving_average, "moving_average"},
    {RangeMethod::percentile, "percentile"},
    {RangeMethod::entropy, "entropy"},
    {RangeMethod::mse, "mse"},
}};

constexpr std::array<std::pair<CorrectionLevel, std::string_view>, 3> kLevels{{
    {CorrectionLevel::none, "none"},
    {CorrectionLevel::fast, "fast"},
    {CorrectionLevel::all, "all"},
}};

template <typename Table, typename Value>
std::string_view name_of(const Table& table, Value wanted) {
  for (const auto& [value, name] : table) {
    if (value == wanted) return name;
  }
  return table.front().second;
}

template <typename Table>
auto value_of(const Table& table, std::string_view text, const char* what) {
  std::vector<std::string> known;
  for (const auto& [value, name] : table) {
    if (name == text) return value;
    known.emplace_back(name);
  }
  throw Error(ErrorCode::invalid_argument, "quantize: unknown " + std::string(what) + " '" +
                                               std::string(text) + "'; " + suggest(text, known));
}

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "quantize: " + why);
}

}  // namespace

std::string_view to_text(QuantizeTarget target) { return name_of(kTargets, target); }

QuantizeTarget parse_quantize_target(std::string_view text) {
  return value_of(kTargets, text, "target");
}

std::string_view to_text(CorrectionLevel level) { return name_of(kLevels, level); }

CorrectionLevel parse_correction_level(std::string_view text) {
  return value_of(kLevels, text, "corrections");
}

std::string_view to_text(RangeMethod method) { return name_of(kMethods, method); }

RangeMethod parse_range_method(std::string_view text) {
  return value_of(kMethods, text, "range method");
}

std::vector<std::string> range_methods() {
  std::vector<std::string> names;
  for (const auto& [value, name] : kMethods) names.emplace_back(name);
  return names;
}

void check_options(const QuantizeOptions& options) {
  if (!options.percentile) return;
  if (options.method != RangeMethod::percentile)
    refuse("a percentile does not apply to the method " + std::string(to_text(options.method)) +
           "; use the method percentile");
  if (!(*options.percentile > 50 && *options.percentile <= 100))
    refuse("percentile must be above 50 and at most 100, got " +
           std::to_string(*options.percentile));
}

}  // namespace tamis
