#include "search/screening_order.h"

#include <algorithm>
#include <numeric>
#include <string_view>

namespace tamis {
namespace {

/// What a step usually leaves of the time (docs/quantize.md, docs/interface.md).
struct Rule {
  std::string_view name;
  double share;
};
constexpr Rule kSteps[] = {{"int8-static", 0.4}, {"int8-dynamic", 0.9}, {"int8-weights", 1},
                           {"int4-weights", 1},  {"head-cut", 0.95},    {"rewrites", 0.97},
                           {"fp16", 1}};
constexpr Rule kInferencePrecisions[] = {{"bf16", 0.7}, {"f16", 0.7}};
constexpr Rule kGraphLevels[] = {{"extended", 1.02}, {"basic", 1.3}, {"disable", 1.5}};

template <std::size_t N>
double rule(const Rule (&rules)[N], std::string_view name) {
  for (const Rule& one : rules)
    if (one.name == name) return one.share;
  return 1;
}

double area(const Json& height, const Json& width) {
  return height.get<double>() * width.get<double>();
}

/// Of the pixels; of a set the mean.
double resolution_share(const Json& params, Size size) {
  const double own = static_cast<double>(size.height) * size.width;
  if (!params.contains("sizes")) return area(params.at("height"), params.at("width")) / own;
  double sum = 0;
  for (const Json& one : params.at("sizes")) sum += area(one.at(0), one.at(1));
  return sum / static_cast<double>(params.at("sizes").size()) / own;
}

}  // namespace

double expected_relative_time(const Variant& variant, const PlaceFacts& place, Size size) {
  const RunSettings& s = variant.settings;
  double share = find_backend(place, s.backend).can.usual_share;
  for (const Step& step : variant.recipe)
    share *=
        step.name == "resolution" ? resolution_share(step.params, size) : rule(kSteps, step.name);
  share *= rule(kInferencePrecisions, s.inference_precision.value_or(""));
  share *= rule(kGraphLevels, s.graph_level.value_or(""));
  return share / std::max(1, s.threads.value_or(1));
}

std::vector<std::size_t> screening_order(const std::vector<Variant>& variants,
                                         const PlaceFacts& place, Size size) {
  std::vector<double> shares;
  for (const Variant& variant : variants)
    shares.push_back(expected_relative_time(variant, place, size));
  std::vector<std::size_t> order(variants.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() > 1)
    std::stable_sort(order.begin() + 1, order.end(),
                     [&](std::size_t a, std::size_t b) { return shares[a] < shares[b]; });
  return order;
}

}  // namespace tamis
