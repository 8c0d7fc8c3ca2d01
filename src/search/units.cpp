#include "search/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/clock.h"
#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "search/failures.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kScreeningRounds =
    16;  // below ten the interval is too wide to screen anything out
constexpr std::size_t kSweepRounds = 30;
// What a stored screening calls the two that it measured.
constexpr const char *kRole = "variant", *kBaselineRole = "baseline";
constexpr std::size_t kMeasuringInputs =
    8;  // candidates; the first four that can be decoded are used

std::string runtime_version(const SearchContext& context, const std::string& backend) {
  for (const Availability& a : context.backends)
    if (a.backend == backend) return a.version;
  return "";
}

}  // namespace

std::string library_of(const SearchContext& context, const std::string& backend) {
  auto named = context.request.libraries.find(backend);
  return named == context.request.libraries.end() ? "" : named->second;
}

namespace {

ArtefactInfo parent_info(const SearchContext& context) {
  ArtefactInfo info;
  info.size_bytes = context.model.description.value("file_bytes", std::uint64_t{0});
  info.card = to_json(context.card(), true);
  for (const char* side : {"inputs", "outputs"})
    info.io[side] = context.model.description.value(side, Json::array());
  return info;
}

/// Then the file alone is not the model: building with an empty recipe makes one file of it.
bool has_external_data(const SearchContext& context) {
  std::uint64_t whole = context.model.description.value("file_bytes", std::uint64_t{0});
  constexpr std::uint64_t kSlack = 4096;
  return whole > fs::file_size(context.model.file) + kSlack + whole / 20;
}

}  // namespace

BuildRequest build_request(const SearchContext& context, const Recipe& recipe,
                           const fs::path& out) {
  BuildRequest request;
  request.parent = context.model.file;
  request.card = context.card();
  request.recipe = recipe;
  if (uses_calibration(recipe) && !context.data.calibration.items.empty())
    request.calibration =
        CalibrationItems{{context.data.calibration.dataset
                              ? context.request.calibration.value_or(context.request.data).path
                              : context.request.data.path,
                          context.data.calibration.split},
                         context.data.calibration.items,
                         context.data.calibration_hashes};
  for (const Availability& a : context.facts.backends) request.backends.push_back(a.backend);
  request.settings.backend = request.backends.empty() ? "ort" : request.backends.front();
  request.settings.threads = context.facts.cores;
  request.settings.library = library_of(context, request.settings.backend);
  request.libraries = context.request.libraries;
  request.out = out;
  request.cache = context.cache->folder();
  request.check_parent = context.agreement != nullptr;  // without a truth only the card is asked
  request.reference_version = runtime_version(context, request.settings.backend);
  return request;
}

namespace {

Patience build_patience(const SearchContext& context, const Recipe& recipe) {
  double guess_s = guessed_inference_s(context.model.description.value("macs", 0.0));
  std::size_t items = uses_calibration(recipe) ? context.data.calibration.items.size() : 0;
  return patience_to_build(items, context.inference_s.value_or(guess_s));
}

std::string screening_key(const SearchContext& c, const std::string& variant,
                          const std::string& baseline) {
  return hash_text(variant + baseline + c.machine_hash + c.data_hash +
                   (c.under_load() ? "under load" : "") +
                   (c.request.exhaustive ? "sweep" : "screen"));
}

Json screening_json(const Screening& s, const std::vector<Round>& rounds) {
  Json json{{"info", to_json(s.info)}, {"output_hash", s.output_hash}, {"rounds", Json::array()}};
  for (const Round& round : rounds) json["rounds"].push_back(to_json(round));
  return json;
}

Screening parse_screening(const Json& json) {
  Screening s;
  s.info = parse_opened_info(json.at("info"));
  s.output_hash = json.at("output_hash");
  for (const Json& round : json.at("rounds")) s.rounds.add(parse_round(round));
  return s;
}

}  // namespace

std::string recipe_key(const SearchContext& context, const Recipe& recipe) {
  std::vector<std::string> runtimes;
  for (const Availability& a : context.facts.backends)
    runtimes.push_back(a.backend + " " + a.version + " " + library_of(context, a.backend));
  return artefact_key(context.model.hash, context.card(), recipe, context.data.calibration_hashes,
                      runtimes);
}

