#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
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

struct BuildRequest {
  std::filesystem::path parent;
  std::optional<Card> card;        ///< absent: only steps that need none are applied
  std::optional<Size> input_size;  ///< without a card: what open sides of the picture are
  Recipe recipe;
  std::optional<CalibrationItems> calibration;
  std::vector<std::string> backends;  ///< that run here: the first one executes folding and
                                      ///< calibration, all check the result
  std::map<std::string, std::string> libraries;  ///< backend → vendor's library, where one is named
  RunSettings settings;                          ///< libraries, threads
  std::filesystem::path out;                     ///< an existing, empty folder
  std::filesystem::path cache;  ///< artefact cache for statistics shared by variants; empty: none
  bool check_exact = false;     ///< compare the result of a last, exact step in every runtime
  bool check_parent = false;    ///< refuse a parent that is no better than chance (parent_check.h)
  std::string reference_version;  ///< of backends.front(): statistics of another are not used
};
Json to_json(const BuildRequest& request);
BuildRequest parse_build_request(const Json& json);

/// What a build wrote, as artefact.json beside model.onnx and model.card.yaml.
struct ArtefactInfo {
  Recipe recipe;
  std::uint64_t size_bytes = 0;
  std::vector<std::string> calibration_hashes;
  Json card;                     ///< of the artefact, as to_json(card, true): steps may change it;
                                 ///< null where the parent had none
  Json io;                       ///< {inputs, outputs: [{name, type, shape}]}
  Json steps = Json::array();    ///< per step: {name, wall_s, report}
  Json refused = Json::array();  ///< [{runtime, reason}]: runtimes in which this file goes wrong
  double wall_s = 0;
  std::uint64_t peak_memory_bytes = 0;
  std::optional<std::string> refusal(const std::string& backend) const;
};
Json to_json(const ArtefactInfo& info);
ArtefactInfo parse_artefact_info(const Json& json);

/// Applies the recipe and writes model.onnx, model.card.yaml (where there is a card) and
/// artefact.json into request.out. Runs in a worker. Throws invalid_argument for a step that needs
/// a card where there is none, and what the steps throw.
ArtefactInfo build_artefact(const BuildRequest& request);

/// How the float model runs while it is folded, calibrated on and judged: in the first runtime, of
/// which there must be one, in f32, at its own graph level.
RunSettings reference_settings(const BuildRequest& request);

}  // namespace tamis
