#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "execute/opened_model.h"

namespace tamis {

/// A model's requests for measuring: of a few pictures, or noise where there is no data.
struct MeasureInputs {
  std::vector<Batch> batches;
  /// Where the model is timed from pixels: the resized pictures, and those of each batch.
  std::vector<LaidOutPicture> laid_out;
  std::vector<std::vector<const LaidOutPicture*>> pictures;
  /// Of a model with several input shapes: the batches of each shape, and the share of the data's
  /// pictures that go to it (of the shapes that have batches, adding up to 1). Empty: one shape.
  std::vector<std::vector<std::size_t>> of_shape;
  std::vector<double> shares;
};

/// How many requests a model is measured on, of each input shape.
inline constexpr std::size_t kMeasuringInputs = 4;
/// How many items are offered for that: some may not decode.
inline constexpr std::size_t kMeasuringCandidates = 2 * kMeasuringInputs;

/// Prepares `most` requests from the first items that can be decoded, and leaves only these in
/// `items`: `most` of them, or as many as a request takes where that is more. Request r begins with
/// picture r, and goes on with those behind it, in turn: so a batch holds different pictures where
/// the data have enough. Throws as Dataset::load_picture does where no item can be decoded. For a
/// model with several input shapes `most` is per shape, and the shares are of all items, from their
/// files' headers.
MeasureInputs prepare_inputs(const OpenedModel& model, const Dataset& data,
                             std::vector<std::size_t>& items, std::size_t most);
/// Requests of zeros, `count` of each shape.
MeasureInputs zero_inputs(const OpenedModel& model, std::size_t count);
/// Uniform noise in [0, 1), the same for the same seed, `count` requests of each shape.
MeasureInputs synthetic_inputs(const OpenedModel& model, std::size_t count, std::uint64_t seed);

/// Runs `discard` inferences that are thrown away, then `timed` ones. Nothing of ours allocates,
/// logs or reads between the clock's two readings, but the decoder. With several input shapes one
/// inference stands for one of each shape, run in turn, and its time is the mean of theirs weighted
/// by the data's shares: what a picture of the data costs, the change of shapes included.
std::vector<TimedRun> visit(OpenedModel& model, const MeasureInputs& inputs, std::size_t input,
                            int discard, int timed);

/// Runs until the medians of two successive blocks of five are within 5 %, at most `most`
/// inferences or `seconds`. Returns the number of runs.
int warm_up(OpenedModel& model, const MeasureInputs& inputs, int most, double seconds);

/// Times read + decode + prepare + run + predict of each item, ns; of a batch, of each request of
/// so many items. The files were read once before, so the disk is not in it.
std::vector<std::int64_t> time_from_file(OpenedModel& model, const Dataset& data,
                                         const std::vector<std::size_t>& items, int repeats);

/// Peak resident memory of this process so far, bytes (VmHWM).
std::uint64_t peak_memory_bytes();

}  // namespace tamis
