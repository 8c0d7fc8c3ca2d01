#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "search/context.h"
#include "search/lab.h"

namespace tamis::testing {

/// How a variant behaves: what the scripted lab answers when the search opens, visits or evaluates
/// it. Deterministic: the n-th instance of a variant and its m-th visit are the same in every run.
struct Script {
  double ms = 10;               ///< the time of a picture
  double noise = 0.02;          ///< standard deviation of the log of a visit's time
  double between = 0.02;        ///< and of what an instance adds to it
  double drift = 0;             ///< relative change of the time in an hour of the lab's clock
  double slowed = 1;            ///< as many times longer while the neighbour works
  double spike_share = 0;       ///< of visits that take three times as long
  double wrong = 0;             ///< share of the items answered wrongly where the baseline is right
  std::size_t wrong_after = 0;  ///< only items from this place on are answered wrongly
  std::size_t right_with_layers = 0;  ///< given back to FP32: then no item is answered wrongly
  double open_s = 0.3, item_s = 0.005;
  std::optional<std::size_t> crash_at, hang_at;  ///< the visit that does so, over all instances
  std::set<std::size_t> killed_at;               ///< visits at which its worker is killed
  bool told_to_end = false;                      ///< by SIGTERM then, else by SIGKILL
  std::string open_fails;                        ///< the error's text
  bool same_answers = false;                     ///< bit-equal to the baseline's
};

/// A variant that takes so long and does nothing else.
inline Script taking(double ms) {
  Script script;
  script.ms = ms;
  return script;
}

/// A lab without processes and real time. Variants are told apart by their number of threads, which
/// stands for whatever makes them differ; the baseline has one thread.
class ScriptedLab : public Lab {
 public:
  std::map<int, Script> scripts;                      ///< by threads
  std::map<std::string, double> builds{{"", 1}};      ///< seconds by last step; "" = all others
  std::map<std::string, std::string> failing_builds;  ///< error text by last step
  std::function<double(double seconds)> load;         ///< factor on all that is done; empty: 1
  /// Whether a hidden neighbour works then, which the visits know; empty: never.
  std::function<bool(double seconds)> neighbour;
  std::uint64_t seed = 1;
  std::function<void()> before_visit;

  struct Counts {
    std::size_t builds = 0, opens = 0, visits = 0, items = 0;
  };
  Counts counts;
  std::map<int, std::size_t> opens_of, visits_of;

  ManualClock& time() { return clock_; }
  void spend(double seconds);  ///< under the load

  const Clock& clock() const override { return clock_; }
  ModelInfo inspect(const std::filesystem::path& model, const CardOptions& options) override;
  std::vector<Availability> probe(const std::map<std::string, std::string>& libraries) override;
  std::int64_t stride(const BuildRequest& request) override;
  void build(const BuildRequest& request, const Patience& patience, const Watch& watch) override;
  Sensitivity rank_layers(const BuildRequest& request, const RunSettings& target,
                          const Patience& patience, const Watch& watch) override;
  std::unique_ptr<Contestant> open(const ContestantSpec& spec) override;
  std::unique_ptr<Evaluator> evaluate(const EvaluationSpec& spec) override;
  Json explain(const ExplainPlan& plan, const SearchListener& listener) override;
  Json measure_peak(int threads) override;
  void dump(const ExecuteRequest& request, const std::filesystem::path& folder) override;

 private:
  ManualClock clock_;
};

/// A search of scripted variants: a folder with a store and a cache, which stay from run to run,
/// and a request.
class ScriptedSearch {
 public:
  explicit ScriptedSearch(std::size_t items = 1000);

  /// Adds a variant; returns its number of threads.
  int add(const Script& script);
  /// The script of the baseline.
  Script& baseline() { return lab->scripts[1]; }

  /// All that a search needs, as prepare_search() would give it, with a budget that begins now.
  SearchContext context();
  /// A new folder: nothing is known any more.
  void forget();

  std::shared_ptr<ScriptedLab> lab = std::make_shared<ScriptedLab>();
  SearchRequest request;
  SearchListener listener;
  std::vector<std::string> notes;
  std::size_t items;

 private:
  std::unique_ptr<TemporaryFolder> folder_;
  std::shared_ptr<const Dataset> dataset_;
};

}  // namespace tamis::testing
