#pragma once

#include <filesystem>

#include "cli/console.h"
#include "recipe/build.h"

namespace tamis {

// What the commands that build one artefact without a search have in common.

/// The request for the original, without a step: its file and card, every runtime that runs there,
/// the options' settings. Probes the runtimes.
BuildRequest request_for_original(Place& place, const ExecuteOptions& options,
                                  const ModelInfo& info, const std::filesystem::path& out);

/// What is built of which model.
struct Building {
  const BuildRequest& request;
  const Recipe& recipe;
  const ModelInfo& model;
};

/// Builds the recipe into request.out, each step in a worker of its own. Throws what building
/// throws, and unavailable after Ctrl-C.
ArtefactInfo build_in_workers(Place& place, const Building& building, Progress& progress);

}  // namespace tamis
