#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "base/tensor.h"

namespace tamis {

enum class TaskKind {
  classify,
  detect,
  segment,
  anomaly,
  none  ///< nothing reads the outputs: steps and times only
};      // further families: a row in card.cpp's tables
enum class ColorOrder { rgb, bgr, gray };
enum class ResizeRule { stretch, letterbox, center_crop };
enum class InputLayout { nchw, nhwc };
enum class Anchor { center, top_left };

std::string_view to_text(TaskKind);
std::string_view to_text(ColorOrder);
std::string_view to_text(ResizeRule);
std::string_view to_text(InputLayout);
std::string_view to_text(Anchor);

/// What the graph does not say. x = (pixel / scale − mean) / std per channel, channels in `color`
/// order; where input_type is u8, x = pixel.
struct Card {
  TaskKind task = TaskKind::classify;
  Size input_size;
  /// Letterbox only: a set of input sizes of which each picture takes the one that fits it best
  /// (vision/shape_set.h); the model's height and width are dynamic. input_size is then the largest
  /// of them. Empty: input_size alone.
  std::vector<Size> input_sizes;
  DataType input_type = DataType::f32;  ///< f32, f16 or u8
  InputLayout layout = InputLayout::nchw;
  ColorOrder color = ColorOrder::rgb;
  double scale = 255;
  std::vector<double> mean;  ///< one per channel (1 or 3), after division by scale
  std::vector<double> std;
  ResizeRule resize = ResizeRule::stretch;
  std::optional<int> short_side;    ///< center_crop only: the short side is resized to this, then
                                    ///< input_size is cut out
  int pad = 114;                    ///< letterbox only: grey level of the border, 0..255
  Anchor anchor = Anchor::center;   ///< letterbox only: where the picture lies in the input
  std::optional<double> threshold;  ///< anomaly only: a picture whose score is above is defective
  std::string decoder;              ///< "classifier", "yolov8", …: the table of card_decoders.cpp
  /// What each of the model's outputs is to the decoder, in the model's order ("boxes", "scores" …;
  /// "-" is not read); empty where the decoder reads one output, or tells them apart itself.
  std::vector<std::string> outputs;
  /// yolov8-cut and yolov8-seg-cut only: bins of a distance, and the levels' strides in pixels,
  /// finest first. Absent and empty: as the outputs' shapes say.
  std::optional<int> reg_max;
  std::vector<int> strides;
  std::vector<std::string> labels;  ///< may be empty: names unknown
  /// Inputs beside the picture, by name: the numbers at which they are held, in row-major order;
  /// one stands for all elements (graph/held_inputs.h).
  std::map<std::string, std::vector<double>> hold;
  /// How each entry was come by: key (as in the YAML, e.g. "input.size") → "option --input-size",
  /// "card file", "model metadata", "input shape [1,3,640,640]", "default of decoder yolov8" …
  std::map<std::string, std::string> sources;

  int channels() const { return color == ColorOrder::gray ? 1 : 3; }
  /// Of one picture, batch 1, in `layout`.
  Shape input_shape() const;
};

/// One card per input size: the card itself, or for a set one for each of input_sizes, in order,
/// with that alone as its size.
std::vector<Card> cards_by_size(const Card& card);

/// The card's options as the user gave them on the command line (text, unparsed) - one row per
/// option, see card_options().
struct CardOptions {
  std::map<std::string, std::string> given;  ///< option name without dashes ("input-size") → text
};

/// A row of the table of card options, without dashes.
struct CardOption {
  std::string_view name;
  std::string_view value_name;
  std::string_view help;
  bool repeated = false;  ///< may be given several times; `given` then holds all, with ";" between
};
const std::vector<CardOption>& card_options();

/// What inference may look at.
struct ModelFacts {
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::map<std::string, std::string>
      metadata;  ///< the ONNX metadata_props (Ultralytics writes task, names, imgsz, stride)
  std::vector<std::string>
      last_operators;  ///< operator types that make the outputs, e.g. {"Softmax"} or {"Concat"}
};

/// What `--input-size` says, where it is given. Throws invalid_argument.
std::optional<Size> given_input_size(const CardOptions& options);

/// What an option and the card file say of inputs beside the picture (Card::hold): the one thing
/// that is to be known before the model can be described. Throws as resolve_card() does for these.
std::map<std::string, std::vector<double>> inputs_to_hold(
    const std::optional<std::filesystem::path>& card_file, const CardOptions& options);

/// Options beat the card file, which beats metadata, which beats shapes. Throws invalid_argument
/// naming the option (e.g. `--mean/--std`) for what cannot be inferred (normalisation!) or is
/// contradictory, and when two families fit. A Ultralytics detector (metadata or [N,4+C,8400]-like
/// output) implies letterbox 114, rgb, scale 255, mean 0, std 1.
Card resolve_card(const ModelFacts& facts, const std::optional<std::filesystem::path>& card_file,
                  const CardOptions& options);

/// NAME.card.yaml beside NAME.onnx, if it is there.
std::optional<std::filesystem::path> card_file_beside(const std::filesystem::path& model);

/// Throws corrupt_data / invalid_argument naming file and key; unknown keys are errors with a
/// suggestion. `labels: FILE` is read relative to the card.
std::string to_yaml(const Card& card);

/// The card as JSON (same keys as the YAML, plus "sources"), and back. to_json(card) without
/// sources is what enters hash keys.
Json to_json(const Card& card, bool with_sources);
Card parse_card(const Json& json);

}  // namespace tamis
