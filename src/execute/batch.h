#pragma once

#include <cstddef>
#include <vector>

#include "base/geometry.h"
#include "base/picture.h"
#include "base/tensor.h"

namespace tamis {

/// A picture resized for a model: what the model's input is filled with.
struct LaidOutPicture {
  Picture picture;
  Placement placement;
  std::size_t shape = 0;  ///< the input shape that it goes to (OpenedModel::shape_for)
};

/// What one request feeds: every input of the model, and where its pictures lie. Of a model that
/// takes one picture at a time: that one.
struct Batch {
  std::vector<Tensor> inputs;         ///< in the model's order
  std::size_t picture_input = 0;      ///< which of them holds the pictures, one behind the other
  std::size_t shape = 0;              ///< which of the model's input shapes that one has
  std::vector<Placement> placements;  ///< of each picture that is decoded

  Tensor& pictures() { return inputs.at(picture_input); }
  const Tensor& pictures() const { return inputs.at(picture_input); }
  Batch clone() const;
};

/// What one request gives, in one input shape: the runtime writes it, decoding reads it. Made by
/// OpenedModel::make_outputs().
struct BatchOutputs {
  std::vector<Tensor> tensors;  ///< in the model's order
  std::size_t shape = 0;
  /// Of a batch: views of each picture's part of `tensors`; empty until a request has run.
  std::vector<std::vector<Tensor>> images;
  std::vector<Tensor> widened;  ///< room for half outputs as f32
};

}  // namespace tamis
