#include "search/scripted_lab.h"

#include <cmath>
#include <numeric>

#include "base/hash.h"
#include "place/worker.h"
#include "stats/random.h"
#include "tasks/task.h"

namespace tamis::testing {
namespace {

constexpr int kClasses = 10;

/// The same for the same names, whatever else was drawn.
Random random_for(std::uint64_t seed, int threads, std::uint64_t what, std::uint64_t number) {
  return Random(seed * 1'000'003 + static_cast<std::uint64_t>(threads), what << 32 | number);
}

class ScriptedContestant : public Contestant {
 public:
  ScriptedContestant(ScriptedLab& lab, std::string id, int threads)
      : lab_(lab), id_(std::move(id)), threads_(threads) {
    const Script& script = lab.scripts.at(threads);
    Random random = random_for(lab.seed, threads, 1, lab.opens_of[threads]++);
    level_ = script.ms * std::exp(script.between * random.normal());
    instance_ = lab.opens_of[threads];
    info_.load_ms = 1;
    info_.compile_ms = script.open_s * 500;
    info_.first_ms = script.ms * 2;
    info_.warm_ms = level_;
    info_.peak_memory_bytes = 100'000'000;
  }

  const std::string& id() const override { return id_; }
  const OpenedInfo& info() const override { return info_; }

  VisitSample visit(std::size_t, Block block) override {
    if (lab_.before_visit) lab_.before_visit();
    const Script& script = lab_.scripts.at(threads_);
    const std::size_t number = ++lab_.visits_of[threads_];
    ++lab_.counts.visits;
    if (script.crash_at == number)
      throw Error(ErrorCode::backend_failed, "visit: the worker ended: signal 11");
    if (script.hang_at == number) {
      lab_.spend(60);
      throw Error(ErrorCode::backend_failed, "visit: no answer within 60 s, the worker was killed");
    }
    if (script.killed_at.count(number) != 0)
      throw WorkerKilled(script.told_to_end ? ErrorCode::unavailable : ErrorCode::backend_failed,
                         "visit: the worker ended: killed by signal");
    Random random = random_for(lab_.seed, threads_, 2, instance_ * 100'000 + visits_++);
    double ms = level_ * std::exp(script.noise * random.normal());
    if (random.uniform() < script.spike_share) ms *= 3;
    const double now_s = static_cast<double>(lab_.time().ns()) * 1e-9;
    ms *= 1 + script.drift * now_s / 3600;
    if (lab_.load) ms *= lab_.load(now_s);
    const bool disturbed = lab_.neighbour && lab_.neighbour(now_s);
    if (disturbed) ms *= script.slowed;
    const double block_ms = block == Block::full ? std::max(23.0, 4 * ms) : std::max(9.0, 2 * ms);
    lab_.time().advance(block_ms * 1e-3);
    VisitSample sample{{ms * 1e6}, {ms * 1e6}};
    sample.disturbed = disturbed;
    return sample;
  }

  std::vector<double> time_from_file(int repeats) override {
    return std::vector<double>(static_cast<std::size_t>(repeats), 2 * level_ * 1e6);
  }

  std::string output_hash() override {
    const bool same = threads_ == 1 || lab_.scripts.at(threads_).same_answers;
    return same ? "same" : "of " + std::to_string(threads_);
  }

 private:
  ScriptedLab& lab_;
  std::string id_;
  int threads_;
  double level_ = 1;
  std::size_t instance_ = 0, visits_ = 0;
  OpenedInfo info_;
};

/// The layers in FP32 of what build() wrote.
std::size_t count_fp32_layers(const std::filesystem::path& model) {
  const std::string text = load_text(model);
  if (text.empty() || text.front() != '[') return 0;
  const Recipe recipe = parse_recipe(parse_json(text, "scripted model"));
  return recipe.empty() ? 0 : recipe.back().params.value("keep_float", Json::array()).size();
}

class ScriptedEvaluator : public Evaluator {
 public:
  ScriptedEvaluator(ScriptedLab& lab, int threads, std::size_t layers,
                    std::vector<std::size_t> items)
      : lab_(lab), threads_(threads), layers_(layers), items_(std::move(items)) {}

