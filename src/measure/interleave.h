#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "measure/contestant.h"
#include "stats/paired.h"

namespace tamis {

/// The samples of one round: every contestant once. A contestant that failed is missing here and
/// its error is handed to the caller.
struct Round {
  std::map<std::string, VisitSample> samples;  ///< by the contestant's id
  std::size_t instance = 0;  ///< number of the instance that it belongs to (instance.h)
  bool disturbed(const std::string& a, const std::string& b) const;  ///< either sample; has both
};
Json to_json(const Round& round);
/// A round without an instance, as they were stored before there were several, is of instance 0.
Round parse_round(const Json& json);

struct RoundFailure {
  std::string id;
  Error error;
  bool killed = false;  ///< its worker was, from outside (WorkerKilled)
};

RoundFailure round_failure(const std::string& id, const Error& error);

/// Visits every contestant once, in an order drawn from (seed, round number); input number = round
/// number. A contestant whose worker dies is reported in `failures` and left out of the round; the
/// others go on.
Round run_round(const std::vector<Contestant*>& contestants, std::uint64_t seed, std::size_t number,
                std::vector<RoundFailure>& failures, Block block = Block::full);

/// Rounds of several contestants, complete ones only, as columns: what the paired statistics take.
class RoundTable {
 public:
  void add(Round round) { rounds_.push_back(std::move(round)); }
  std::size_t size() const { return rounds_.size(); }

  /// That value of the samples of both in the rounds that hold both, in order, ns; of an instance
  /// the undisturbed ones where it has some (stats/paired.h).
  PairedSamples pair(const std::string& a, const std::string& b,
                     double (VisitSample::*value)() const = &VisitSample::cost) const;
  /// Likewise of one.
  std::vector<VisitSample> samples(const std::string& id) const;
  double disturbed_share() const;  ///< of all samples

 private:
  std::vector<Round> rounds_;
};

}  // namespace tamis
