#include "measure/interleave.h"

#include "base/error.h"
#include "stats/random.h"

namespace tamis {

Json to_json(const Round& round) {
  Json json = Json::object();
  for (const auto& [id, sample] : round) json[id] = to_json(sample);
  return json;
}

Round parse_round(const Json& json) {
  Round round;
  for (const auto& [id, sample] : json.items()) round[id] = parse_visit_sample(sample);
  return round;
}

Round run_round(const std::vector<Contestant*>& contestants, std::uint64_t seed, std::size_t number,
                std::vector<RoundFailure>& failures, Block block) {
  std::vector<Contestant*> order = contestants;
  Random random(seed, number);
  shuffle(std::span<Contestant*>(order), random);
  Round round;
  for (Contestant* contestant : order) {
    try {
      round[contestant->id()] = contestant->visit(number, block);
    } catch (const Error& e) {
      failures.push_back({contestant->id(), Json{{"code", to_text(e.code())}, {"text", e.what()}}});
    }
  }
  return round;
}

RoundTable::Pair RoundTable::pair(const std::string& a, const std::string& b) const {
  Pair columns;
  for (const Round& round : rounds_) {
    auto in_a = round.find(a), in_b = round.find(b);
    if (in_a == round.end() || in_b == round.end()) continue;
    columns.a.push_back(in_a->second.cost());
    columns.b.push_back(in_b->second.cost());
  }
  return columns;
}

std::vector<VisitSample> RoundTable::samples(const std::string& id) const {
  std::vector<VisitSample> found;
  for (const Round& round : rounds_)
    if (auto at = round.find(id); at != round.end()) found.push_back(at->second);
  return found;
}

}  // namespace tamis
