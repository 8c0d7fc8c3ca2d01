#pragma once

#include <memory>

#include "backends/ort/library.h"
#include "runtime/plugin_side.h"

namespace tamis::ort {

/// Opens a model on the CPU provider. Throws not_found, invalid_argument, unsupported, corrupt_data
/// or backend_failed.
std::unique_ptr<tamis_session> open_session(const Library& library, const OpenRequest& request);

}  // namespace tamis::ort
