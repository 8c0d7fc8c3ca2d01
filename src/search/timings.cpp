#include "search/timings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "stats/percentile.h"

namespace tamis {
namespace {

constexpr Phase kPhases[] = {Phase::screening, Phase::race, Phase::confirmation};

Phase parse_phase(const std::string& text) {
  for (Phase phase : kPhases)
    if (text == to_text(phase)) return phase;
  return Phase::screening;
}

}  // namespace

std::string_view to_text(Phase phase) {
  switch (phase) {
    case Phase::screening:
      return "screening";
    case Phase::race:
      return "race";
    case Phase::confirmation:
      break;
  }
  return "confirmation";
}

namespace {

struct StoredInstance {
  std::size_t number = 0;
  Phase phase = Phase::screening;
  std::vector<Round> rounds;
};

StoredInstance parse_instance(const Json& json) {
  StoredInstance stored{
      json.at("generation"), parse_phase(json.at("phase").get<std::string>()), {}};
  for (const Json& round : json.at("rounds")) stored.rounds.push_back(parse_round(round));
  return stored;
}

}  // namespace

Timings::Timings(Store& store, const std::string& scope, const std::string& baseline)
    : store_(store), scope_(scope), baseline_(baseline), looks_(store, scope) {
  const std::string prefix = fmt::format("timing:{}:", scope);
  for (const auto& [key, value] : store.all(Kind::measurement)) {
    if (key.rfind(prefix, 0) != 0) continue;
    const auto stored = store.find_as(Kind::measurement, key, parse_instance);
    if (!stored) continue;
    next_ = std::max(next_, stored->number + 1);
    for (const Round& round : stored->rounds) take(stored->phase, round);
  }
}

std::optional<Opened> Timings::opened(const std::string& key) const {
  auto [known, unknown] = opened_.try_emplace(key);
  if (unknown)
    known->second = store_.find_as(
        Kind::measurement, fmt::format("opened:{}:{}", scope_, key), [](const Json& json) {
          return Opened{parse_opened_info(json.at("info")), json.at("output_hash")};
        });
  return known->second;
}

void Timings::put_opened(const std::string& key, const Opened& opened) {
  store_.put(Kind::measurement, fmt::format("opened:{}:{}", scope_, key),
             {{"info", to_json(opened.info)}, {"output_hash", opened.output_hash}});
  opened_[key] = opened;
}

void Timings::add(Phase phase, const std::vector<Round>& rounds) {
  Json stored{{"generation", next_}, {"phase", to_text(phase)}, {"rounds", Json::array()}};
  for (Round round : rounds) {
    round.instance = next_;
    stored["rounds"].push_back(to_json(round));
    take(phase, round);
  }
  store_.put(Kind::measurement, fmt::format("timing:{}:{}", scope_, next_), stored);
  ++next_;
}

void Timings::take(Phase phase, const Round& round) {
  const auto base = round.samples.find(baseline_);
  for (const auto& [key, sample] : round.samples) {
    Own& own = of_[key];
    own.rounds.push_back(rounds_.size());
    own.phase = phase;
    own.instances[phase].insert(round.instance);
    if (base == round.samples.end()) continue;
    own.against_baseline.a.push_back(sample.cost());
    own.against_baseline.b.push_back(base->second.cost());
    own.against_baseline.instance.push_back(round.instance);
    own.against_baseline.disturbed.push_back(round.disturbed(key, baseline_));
  }
  rounds_.push_back(round);
}

std::vector<double> Timings::levels(const std::string& key) const {
  auto own = of_.find(key);
  if (own == of_.end()) return {};
  const PairedSamples pair = undisturbed(own->second.against_baseline);
  std::map<std::size_t, std::vector<double>> logs;
  for (std::size_t i = 0; i < pair.size(); ++i)
    logs[pair.instance[i]].push_back(std::log(pair.a[i] / pair.b[i]));
  std::vector<double> levels;
  for (const auto& [instance, values] : logs) levels.push_back(median(values));
  return levels;
}

std::vector<VisitSample> Timings::samples(const std::string& key) const {
  std::vector<VisitSample> found;
  auto own = of_.find(key);
  if (own == of_.end()) return found;
  for (std::size_t i : own->second.rounds) {
    found.push_back(rounds_[i].samples.at(key));
    found.back().instance = rounds_[i].instance;
  }
  return undisturbed(found);
}

double Timings::disturbed_share() const {
  RoundTable table;
  for (const Round& round : rounds_) table.add(round);
  return table.disturbed_share();
}

std::size_t Timings::instances(const std::string& key, std::optional<Phase> phase) const {
  auto own = of_.find(key);
  if (own == of_.end()) return 0;
  std::size_t count = 0;
  for (const auto& [one, instances] : own->second.instances)
    if (!phase || *phase == one) count += instances.size();
  return count;
}

Phase Timings::phase(const std::string& key) const {
  auto own = of_.find(key);
  return own == of_.end() ? Phase::screening : own->second.phase;
}

PairedSamples Timings::pair(const std::string& a, const std::string& b) const {
  if (b == baseline_) {
    auto own = of_.find(a);
    return own == of_.end() ? PairedSamples{} : undisturbed(own->second.against_baseline);
  }
  PairedSamples found;
  auto own = of_.find(a);
  if (own == of_.end()) return found;
  for (std::size_t i : own->second.rounds) {
    const Round& round = rounds_[i];
    auto other = round.samples.find(b);
    if (other == round.samples.end()) continue;
    found.a.push_back(round.samples.at(a).cost());
    found.b.push_back(other->second.cost());
    found.instance.push_back(round.instance);
    found.disturbed.push_back(round.disturbed(a, b));
  }
  return undisturbed(found);
}

std::optional<RatioEstimate> Timings::through_baseline(const std::string& a, const std::string& b,
                                                       double confidence) const {
  const PairedSamples of_a = pair(a, baseline_), of_b = pair(b, baseline_);
  if (of_a.size() == 0 || of_b.size() == 0) return std::nullopt;
  const RatioEstimate first = paired_ratio(of_a, confidence),
                      second = paired_ratio(of_b, confidence);
  RatioEstimate both = first;
  both.ratio = first.ratio / second.ratio;
  both.rounds = std::min(first.rounds, second.rounds);
  both.instances = std::min(first.instances, second.instances);
  const auto measured = [](const RatioEstimate& e) { return e.instances + e.put_aside; };
  both.put_aside = std::min(measured(first), measured(second)) - both.instances;
  both.disturbed = first.disturbed || second.disturbed;
  both.low = 0;
  both.high = std::numeric_limits<double>::infinity();
  if (!first.has_interval() || !second.has_interval()) return both;
  const double half =
      std::hypot(std::log(first.high / first.low) / 2, std::log(second.high / second.low) / 2);
  both.low = both.ratio * std::exp(-half);
  both.high = both.ratio * std::exp(half);
  return both;
}

std::optional<RatioEstimate> Timings::ratio(const std::string& a, const std::string& b,
                                            double confidence) const {
  const PairedSamples direct = pair(a, b);
  std::optional<RatioEstimate> estimate;
  if (direct.size() > 0) estimate = paired_ratio(direct, confidence);
  if (b == baseline_ || a == baseline_ || (estimate && estimate->has_interval())) return estimate;
  const auto indirect = through_baseline(a, b, confidence);
  return indirect && (!estimate || indirect->has_interval()) ? indirect : estimate;
}

std::optional<RatioEstimate> Timings::look(const std::string& a, const std::string& b,
                                           double confidence) {
  if (!ratio(a, b, confidence)) return std::nullopt;
  if (b < a) return look(b, a, confidence)->inverse();  // one comparison, whichever way it is asked
  return looks_.look(a + "/" + b, confidence,
                     [&](double asked) { return ratio(a, b, asked).value(); });
}

}  // namespace tamis
