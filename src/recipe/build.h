#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "base/work_done.h"
#include "card/card.h"
#include "data/dataset.h"
#include "recipe/recipe.h"
#include "runtime/settings.h"

namespace tamis {

/// Calibration items of a build: which, and what they hold.
struct CalibrationItems {
  DataSpec data;
  std::vector<std::size_t> items;
  std::vector<std::string> hashes;  ///< content hashes, in the order of items
};

/// What was done to make an artefact, from the original on: artefact.json beside model.onnx and
/// model.card.yaml. The empty one: of an original.
struct ArtefactInfo {
  Recipe recipe;
  std::uint64_t size_bytes = 0;
  std::vector<std::string> calibration_hashes;
  Json card;                     ///< of the artefact, as to_json(card, true): steps may change it;
                                 ///< null where the parent had none
  Json io;                       ///< {inputs, outputs: [{name, type, shape}]}
  Json steps = Json::array();    ///< per step: {name, wall_s, report}
  Json refused = Json::array();  ///< [{runtime, reason}]: runtimes in which this file goes wrong
  double wall_s = 0;             ///< of all steps
  std::uint64_t peak_memory_bytes = 0;  ///< of the step that took most
  std::optional<std::string> refusal(const std::string& backend) const;
};
Json to_json(const ArtefactInfo& info);
ArtefactInfo parse_artefact_info(const Json& json);

/// One step on one parent, which is an original or another artefact.
struct BuildRequest {
  std::filesystem::path parent;
  std::string parent_content;      ///< its key (ModelFile); not part of the JSON
  std::optional<Card> card;        ///< absent: only steps that need none are applied
  std::optional<Size> input_size;  ///< without a card: what open sides of the picture are
  std::optional<Step> step;        ///< absent: the parent as it is, in one file
  ArtefactInfo made;               ///< of the parent
  std::optional<CalibrationItems> calibration;  ///< for steps that look at pictures
  std::vector<std::string> backends;  ///< that run here: the first one executes folding and
                                      ///< calibration, all check the result
  std::map<std::string, std::string> libraries;  ///< backend → vendor's library, where one is named
  RunSettings settings;                          ///< libraries, threads
  std::filesystem::path out;                     ///< an existing, empty folder
  std::filesystem::path cache;  ///< artefact cache for statistics shared by variants; empty: none
  bool check_exact = false;     ///< compare the result of an exact step in every runtime
  bool check_parent = false;    ///< refuse a parent that is no better than chance (parent_check.h)
  std::string reference_version;  ///< of backends.front(): statistics of another are not used
};
Json to_json(const BuildRequest& request);
BuildRequest parse_build_request(const Json& json);

/// Applies the step and writes model.onnx, model.card.yaml (where there is a card) and
/// artefact.json into request.out; `tell` hears of every calibration picture. Runs in a worker.
/// Throws invalid_argument for a step that needs a card where there is none, and what the step and
/// `tell` throw.
ArtefactInfo build_artefact(const BuildRequest& request, const TellProgress& tell = nullptr);

/// How the float model runs while it is folded, calibrated on and judged: in the first runtime, of
/// which there must be one, in f32, at its own graph level.
RunSettings reference_settings(const BuildRequest& request);

}  // namespace tamis
