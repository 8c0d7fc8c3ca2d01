#include <span>

#include "base/error.h"
#include "base/picture.h"
#include "graph/inspect.h"
#include "passes/input_u8.h"
#include "passes/natural_picture.h"
#include "passes/passes.h"
#include "recipe/steps.h"
#include "vision/preprocess.h"

namespace tamis {
namespace {

Picture probe_picture(const Card& card) {
  Picture picture{card.input_size.height, card.input_size.width, card.channels(), {}};
  const auto width = static_cast<std::size_t>(picture.width);
  const auto channels = static_cast<std::size_t>(picture.channels);
  picture.pixels.resize(static_cast<std::size_t>(picture.height) * width * channels);
  natural_picture(picture.channels, picture.height, picture.width, 1,
                  [&](std::int64_t c, std::int64_t y, std::span<const float> row) {
                    const std::size_t begin = static_cast<std::size_t>(y) * width * channels;
                    for (std::size_t x = 0; x < width; ++x)
                      picture.pixels[begin + x * channels + static_cast<std::size_t>(c)] =
                          static_cast<std::uint8_t>(row[x] * 255);
                  });
  return picture;
}

/// As prepare_picture() would make it of a picture of just the input's size. That function itself
/// would bring its resizing into every program that names steps.
std::vector<Tensor> as_input(const Card& card, const Picture& picture) {
  std::vector<Tensor> inputs;
  inputs.emplace_back(card.input_type, card.input_shape());
  normalise(picture,
            {card.color == ColorOrder::bgr, card.scale, card.mean, card.std,
             card.layout == InputLayout::nhwc},
            inputs.front());
  return inputs;
}

Card card_of_pixels(const Card& card) {
  Card pixels = card;
  pixels.input_type = DataType::u8;
  pixels.layout = InputLayout::nhwc;
  if (pixels.color == ColorOrder::bgr) pixels.color = ColorOrder::rgb;
  pixels.scale = 1;
  pixels.mean.assign(pixels.mean.size(), 0);
  pixels.std.assign(pixels.std.size(), 1);
  for (const char* key :
       {"input.type", "input.layout", "input.color", "input.scale", "input.mean", "input.std"})
    pixels.sources[key] = "step input-u8";
  return pixels;
}

/// Both on the same picture, each prepared as its card says, in the reference runtime.
std::vector<OutputDifference> differences(const BuildState& state, const Graph& after,
                                          const Card& pixels) {
  const Picture picture = probe_picture(state.card);
  const Graph before = with_fixed_inputs(state.graph, 1, state.card.input_size);
  const Graph fixed = with_fixed_inputs(after, 1, state.card.input_size);
  const Evaluator evaluate = [&](const Graph& graph, const std::vector<Tensor>&) {
    const bool bytes = graph.inputs().front().type == DataType::u8;
    return evaluate_in_reference(state, graph, as_input(bytes ? pixels : state.card, picture));
  };
  return compare_outputs(evaluate, before, fixed, {});
}

}  // namespace

std::string input_u8_version() { return "input-u8/2"; }
std::string input_u8_text(const Json&) { return "input-u8"; }

void apply_input_u8(BuildState& state, const Json&) {
  if (const std::string reason = input_u8_reason(state.graph); !reason.empty())
    throw Error(ErrorCode::unsupported, "input-u8: " + reason + "; leave the step out");
  if (!state.card.input_sizes.empty())
    throw Error(ErrorCode::unsupported,
                "input-u8: a set of shapes takes f32 only; give one size, or leave the step out");
  Graph graph = state.graph;
  const Card pixels = card_of_pixels(state.card);
  const PixelForm form{state.card.color == ColorOrder::bgr, state.card.scale, state.card.mean,
                       state.card.std};
  const std::string how = take_u8_pictures(graph, form);
  graph.verify();
  const std::vector<OutputDifference> moved = differences(state, graph, pixels);
  require_same_outputs(moved);
  state.report["how"] = how;
  for (const OutputDifference& d : moved) state.report["differences"].push_back(to_json(d));
  state.graph = std::move(graph);
  state.card = pixels;
}

}  // namespace tamis
