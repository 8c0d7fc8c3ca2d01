#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/tensor.h"
#include "runtime/plugin_abi.h"

namespace tamis {

/// The reverse of to_text(DataType); absent for a name that is none.
std::optional<DataType> parse_data_type(std::string_view name);

/// {name, type: "f32", shape: [1, 3, null]}; null = dynamic.
Json to_json(const TensorInfo& info);
TensorInfo parse_tensor_info(const Json& json);

/// The shape, when every dimension is known.
std::optional<Shape> concrete_shape(const TensorInfo& info);
TensorInfo concrete_info(std::string name, DataType type, const Shape& shape);

/// "[1,?,640]".
std::string shape_text(const TensorInfo& info);

/// The shape that input `info` gets: the asked one where it fits, else the model's own. Throws
/// invalid_argument where they contradict, or where a dimension stays open.
Shape resolve_shape(const TensorInfo& info, const Shape* asked);

/// The input that a shape given alone is meant for: the only one, or else the only one with so many
/// dimensions. Throws invalid_argument where that is none or several.
std::size_t input_for(const std::vector<TensorInfo>& inputs, const Shape& shape);

/// The shapes of all inputs; `asked` is empty, has one shape per input, or is one alone
/// (input_for), the others being as the model says. Throws invalid_argument.
std::vector<Shape> resolve_shapes(const std::vector<TensorInfo>& inputs,
                                  const std::vector<Shape>& asked);

/// Refuses a tensor of more than kMaxRank dimensions, which has no room at the plugin's edge.
/// Throws unsupported.
void require_rank(const std::string& name, std::size_t rank);

/// Writes type, shape and bytes of a tensor at the plugin's edge. Throws unsupported as
/// require_rank and byte_count do.
void set_shape(tamis_tensor& edge, const std::string& name, DataType type, const Shape& shape);

}  // namespace tamis
