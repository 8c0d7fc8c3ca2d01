#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/printable.h"
#include "base/words.h"
#include "data/facts.h"
#include "data/formats.h"
#include "data/selection.h"

namespace tamis {
namespace {

constexpr std::size_t kNamedItems = 3;  // named in a note; the rest is counted

using Hashes = std::unordered_set<std::string>;

/// The split that evaluates, spelt out.
std::string evaluation_split(const DataSpec& spec, const DatasetInfo& info) {
  return spec.split.empty() ? default_split(info) : spec.split;
}

std::string calibration_split(const DataSpec& spec, const DatasetInfo& info) {
  if (!spec.split.empty()) return spec.split;
  return has_split(info, "train") ? "train" : info.splits.front();
}

ItemSet open_all(const DataSpec& spec, const std::string& split) {
  ItemSet set;
  set.dataset = open_dataset({spec.path, split, spec.detail, spec.classes});
  set.split = split;
  set.items.resize(set.dataset->items().size());
  std::iota(set.items.begin(), set.items.end(), std::size_t{0});
  return set;
}

/// Some pictures of a dataset may have boxes and no masks: they cannot evaluate masks.
void leave_out_unknown(const DataSpec& spec, ItemSet& evaluation, std::vector<std::string>& notes) {
  if (spec.detail == TruthDetail::boxes) return;
  const std::vector<Item>& all = evaluation.dataset->items();
  std::size_t before = evaluation.items.size();
  std::vector<std::size_t> known;
  for (std::size_t i : evaluation.items)
    if (all[i].truth.boxes) known.push_back(i);
  if (known.empty() || known.size() == before) return;  // nothing is labelled: scoring will say so
  notes.push_back(std::to_string(before - known.size()) + " of " + std::to_string(before) +
                  " images have no masks and are not evaluated.");
  evaluation.items = std::move(known);
}

std::string name_some(const std::vector<std::string>& ids) {
  std::string text;
  for (std::size_t i = 0; i < std::min(ids.size(), kNamedItems); ++i)
    text += (i == 0 ? "" : ", ") + printable(ids[i]);
  if (ids.size() > kNamedItems)
    text += " and " + std::to_string(ids.size() - kNamedItems) + " more";
  return text;
}

std::string place_text(const DataSpec& spec, const ItemSet& set) {
  return spec.path.string() + (set.split == "all" ? "" : " (" + set.split + ")");
}

bool is_labelled(const Dataset& dataset) {
  const Truth& truth = dataset.items().front().truth;
  return truth.label.has_value() || truth.boxes.has_value() || truth.anomaly.has_value();
}

std::optional<std::string> try_hash(const Dataset& dataset, std::size_t i) {
  try {
    return dataset.content_hash(i);
  } catch (const Error&) {
    return std::nullopt;  // absent = unreadable; the callers count and name it
  }
}

/// Leaves out of the evaluation what has one of these contents, and says so.
void leave_out(ItemSet& evaluation, const Hashes& hashes, const std::string& why,
               std::vector<std::string>& notes) {
  if (hashes.empty()) return;
  auto found = content_hashes(*evaluation.dataset, evaluation.items);
  std::vector<std::size_t> kept;
  std::vector<std::string> left_out;
  for (std::size_t k = 0; k < found.size(); ++k) {
    if (found[k] && hashes.count(*found[k]) != 0)
      left_out.push_back(evaluation.dataset->items()[evaluation.items[k]].id);
    else
      kept.push_back(evaluation.items[k]);
  }
  if (kept.empty())
    throw Error(ErrorCode::invalid_argument,
                "choose evaluation items: all " + std::to_string(left_out.size()) + " " + why +
                    " (" + name_some(left_out) + "); give other data to evaluate on with --data");
  evaluation.items = std::move(kept);
  if (!left_out.empty())
    notes.push_back(count_text(left_out.size(), "evaluation item") + " left out, because " +
                    (left_out.size() == 1 ? "it " : "they ") + why + ": " + name_some(left_out) +
                    ".");
}

/// Takes items in seeded order until there are enough, passing over contents that evaluate, copies,
/// and what cannot be read.
class Picker {
 public:
  Picker(const ItemSet& from, const Hashes& evaluated) : from_(from), evaluated_(evaluated) {}

