#include "search/context.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/leftovers.h"
#include "base/percent.h"
#include "data/picture_sizes.h"
#include "grid/resolutions.h"
#include "place/worker.h"
#include "recipe/build.h"
#include "stats/random.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

/// Whether the first dimension of the first input is open.
bool has_dynamic_batch(const Json& model) {
  const Json& shape = model.at("inputs").at(0).at("shape");
  return !shape.empty() && !shape.at(0).is_number();
}

/// What the model says; other resolutions are found later, on the data.
ParentFacts facts_of(const ModelInfo& model) {
  ParentFacts facts;
  facts.dynamic_batch = has_dynamic_batch(model.description);
  for (const auto& [axis, step] : {std::pair("head", "head-cut"), std::pair("input", "input-u8"),
                                   std::pair("rewrites", "rewrites")})
    if (const Json why = model.steps.value(step, Json()); !why.is_null())
      facts.nothing_to_choose[axis] = why.get<std::string>();
  const Size own = model.required_card().input_size;
  facts.own_resolution = fmt::format("{}x{}", own.height, own.width);
  const double macs = model.description.value("macs", 0.0);
  if (macs > 0) facts.product_share = model.description.value("macs_products", 0.0) / macs;
  return facts;
}

/// Asks a worker what the parent's height and width must be multiples of; null where its size
/// cannot be freed, which is said.
std::optional<std::int64_t> stride_of(SearchContext& c) {
  BuildRequest request;
  request.parent = c.parent.model.file;
  request.parent_content = c.parent.model.hash;
  request.card = c.parent.card();
  for (const Availability& a : c.place.backends) request.backends.push_back(a.backend);
  if (request.backends.empty()) return std::nullopt;
  request.settings.backend = request.backends.front();
  request.libraries = c.plan.request.libraries;
  if (auto named = request.libraries.find(request.settings.backend);
      named != request.libraries.end())
    request.settings.library = named->second;
  try {
    return again_if_killed([&] { return c.lab->stride(request); });
  } catch (const Error& e) {
    c.plan.data.notes.push_back(fmt::format("other resolutions are skipped: {}", e.what()));
    return std::nullopt;
  }
}

/// Probing is the same work each time: it tells how slow the machine is just now.
void probe(SearchContext& c) {
  constexpr double kQuietProbe_s = 0.1;  // a runtime's
  constexpr double kWriting_s = 0.3;     // files, plots and pages
  const std::int64_t start_ns = c.lab->clock().ns();
  c.place.set_backends(c.lab->probe(c.plan.request.libraries));
  const std::size_t probed = c.place.backends.size();
  if (probed > 0)
    c.plan.budget.found_slowness(c.lab->clock().seconds_since(start_ns) /
                                 (kQuietProbe_s * static_cast<double>(probed)));
  c.plan.budget.reserve(kWriting_s * c.plan.budget.slowness());
}

/// Finds the resolutions worth trying on this data, and says what they save.
void plan_resolutions(SearchContext& c) {
  if (c.plan.request.allow.count("resolution") == 0 || c.plan.request.axes.count("resolution") != 0)
    return;
  const auto stride = stride_of(c);
  if (!stride) return;
  const Size own = c.parent.card().input_size;
  const auto pictures = picture_sizes(c.plan.data.evaluation);
  const bool keeps_aspect = c.parent.card().resize == ResizeRule::letterbox;
  c.parent.facts.resolutions = resolutions_worth_trying(pictures, own, *stride, keeps_aspect);
  if (!keeps_aspect || pictures.empty()) return;
  c.plan.data.notes.push_back(fmt::format("{} of what the model computes at {}x{} is padding",
                                          percent_of(padding_share(pictures, {own})), own.height,
                                          own.width));
  for (const std::string& value : c.parent.facts.resolutions) {
    const auto shapes = parse_resolution(value);
    c.plan.data.notes.push_back(fmt::format(
        "resolution {}: {:.2f} × the pixels, {} of them padding", value,
        pixel_share(pictures, shapes, own), percent_of(padding_share(pictures, shapes))));
  }
}

