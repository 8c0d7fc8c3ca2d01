#include "explain/roof.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace tamis {
namespace {

constexpr std::size_t kFurthest = 5;
constexpr double kOpsPerMac = 2;

struct LayerRoof {
  const Layer* layer;
  CountedNode work{};  ///< macs of all its nodes; the rest of the one with the most
  double us = 0, ideal_us = 0;
};

CountedNode work_of(const Layer& layer, const std::map<std::string, CountedNode>& macs) {
  CountedNode work;
  std::int64_t sum = 0;
  for (const std::string& node : layer.nodes)
    if (auto at = macs.find(node); at != macs.end()) {
      sum += at->second.macs;
      if (at->second.macs > work.macs) work = at->second;
    }
  work.macs = sum;
  return work;
}

/// Several layers together.
struct RoofSum {
  std::size_t layers = 0;
  double us = 0, ideal_us = 0;
  void add(const LayerRoof& row) {
    ++layers;
    us += row.us, ideal_us += row.ideal_us;
  }
  Json share() const { return us > 0 ? Json(ideal_us / us) : Json(); }
};

template <typename Key, typename KeyOf>
std::vector<std::pair<Key, RoofSum>> sums(const std::vector<LayerRoof>& rows, KeyOf key_of) {
  std::map<Key, RoofSum> by_key;
  for (const LayerRoof& row : rows) by_key[key_of(row)].add(row);
  return {by_key.begin(), by_key.end()};
}

using Place = std::pair<bool, std::optional<int>>;
Place place_of(const LayerRoof& row) { return {row.work.convolution, row.work.stride}; }

/// The precisions whose peak is none: layers of a kind and place took less time than it allows. A
/// place that takes little of the precision's time says nothing: its times are too short to trust.
std::set<std::string> beaten_precisions(const std::vector<LayerRoof>& rows) {
  constexpr double kPartThatTells = 0.05;
  std::map<std::string, double> all;
  for (const LayerRoof& row : rows) all[row.layer->precision] += row.us;
  using Key = std::pair<std::string, Place>;
  std::set<std::string> beaten;
  for (const auto& [key, sum] :
       sums<Key>(rows, [](const LayerRoof& r) { return Key(r.layer->precision, place_of(r)); }))
    if (sum.us < sum.ideal_us && sum.us >= kPartThatTells * all[key.first])
      beaten.insert(key.first);
  return beaten;
}

Json precisions_json(const std::vector<LayerRoof>& rows) {
  auto found = sums<std::string>(rows, [](const LayerRoof& r) { return r.layer->precision; });
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.second.us > b.second.us; });
  Json out = Json::array();
  for (const auto& [precision, sum] : found)
    out.push_back({{"precision", precision},
                   {"us", sum.us},
                   {"ideal_us", sum.ideal_us},
                   {"share", sum.share()}});
  return out;
}

Json places_json(std::vector<LayerRoof> rows, const std::string& precision) {
  std::erase_if(rows, [&](const LayerRoof& r) { return r.layer->precision != precision; });
  auto found = sums<Place>(rows, place_of);
  std::erase_if(found, [](const auto& place) { return place.second.us < place.second.ideal_us; });
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.second.us - a.second.ideal_us > b.second.us - b.second.ideal_us;
  });
  Json out = Json::array();
  for (const auto& [place, sum] : found)
    out.push_back({{"kind", place.first ? "convolutions" : "matrix products"},
                   {"stride", place.second ? Json(*place.second) : Json()},
                   {"layers", sum.layers},
                   {"us", sum.us},
                   {"ideal_us", sum.ideal_us},
                   {"share", sum.share()}});
  return out;
}

Json row_json(const LayerRoof& row) {
  return {{"layer", row.layer->name},
          {"nodes", row.layer->nodes},
          {"precision", row.layer->precision},
          {"macs", row.work.macs},
          {"us", row.us},
          {"ideal_us", row.ideal_us},
          {"share", row.us > 0 ? Json(row.ideal_us / row.us) : Json()}};
}

}  // namespace

Json roof_json(const Executed& run, const std::map<std::string, CountedNode>& macs,
               const MachinePeak& peak) {
  std::vector<LayerRoof> rows;
  std::int64_t all = 0;
  double us = 0, ideal_us = 0, other_us = 0, uncounted_us = 0;
  for (const Layer& layer : run.layers) {
    LayerRoof row{&layer, work_of(layer, macs), layer.us(), 0};
    all += row.work.macs;
    const std::optional<double> most = peak_of(peak, layer.precision);
    if (row.work.macs == 0) other_us += row.us;
    if (row.work.macs > 0 && !most) uncounted_us += row.us;
    if (row.work.macs == 0 || !most) continue;
    row.ideal_us = kOpsPerMac * static_cast<double>(row.work.macs) / *most * 1e6;
    us += row.us, ideal_us += row.ideal_us;
    rows.push_back(row);
  }
  Json beaten = Json::array();
  for (const std::string& precision : beaten_precisions(rows)) {
    RoofSum sum;
    for (const LayerRoof& row : rows)
      if (row.layer->precision == precision) sum.add(row);
    beaten.push_back({{"precision", precision}, {"us", sum.us}, {"ideal_us", sum.ideal_us}});
    us -= sum.us, ideal_us -= sum.ideal_us, uncounted_us += sum.us;
    std::erase_if(rows, [&](const LayerRoof& r) { return r.layer->precision == precision; });
  }
  if (rows.empty()) us = 0, ideal_us = 0;
  std::stable_sort(rows.begin(), rows.end(), [](const LayerRoof& a, const LayerRoof& b) {
    return a.us - a.ideal_us > b.us - b.ideal_us;
  });
  Json precisions = precisions_json(rows);
  Json places = precisions.empty()
                    ? Json::array()
                    : places_json(rows, precisions.front().at("precision").get<std::string>());
  Json furthest = Json::array();
  for (std::size_t i = 0; i < std::min(kFurthest, rows.size()); ++i)
    if (rows[i].us >= rows[i].ideal_us) furthest.push_back(row_json(rows[i]));
  return {{"peak", to_json(peak)},
          {"macs", all},
          {"us", us},
          {"ideal_us", ideal_us},
          {"share", us > 0 ? Json(ideal_us / us) : Json()},
          {"furthest", std::move(furthest)},
          {"other_us", other_us},
          {"uncounted_us", uncounted_us},
          {"beaten", std::move(beaten)},
          {"precisions", std::move(precisions)},
          {"places", std::move(places)}};
}

}  // namespace tamis