  double first_ms() const override { return lab_.scripts.at(threads_).ms * 2; }

  EvaluatedPart next(std::size_t count, const Patience&) override {
    const Script& script = lab_.scripts.at(threads_);
    const bool mended = layers_ > 0 && layers_ >= script.right_with_layers;
    EvaluatedPart part;
    for (std::size_t i = 0; i < count && at_ < items_.size(); ++i) {
      const std::size_t item = items_[at_++];
      Random random = random_for(lab_.seed, threads_, 3, item);
      const bool wrong = !mended && item >= script.wrong_after && random.uniform() < script.wrong;
      const int label = static_cast<int>(item % kClasses);
      ItemRecord record{"item" + std::to_string(item), {}, {}};
      record.truth.label = label;
      record.prediction.top = {wrong ? (label + 1) % kClasses : label};
      part.records.push_back(to_json(record));
      ++lab_.counts.items;
      lab_.spend(script.item_s);
    }
    part.wall_s = part.inference_s = script.item_s * static_cast<double>(count);
    return part;
  }
  void pause() override {}

 private:
  ScriptedLab& lab_;
  int threads_;
  std::size_t layers_;
  std::vector<std::size_t> items_;
  std::size_t at_ = 0;
};

class ScriptedDataset : public Dataset {
 public:
  explicit ScriptedDataset(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      Item item{"item" + std::to_string(i), {}, {}, {}};
      item.truth.label = static_cast<int>(i % kClasses);
      items_.push_back(std::move(item));
    }
  }
  Picture load_picture(std::size_t) const override {
    throw Error(ErrorCode::not_found, "a scripted dataset has no pictures");
  }
  std::string content_hash(std::size_t i) const override { return items_[i].id; }
};

Card scripted_card() {
  return parse_card(Json{{"task", "classify"},
                         {"input",
                          {{"size", {8, 8}},
                           {"color", "gray"},
                           {"scale", 255},
                           {"mean", {0}},
                           {"std", {1}},
                           {"resize", "stretch"}}},
                         {"decoder", "classifier"}});
}

Json one_tensor(const char* name) {
  return Json::array({Json{{"name", name}, {"type", "f32"}, {"shape", {1, 1, 8, 8}}}});
}

}  // namespace

void ScriptedLab::spend(double seconds) {
  const double now_s = static_cast<double>(clock_.ns()) * 1e-9;
  clock_.advance(seconds * (load ? load(now_s) : 1));
}

ModelInfo ScriptedLab::inspect(const std::filesystem::path& model, const CardOptions&) {
  ModelInfo info;
  info.file = model;
  info.hash = "parent";
  info.description = {{"file_bytes", 100},         {"macs", 1e8},
                      {"inputs", one_tensor("x")}, {"outputs", one_tensor("y")},
                      {"parameters", 1000},        {"metadata", Json::object()}};
  info.card = scripted_card();
  return info;
}

std::vector<Availability> ScriptedLab::probe(const std::map<std::string, std::string>&) {
  Availability ort;
  ort.backend = "ort";
  ort.version = "1";
  ort.steps.push_back({"reference", true, "", ""});
  ort.devices.push_back({"CPU", "scripted", {"f32"}});
  ort.can.reference = true;
  ort.can.form = "ort";
  ort.can.graph_levels = {"all", "extended"};
  return {ort};
}

std::int64_t ScriptedLab::stride(const BuildRequest&) { return 8; }

void ScriptedLab::build(const BuildRequest& request, const Patience&, const Watch&) {
  const std::string step = request.step.value().name;
  ++counts.builds;
  spend(builds.count(step) != 0 ? builds.at(step) : builds.at(""));
  if (auto fails = failing_builds.find(step); fails != failing_builds.end())
    throw Error(ErrorCode::unsupported, fails->second);
  ArtefactInfo info = request.made;
  info.recipe.push_back(*request.step);
  info.size_bytes = 100;
  info.card = to_json(request.card.value(), true);
  info.io = {{"inputs", one_tensor("x")}, {"outputs", one_tensor("y")}};
  save_json(request.out / "artefact.json", to_json(info));
  save_file(request.out / "model.onnx", std::string_view(to_json(info.recipe).dump()));
  save_file(request.out / "model.card.yaml", to_yaml(*request.card));
}

Sensitivity ScriptedLab::rank_layers(const BuildRequest&, const RunSettings&, const Patience&,
                                     const Watch&) {
  spend(5);
  Sensitivity ranking;
  for (const char* node : {"a", "b", "c", "d"}) ranking.order.push_back({node, 1.0, 1, false});
  ranking.models = 8;
  return ranking;
}

std::unique_ptr<Contestant> ScriptedLab::open(const ContestantSpec& spec) {
  const int threads = spec.request.settings.threads.value();
  const Script& script = scripts.at(threads);
  ++counts.opens;
  spend(script.open_s);
  if (!script.open_fails.empty()) throw Error(ErrorCode::backend_failed, script.open_fails);
  return std::make_unique<ScriptedContestant>(*this, spec.id, threads);
}

std::unique_ptr<Evaluator> ScriptedLab::evaluate(const EvaluationSpec& spec) {
  const int threads = spec.request.settings.threads.value();
  spend(scripts.at(threads).open_s);
  return std::make_unique<ScriptedEvaluator>(*this, threads, count_fp32_layers(spec.request.model),
                                             spec.items.items);
}

Json ScriptedLab::explain(const ExplainPlan&, const SearchListener&) {
  spend(2);
  return Json::object();
}

Json ScriptedLab::measure_peak(int) {
  spend(1);
  return Json::object();
}

void ScriptedLab::dump(const ExecuteRequest&, const std::filesystem::path&) {}

ScriptedSearch::ScriptedSearch(std::size_t count)
    : items(count), dataset_(std::make_shared<ScriptedDataset>(count)) {
  request.data = {"scripted", ""};
  request.gates.max_drop = DropLimit{0.01, true};
  request.command = "tamis optimize";
  request.axes = {{"graph-level", {"all"}},
                  {"precision", {"fp32"}},
                  {"inference-precision", {"f32"}},
                  {"pinning", {"default"}},
                  {"threads", {"1"}}};
  lab->scripts[1] = Script{};
  listener.tell = [this](const SearchEvent& event) {
    if (const auto* note = std::get_if<Noted>(&event)) notes.push_back(note->text);
  };
  forget();
}

int ScriptedSearch::add(const Script& script) {
  const int threads = lab->scripts.rbegin()->first + 1;
  lab->scripts[threads] = script;
  request.axes["threads"].push_back(std::to_string(threads));
  return threads;
}

void ScriptedSearch::forget() {
  folder_ = std::make_unique<TemporaryFolder>("tamis-scripted");
  save_file(folder_->path() / "parent.onnx", std::string_view(std::string(100, 'x')));
}

SearchContext ScriptedSearch::context() {
  SearchContext c;
  c.plan.request = request;
  c.plan.request.model = folder_->path() / "parent.onnx";
  c.plan.request.out = folder_->path() / "out";
  std::filesystem::create_directories(c.plan.request.out);
  c.listener = listener;
  c.lab = lab;
  c.plan.budget = Budget(request.budget_s, lab->clock());
  if (lab->load)
    c.plan.budget.found_slowness(lab->load(static_cast<double>(lab->clock().ns()) * 1e-9));
  c.place.hash = "machine";
  c.parent.model = lab->inspect(c.plan.request.model, {});
  c.plan.task = &find_task(TaskKind::classify);
  c.place.set_backends(lab->probe({}));
  c.parent.facts.own_resolution = "8x8";
  c.parent.facts.nothing_to_choose["rewrites"] = "scripted";
  c.plan.data.calibration.items = {0};
  c.plan.data.evaluation = {dataset_, {}, "val"};
  c.plan.data.evaluation.items.resize(items);
  std::iota(c.plan.data.evaluation.items.begin(), c.plan.data.evaluation.items.end(),
            std::size_t{0});
  c.plan.evaluation_order = c.plan.data.evaluation.items;
  c.plan.data_hash = "data";
  c.store = std::make_unique<Store>(Store::open(c.plan.request.out / "tamis.db", {"machine", ""}));
  c.cache = std::make_unique<ArtefactCache>(folder_->path() / "cache", 1'000'000'000);
  return c;
}

}  // namespace tamis::testing
