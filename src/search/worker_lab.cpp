#include "measure/calm.h"
#include "measure/dump.h"
#include "place/worker.h"
#include "search/lab.h"

namespace tamis {
namespace {

class WorkerEvaluator : public Evaluator {
 public:
  WorkerEvaluator(Place& place, const EvaluationSpec& spec) : evaluation_(place, spec) {}

  double first_ms() const override { return evaluation_.first_ms(); }
  EvaluatedPart next(std::size_t count, const Patience& patience) override {
    return evaluation_.next(count, patience);
  }
  void pause() override { evaluation_.pause(); }

 private:
  WorkerEvaluation evaluation_;
};

class WorkerLab : public Lab {
 public:
  explicit WorkerLab(Place& place) : place_(place) {}

  const Clock& clock() const override { return system_clock(); }

  ModelInfo inspect(const std::filesystem::path& model, const CardOptions& options) override {
    return inspect_in_worker(place_, model, options);
  }

  std::vector<Availability> probe(const std::map<std::string, std::string>& libraries) override {
    return probe_backends(place_, libraries, true);
  }

  std::int64_t stride(const BuildRequest& request) override {
    return ask("stride", request, patience_to_inspect()).at("stride");
  }

  void build(const BuildRequest& request, const Patience& patience, const Watch& watch) override {
    ask("build", request, patience, watch);
  }

  Sensitivity rank_layers(const BuildRequest& request, const RunSettings& target,
                          const Patience& patience, const Watch& watch) override {
    Json head = head_of("rank_layers", request);
    head["target"] = to_json(target);
    Worker worker(place_);
    return parse_sensitivity(worker.request(head, patience, watch).head);
  }

  std::unique_ptr<Contestant> open(const ContestantSpec& spec) override {
    return in_calm(std::make_unique<WorkerContestant>(place_, spec), calm());
  }

  std::unique_ptr<Evaluator> evaluate(const EvaluationSpec& spec) override {
    return std::make_unique<WorkerEvaluator>(place_, spec);
  }

  Json explain(const ExplainPlan& plan, const SearchListener& listener) override {
    return explain_files(place_, plan, listener);
  }

  Json measure_peak(int threads) override { return to_json(place_.measure_peak(threads)); }

  void dump(const ExecuteRequest& request, const std::filesystem::path& folder) override {
    dump_runtime_model(place_, request, folder);
  }

 private:
  /// From the first contestant on, which is opened under the machine's lock.
  std::shared_ptr<Calm> calm() {
    if (!calm_) calm_ = calm_of(place_);
    return *calm_;
  }

  Json ask(const char* operation, const BuildRequest& request, const Patience& patience,
           const Watch& watch = {}) {
    Worker worker(place_);
    return worker.request(head_of(operation, request), patience, watch).head;
  }

  Json head_of(const char* operation, const BuildRequest& request) {
    Json head = to_json(request);
    head["op"] = operation;
    head["parent"] = place_.path_of({request.parent, request.parent_content}).string();
    return head;
  }

  Place& place_;
  std::optional<std::shared_ptr<Calm>> calm_;
};

}  // namespace

std::unique_ptr<Lab> make_worker_lab(Place& place) { return std::make_unique<WorkerLab>(place); }

}  // namespace tamis
