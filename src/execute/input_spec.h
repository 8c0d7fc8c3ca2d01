#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/json.h"
#include "data/dataset.h"

namespace tamis {

/// What an opened model is fed: items of a dataset, or made-up noise without one.
struct InputSpec {
  std::optional<DataSpec> data;
  std::vector<std::size_t> items;
};
Json to_json(const InputSpec& inputs);
InputSpec parse_input_spec(const Json& json);

}  // namespace tamis
