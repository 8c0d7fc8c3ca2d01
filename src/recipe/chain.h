#pragma once

#include <filesystem>
#include <functional>

#include "recipe/build.h"

namespace tamis {

/// build_artefact() where it is to run: in a worker, mostly.
using BuildOne = std::function<ArtefactInfo(const BuildRequest&)>;

/// The request for a step on the artefact `made`, whose file is `model`. Calibration items stay
/// only where the step looks at pictures; settings stay.
BuildRequest request_behind(BuildRequest request, const ArtefactInfo& made,
                            const std::filesystem::path& model, const Step& step);

/// Builds the recipe, which must not be empty, one step after the other: the last into
/// `request.out`, those before it into new folders below `scratch`. `request` is about the
/// original: its step is not looked at, and check_exact is meant for the last step. Throws what
/// `build` throws.
ArtefactInfo build_chain(const BuildRequest& request, const Recipe& recipe,
                         const std::filesystem::path& scratch, const BuildOne& build);

}  // namespace tamis
