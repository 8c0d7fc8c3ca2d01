#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "grid/variant.h"
#include "quantize/sensitivity.h"
#include "search/context.h"
#include "search/field.h"
#include "search/judging.h"

namespace tamis {

// Mixed precision under a gate: an INT8 variant that misses its accuracy gate gets relatives with
// some of its layers given back to FP32.

/// The part of an INT8 answer's error that its relatives get, all together; the answer itself keeps
/// the rest. Tested in a fixed sequence, from the most layers in FP32 to the fewest, up to the
/// first that is not met, they need no more than that (Maurer, Hothorn and Lehmacher 1995;
/// docs/accuracy.md).
inline constexpr double kErrorOfMixedPrecision = 0.25;

/// Whether the recipe ends in INT8 and no layer of it is given back.
bool is_plain_int8(const Recipe& recipe);

/// How many layers are given back, most first; at most half of `layers`.
std::vector<std::size_t> fp32_layer_counts(std::size_t layers);

/// The recipe with the first `count` layers of the ranking in FP32.
Recipe with_layers_in_fp32(const Recipe& recipe, const Sensitivity& ranking, std::size_t count);

/// Whether ensure_ranking() finds the variant's ranking in the store.
bool is_ranked(const SearchContext& context, const Variant& variant);

/// The layers of the variant ranked in its runtime and settings, or as found in the store. A unit
/// of work (units.h). Throws what building and opening throw.
Sensitivity ensure_ranking(SearchContext& context, const Variant& variant);

/// Whether the variant may get relatives, whatever comes of it: it is INT8, and there is an
/// accuracy gate.
bool may_keep_layers_in_fp32(const SearchRequest& request, const Candidate& candidate);

/// Adds relatives to a field, times and judges them. Not thread safe.
class MixedPrecision {
 public:
  /// Before anything is judged: variants that may get relatives leave a part of their error.
  MixedPrecision(SearchContext& context, Field& field, Judging& judging);

  /// Relatives of the variants that miss their gate and are not clearly behind a leader; those that
  /// meet theirs are leaders too. Returns the leaders, best first, without those that are clearly
  /// behind another one.
  std::vector<std::size_t> extend(std::vector<std::size_t> leaders);

  bool budget_ended() const { return budget_ended_; }

 private:
  bool needs_relatives(std::size_t candidate) const;
  bool is_wanting(std::size_t candidate, const std::vector<std::size_t>& leaders) const;
  double nearness(std::size_t candidate) const;
  std::optional<std::size_t> next(const std::vector<std::size_t>& leaders) const;
  double expected_ranking_s(std::size_t parent) const;
  std::optional<Sensitivity> rank(std::size_t parent);
  void judge_relatives(std::size_t parent, std::vector<std::size_t>& leaders);
  enum class Relative { met, missed, behind, impossible };
  Relative try_relative(std::size_t candidate, const std::vector<std::size_t>& leaders);
  std::size_t add_relative(std::size_t parent, const Sensitivity& ranking, std::size_t count);
  bool screen(std::size_t candidate);
  std::vector<std::size_t> without_those_behind(const std::vector<std::size_t>& leaders);

  SearchContext& context_;
  Field& field_;
  Judging& judging_;
  std::set<std::string> tried_;  // families of recipes
  bool budget_ended_ = false;
};

}  // namespace tamis
