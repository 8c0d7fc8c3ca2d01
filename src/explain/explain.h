#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "explain/compare.h"

namespace tamis {

/// What one side of an explanation is made from.
struct ExplainSide {
  std::filesystem::path model;
  Json profile;  ///< rows of Profiling::profile()
};
struct ExplainRequest {
  ExplainSide variant;
  std::optional<ExplainSide> parent;
  std::size_t runs = 30;  ///< the last runs of each profile that count
  std::string backend;
  std::vector<std::string> isa;  ///< of the machine, machine/fingerprint.h
  std::string architecture;
  std::optional<Json> peak;  ///< to_json(MachinePeak): for the roof; absent: not measured
  std::optional<Size> size;  ///< of the pictures, where the model leaves it open
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

/// One sentence on the document's `roof`: "38 % of this machine's peak (…); …".
std::string roof_text(const Json& roof);

/// The same for a headline: "41 % of this machine's INT8 peak; the stride-8 convolutions are the
/// furthest from it", of the layers in the precision that takes most of the time. Empty where the
/// document does not have what that takes.
std::string roof_headline(const Json& roof);
/// That precision, "INT8"; empty as above.
std::string roof_precision(const Json& roof);

/// A part of what people are shown: a table with a sentence before or after it.
struct ExplainSection {
  std::string title;
  std::string before, after;         ///< empty: none
  std::vector<std::string> columns;  ///< of the table; empty: there is none
  std::vector<bool> right;           ///< per column: aligned to the right
  std::vector<std::vector<std::string>> rows;
};
/// What is executed, what INT8 does not get, the roof, layers, values, transitions: those of these
/// that the document has. `all`: every layer, not the first fifteen.
std::vector<ExplainSection> explain_sections(const Json& document, bool all);
/// Where the times come from, in a sentence.
std::string explain_source_text(const Json& document);

/// How much of the document is shown.
struct ExplainTextOptions {
  bool all = false;       ///< every layer, not the first fifteen
  bool markdown = false;  ///< tables as GitHub reads them
};

/// The whole document for people: headline and sections.
std::string explain_text(const Json& document, const ExplainTextOptions& options);

}  // namespace tamis
