#pragma once

#include <onnx/onnx_pb.h>

namespace tamis {

/// Whether ONNX may follow the values of shape arithmetic through this model, whose shapes have
/// been inferred. It writes every element of a one-dimensional value out, and counts a Slice's
/// places in 32 bits: long values take memory without end, and steps beyond that read outside of
/// the value.
bool may_propagate_values(const onnx::ModelProto& model);

}  // namespace tamis
