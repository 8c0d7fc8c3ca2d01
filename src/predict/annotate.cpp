#include "predict/annotate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/mask.h"
#include "predict/prediction_json.h"
#include "predict/summary.h"

namespace tamis {
namespace {

constexpr int kMostSide = 4096;
constexpr double kTint = 0.35;

/// Line width that is seen at any size: 2 pixels at 640, 4 at 1,280.
int line_width(const Picture& canvas) {
  return std::clamp(std::max(canvas.width, canvas.height) / 320, 1, 8);
}

void draw_masks(Picture& canvas, const Prediction& p, double min_score) {
  for (std::size_t i = 0; i < p.boxes.size() && i < p.masks.size(); ++i) {
    if (!is_shown(p.boxes[i], min_score)) continue;
    const Mask mask = parse_mask(p.masks[i], p.mask_size);
    const Colour colour = class_colour(p.boxes[i].label);
    tint_mask(canvas, mask, colour, kTint);
    outline_mask(canvas, mask, colour, 1);
  }
}

void draw_objects(Picture& canvas, const Card& card, const Prediction& p, double scale,
                  double min_score) {
  draw_masks(canvas, p, min_score);
  const auto place = [scale](float at) { return static_cast<float>(at * scale); };
  // The surest last, so that it lies on top.
  for (auto d = p.boxes.rbegin(); d != p.boxes.rend(); ++d) {
    if (!is_shown(*d, min_score)) continue;
    const Box box{place(d->box.x0), place(d->box.y0), place(d->box.x1), place(d->box.y1)};
    const Colour colour = class_colour(d->label);
    draw_box(canvas, box, colour, line_width(canvas), Line::solid);
    draw_tag(canvas, static_cast<int>(box.x0), static_cast<int>(box.y0),
             fmt::format("{} {:.2f}", class_name(card, d->label), d->score), colour);
  }
}

void draw_heat(Picture& canvas, const CoarseMap& map) {
  if (!(map.high > map.low)) return;
  std::vector<float> values;
  for (std::size_t i = 0; i < map.levels.size(); ++i)
    values.push_back((map.at(i) - map.low) / (map.high - map.low));
  blend_heat(canvas, values, map.size);
}

}  // namespace

Colour class_colour(int label) {
  // Told apart on light and dark grounds, by people with any colour sight as far as 8 colours can
  // be: Okabe and Ito's palette, its black left out, two darker ones added.
  constexpr std::array<Colour, 9> kPalette{{{230, 159, 0},
                                            {86, 180, 233},
                                            {0, 158, 115},
                                            {240, 228, 66},
                                            {0, 114, 178},
                                            {213, 94, 0},
                                            {204, 121, 167},
                                            {148, 82, 197},
                                            {160, 30, 60}}};
  return kPalette[static_cast<std::size_t>(std::max(0, label)) % kPalette.size()];
}

Picture annotate(const Picture& image, const Card& card, const Prediction& prediction,
                 double min_score) {
  const Size room{std::min(image.height, kMostSide), std::min(image.width, kMostSide)};
  Picture canvas = fit_into(image, room);
  const double scale = static_cast<double>(canvas.width) / image.width;
  if (card.task == TaskKind::detect || card.task == TaskKind::segment) {
    draw_objects(canvas, card, prediction, scale, min_score);
    return canvas;
  }
  if (prediction.anomaly && prediction.anomaly->coarse)
    draw_heat(canvas, *prediction.anomaly->coarse);
  // A strip of text needs some width.
  constexpr Size kLeast{160, 160};
  if (canvas.width < kLeast.width) canvas = fit_into(canvas, kLeast);
  return with_title(canvas, summary_text(card, prediction, min_score));
}

}  // namespace tamis
