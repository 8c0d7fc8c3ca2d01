#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "execute/opened_info.h"

namespace tamis {

/// The timed block of one visit, in ns, in the order in which they ran.
struct VisitSample {
  std::vector<double> total_ns;      ///< tensor in → final predictions
  std::vector<double> inference_ns;  ///< the runtime alone
  std::vector<double> prepare_ns{};  ///< picture → tensor, part of the total; 0: not timed
  /// Of a visit under load: of the whole machine. The times are then those of requests in flight.
  std::optional<double> images_per_s{};
  /// That it was taken in (Round::instance); not part of its JSON.
  std::size_t instance = 0;
  /// Somebody outside the machine slowed it meanwhile (calm.h).
  bool disturbed = false;
  double total() const;  ///< median of the block
  double inference() const;
  /// The sample of the round, ns: total(), or under load the time that a picture takes of the
  /// machine, 1 / images_per_s.
  double cost() const;
};
/// Of each instance those that were not disturbed, or all where it has no others.
std::vector<VisitSample> undisturbed(const std::vector<VisitSample>& samples);
Json to_json(const VisitSample& sample);
VisitSample parse_visit_sample(const Json& json);

/// How long the timed block of a visit is: full, or brief where many visits matter more than quiet
/// ones (screening).
enum class Block { full, brief };

/// One variant held open, ready to be visited: a worker (worker_contestant.h), or anything else
/// that times itself. An *instance* of a variant is one such object: another one, opened afresh,
/// has its memory, threads and pages elsewhere, and may have a speed of its own. Not thread safe.
class Contestant {
 public:
  virtual ~Contestant() = default;

  virtual const std::string& id() const = 0;
  virtual const OpenedInfo& info() const = 0;

  /// One visit: discarded inferences, then the timed block, all on input number `input` (modulo the
  /// inputs there are). Throws what the variant reports; it may be dead then.
  virtual VisitSample visit(std::size_t input, Block block) = 0;

  /// Times from the picture's file to the predictions, ns. Empty without data.
  virtual std::vector<double> time_from_file(int repeats) = 0;

  /// A hash of the outputs on the inputs: equal hashes mean bit-equal outputs.
  virtual std::string output_hash() = 0;
};

}  // namespace tamis
