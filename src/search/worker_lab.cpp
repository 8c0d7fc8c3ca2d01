#include "execute/worker.h"
#include "machine/peak.h"
#include "measure/calm.h"
#include "measure/dump.h"
#include "search/lab.h"

namespace tamis {
namespace {

class WorkerEvaluator : public Evaluator {
 public:
  explicit WorkerEvaluator(const EvaluationSpec& spec) : evaluation_(spec) {}

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
  const Clock& clock() const override { return system_clock(); }

  ModelInfo inspect(const std::filesystem::path& model, const CardOptions& options) override {
    return inspect_in_worker(model, options);
  }

  std::vector<Availability> probe(const std::map<std::string, std::string>& libraries) override {
    return probe_backends(libraries, true);
  }

  std::int64_t stride(const BuildRequest& request) override {
    return ask("stride", request, patience_to_inspect()).at("stride");
  }

  void build(const BuildRequest& request, const Patience& patience, const Watch& watch) override {
    ask("build", request, patience, watch);
  }

  Sensitivity rank_layers(const BuildRequest& request, const RunSettings& target,
                          const Patience& patience, const Watch& watch) override {
    Json head = to_json(request);
    head["op"] = "rank_layers";
    head["target"] = to_json(target);
    Worker worker;
    return parse_sensitivity(worker.request(head, patience, watch).head);
  }

  std::unique_ptr<Contestant> open(const ContestantSpec& spec) override {
    return in_calm(std::make_unique<WorkerContestant>(spec), calm_);
  }

  std::unique_ptr<Evaluator> evaluate(const EvaluationSpec& spec) override {
    return std::make_unique<WorkerEvaluator>(spec);
  }

  Json explain(const ExplainPlan& plan, const SearchListener& listener) override {
    return explain_files(plan, listener);
  }

  Json measure_peak(int threads) override { return to_json(tamis::measure_peak(threads)); }

  void dump(const ExecuteRequest& request, const std::filesystem::path& folder) override {
    dump_runtime_model(request, folder);
  }

 private:
  const std::shared_ptr<Calm> calm_ = calm_of_this_machine();

  static Json ask(const char* operation, const BuildRequest& request, const Patience& patience,
                  const Watch& watch = {}) {
    Json head = to_json(request);
    head["op"] = operation;
    Worker worker;
    return worker.request(head, patience, watch).head;
  }
};

}  // namespace

std::unique_ptr<Lab> make_worker_lab() { return std::make_unique<WorkerLab>(); }

}  // namespace tamis
