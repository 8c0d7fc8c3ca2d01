#include "measure/interleave.h"

#include "place/worker.h"
#include "stats/random.h"

namespace tamis {

Json to_json(const Round& round) {
  Json samples = Json::object();
  for (const auto& [id, sample] : round.samples) samples[id] = to_json(sample);
  return {{"instance", round.instance}, {"samples", samples}};
}

Round parse_round(const Json& json) {
  const bool has_instance = json.contains("instance") && json.at("instance").is_number();
  Round round;
  if (has_instance) round.instance = json.at("instance");
  const Json& samples = has_instance ? json.at("samples") : json;
  for (const auto& [id, sample] : samples.items()) round.samples[id] = parse_visit_sample(sample);
  return round;
}

RoundFailure round_failure(const std::string& id, const Error& error) {
  return {id, error, dynamic_cast<const WorkerKilled*>(&error) != nullptr};
}

Round run_round(const std::vector<Contestant*>& contestants, std::uint64_t seed, std::size_t number,
                std::vector<RoundFailure>& failures, Block block) {
  std::vector<Contestant*> order = contestants;
  Random random(seed, number);
  shuffle(std::span<Contestant*>(order), random);
  Round round;
  for (Contestant* contestant : order) {
    try {
      round.samples[contestant->id()] = contestant->visit(number, block);
    } catch (const Error& e) {
      failures.push_back(round_failure(contestant->id(), e));
    }
  }
  return round;
}

bool Round::disturbed(const std::string& a, const std::string& b) const {
  return samples.at(a).disturbed || samples.at(b).disturbed;
}

PairedSamples RoundTable::pair(const std::string& a, const std::string& b,
                               double (VisitSample::*value)() const) const {
  PairedSamples columns;
  for (const Round& round : rounds_) {
    const auto in_a = round.samples.find(a), in_b = round.samples.find(b);
    if (in_a == round.samples.end() || in_b == round.samples.end()) continue;
    columns.a.push_back((in_a->second.*value)());
    columns.b.push_back((in_b->second.*value)());
    columns.instance.push_back(round.instance);
    columns.disturbed.push_back(round.disturbed(a, b));
  }
  return undisturbed(columns);
}

std::vector<VisitSample> RoundTable::samples(const std::string& id) const {
  std::vector<VisitSample> found;
  for (const Round& round : rounds_)
    if (const auto at = round.samples.find(id); at != round.samples.end()) {
      found.push_back(at->second);
      found.back().instance = round.instance;
    }
  return undisturbed(found);
}

double RoundTable::disturbed_share() const {
  std::size_t all = 0, disturbed = 0;
  for (const Round& round : rounds_)
    for (const auto& [id, sample] : round.samples) {
      ++all;
      disturbed += sample.disturbed ? 1 : 0;
    }
  return all == 0 ? 0 : static_cast<double>(disturbed) / static_cast<double>(all);
}

}  // namespace tamis