  void pick(std::size_t count, std::uint64_t seed) {
    Hashes seen;
    std::vector<std::pair<std::size_t, std::string>> picked;
    for (std::size_t i : seeded_order(from_.dataset->items(), seed)) {
      if (picked.size() >= count) break;
      const std::string& id = from_.dataset->items()[i].id;
      auto hash = try_hash(*from_.dataset, i);
      if (!hash)
        unreadable_.push_back(id);
      else if (evaluated_.count(*hash) != 0)
        overlapping_.push_back(id);
      else if (!seen.insert(*hash).second)
        copies_.push_back(id);
      else
        picked.emplace_back(i, *hash);
    }
    std::sort(picked.begin(), picked.end());
    for (auto& [i, hash] : picked) {
      items.push_back(i);
      hashes.push_back(std::move(hash));
    }
  }

  void explain(std::vector<std::string>& notes) const {
    auto add = [&](const std::vector<std::string>& ids, const std::string& why) {
      if (!ids.empty())
        notes.push_back(count_text(ids.size(), "calibration item") + " passed over (" + why +
                        "): " + name_some(ids) + ".");
    };
    add(overlapping_, "same content as an evaluation item");
    add(copies_, "same content as another");
    add(unreadable_, "cannot be read");
  }

  /// Throws when nothing could be picked.
  void require(const std::string& place) const {
    if (!items.empty()) return;
    std::string what = "choose calibration items: none of " + place + " can be used";
    if (!overlapping_.empty())
      throw Error(
          ErrorCode::invalid_argument,
          what + ": " + std::to_string(overlapping_.size()) +
              " have the same content as evaluation items (" + name_some(overlapping_) +
              "); calibration and evaluation must differ: give other images with --calibration");
    throw Error(ErrorCode::corrupt_data, what + ": " + std::to_string(unreadable_.size()) +
                                             " cannot be read (" + name_some(unreadable_) + ")");
  }

  std::vector<std::size_t> items;  ///< ascending
  std::vector<std::string> hashes;

