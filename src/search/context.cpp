#include "search/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "execute/worker.h"
#include "recipe/build.h"
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
    Availability failed;
    failed.backend = name;
    failed.steps.push_back(
        {"loaded", false, e.what(), "reinstall the runtime, or name another library"});
    return failed;
  }
}

GridFacts make_facts(const SearchContext& context) {
  GridFacts facts;
  for (const Availability& a : context.backends)
    if (a.ok()) facts.backends.push_back(a);
  facts.device = context.request.device;
  facts.baseline = context.request.baseline;
  facts.allow = context.request.allow;
  if (context.request.axes.count("resolution") != 0) facts.allow.insert("resolution");
  const Size own = context.card().input_size;
  facts.own_resolution = fmt::format("{}x{}", own.height, own.width);
  facts.cores = usable_cores(context.machine);
  const double macs = context.model.description.value("macs", 0.0);
  if (macs > 0) facts.product_share = context.model.description.value("macs_products", 0.0) / macs;
  facts.can_calibrate = !context.data.calibration.items.empty();
  return facts;
}

std::string hash_items(const ItemSet& set, const std::vector<std::size_t>& order) {
  std::string all;
  std::vector<std::optional<std::string>> hashes = content_hashes(*set.dataset, set.items);
  for (const auto& hash : hashes) all += hash.value_or("unreadable");
  for (std::size_t i : order) {
    const Item& item = set.dataset->items()[i];
    Json record = to_json(ItemRecord{item.id, item.truth, {}});
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
  c.data = plan_calibration({.data = c.request.data,
                             .calibration = c.request.calibration,
                             .seed = c.request.seed,
                             .excluded_hashes = c.model.calibration_hashes});
  for (const std::string& note : c.data.notes) c.note(note);
  c.evaluation_order = c.data.evaluation.items;
  Random random(c.request.seed, 7);
  shuffle(std::span<std::size_t>(c.evaluation_order), random);
  c.data_hash = hash_items(c.data.evaluation, c.evaluation_order);
  c.machine = capture_fingerprint();
  c.machine_hash = fingerprint_hash(c.machine);
  make_writable_folder(c.request.out);
  c.store = std::make_unique<Store>(Store::open(c.request.out / "tamis.db", {c.machine_hash, ""}));
  c.cache = std::make_unique<ArtefactCache>(cache_folder() / "artefacts");
  c.backends = probe_backends(c.request.libraries, true);
  c.facts = make_facts(c);
  return c;
}

}  // namespace tamis