/// Without labels the baseline's answers stand for them. Labels of another kind than the task's are
/// an error of their own, later.
void judge_by_agreement(SearchContext& context) {
  const ItemSet& set = context.plan.data.evaluation;
  for (std::size_t i : set.items)
    if (has_truth(set.dataset->items()[i].truth)) return;
  context.plan.agreement = &find_agreement(context.parent.card().task);
  context.plan.task = &context.plan.agreement->task;
  if (context.parent.card().task == TaskKind::anomaly && !context.parent.card().threshold) {
    Prediction undecided;
    undecided.anomaly.emplace();
    context.plan.agreement->truth_of(context.parent.card(), undecided);  // says why not
  }
  context.note(agreement_caveat(*context.plan.agreement));
}

std::string hash_items(const ItemSet& set, const std::vector<std::size_t>& order) {
  std::string all;
  std::vector<std::optional<std::string>> hashes = content_hashes(*set.dataset, set.items);
  for (const auto& hash : hashes) all += hash.value_or("unreadable");
  for (std::size_t i : order) {
    const Item& item = set.dataset->items()[i];
    Json record = to_json(ItemRecord{item.id, item.truth, {}});
    if (item.truth.anomaly && item.truth.anomaly->mask) all += hash_file(*item.truth.anomaly->mask);
    all += record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return hash_text(all);
}

void read_model(SearchContext& c) {
  const SearchRequest& request = c.plan.request;
  c.parent.model = c.lab->inspect(request.model, request.card_options);
  if (fs::weakly_canonical(c.parent.model.file) == fs::weakly_canonical(request.out / "model.onnx"))
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--out {}: the winner would overwrite the model itself; give another "
                            "folder",
                            request.out.string()));
  c.plan.task = &task_that_reads(c.parent.model.required_card().task);
  c.parent.facts = facts_of(c.parent.model);
}

void plan_data(SearchContext& c) {
  Plan& plan = c.plan;
  plan.request.data.detail = plan.task->truth_detail;
  plan.request.data.classes = c.parent.model.classes();
  plan.data = plan_calibration({.data = plan.request.data,
                                .calibration = plan.request.calibration,
                                .seed = plan.request.seed,
                                .excluded_hashes = c.parent.model.calibration_hashes});
  judge_by_agreement(c);
  plan.evaluation_order = plan.data.evaluation.items;
  Random random(plan.request.seed, 7);
  shuffle(std::span<std::size_t>(plan.evaluation_order), random);
  plan.data_hash = hash_items(plan.data.evaluation, plan.evaluation_order);
}

void open_folders(SearchContext& c, const fs::path& artefacts) {
  const fs::path& out = c.plan.request.out;
  make_writable_folder(out);
  remove_leftovers(out);
  c.store = std::make_unique<Store>(Store::open(out / "tamis.db", {c.place.hash, ""}));
  c.cache = std::make_unique<ArtefactCache>(artefacts);
}

}  // namespace

const Parent& SearchContext::parent_of(const Variant& variant) const {
  if (variant.parent == parent.name) return parent;
  throw Error(ErrorCode::not_found,
              fmt::format("{}: this search has no parent '{}'", variant.id, variant.parent));
}

std::vector<Variant> SearchContext::variants() const {
  std::vector<Variant> all =
      expand_grid({parent.facts, place, plan.facts()}, plan.request.axes, plan.request.exhaustive);
  for (Variant& variant : all) variant.parent = parent.name;
  return all;
}

SearchContext prepare_search(SearchRequest request, SearchListener listener, Place& place) {
  SearchContext c;
  c.lab = make_worker_lab(place);
  c.plan.budget = Budget(request.budget_s, c.lab->clock());
  c.plan.request = std::move(request);
  c.listener = std::move(listener);
  check_axes(c.plan.request.axes);
  read_model(c);
  plan_data(c);
  c.place = machine_facts(place);
  open_folders(c, place.artefact_folder());
  probe(c);
  plan_resolutions(c);
  for (const Json& note : c.parent.model.description.value("notes", Json::array()))
    c.plan.data.notes.push_back(note.get<std::string>());
  for (const std::string& note : c.plan.data.notes) c.note(note);
  return c;
}

}  // namespace tamis
