#include "search/explain_files.h"

#include <memory>
#include <string>

#include "base/error.h"
#include "explain/explain.h"
#include "machine/fingerprint.h"
#include "measure/calm.h"
#include "measure/instance_series.h"
#include "measure/summary.h"
#include "place/worker.h"
#include "result/keys.h"
#include "stats/sequential.h"

namespace tamis {
namespace {

constexpr double kTimeout_s = 600, kConfidence = 0.95;
constexpr std::size_t kInstances = 8, kRoundsPerInstance = 5;
constexpr int kRunsPerBlock = 3;

class Explainer {
 public:
  Explainer(Place& place, const ExplainPlan& plan, const SearchListener& listener)
      : place_(place), calm_(calm_of(place)), plan_(plan), listener_(listener) {
    for (const ExplainedFile& file : plan.files) workers_.push_back(open_profiled(file));
  }

  Json document() {
    run_profiled();
    Json latency = plan_.with_latency ? measure_latency() : Json();
    const RunSettings& settings = plan_.files.front().settings;
    Json json{
        {"schema", "tamis/explain/1"},
        {"settings", to_json(settings)},
        {"settings_text", to_text(settings)},
        {"input", plan_.inputs.data ? "images of " + plan_.inputs.data->path.string() : "noise"},
        {keys::latency_ms, std::move(latency)}};
    json.update(explain_layers());
    return json;
  }

 private:
  bool interrupted() const { return listener_.interrupted && listener_.interrupted(); }
  void tell(const SearchEvent& event) const {
    if (listener_.tell) listener_.tell(event);
  }
  void phase(SearchPhase phase, std::size_t units) const { tell(PhaseBegan{phase, units}); }
  void unit(std::size_t done) const { tell(UnitBegan{UnitKind::runs, "", 0, done}); }

  ExecuteRequest request_for(const ExplainedFile& file, bool profile) const {
    return {file.model, file.card, file.settings, profile, plan_.engine_cache};
  }

  std::unique_ptr<Worker> open_profiled(const ExplainedFile& file) const {
    auto worker = std::make_unique<Worker>(place_);
    Json open = to_json(request_for(file, true));
    open["op"] = "open";
    open["model"] = place_.path_of({file.model, file.content}).string();
    open["inputs"] = to_json(plan_.inputs);
    worker->request(open, kTimeout_s);
    worker->pause();
    return worker;
  }

  /// All files in turn, so that they see the same machine. Input 0 always: that of the values.
  void run_profiled() {
    phase(SearchPhase::profiling, static_cast<std::size_t>(plan_.runs));
    for (int done = 0; done < plan_.runs; done += kRunsPerBlock) {
      if (interrupted()) throw Error(ErrorCode::unavailable, "explain: interrupted");
      for (const std::unique_ptr<Worker>& worker : workers_) {
        worker->request({{"op", "visit"}, {"input", 0}, {"discard", 0}, {"timed", kRunsPerBlock}},
                        kTimeout_s);
        worker->pause();
      }
      unit(static_cast<std::size_t>(done) + kRunsPerBlock);
    }
  }

  static LatencySpan span_of(const LatencySummary& s) {
    const Timing timing = timing_of(s);
    return {timing.median, timing.low, timing.high};
  }

  Json latency_json(const RoundTable& table, const PairedStopping& stopping,
                    const PairedSamples& pair) const {
    ComparedLatencies found;
    found.model = span_of(summarise(table.samples("model"), Which::inference, kConfidence));
    if (!pair.b.empty()) {
      found.against = span_of(summarise(table.samples("parent"), Which::inference, kConfidence));
      const RatioEstimate estimate = stopping.finish(pair).estimate;
      found.ratio = ratio_of(estimate);
      found.verdict = verdict(estimate);
    }
    Json json = write_document(found);
    if (!found.ratio)
      for (const std::string_view key : {keys::ratio, keys::low, keys::high}) json[key] = nullptr;
    return json;
  }

  std::unique_ptr<Contestant> open_contestant(const std::string& id) const {
    const ExplainedFile& file = plan_.files[id == "model" ? 0 : 1];
    return in_calm(std::make_unique<WorkerContestant>(
                       place_, ContestantSpec{id, request_for(file, false), plan_.inputs, false,
                                              file.content}),
                   calm_);
  }

  /// The runtime's time alone, in the rounds so far; without a parent, b is empty.
  static PairedSamples inference_pairs(const RoundTable& table) {
    return table.pair("model", "parent", &VisitSample::inference);
  }

  /// Inference alone, without the profile, in paired rounds of several instances.
  Json measure_latency() {
    const bool alone = plan_.files.size() < 2;
    PairedStopping stopping({kConfidence, kLeastInstances, kInstances, 0.01});
    phase(SearchPhase::measuring, kInstances * kRoundsPerInstance);
    std::size_t done = 0;
    SeriesPlan plan;
    plan.go_on = [this] { return !interrupted(); };
    plan.round_done = [&] { unit(++done); };
    InstanceSeries rounds(
        alone ? std::vector<std::string>{"model"} : std::vector<std::string>{"model", "parent"},
        [this](const std::string& id) { return open_contestant(id); }, plan);
    bool enough = false;
    for (std::size_t n = 1; n <= kInstances && !enough && !interrupted(); ++n) {
      const InstanceRecord& record = rounds.run_instance(kRoundsPerInstance);
      if (!record.failures.empty()) throw Error(record.failures.front().error);
      const std::size_t count = rounds.instances().size();
      enough = alone
                   ? count >= kLeastInstances
                   : stopping.is_look(count) && stopping.look(inference_pairs(rounds.table())).stop;
    }
    rounds.settle_for_disturbed();
    if (rounds.table().size() < 2) throw Error(ErrorCode::unavailable, "explain: interrupted");
    return latency_json(rounds.table(), stopping, inference_pairs(rounds.table()));
  }

  ExplainSide side(std::size_t i) {
    Json reply = workers_[i]->request({{"op", "profile"}}, kTimeout_s).head;
    return {plan_.files[i].model, reply.at("layers")};
  }

  Json explain_layers() {
    Fingerprint machine = place_.fingerprint();
    ExplainRequest request;
    request.runs = static_cast<std::size_t>(plan_.runs);
    request.backend = plan_.files.front().settings.backend;
    request.isa = machine.isa;
    request.architecture = machine.architecture;
    request.peak = plan_.peak;
    if (const auto& card = plan_.files.front().card) request.size = card->input_size;
    request.variant = side(0);
    if (workers_.size() > 1) request.parent = side(1);
    Json head{{"op", "explain"},
              {"request", to_json(request)},
              {"settings", to_json(plan_.files.front().settings)}};
    Json document = workers_.front()->request(head, kTimeout_s).head;
    document.erase("ok");
    return document;
  }

  Place& place_;
  const std::shared_ptr<Calm> calm_;
  const ExplainPlan& plan_;
  const SearchListener& listener_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

Json explain_files(Place& place, const ExplainPlan& plan, const SearchListener& listener) {
  return Explainer(place, plan, listener).document();
}

}  // namespace tamis
