#include "runtime/capabilities.h"

#include <functional>
#include <utility>

namespace tamis {
namespace {

/// The fields with their keys, for writing and reading.
template <typename Row, typename Visit>
void each_field(Row& row, const Visit& visit) {
  visit("computes", row.computes);
  visit("reference", row.reference);
  visit("form", row.form);
  visit("rewrites", row.rewrites);
  visit("graph_levels", row.graph_levels);
  visit("hints", row.hints);
  visit("has_providers", row.has_providers);
  visit("chooses_device", row.chooses_device);
  visit("pins_threads", row.pins_threads);
  visit("usual_share", row.usual_share);
}

}  // namespace

Json to_json(const Capabilities& row) {
  Json json = Json::object();
  each_field(row, [&](const char* key, const auto& value) { json[key] = value; });
  return json;
}

Capabilities parse_capabilities(const Json& json) {
  Capabilities row;
  each_field(row, [&](const char* key, auto& value) {
    if (auto found = json.find(key); found != json.end()) found->get_to(value);
  });
  return row;
}

}  // namespace tamis
