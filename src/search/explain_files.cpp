#include "search/explain_files.h"

#include <memory>
#include <string>

#include "base/error.h"
#include "execute/worker.h"
#include "explain/explain.h"
#include "machine/fingerprint.h"
#include "measure/interleave.h"
#include "measure/summary.h"
#include "stats/random_effects.h"
#include "stats/sequential.h"

namespace tamis {
namespace {

constexpr double kTimeout_s = 600, kConfidence = 0.95;
constexpr std::size_t kInstances = 8, kRoundsPerInstance = 5;
constexpr int kRunsPerBlock = 3;

class Explainer {
 public:
  Explainer(const ExplainPlan& plan, const SearchListener& listener)
      : plan_(plan), listener_(listener) {
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
        {"input", plan_.inputs.data ? "pictures of " + plan_.inputs.data->path.string() : "noise"},
        {"latency_ms", std::move(latency)}};
    json.update(explain_layers());
    return json;
  }

 private:
  bool interrupted() const { return listener_.interrupted && listener_.interrupted(); }
  void phase(const char* name, std::size_t units) const {
    if (listener_.phase) listener_.phase(name, units);
  }
  void unit(std::size_t done) const {
    if (listener_.unit) listener_.unit("", done);
  }

  ExecuteRequest request_for(const ExplainedFile& file, bool profile) const {
    return {file.model, file.card, file.settings, profile, plan_.engine_cache};
  }

  std::unique_ptr<Worker> open_profiled(const ExplainedFile& file) const {
    auto worker = std::make_unique<Worker>();
    Json open = to_json(request_for(file, true));
    open["op"] = "open";
    open["inputs"] = to_json(plan_.inputs);
    worker->request(open, kTimeout_s);
    worker->pause();
    return worker;
  }

  /// All files in turn, so that they see the same machine. Input 0 always: that of the values.
  void run_profiled() {
    phase("profiling", static_cast<std::size_t>(plan_.runs));
    for (int done = 0; done < plan_.runs; done += kRunsPerBlock) {
      if (interrupted()) throw Error(ErrorCode::unavailable, "explain: interrupted");
      for (const std::unique_ptr<Worker>& worker : workers_) {
        worker->request({{"op", "visit"}, {"input", 0}, {"discard", 0}, {"timed", kRunsPerBlock}},
                        kTimeout_s);
        worker->pause();
      }
      unit(static_cast<std::size_t>(done + kRunsPerBlock));
    }
  }

  static Json span_json(const LatencySummary& s) {
    return {{"median", s.median}, {"low", s.low}, {"high", s.high}};
  }

  Json latency_json(const RoundTable& table, const PairedStopping& stopping,
                    const PairedSamples& pair) const {
    Json json{
        {"model", span_json(summarise(table.samples("model"), Which::inference, kConfidence))},
        {"against", nullptr},
        {"ratio", nullptr},
        {"low", nullptr},
        {"high", nullptr},
        {"verdict", nullptr}};
    if (pair.b.empty()) return json;
    json["against"] = span_json(summarise(table.samples("parent"), Which::inference, kConfidence));
    json.update(to_json(stopping.finish(pair).estimate));
    return json;
  }

  std::vector<std::unique_ptr<Contestant>> open_contestants() const {
    std::vector<std::unique_ptr<Contestant>> contestants;
    for (std::size_t i = 0; i < plan_.files.size(); ++i)
      contestants.push_back(std::make_unique<WorkerContestant>(ContestantSpec{
          i == 0 ? "model" : "parent", request_for(plan_.files[i], false), plan_.inputs}));
    return contestants;
  }

  /// Inference alone, without the profile, in paired rounds of several instances.
  Json measure_latency() {
    PairedStopping stopping({kConfidence, kLeastInstances, kInstances, 0.01});
    RoundTable table;
    PairedSamples pair;
    phase("measuring", kInstances * kRoundsPerInstance);
    bool enough = false;
    for (std::size_t n = 0; n < kInstances && !enough && !interrupted(); ++n) {
      const auto contestants = open_contestants();
      std::vector<Contestant*> all;
      for (const auto& contestant : contestants) all.push_back(contestant.get());
      for (std::size_t r = 0; r < kRoundsPerInstance && !interrupted(); ++r) {
        std::vector<RoundFailure> failures;
        Round round = run_round(all, 1, table.size(), failures);
        round.instance = n;
        if (!failures.empty())
          throw Error(parse_error_code(failures[0].error.at("code").get<std::string>()),
                      failures[0].error.at("text").get<std::string>());
        pair.a.push_back(round.samples.at("model").inference());
        if (all.size() > 1) pair.b.push_back(round.samples.at("parent").inference());
        pair.instance.push_back(n);
        table.add(std::move(round));
        unit(table.size());
      }
      enough = all.size() < 2 ? n + 1 >= kLeastInstances
                              : stopping.is_look(n + 1) && stopping.look(pair).stop;
    }
    if (table.size() < 2) throw Error(ErrorCode::unavailable, "explain: interrupted");
    return latency_json(table, stopping, pair);
  }

  ExplainSide side(std::size_t i) {
    Json reply = workers_[i]->request({{"op", "profile"}}, kTimeout_s).head;
    return {plan_.files[i].model, reply.at("layers")};
  }

  Json explain_layers() {
    Fingerprint machine = capture_fingerprint();
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

  const ExplainPlan& plan_;
  const SearchListener& listener_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace

Json explain_files(const ExplainPlan& plan, const SearchListener& listener) {
  return Explainer(plan, listener).document();
}

}  // namespace tamis
