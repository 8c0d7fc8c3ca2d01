#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "measure/calm.h"
#include "measure/instance_series.h"
#include "measure/worker_contestant.h"
#include "stats/sequential.h"

namespace tamis {

/// What opens each of the models that are measured against each other, by its id.
using ContestantSpecs = std::map<std::string, ContestantSpec>;

struct BenchPlan {
  std::size_t rounds = 400;    ///< at most, of all instances together
  std::size_t instances = 20;  ///< at most
  double budget_s = 60;
  std::uint64_t seed = 1;
  bool from_files = true;  ///< times from the pictures' files are taken too
};

/// Told of what goes on; every function is required.
struct BenchListener {
  std::function<bool()> go_on;  ///< asked before every step
  std::function<void(const std::string& id)> opening;
  std::function<void()> instance_done;
  std::function<void(double seconds)> time_left;  ///< after each round; never beyond the budget
};

/// Instances of all models, their rounds, and what else an open model is asked. Not thread safe.
class Bench {
 public:
  /// Opens the instances at the place, which must outlive it, as must `stopping`.
  Bench(Place& place, ContestantSpecs specs, const BenchPlan& plan, const PairedStopping& stopping,
        BenchListener listener);
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  /// Instance after instance, until every pair is settled or the rounds, the instances or the time
  /// end. The first round is measured whatever it takes. Throws what a model that fails throws.
  void run();

  std::vector<std::string> ids() const;
  const RoundTable& table() const { return rounds_.table(); }
  std::size_t instances() const { return rounds_.instances().size(); }
  double disturbed_share() const { return rounds_.disturbed_share(); }  ///< of all visits

  /// Of each instance, in order.
  std::vector<OpenedInfo> opened(const std::string& id) const;
  /// Of the first few instances; empty without data.
  std::vector<double> from_file_ns(const std::string& id) const;

 private:
  SeriesPlan series_plan();
  double seconds_left() const;
  double reserve() const;
  void tell_time_left();
  void time_from_files(const std::vector<Contestant*>& open);
  bool is_settled() const;

  Place& place_;
  std::shared_ptr<Calm> calm_;
  ContestantSpecs specs_;
  BenchPlan plan_;
  const PairedStopping& stopping_;
  BenchListener listener_;
  std::int64_t start_ns_ = 0;
  bool measured_ = false;  // a round, at all
  std::map<std::string, std::vector<double>> from_file_ns_;
  InstanceSeries rounds_;
};

}  // namespace tamis
