#pragma once

#include <onnx/onnx_pb.h>

#include <cstddef>
#include <functional>
#include <set>
#include <string>

namespace tamis {

/// Calls `visit` for each graph that a node's attributes hold (bodies of If, Loop, Scan); not for
/// graphs inside those.
void for_each_body(const onnx::NodeProto& node,
                   const std::function<void(const onnx::GraphProto&)>& visit);

/// The values that a node needs: its inputs, and what its bodies take from outside. Without
/// duplicates and "".
std::set<std::string> needed_values(const onnx::NodeProto& node);

/// Renames what the node needs, in its inputs and inside its bodies. Returns the number of places.
std::size_t rename_needed(onnx::NodeProto& node, const std::string& from, const std::string& to);

}  // namespace tamis
