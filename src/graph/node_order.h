#pragma once

#include <onnx/onnx_pb.h>

#include <optional>

namespace tamis {

using NodeList = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

/// Puts nodes after those that make what they need, keeping the order otherwise; pointers to nodes
/// stay valid. Returns a node that needs its own result, where there is one: nothing is moved then.
const onnx::NodeProto* sort_nodes(NodeList& nodes);

/// The same in the model's graph, its functions and all bodies, as ONNX requires and exporters and
/// runtimes do not always mind. A list with a cycle stays as it is.
void sort_all_nodes(onnx::ModelProto& model);

}  // namespace tamis
