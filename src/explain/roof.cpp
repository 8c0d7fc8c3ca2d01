#include "explain/roof.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace tamis {
namespace {

constexpr std::size_t kFurthest = 5;
constexpr double kOpsPerMac = 2;

struct LayerRoof {
  const Layer* layer;
  std::int64_t macs = 0;
  double us = 0, ideal_us = 0;
};

std::int64_t macs_of(const Layer& layer, const std::map<std::string, std::int64_t>& macs) {
  std::int64_t sum = 0;
  for (const std::string& node : layer.nodes)
    if (auto at = macs.find(node); at != macs.end()) sum += at->second;
  return sum;
}

Json row_json(const LayerRoof& row) {
  return {{"layer", row.layer->name},
          {"nodes", row.layer->nodes},
          {"precision", row.layer->precision},
          {"macs", row.macs},
          {"us", row.us},
          {"ideal_us", row.ideal_us},
          {"share", row.us > 0 ? Json(row.ideal_us / row.us) : Json()}};
}

}  // namespace

Json roof_json(const Executed& run, const std::map<std::string, std::int64_t>& macs,
               const MachinePeak& peak) {
  std::vector<LayerRoof> rows;
  std::int64_t all = 0;
  double us = 0, ideal_us = 0, other_us = 0, uncounted_us = 0;
  for (const Layer& layer : run.layers) {
    LayerRoof row{&layer, macs_of(layer, macs), layer.us(), 0};
    all += row.macs;
    const std::optional<double> most = peak_of(peak, layer.precision);
    if (row.macs == 0) other_us += row.us;
    if (row.macs > 0 && !most) uncounted_us += row.us;
    if (row.macs == 0 || !most) continue;
    row.ideal_us = kOpsPerMac * static_cast<double>(row.macs) / *most * 1e6;
    us += row.us, ideal_us += row.ideal_us;
    rows.push_back(row);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const LayerRoof& a, const LayerRoof& b) {
    return a.us - a.ideal_us > b.us - b.ideal_us;
  });
  Json furthest = Json::array();
  for (std::size_t i = 0; i < std::min(kFurthest, rows.size()); ++i)
    furthest.push_back(row_json(rows[i]));
  return {{"peak", to_json(peak)},
          {"macs", all},
          {"us", us},
          {"ideal_us", ideal_us},
          {"share", us > 0 ? Json(ideal_us / us) : Json()},
          {"furthest", std::move(furthest)},
          {"other_us", other_us},
          {"uncounted_us", uncounted_us}};
}

}  // namespace tamis