namespace {

/// Of the files that are run: what is said about building them may differ between two builds.
std::string model_hash(const FolderContent& content) {
  std::string all;
  for (const auto& [name, file] : content)
    if (name != "artefact.json" && name != "model.card.yaml") all += name + file.hash;
  return hash_text(all);
}

/// From the cache, if it is there and sound (artefact_cache.h).
std::optional<Artefact> find_artefact(SearchContext& context, const std::string& key) {
  const auto folder = context.cache->find(key);
  if (!folder) return std::nullopt;
  try {
    ArtefactInfo info = parse_artefact_info(load_json(*folder / "artefact.json"));
    if (info.io.is_null()) info.io = parent_info(context).io;  // from before steps changed them
    Card card = info.card.is_null() ? context.card() : parse_card(info.card);
    return Artefact{key, model_hash(context.cache->content(key)), *folder / "model.onnx",
                    std::move(info), std::move(card)};
  } catch (const std::exception& e) {
    context.cache->discard(key, folder->string() + ": " + e.what());
    return std::nullopt;
  }
}

}  // namespace

Artefact ensure_artefact(SearchContext& context, const Recipe& recipe) {
  if (recipe.empty() && !has_external_data(context))
    return {context.model.hash, context.model.hash, context.model.file, parent_info(context),
            context.card()};
  std::string key = recipe_key(context, recipe);
  if (auto failed = context.failed_builds.find(key); failed != context.failed_builds.end())
    throw failed->second;
  if (auto found = find_artefact(context, key)) return *found;
  {
    TemporaryFolder temporary = context.cache->make_temporary();
    Json request = to_json(build_request(context, recipe, temporary.path()));
    request["op"] = "build";
    try {
      attempt(context, {key, build_command(context, recipe)}, [&] {
        Worker worker;
        return worker.request(request, build_patience(context, recipe));
      });
    } catch (const Error& e) {
      context.failed_builds.emplace(key, e);
      throw;
    }
    context.cache->publish(key, temporary.path());
  }
  if (auto built = find_artefact(context, key)) return *built;
  throw Error(ErrorCode::io, "build: " + context.cache->folder().string() +
                                 " does not keep what is written to it; see whether its disk is "
                                 "sound, or name another folder in TAMIS_CACHE_DIR");
}

std::string variant_key(SearchContext& context, const Variant& variant, const Artefact& artefact) {
  return hash_text(artefact.content + canonical_text(to_json(variant.settings)) +
                   runtime_version(context, variant.settings.backend) +
                   library_of(context, variant.settings.backend) +
                   canonical_text(to_json(artefact.card, false)) +
                   (context.from_pixels() ? "from pixels" : ""));
}

ContestantSpec contestant_spec(SearchContext& context, const Variant& variant,
                               const Artefact& artefact) {
  ContestantSpec spec;
  spec.id = variant.id;
  spec.request = {artefact.model,       artefact.card, variant.settings, false, {}, {},
                  context.from_pixels()};
  spec.request.settings.library = library_of(context, variant.settings.backend);
  std::vector<std::size_t> items = context.evaluation_order;
  const bool one_shape = artefact.card.input_sizes.empty();  // else shares are counted over all
  if (one_shape && items.size() > kMeasuringInputs) items.resize(kMeasuringInputs);
  spec.inputs = {DataSpec{context.request.data.path, context.data.evaluation.split}, items};
  spec.under_load = context.under_load();
  return spec;
}

Screener::Screener(SearchContext& context, const Variant& baseline)
    : context_(context), baseline_variant_(baseline) {}

Contestant& Screener::baseline() {
  if (!baseline_)
    baseline_ = std::make_unique<Contestant>(contestant_spec(
        context_, baseline_variant_, ensure_artefact(context_, baseline_variant_.recipe)));
  return *baseline_;
}

