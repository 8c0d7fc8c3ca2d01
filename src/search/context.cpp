#include "search/context.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/leftovers.h"
#include "base/percent.h"
#include "data/picture_sizes.h"
#include "execute/worker.h"
#include "grid/resolutions.h"
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

GridFacts make_facts(const SearchContext& context) {
  GridFacts facts;
  for (const Availability& a : context.backends)
    if (a.ok()) facts.backends.push_back(a);
  facts.device = context.request.device;
  facts.baseline = context.request.baseline;
  facts.allow = context.request.allow;
  facts.for_size = context.request.objective == Objective::size;
  facts.under_load = context.under_load();
  facts.dynamic_batch = has_dynamic_batch(context.model.description);
  for (const char* axis : {"streams", "batch", "hint"})
    if (!facts.under_load)
      facts.nothing_to_choose[axis] =
          "only one request at a time is measured; give --objective throughput";
  for (const auto& [axis, step] : {std::pair("head", "head-cut"), std::pair("input", "input-u8"),
                                   std::pair("rewrites", "rewrites")})
    if (const Json why = context.model.steps.value(step, Json()); !why.is_null())
      facts.nothing_to_choose[axis] = why.get<std::string>();
  const Size own = context.card().input_size;
  facts.own_resolution = fmt::format("{}x{}", own.height, own.width);
  facts.resolutions = context.resolutions;
  facts.cores = usable_cores(context.machine);
  const double macs = context.model.description.value("macs", 0.0);
  if (macs > 0) facts.product_share = context.model.description.value("macs_products", 0.0) / macs;
  facts.can_calibrate = !context.data.calibration.items.empty();
  return facts;
}

/// Asks a worker what the parent's height and width must be multiples of; null where its size
/// cannot be freed, which is said.
std::optional<std::int64_t> stride_of(SearchContext& c) {
  BuildRequest request;
  request.parent = c.model.file;
  request.card = c.card();
  for (const Availability& a : c.backends)
    if (a.ok()) request.backends.push_back(a.backend);
  if (request.backends.empty()) return std::nullopt;
  request.settings.backend = request.backends.front();
  request.libraries = c.request.libraries;
  if (auto named = request.libraries.find(request.settings.backend);
      named != request.libraries.end())
    request.settings.library = named->second;
  try {
    return again_if_killed([&] { return c.lab->stride(request); });
  } catch (const Error& e) {
    c.data.notes.push_back(fmt::format("other resolutions are skipped: {}", e.what()));
    return std::nullopt;
  }
}

/// Probing is the same work each time: it tells how slow the machine is just now.
void probe(SearchContext& c) {
  constexpr double kQuietProbe_s = 0.1;  // a runtime's
  constexpr double kWriting_s = 0.3;     // files, plots and pages
  const std::int64_t start_ns = c.lab->clock().ns();
  c.backends = c.lab->probe(c.request.libraries);
  const auto probed = std::count_if(c.backends.begin(), c.backends.end(),
                                    [](const Availability& a) { return a.ok(); });
  if (probed > 0)
    c.budget.found_slowness(c.lab->clock().seconds_since(start_ns) /
                            (kQuietProbe_s * static_cast<double>(probed)));
  c.budget.reserve(kWriting_s * c.budget.slowness());
}

/// Finds the resolutions worth trying on this data, and says what they save.
void plan_resolutions(SearchContext& c) {
  if (c.request.allow.count("resolution") == 0 || c.request.axes.count("resolution") != 0) return;
  const auto stride = stride_of(c);
  if (!stride) return;
  const Size own = c.card().input_size;
  const auto pictures = picture_sizes(c.data.evaluation);
  const bool keeps_aspect = c.card().resize == ResizeRule::letterbox;
  c.resolutions = resolutions_worth_trying(pictures, own, *stride, keeps_aspect);
  if (!keeps_aspect || pictures.empty()) return;
  c.data.notes.push_back(fmt::format("{} of what the model computes at {}x{} is padding",
                                     percent_of(padding_share(pictures, {own})), own.height,
                                     own.width));
  for (const std::string& value : c.resolutions) {
    const auto shapes = parse_resolution(value);
    c.data.notes.push_back(fmt::format("resolution {}: {:.2f} × the pixels, {} of them padding",
                                       value, pixel_share(pictures, shapes, own),
                                       percent_of(padding_share(pictures, shapes))));
  }
}

/// Without labels the baseline's answers stand for them. Labels of another kind than the task's are
/// an error of their own, later.
void judge_by_agreement(SearchContext& context) {
  const ItemSet& set = context.data.evaluation;
  for (std::size_t i : set.items)
    if (has_truth(set.dataset->items()[i].truth)) return;
  context.agreement = &find_agreement(context.card().task);
  context.task = &context.agreement->task;
  if (context.card().task == TaskKind::anomaly && !context.card().threshold) {
    Prediction undecided;
    undecided.anomaly.emplace();
    context.agreement->truth_of(context.card(), undecided);  // says why not
  }
  context.note(agreement_caveat(*context.agreement));
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

}  // namespace

SearchContext prepare_search(SearchRequest request, SearchListener listener,
                             std::shared_ptr<Lab> lab) {
  SearchContext c;
  c.lab = std::move(lab);
  c.budget = Budget(request.budget_s, c.lab->clock());
  c.request = std::move(request);
  c.listener = std::move(listener);
  check_axes(c.request.axes);
  c.model = c.lab->inspect(c.request.model, c.request.card_options);
  if (fs::weakly_canonical(c.model.file) == fs::weakly_canonical(c.request.out / "model.onnx"))
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--out {}: the winner would overwrite the model itself; give another "
                            "folder",
                            c.request.out.string()));
  c.task = &task_that_reads(c.model.required_card().task);
  c.request.data.detail = c.task->truth_detail;
  c.request.data.classes = c.model.classes();
  c.data = plan_calibration({.data = c.request.data,
                             .calibration = c.request.calibration,
                             .seed = c.request.seed,
                             .excluded_hashes = c.model.calibration_hashes});
  judge_by_agreement(c);
  c.evaluation_order = c.data.evaluation.items;
  Random random(c.request.seed, 7);
  shuffle(std::span<std::size_t>(c.evaluation_order), random);
  c.data_hash = hash_items(c.data.evaluation, c.evaluation_order);
  c.machine = capture_fingerprint();
  c.machine_hash = fingerprint_hash(c.machine);
  make_writable_folder(c.request.out);
  remove_leftovers(c.request.out);
  c.store = std::make_unique<Store>(Store::open(c.request.out / "tamis.db", {c.machine_hash, ""}));
  c.cache = std::make_unique<ArtefactCache>(cache_folder() / "artefacts");
  probe(c);
  plan_resolutions(c);
  for (const Json& note : c.model.description.value("notes", Json::array()))
    c.data.notes.push_back(note.get<std::string>());
  for (const std::string& note : c.data.notes) c.note(note);
  c.facts = make_facts(c);
  return c;
}

}  // namespace tamis
