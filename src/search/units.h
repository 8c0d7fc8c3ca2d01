#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grid/variant.h"
#include "recipe/build.h"
#include "search/context.h"
#include "tasks/task.h"

namespace tamis {

// What the units of work of a search work on: artefacts, and the keys and requests of variants.
// Each unit looks into the store (or the cache of artefacts) first, does its work only if it is not
// there, and stores the result at once: so a killed run loses at most the unit in flight, and the
// same run again goes on from there. The others are in timings.h and evaluation.h.

/// A built artefact in the cache, or the parent file itself for an empty recipe.
struct Artefact {
  std::string key;
  std::string content;  ///< hash of the model's files: what was measured and judged
  std::filesystem::path model;
  ArtefactInfo info;
  Card card;  ///< the parent's, as the recipe's steps left it
};

/// What the variant's recipe makes of its parent, built or found, step by step: what recipes begin
/// with alike is built once, and a chain that was killed goes on behind its last finished step.
/// Throws what the steps throw; lasting failures are stored (failures.h) for the step that failed,
/// and so for all recipes that go through it.
Artefact ensure_artefact(SearchContext& context, const Variant& variant);

/// The artefact's key, whether it is built or not.
std::string recipe_key(const SearchContext& context, const Variant& variant);

/// What building it should take, the steps before included; 0 where it is built, or known to fail.
double expected_build_s(const SearchContext& context, const Variant& variant);

/// The artefact that the recipe's last step works on, built or found. Throws as above.
Artefact ensure_last_parent(SearchContext& context, const Variant& variant);

/// What a worker of the place needs to take the step, or none, on an artefact and write into the
/// folder.
BuildRequest build_request(const SearchContext& context, const Artefact& parent,
                           const std::optional<Step>& step, const std::filesystem::path& out);

/// H(artefact, settings, versions of the place's runtimes): what a measurement is of, beside the
/// place.
std::string variant_key(SearchContext& context, const Variant& variant, const Artefact& artefact);

/// What tells the answers of variants apart: the artefact, what of the settings an answer hangs on,
/// and the hash of the outputs on the measuring inputs.
std::string answer_key(const SearchContext& context, const Variant& variant,
                       const Artefact& artefact, const std::string& output_hash);

/// The request that opens the variant in a worker.
ContestantSpec contestant_spec(SearchContext& context, const Variant& variant,
                               const Artefact& artefact);

}  // namespace tamis
