#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"

namespace tamis {

/// At most this many items calibrate unless asked otherwise.
inline constexpr std::size_t kCalibrationItems = 100;

/// A random choice of `count` of the numbers 0..n-1 (all of them when count >= n), ascending. The
/// same arguments give the same choice on every platform. Thread safe.
std::vector<std::size_t> seeded_subset(std::size_t n, std::size_t count, std::uint64_t seed);

/// The same over items. Where every item has a class, each class gets its share to within one item.
std::vector<std::size_t> seeded_subset(const std::vector<Item>& items, std::size_t count,
                                       std::uint64_t seed);

/// All items in the order in which seeded_subset would take them: its choice is the first `count`
/// of this, sorted.
std::vector<std::size_t> seeded_order(const std::vector<Item>& items, std::uint64_t seed);

/// Items of one opened split.
struct ItemSet {
  std::shared_ptr<const Dataset> dataset;
  std::vector<std::size_t> items;  ///< indices into dataset->items(), ascending
  std::string split;
};

/// What plan_calibration is asked for.
struct CalibrationRequest {
  DataSpec data;
  std::optional<DataSpec> calibration{};
  std::size_t max_items = kCalibrationItems;
  std::uint64_t seed = 0;
  /// Hashes of items that an artefact was calibrated on earlier: none of them evaluates.
  std::vector<std::string> excluded_hashes{};
};

/// Which items calibrate and which evaluate. No content is in both.
struct CalibrationPlan {
  ItemSet calibration;
  std::vector<std::string> calibration_hashes;  ///< content, in the order of calibration.items
  ItemSet evaluation;
  /// Sentences for the user: what the data hold, what was decided, and what was left out.
  std::vector<std::string> notes;
  Json about;  ///< of the data that evaluate (of quantize: that calibrate): to_json of about_data
};

/// The path and split, the facts, and how classes were matched: docs/json.md, "data".
Json about_data(const DataSpec& spec, const ItemSet& set);

/// The same as lines for people: what the data hold, what is doubtful (these begin with "warning:
/// "), how classes were matched.
std::vector<std::string> describe_data(const DataSpec& spec, const ItemSet& set);

/// For `optimize`. The data's val (else test, else all of it) evaluates. Calibration comes from the
/// calibration data where given (its train, else all of it), else from the data's train. Where
/// train and val name the same files, or there is one split only, they are one set, of which a
/// seeded quarter, at most max_items, is set aside to calibrate. Calibration items whose content is
/// among the evaluation items are passed over; copies of calibration items are left out of an
/// evaluation drawn from the same set. Each such item is named in a note. Unreadable items do not
/// calibrate, and stay in the evaluation, which reports them. Throws invalid_argument when nothing
/// is left to calibrate or to evaluate with, and where the data's classes cannot be those of
/// DataSpec::classes; as open_dataset.
CalibrationPlan plan_calibration(const CalibrationRequest& request);

/// For `quantize`: as above, but nothing is evaluated, so `evaluation` is empty and classes that
/// do not fit are a note. Up to max_items are used; of a labelled single set a fifth is left, so
/// that there is something to evaluate on.
CalibrationPlan plan_quantize_calibration(const CalibrationRequest& request);

/// For `eval` and `bench`: the items of a split, less those whose content was calibrated on.
struct EvaluationPlan {
  ItemSet evaluation;
  std::vector<std::string> notes;  ///< as CalibrationPlan's
  Json about;
};

/// Throws invalid_argument when nothing is left, and where the data's classes cannot be those of
/// DataSpec::classes; as open_dataset.
EvaluationPlan plan_evaluation(const DataSpec& data,
                               const std::vector<std::string>& excluded_hashes);

/// Content hash of each of these items; absent for those that cannot be read. Uses up to `threads`
/// threads.
std::vector<std::optional<std::string>> content_hashes(const Dataset& dataset,
                                                       const std::vector<std::size_t>& items,
                                                       unsigned threads = 2);

}  // namespace tamis
