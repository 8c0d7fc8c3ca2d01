#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "base/json.h"
#include "card/card.h"
#include "measure/worker_contestant.h"
#include "runtime/settings.h"
#include "search/listener.h"

namespace tamis {

/// A file whose execution is to be explained.
struct ExplainedFile {
  std::filesystem::path model;
  std::optional<Card> card;
  RunSettings settings;
  std::string content{};  ///< of the file (ModelFile)
};

struct ExplainPlan {
  std::vector<ExplainedFile> files;  ///< one, or it and the file it was made from
  InputSpec inputs;
  int runs = 30;             ///< profiled inferences of each
  bool with_latency = true;  ///< also inference alone, in paired rounds
  std::optional<Json> peak;  ///< to_json(MachinePeak), for the roof
  std::filesystem::path engine_cache;
};

/// Profiles the files in workers of the place, in turn, and explains the first (explain/explain.h):
/// the document "tamis/explain/1" (docs/json.md), whose latency_ms is null without `with_latency`.
/// Throws unavailable where it is interrupted, and what opening, running and explaining throw.
Json explain_files(Place& place, const ExplainPlan& plan, const SearchListener& listener);

}  // namespace tamis
