#include "data/selection.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <span>

#include "stats/random.h"

namespace tamis {
namespace {

std::vector<std::size_t> shuffled(std::size_t n, std::uint64_t seed) {
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random random(seed);
  shuffle(std::span(order), random);
  return order;
}

std::vector<std::size_t> first_sorted(std::vector<std::size_t> order, std::size_t count) {
  order.resize(std::min(count, order.size()));
  std::sort(order.begin(), order.end());
  return order;
}

bool all_have_classes(const std::vector<Item>& items) {
  return std::all_of(items.begin(), items.end(),
                     [](const Item& item) { return item.truth.label.has_value(); });
}

}  // namespace

std::vector<std::size_t> seeded_order(const std::vector<Item>& items, std::uint64_t seed) {
  std::vector<std::size_t> order = shuffled(items.size(), seed);
  if (!all_have_classes(items)) return order;
  std::map<int, std::vector<std::size_t>> of_class;  // members in shuffled order
  for (std::size_t i : order) of_class[*items[i].truth.label].push_back(i);
  // The k-th of m members stands at (k + u) / m with one random u per class, so that every
  // beginning of the order holds each class in proportion, to within one item.
  std::vector<std::pair<double, std::size_t>> places;
  Random random(seed, 1);
  for (const auto& [label, members] : of_class) {
    double offset = random.uniform();
    for (std::size_t k = 0; k < members.size(); ++k)
      places.emplace_back((static_cast<double>(k) + offset) / static_cast<double>(members.size()),
                          members[k]);
  }
  std::sort(places.begin(), places.end());
  for (std::size_t k = 0; k < places.size(); ++k) order[k] = places[k].second;
  return order;
}

std::vector<std::size_t> seeded_subset(std::size_t n, std::size_t count, std::uint64_t seed) {
  return first_sorted(shuffled(n, seed), count);
}

std::vector<std::size_t> seeded_subset(const std::vector<Item>& items, std::size_t count,
                                       std::uint64_t seed) {
  return first_sorted(seeded_order(items, seed), count);
}

}  // namespace tamis
