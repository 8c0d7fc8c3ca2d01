#pragma once

#include <filesystem>

#include "cli/console.h"
#include "recipe/build.h"

namespace tamis {

// What the commands that build one artefact without a search have in common.

/// The request for the original, without a step: its file and card, every runtime that runs here,
/// the options' settings. Probes the runtimes.
BuildRequest request_for_original(const ExecuteOptions& options, const ModelInfo& info,
                                  const std::filesystem::path& out);

/// Builds the recipe into request.out, each step in a worker of its own. Throws what building
/// throws, and unavailable after Ctrl-C.
ArtefactInfo build_in_workers(const BuildRequest& request, const Recipe& recipe,
                              const ModelInfo& info, Progress& progress);

}  // namespace tamis
