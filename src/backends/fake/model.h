#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "runtime/plugin_abi.h"

namespace tamis::fake {

/// How outputs follow from inputs.
enum class Answers {
  zeros,  ///< all zero
  hash,   ///< a class from the hash of each item's input bytes
  mean,   ///< a class from the mean of each item's f32 input: floor(mean · classes), kept in range
};

/// A model of the fake backend: {"fake_model": 1, "inputs": [{name, type, shape}], "outputs": […],
/// "answers": "zeros" | "hash" | "mean"}; null dimensions are dynamic. With hash and mean every
/// output must be f32 [N, …, classes]; the class's score is 1, the others are 0.
///
/// Or an ONNX file: its inputs and outputs, and `mean` where all outputs are f32.
struct Model {
  std::vector<TensorInfo> inputs, outputs;
  Answers answers = Answers::zeros;
  std::set<std::string> operators{};  ///< of an ONNX file
};

/// Throws not_found, or corrupt_data saying what the file lacks.
Model load_model(const std::filesystem::path& file);

/// Gives open output dimensions the sizes of the first input's dimension at the same place, else 1.
void complete_outputs(Model& model);

/// Writes the outputs. `wrong_share` of the items, picked by the input's hash, get the next class.
void answer(const Model& model, const tamis_tensor* inputs, const tamis_tensor* outputs,
            double wrong_share);

}  // namespace tamis::fake
