#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"
#include "execute/opened_model.h"
#include "execute/worker.h"

namespace tamis {

/// What a contestant is fed: items of a dataset, or made-up noise without one.
struct InputSpec {
  std::optional<DataSpec> data;
  std::vector<std::size_t> items;
};
Json to_json(const InputSpec& inputs);
InputSpec parse_input_spec(const Json& json);

struct ContestantSpec {
  std::string id;
  ExecuteRequest request;
  InputSpec inputs;
  /// Visits keep several requests in flight (load.h) instead of one after the other.
  bool under_load = false;
};

/// What opening a model cost, each in a process of its own.
struct OpenedInfo {
  double load_ms = 0;     ///< reading the file
  double compile_ms = 0;  ///< from file to ready
  double first_ms = 0;    ///< the first inference
  double warm_ms = 0;     ///< median of an inference after warm-up, unpaired: for planning only
  std::uint64_t peak_memory_bytes = 0;  ///< of the whole worker process after warm-up
  Json effective = Json::object();      ///< what the runtime says it did
  int in_flight = 1;                    ///< requests that visits keep in flight
};
Json to_json(const OpenedInfo& info);
OpenedInfo parse_opened_info(const Json& json);

/// The timed block of one visit, in ns, in the order in which they ran.
struct VisitSample {
  std::vector<double> total_ns;      ///< tensor in → final predictions
  std::vector<double> inference_ns;  ///< the runtime alone
  std::vector<double> prepare_ns{};  ///< picture → tensor, part of the total; 0: not timed
  /// Of a visit under load: of the whole machine. The times are then those of requests in flight.
  std::optional<double> images_per_s{};
  double total() const;  ///< median of the block
  double inference() const;
  /// The sample of the round, ns: total(), or under load the time that a picture takes of the
  /// machine, 1 / images_per_s.
  double cost() const;
};
Json to_json(const VisitSample& sample);
VisitSample parse_visit_sample(const Json& json);

/// How long the timed block of a visit is: full, or brief where many visits matter more than quiet
/// ones (screening).
enum class Block { full, brief };

/// One variant held open in a worker of its own, stopped (SIGSTOP) except while it is being
/// visited. Not thread safe.
class Contestant {
 public:
  /// Starts the worker, opens, warms up. Throws what the worker reports.
  explicit Contestant(ContestantSpec spec);

  const std::string& id() const { return spec_.id; }
  const OpenedInfo& info() const { return info_; }

  /// One visit: discarded inferences, then the timed block, all on input number `input` (modulo the
  /// inputs there are).
  VisitSample visit(std::size_t input, Block block = Block::full);

  /// Times from the picture's file to the predictions, ns. Empty without data.
  std::vector<double> time_from_file(int repeats);

  /// A hash of the outputs on the inputs: equal hashes mean bit-equal outputs.
  std::string output_hash();

 private:
  VisitSample visit_alone(std::size_t input, Block block);
  VisitSample visit_under_load(std::size_t input, Block block);
  static VisitSample read_sample(const Frame& reply);

  ContestantSpec spec_;
  Worker worker_;
  OpenedInfo info_;
};

}  // namespace tamis