 private:
  const ItemSet& from_;
  const Hashes& evaluated_;
  std::vector<std::string> overlapping_;
  std::vector<std::string> copies_;
  std::vector<std::string> unreadable_;
};

void set_calibration(CalibrationPlan& plan, ItemSet from, Picker picker) {
  picker.explain(plan.notes);
  plan.calibration = std::move(from);
  plan.calibration.items = std::move(picker.items);
  plan.calibration_hashes = std::move(picker.hashes);
}

/// Notes what evaluates. Throws where its classes cannot be the model's.
void describe_evaluation(const DataSpec& spec, const ItemSet& set, std::vector<std::string>& notes,
                         Json& about) {
  if (const std::string& problem = set.dataset->classes().problem; !problem.empty())
    throw Error(ErrorCode::invalid_argument, problem);
  notes = describe_data(spec, set);
  about = about_data(spec, set);
}

std::size_t quarter(std::size_t n, std::size_t max_items) {
  return std::min(max_items, std::max<std::size_t>(1, n / 4));
}

/// At least one.
std::size_t all_but_a_fifth(std::size_t n) { return std::max<std::size_t>(1, n - n / 5); }

/// Calibration from a set of its own.
void calibrate_from(CalibrationPlan& plan, const DataSpec& spec, const std::string& split,
                    const CalibrationRequest& request) {
  ItemSet from = open_all(spec, split);
  Hashes evaluated;
  if (plan.evaluation.dataset)
    for (auto& hash : content_hashes(*plan.evaluation.dataset, plan.evaluation.items))
      if (hash) evaluated.insert(std::move(*hash));
  Picker picker(from, evaluated);
  picker.pick(request.max_items, request.seed);
  picker.require(place_text(spec, from));
  plan.notes.push_back("Calibration: " + count_text(picker.items.size(), "item") + " of " +
                       place_text(spec, from) + ", drawn with seed " +
                       std::to_string(request.seed) + ".");
  set_calibration(plan, from, std::move(picker));
}

/// Calibration set aside from the set that evaluates; what has the same content goes with it.
void set_aside(CalibrationPlan& plan, ItemSet whole, const CalibrationRequest& request) {
  std::size_t n = whole.items.size();
  if (n < 2)
    throw Error(ErrorCode::invalid_argument,
                "choose calibration items: " + place_text(request.data, whole) +
                    " has one item only; give others with --calibration");
  Hashes none;
  Picker picker(whole, none);
  picker.pick(quarter(n, request.max_items), request.seed);
  picker.require(place_text(request.data, whole));
  plan.notes.push_back(place_text(request.data, whole) + " is one set of " + count_text(n, "item") +
                       ": " + std::to_string(picker.items.size()) +
                       " are set aside to calibrate, drawn with seed " +
                       std::to_string(request.seed) + ", and are not evaluated.");
  set_calibration(plan, whole, std::move(picker));
  std::vector<std::size_t> rest;
  std::set_difference(whole.items.begin(), whole.items.end(), plan.calibration.items.begin(),
                      plan.calibration.items.end(), std::back_inserter(rest));
  plan.evaluation = std::move(whole);
  plan.evaluation.items = std::move(rest);
  leave_out(plan.evaluation, Hashes(plan.calibration_hashes.begin(), plan.calibration_hashes.end()),
            "have the same content as calibration items", plan.notes);
}

bool is_one_set(const DatasetInfo& info, const DataSpec& spec) {
  return info.train_equals_val || !has_split(info, "train") ||
         evaluation_split(spec, info) == "train";
}

}  // namespace

Json about_data(const DataSpec& spec, const ItemSet& set) {
  Json about{{"path", spec.path.string()}, {"split", set.split}};
  about.update(to_json(count_facts(*set.dataset)));
  about["classes"] = to_json(set.dataset->classes());
  return about;
}

std::vector<std::string> describe_data(const DataSpec& spec, const ItemSet& set) {
  const DataFacts facts = count_facts(*set.dataset);
  const ClassMatch& classes = set.dataset->classes();
  std::vector<std::string> lines{to_text(facts, place_text(spec, set))};
  for (const std::string& text : warnings(facts)) lines.push_back("warning: " + text);
  if (!classes.text.empty()) lines.push_back((classes.doubtful ? "warning: " : "") + classes.text);
  return lines;
}

std::vector<std::optional<std::string>> content_hashes(const Dataset& dataset,
                                                       const std::vector<std::size_t>& items,
                                                       unsigned threads) {
  constexpr std::size_t kFewItems = 64;  // not worth a thread
  std::vector<std::optional<std::string>> hashes(items.size());
  std::atomic<std::size_t> next{0};
  auto work = [&] {
    for (std::size_t k = next++; k < items.size(); k = next++)
      hashes[k] = try_hash(dataset, items[k]);
  };
  std::vector<std::jthread> helpers;
  for (unsigned t = 1; t < threads && items.size() > kFewItems; ++t) helpers.emplace_back(work);
  work();
  helpers.clear();
  return hashes;
}

CalibrationPlan plan_calibration(const CalibrationRequest& request) {
  DatasetInfo info = probe_dataset(request.data.path);
  Hashes excluded(request.excluded_hashes.begin(), request.excluded_hashes.end());
  CalibrationPlan plan;
  ItemSet evaluation = open_all(request.data, evaluation_split(request.data, info));
  describe_evaluation(request.data, evaluation, plan.notes, plan.about);
  leave_out_unknown(request.data, evaluation, plan.notes);
  const char* why = "were used to calibrate the model";
  if (!request.calibration && is_one_set(info, request.data)) {
    set_aside(plan, std::move(evaluation), request);
    leave_out(plan.evaluation, excluded, why, plan.notes);
    return plan;
  }
  plan.evaluation = std::move(evaluation);
  leave_out(plan.evaluation, excluded, why, plan.notes);
  const DataSpec& from = request.calibration ? *request.calibration : request.data;
  DatasetInfo from_info = request.calibration ? probe_dataset(from.path) : info;
  std::string split = request.calibration ? calibration_split(from, from_info) : "train";
  calibrate_from(plan, from, split, request);
  return plan;
}

CalibrationPlan plan_quantize_calibration(const CalibrationRequest& request) {
  const DataSpec& from = request.calibration ? *request.calibration : request.data;
  DatasetInfo info = probe_dataset(from.path);
  CalibrationPlan plan;
  CalibrationRequest own = request;
  std::string split = calibration_split(from, info);
  const ItemSet whole = open_all(from, split);
  plan.notes = describe_data(from, whole);
  plan.about = about_data(from, whole);
  const bool shared = !request.calibration && is_one_set(info, from) && is_labelled(*whole.dataset);
  if (shared) own.max_items = std::min(request.max_items, all_but_a_fifth(whole.items.size()));
  calibrate_from(plan, from, split, own);
  if (shared)
    plan.notes.push_back("The other " +
                         std::to_string(whole.items.size() - plan.calibration.items.size()) +
                         " evaluate: eval and optimize skip the items that calibrated a model.");
  return plan;
}

EvaluationPlan plan_evaluation(const DataSpec& data,
                               const std::vector<std::string>& excluded_hashes) {
  EvaluationPlan plan;
  plan.evaluation = open_all(data, evaluation_split(data, probe_dataset(data.path)));
  describe_evaluation(data, plan.evaluation, plan.notes, plan.about);
  leave_out_unknown(data, plan.evaluation, plan.notes);
  leave_out(plan.evaluation, Hashes(excluded_hashes.begin(), excluded_hashes.end()),
            "were used to calibrate the model", plan.notes);
  return plan;
}

}  // namespace tamis
