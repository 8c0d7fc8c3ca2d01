#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/tensor.h"
#include "card/card.h"
#include "data/classes.h"
#include "place/place.h"

namespace tamis {

/// The ONNX metadata key under which a quantised model carries the hashes of its calibration items
/// (space separated).
inline constexpr const char* kCalibrationMetadata = "tamis.calibration_hashes";
/// The hashes in that key's text.
std::vector<std::string> parse_calibration_hashes(const std::string& text);

/// A model file as a worker described it.
struct ModelInfo {
  std::filesystem::path file;   ///< what is built from and executed
  std::filesystem::path named;  ///< what the user gave: another file where inputs are held
  std::string hash;
  Json description;          ///< inspect_model()
  Json steps;                ///< step → why it cannot be applied, null: it can (step_reasons())
  std::optional<Card> card;  ///< absent: card_error says why
  std::optional<Error> card_error;
  std::optional<std::size_t> class_count;       ///< absent: nothing tells
  std::vector<std::string> calibration_hashes;  ///< of items it was calibrated on, when it says so
  std::vector<Shape> open_inputs;  ///< of a model with open dimensions and no card: the shapes that
                                   ///< --input-size and batch 1 give its inputs
  /// Why it cannot be run here: its outputs cannot be carried (unsupported), or the machine has not
  /// the memory that it takes at least (unavailable).
  std::optional<Error> cannot_run;

  /// Throws cannot_run, where there is one.
  void require_runnable() const;

  /// The card, or the error that stands in its place.
  const Card& required_card() const;
  /// What the truth of data is numbered by; unknown without a card.
  ModelClasses classes() const;
};

/// MODEL on the command line: an ONNX file, or a folder that optimize wrote (its model.onnx).
/// Throws not_found / invalid_argument.
std::filesystem::path model_file(const std::filesystem::path& model);

/// Reads, checks and describes a model in a worker.
ModelInfo inspect_in_worker(Place& place, const std::filesystem::path& model,
                            const CardOptions& options);

}  // namespace tamis