Screening Screener::screen(const Variant& variant) {
  Artefact artefact = ensure_artefact(context_, variant.recipe);
  if (auto reason = artefact.info.refusal(variant.settings.backend))
    throw Error(ErrorCode::unsupported, variant.settings.backend + ": " + *reason);
  Artefact base = ensure_artefact(context_, baseline_variant_.recipe);
  std::string key = screening_key(context_, variant_key(context_, variant, artefact),
                                  variant_key(context_, baseline_variant_, base));
  // Ids are the plan's, not the key's: a stored screening keeps the roles.
  if (auto stored = context_.store->find_as(Kind::measurement, key, parse_screening))
    return std::move(*stored);
  FailingUnit unit{key, bench_command(context_, variant, artefact)};
  if (variant.id == baseline_variant_.id)
    return attempt(context_, unit, [&] { return measure(variant, artefact, key); });
  if (auto before = stored_failure(context_, key)) throw Error(*before);
  baseline();  // its failure is not the variant's
  return attempt(context_, unit, [&] { return measure(variant, artefact, key); });
}

Screening Screener::measure(const Variant& variant, const Artefact& artefact,
                            const std::string& key) {
  bool is_baseline = variant.id == baseline_variant_.id;
  std::unique_ptr<Contestant> own;
  if (!is_baseline) {
    ContestantSpec spec = contestant_spec(context_, variant, artefact);
    spec.id = kRole;
    own = std::make_unique<Contestant>(spec);
  }
  Contestant& candidate = is_baseline ? baseline() : *own;
  Screening result;
  result.info = candidate.info();
  result.output_hash = candidate.output_hash();
  std::vector<Round> rounds;
  std::size_t count = context_.request.exhaustive ? kSweepRounds : kScreeningRounds;
  for (std::size_t r = 0; r < count; ++r) {
    Round named = round(own.get(), r);
    rounds.push_back(named);
    result.rounds.add(std::move(named));
  }
  context_.store->put(Kind::measurement, key, screening_json(result, rounds));
  return result;
}

Round Screener::round(Contestant* variant, std::size_t number) {
  std::vector<RoundFailure> failures;
  std::vector<Contestant*> both{&baseline()};
  if (variant != nullptr) both.push_back(variant);
  Round round = run_round(both, context_.request.seed, number, failures, Block::brief);
  for (const RoundFailure& failure : failures) {
    ErrorCode code = parse_error_code(failure.error.at("code").get<std::string>());
    std::string text = failure.error.at("text");
    if (variant == nullptr || failure.id == kRole) throw Error(code, text);
    baseline_.reset();  // the next variant gets a new one
    // `unavailable` is not stored: this variant has done nothing wrong.
    if (failures.size() == 1)
      throw Error(ErrorCode::unavailable, "the baseline failed beside it: " + text);
  }
  Round named;
  for (auto& [id, sample] : round) named[id == kRole ? kRole : kBaselineRole] = std::move(sample);
  if (variant == nullptr) named[kRole] = named.at(kBaselineRole);
  return named;
}

VariantEvaluation::VariantEvaluation(SearchContext& context, const Variant& variant,
                                     const std::string& output_hash)
    : context_(context), variant_(variant), artefact_(ensure_artefact(context, variant.recipe)) {
  const RunSettings& s = variant.settings;
  key_ = hash_text(artefact_.content + s.backend + s.device + s.inference_precision.value_or("") +
                   runtime_version(context, s.backend) + output_hash +
                   canonical_text(to_json(artefact_.card, false)) + context.data_hash + "metric/2");
}

Worker& VariantEvaluation::worker(std::size_t from) {
  if (worker_ && worker_at_ == from && worker_->alive()) return *worker_;
  std::int64_t start = now_ns();
  worker_ = std::make_unique<Worker>();
  ContestantSpec spec = contestant_spec(context_, variant_, artefact_);
  Json open = to_json(spec.request);
  open["op"] = "open";
  open["warm_up"] = false;
  OpenedInfo info = parse_opened_info(worker_->request(open, patience_to_open()).head);
  item_s_ = std::max(item_s_, info.first_ms * 1e-3);
  auto& order = context_.evaluation_order;
  InputSpec items{spec.inputs.data,
                  {order.begin() + static_cast<std::ptrdiff_t>(from), order.end()}};
  worker_->request({{"op", "evaluate_begin"},
                    {"data", to_json(items)},
                    {"labelled", context_.agreement == nullptr}},
                   patience_to_open());
  load_s_ += seconds_since(start);
  worker_at_ = from;
  return *worker_;
}

