#pragma once

#include <optional>
#include <string>
#include <vector>

#include "execute/input_spec.h"
#include "execute/opened_model.h"
#include "measure/contestant.h"
#include "place/worker.h"

namespace tamis {

/// Which of `items` (in random order) a worker is offered to measure a model with this card on
/// (null: it has none) and `batch` pictures in a request: the first few, so that a batch can hold
/// different ones, or all where the model has several input shapes, since the share of each shape
/// is counted over them (prepare_inputs). Thread safe.
std::vector<std::size_t> measuring_items(std::vector<std::size_t> items, const Card* card,
                                         int batch);

struct ContestantSpec {
  std::string id;
  ExecuteRequest request;
  InputSpec inputs;
  /// Visits keep several requests in flight (load.h) instead of one after the other.
  bool under_load = false;
  std::string content{};  ///< of request.model (ModelFile)
};

/// A variant open in a worker of its own, stopped (SIGSTOP) except while it is being visited. Not
/// thread safe.
class WorkerContestant final : public Contestant {
 public:
  /// Starts the worker at the place, opens, warms up. Throws what the worker reports.
  WorkerContestant(Place& place, ContestantSpec spec);

  const std::string& id() const override { return spec_.id; }
  const OpenedInfo& info() const override { return info_; }
  VisitSample visit(std::size_t input, Block block) override;
  std::vector<double> time_from_file(int repeats) override;
  std::string output_hash() override;

 private:
  VisitSample visit_alone(std::size_t input, Block block);
  VisitSample visit_under_load(std::size_t input, Block block);
  static VisitSample read_sample(const Frame& reply);

  ContestantSpec spec_;
  Worker worker_;
  OpenedInfo info_;
};

}  // namespace tamis
