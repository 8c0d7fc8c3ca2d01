#include "search/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/leftovers.h"
#include "base/percent.h"
#include "execute/worker.h"
#include "recipe/build.h"
#include "search/resolutions.h"
#include "stats/random.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr double kInspectTimeout_s = 120;
constexpr double kProbeTimeout_s = 120;

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> found;
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

Availability probe_backend(const std::string& name, const std::string& library, bool thorough) {
  RunSettings settings;
  settings.backend = name;
  settings.library = library;
  try {
    Worker worker;
    return parse_availability(
        worker
            .request({{"op", "probe"}, {"settings", to_json(settings)}, {"thorough", thorough}},
                     kProbeTimeout_s)
            .head);
  } catch (const Error& e) {
    if (e.code() == ErrorCode::io) throw;  // a full disk is no runtime's fault
    Availability failed;
    failed.backend = name;
    failed.steps.push_back(
        {"loaded", false, e.what(), "reinstall the runtime, or name another library"});
    return failed;
  }
}

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
          "one request at a time is measured; give --objective throughput";
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
  Json head = to_json(request);
  head["op"] = "stride";
  try {
    Worker worker;
    return worker.request(head, kInspectTimeout_s).head.at("stride").get<std::int64_t>();
  } catch (const Error& e) {
    c.data.notes.push_back(fmt::format("other resolutions are left out: {}", e.what()));
    return std::nullopt;
  }
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
    c.data.notes.push_back(fmt::format("resolution {}: {:.2f} x the pixels, {} of them padding",
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

const Card& ModelInfo::required_card() const {
  if (!card) throw Error(card_error_code, card_error);
  return *card;
}

fs::path model_file(const fs::path& model) {
  if (!fs::exists(model))
    throw Error(ErrorCode::not_found,
                fmt::format("{}: no such file; give an ONNX file, or a folder that "
                            "tamis optimize wrote",
                            model.string()));
  if (!fs::is_directory(model)) return model;
  if (fs::exists(model / "model.onnx")) return model / "model.onnx";
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: is a folder without model.onnx; give an ONNX file, or a folder that "
                          "tamis optimize wrote",
                          model.string()));
}

ModelInfo inspect_in_worker(const fs::path& model, const CardOptions& options) {
  ModelInfo info;
  info.file = model_file(model);
  Worker worker;
  Json request{{"op", "inspect"}, {"model", info.file.string()}, {"options", options.given}};
  Json head = worker.request(request, kInspectTimeout_s).head;
  info.hash = head.at("hash");
  info.description = head.at("model");
  info.steps = head.value("steps", Json::object());
  if (head.at("card").is_null()) {
    info.card_error = head.at("card_error").at("text");
    info.card_error_code = parse_error_code(head.at("card_error").at("code").get<std::string>());
  } else {
    info.card = parse_card(head.at("card"));
  }
  const Json& metadata = info.description.value("metadata", Json::object());
  if (metadata.contains(kCalibrationMetadata))
    info.calibration_hashes = words(metadata.at(kCalibrationMetadata).get<std::string>());
  return info;
}

std::vector<Availability> probe_backends(const std::map<std::string, std::string>& libraries,
                                         bool thorough) {
  std::vector<Availability> found;
  for (const std::string& name : backend_names()) {
    auto library = libraries.find(name);
    found.push_back(
        probe_backend(name, library == libraries.end() ? "" : library->second, thorough));
  }
  return found;
}

bool SearchContext::out_of_time(double share) const {
  return interrupted() || seconds_since(start_ns) > share * request.budget_s;
}

SearchContext prepare_search(SearchRequest request, SearchListener listener) {
  SearchContext c;
  c.start_ns = now_ns();
  c.request = std::move(request);
  c.listener = std::move(listener);
  check_axes(c.request.axes);
  c.model = inspect_in_worker(c.request.model, c.request.card_options);
  if (fs::weakly_canonical(c.model.file) == fs::weakly_canonical(c.request.out / "model.onnx"))
    throw Error(ErrorCode::invalid_argument,
                fmt::format("--out {}: the winner would overwrite the model itself; give another "
                            "folder",
                            c.request.out.string()));
  c.task = &find_task(c.model.required_card().task);
  c.request.data.detail = c.task->truth_detail;
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
  c.backends = probe_backends(c.request.libraries, true);
  plan_resolutions(c);
  for (const std::string& note : c.data.notes) c.note(note);
  c.facts = make_facts(c);
  return c;
}

}  // namespace tamis