/// In small steps, so that a hang is found soon.
Json VariantEvaluation::evaluate(std::size_t count) {
  constexpr std::size_t kStep = 32;
  Worker& worker = this->worker(seen_);
  Json chunk{
      {"records", Json::array()}, {"bad", Json::array()}, {"inference_s", 0.0}, {"wall_s", 0.0}};
  for (std::size_t left = count; left > 0;) {
    std::size_t step = std::min(left, kStep);
    Frame reply = worker.request({{"op", "evaluate_next"}, {"count", step}},
                                 patience_for_items(step, item_s_));
    for (Json& record : Json::from_msgpack(reply.block)) chunk["records"].push_back(record);
    for (Json& bad : reply.head.at("bad")) chunk["bad"].push_back(bad);
    for (const char* part : {"inference_s", "wall_s"})
      chunk[part] = chunk[part].get<double>() + reply.head.at(part).get<double>();
    item_s_ = std::max(item_s_, reply.head.at("wall_s").get<double>() / static_cast<double>(step));
    left -= step;
  }
  return chunk;
}

void VariantEvaluation::load_chunk(std::size_t end) {
  std::string key = fmt::format("{}:{}-{}", key_, seen_, end);
  Json chunk;
  if (auto stored = context_.store->find_blob(Kind::evaluation, key)) {
    chunk = Json::from_msgpack(*stored);
  } else {
    // Variants that share records need not share a crash.
    FailingUnit unit{hash_text(key + variant_key(context_, variant_, artefact_)),
                     eval_command(context_, variant_, artefact_)};
    chunk = attempt(context_, unit, [&] { return evaluate(end - seen_); });
    context_.store->put_blob(Kind::evaluation, key, Json::to_msgpack(chunk));
    worker_at_ = end;
    if (worker_) worker_->pause();
  }
  for (const Json& record : chunk.at("records")) records_.push_back(parse_item_record(record));
  for (const Json& bad : chunk.at("bad")) {
    bad_.push_back(fmt::format("{} ({})", bad.at("item").get<std::string>(),
                               bad.at("reason").get<std::string>()));
    if (context_.skipped.insert(bad_.back()).second && context_.request.allow_bad > 0)
      context_.note("left out, because it cannot be used: " + bad_.back());
  }
  inference_s_ += chunk.at("inference_s").get<double>();
  wall_s_ += chunk.at("wall_s").get<double>();
  seen_ = end;
}

const std::vector<ItemRecord>& VariantEvaluation::records(std::size_t count) {
  constexpr std::size_t kSmallestChunk = 32, kLargestChunk = 512;
  count = std::min(count, context_.evaluation_order.size());
  while (seen_ < count) {
    // The same ends whatever the gates' looks are, so that changed gates find stored chunks.
    std::size_t end = seen_ < kLargestChunk ? std::bit_ceil(std::max(kSmallestChunk, seen_ + 1))
                                            : (seen_ / kLargestChunk + 1) * kLargestChunk;
    load_chunk(std::min(end, context_.evaluation_order.size()));
    if (bad_.size() > context_.request.allow_bad)
      throw Error(
          ErrorCode::corrupt_data,
          fmt::format("{} of the pictures cannot be used: {}; mend or remove them, or go on with "
                      "--allow-bad {}",
                      bad_.size(),
                      fmt::join(bad_.begin(),
                                bad_.begin() + static_cast<std::ptrdiff_t>(
                                                   std::min<std::size_t>(bad_.size(), 3)),
                                ", "),
                      bad_.size()));
  }
  if (seen_ == context_.evaluation_order.size()) close();
  return records_;
}

