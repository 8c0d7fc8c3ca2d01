#pragma once

#include <string>
#include <vector>

#include "report/result.h"

namespace tamis {

// "Worst changes" in words, shared by every form of the report. Plain text: escape before
// embedding.

/// Whether the result tells of changes; else changes.reason may say why not.
bool has_changes(const ResultDocument& result);

/// Who is compared with whom, how many items changed and how; or why nothing is shown.
std::vector<std::string> changes_lead(const ResultDocument& result);

/// What happened to one item of changes.worst.
std::string item_text(const Json& item);

/// "person 0.83".
std::string object_text(const Json& object);

/// Above one panel of an item's drawing; side is "baseline" or "variant".
std::string panel_title(const ResultDocument& result, const Json& item, const std::string& side);

/// What the variant is called: "winner", "nearest miss".
std::string changed_role(const ResultDocument& result);

/// Rows of the table of classes, texts only.
struct ClassTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< the largest fall first
  std::vector<std::string> verdicts;           ///< per row: better, worse, not_distinguishable, ""
  std::vector<std::size_t> telling;            ///< rows to show where there are many
  std::string lead;                            ///< what can be told apart
};
/// Empty without rows where there are no classes.
ClassTable class_table(const ResultDocument& result);

}  // namespace tamis
