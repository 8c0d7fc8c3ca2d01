#pragma once

#include <string>
#include <vector>

#include "backends/ort/library.h"

namespace tamis::ort {

/// What a provider is appended with.
struct ProviderRequest {
  RunSettings settings;
  int threads = 1;           ///< of one session
  std::string engine_cache;  ///< folder; empty: none
};

/// An execution provider that the run setting `provider` may name. Adding one is a row of the table
/// in providers.cpp.
struct Provider {
  std::string name;                     ///< "openvino"
  std::string their_name;               ///< "OpenVINOExecutionProvider"
  std::string device;                   ///< that it computes on, as RunSettings.device has it
  std::string where_to_get;             ///< which library has it, for who lacks it
  std::vector<std::string> precisions;  ///< inference precisions that it can be told to use
  /// Null: it is always there (cpu). Throws what the runtime says.
  void (*append)(const Library& library, OrtSessionOptions* options,
                 const ProviderRequest& request);
};

/// The row that the settings name; cpu where they name none.
const Provider& provider_of(const RunSettings& settings);

/// Throws unavailable where the library has no such provider, naming those that it has; unsupported
/// where the settings ask for what it cannot do. Appends it to `options`.
void append_provider(const Library& library, OrtSessionOptions* options,
                     const ProviderRequest& request);

/// A step for each provider of the table: whether the library has it, and whether it can be loaded
/// here. Loads what those need that are there.
std::vector<ProbeStep> probe_providers(const Library& library);

}  // namespace tamis::ort