StoredRace::StoredRace(SearchContext& context, const std::string& name,
                       const std::vector<Variant>& variants)
    : context_(context), variants_(variants) {
  std::string all =
      name + context.machine_hash + context.data_hash + (context.under_load() ? "under load" : "");
  for (const Variant& v : variants) {
    all += variant_key(context, v, ensure_artefact(context, v.recipe));
    running_.push_back(v.id);
  }
  key_ = hash_text(all);
}

std::string StoredRace::failure_key(std::size_t place) const {
  return fmt::format("{}:failure:{}", key_, place);
}

void StoredRace::fail(const std::string& id, const Error& error) {
  if (error.code() == ErrorCode::io) throw Error(error);
  for (std::size_t place = 0; place < variants_.size(); ++place) {
    const Variant& v = variants_[place];
    if (v.id != id) continue;
    std::string command = bench_command(context_, v, ensure_artefact(context_, v.recipe));
    store_failure(context_, {failure_key(place), command}, error);
  }
  failures_.push_back({id, Json{{"code", to_text(error.code())}, {"text", error.what()}}});
  drop(id);
}

void StoredRace::open_all() {
  for (std::size_t place = 0; place < variants_.size(); ++place) {
    const Variant& v = variants_[place];
    bool runs = std::find(running_.begin(), running_.end(), v.id) != running_.end();
    if (!runs || open_.count(v.id) != 0) continue;
    try {
      if (auto before = stored_failure(context_, failure_key(place))) throw Error(*before);
      open_[v.id] = std::make_unique<Contestant>(
          contestant_spec(context_, v, ensure_artefact(context_, v.recipe)));
    } catch (const Error& e) {
      if (e.code() == ErrorCode::io) throw;  // a full disk is no variant's fault
      fail(v.id, e);
    }
  }
}

bool StoredRace::next_round() {
  std::string key = fmt::format("{}:{}", key_, round_);
  Round round;
  if (auto stored = context_.store->find(Kind::measurement, key)) {
    // Stored under the place in the list, so that ids of another plan do not matter.
    for (auto& [place, sample] : parse_round(*stored))
      round[variants_.at(std::stoul(place)).id] = sample;
    drop_failed(round);
  } else {
    open_all();
    if (running_.size() < 2) return false;
    round = run_and_store(key);
  }
  table_.add(std::move(round));
  ++round_;
  return running_.size() >= 2;
}

/// Those that a stored round lacks because they failed then.
void StoredRace::drop_failed(const Round& round) {
  for (std::size_t place = 0; place < variants_.size(); ++place) {
    const std::string& id = variants_[place].id;
    bool runs = std::find(running_.begin(), running_.end(), id) != running_.end();
    if (!runs || round.count(id) != 0) continue;
    if (auto before = stored_failure(context_, failure_key(place))) fail(id, *before);
  }
}

Round StoredRace::run_and_store(const std::string& key) {
  std::vector<Contestant*> contestants;
  for (const std::string& id : running_) contestants.push_back(open_.at(id).get());
  std::vector<RoundFailure> failures;
  Round round = run_round(contestants, context_.request.seed, round_, failures);
  for (const RoundFailure& f : failures)
    fail(f.id, Error(parse_error_code(f.error.at("code").get<std::string>()),
                     f.error.at("text").get<std::string>()));
  Round placed;
  for (std::size_t i = 0; i < variants_.size(); ++i)
    if (auto at = round.find(variants_[i].id); at != round.end())
      placed[std::to_string(i)] = at->second;
  context_.store->put(Kind::measurement, key, to_json(placed));
  return round;
}

void StoredRace::drop(const std::string& id) {
  std::erase(running_, id);
  open_.erase(id);
}

std::map<std::string, std::vector<double>> StoredRace::times_from_file() {
  std::string key = key_ + ":from_file";
  if (auto stored = context_.store->find(Kind::measurement, key))
    return stored->get<std::map<std::string, std::vector<double>>>();
  open_all();
  std::map<std::string, std::vector<double>> times;
  for (int turn = 0; turn < 2; ++turn)
    for (auto& [id, contestant] : open_)
      for (double t : contestant->time_from_file(2)) times[id].push_back(t);
  context_.store->put(Kind::measurement, key, Json(times));
  return times;
}

}  // namespace tamis
