#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "explain/compare.h"

namespace tamis {

/// What one side of an explanation is made from.
struct ExplainSide {
  std::filesystem::path model;
  Json profile;  ///< rows of Session::profile()
};
struct ExplainRequest {
  ExplainSide variant;
  std::optional<ExplainSide> parent;
  std::size_t runs = 30;  ///< the last runs of each profile that count
  std::string backend;
  std::vector<std::string> isa;  ///< of the machine, machine/fingerprint.h
  std::string architecture;
};
Json to_json(const ExplainRequest& request);
ExplainRequest parse_explain_request(const Json& json);

/// What the document says of where the variant's values come from: an input tensor, and how to open
/// a file for comparing values. Without an input no values are compared.
struct ExplainValues {
  const Tensor* input = nullptr;
  OpenModelFile open;
};

/// Reads the models, maps the profiles to their graphs, matches the layers and draws the findings:
/// the document of `tamis explain --json` (docs/json.md) but for its members schema, settings,
/// input, latency and environment. Where values cannot be compared, `errors` says why. Throws what
/// reading the models throws, and corrupt_data for a profile without rows.
Json explain(const ExplainRequest& request, const ExplainValues& values);

/// How much of the document is shown.
struct ExplainTextOptions {
  bool all = false;       ///< every layer, not the first fifteen
  bool markdown = false;  ///< tables as GitHub reads them
};

/// The whole document for people: headline, findings, layers, worst values, transitions.
std::string explain_text(const Json& document, const ExplainTextOptions& options);

}  // namespace tamis
