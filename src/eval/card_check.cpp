#include "eval/card_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/hash.h"
#include "data/dataset.h"
#include "execute/opened_model.h"
#include "graph/tensor_data.h"
#include "tasks/prepare.h"
#include "vision/shape_set.h"

namespace tamis {
namespace {

constexpr std::size_t kPictures = 16;  // of a classifier
constexpr std::size_t kWithBoxes = 8;  // of others, whose models are larger
constexpr std::size_t kGlance = 3;     // a card that is no better on so many is not asked further
constexpr double kFarBelow = 0.5;      // in confidence of boxes: asked no further either
constexpr double kLeastShown = 0.01;   // a class below is one with all such
constexpr float kLeastScore = 0.1F;    // of boxes that are looked at
constexpr float kSameBox = 0.5F;       // IoU
constexpr double kBetterRatio = 1.25, kBetterBy = 0.1, kConfidence = 0.98;  // two-sided
constexpr BootstrapPlan kBootstrap{400, 1};

double weight_of(std::span<const std::uint32_t> weights, std::size_t i) {
  return static_cast<double>(weights[i]) / static_cast<double>(weights.size());
}

/// The classes that any picture shows, as places in a small table; all others share the first.
std::map<std::size_t, std::size_t> shown_classes(std::span<const MirroredPair> pairs) {
  std::map<std::size_t, std::size_t> places;
  for (const MirroredPair& pair : pairs)
    for (const auto* side : {&pair.plain, &pair.mirrored})
      for (std::size_t c = 0; c < side->size(); ++c)
        if ((*side)[c] >= kLeastShown) places.emplace(c, places.size() + 1);
  return places;
}

std::vector<double> condensed(const std::vector<double>& probabilities,
                              const std::map<std::size_t, std::size_t>& places) {
  std::vector<double> out(places.size() + 1, 0);
  double rest = 1;
  for (const auto& [c, place] : places) {
    out[place] = probabilities[c];
    rest -= probabilities[c];
  }
  out[0] = std::max(rest, 0.0);
  return out;
}

/// Σ j·log(j / (m·m)) of the two views' joint distribution j, made symmetric, with margins m.
double mutual_information(std::span<const MirroredPair> pairs,
                          std::span<const std::uint32_t> weights) {
  const auto places = shown_classes(pairs);
  const std::size_t n = places.size() + 1;
  std::vector<double> joint(n * n, 0), margin(n, 0);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (weights[i] == 0) continue;
    const std::vector<double> a = condensed(pairs[i].plain, places),
                              b = condensed(pairs[i].mirrored, places);
    for (std::size_t r = 0; r < n; ++r)
      for (std::size_t c = 0; c < n; ++c)
        joint[r * n + c] += weight_of(weights, i) * (a[r] * b[c] + a[c] * b[r]) / 2;
  }
  for (std::size_t k = 0; k < n * n; ++k) margin[k / n] += joint[k];
  double information = 0;
  for (std::size_t k = 0; k < n * n; ++k)
    if (joint[k] > 0)
      information += joint[k] * std::log(joint[k] / (margin[k / n] * margin[k % n]));
  return information;
}

/// Confidence in boxes of both views less that in boxes of one: each of the picture's boxes takes
/// the best of the mirror image's that is left, the most confident first.
double net_confidence(const MirroredPair& pair) {
  std::vector<bool> taken(pair.mirrored_boxes.size(), false);
  double net = 0;
  for (const Detection& box : pair.plain_boxes) {
    std::size_t best = taken.size();
    float most = kSameBox;
    for (std::size_t k = 0; k < taken.size(); ++k) {
      const Detection& other = pair.mirrored_boxes[k];
      if (taken[k] || other.label != box.label || iou(other.box, box.box) < most) continue;
      most = iou(other.box, box.box);
      best = k;
    }
    net -= box.score;
    if (best == taken.size()) continue;
    taken[best] = true;
    net += 2 * std::min(box.score, pair.mirrored_boxes[best].score);
  }
  return net;
}

std::vector<double> probabilities_of(const Tensor& scores) {
  std::vector<double> values = doubles(to_proto(scores, "scores"));
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const double least = *std::min_element(values.begin(), values.end());
  if (least >= 0 && std::abs(sum - 1) < 1e-2) return values;
  const double most = *std::max_element(values.begin(), values.end());
  double total = 0;
  for (double& v : values) total += v = std::exp(v - most);
  for (double& v : values) v /= total;
  return values;
}

Picture mirror_image(const Picture& picture) {
  Picture out = picture;
  const auto width = static_cast<std::size_t>(picture.width),
             channels = static_cast<std::size_t>(picture.channels);
  for (std::size_t row = 0; row < static_cast<std::size_t>(picture.height); ++row)
    for (std::size_t x = 0; x < width; ++x)
      std::copy_n(&picture.pixels[(row * width + width - 1 - x) * channels], channels,
                  &out.pixels[(row * width + x) * channels]);
  return out;
}

/// One view of a picture.
struct View {
  std::vector<double> probabilities;
  std::vector<Detection> boxes;
};

std::vector<Detection> mirrored_back(std::vector<Detection> boxes, int width) {
  for (Detection& d : boxes) {
    const float x0 = static_cast<float>(width) - d.box.x1;
    d.box.x1 = static_cast<float>(width) - d.box.x0;
    d.box.x0 = x0;
  }
  return boxes;
}

/// The model, opened once: cards that differ in normalisation or colour order differ only in what
/// it is fed.
class Witness {
 public:
  explicit Witness(const CheckedModel& model)
      : model_({model.file, model.card, model.settings, false, {}}) {}

  std::vector<MirroredPair> look_at(std::span<const Picture> pictures, const Card& card) {
    std::vector<MirroredPair> pairs;
    for (const Picture& picture : pictures) {
      View plain = look(picture, card), mirrored = look(mirror_image(picture), card);
      pairs.push_back({std::move(plain.probabilities), std::move(mirrored.probabilities),
                       std::move(plain.boxes),
                       mirrored_back(std::move(mirrored.boxes), picture.width)});
    }
    return pairs;
  }

 private:
  View look(const Picture& picture, const Card& card) {
    const std::size_t shape = model_.shape_for(picture.size());
    Batch batch = model_.make_batch(shape);
    prepare_picture(cards_by_size(card).at(shape), picture, batch.pictures(), 0,
                    batch.placements.at(0));
    std::vector<Prediction> predictions;
    model_.run(batch, &predictions);
    Prediction& prediction = predictions.at(0);
    if (card.task == TaskKind::classify) return {probabilities_of(model_.outputs()[0]), {}};
    std::erase_if(prediction.boxes, [](const Detection& d) { return d.score < kLeastScore; });
    return {{}, prediction.boxes};
  }

  OpenedModel model_;
};

double agreement_of(std::span<const MirroredPair> pairs) {
  return mirrored_agreement(pairs, std::vector<std::uint32_t>(pairs.size(), 1));
}

/// A picture at a time, since one is often enough to tell that boxes are lost.
bool better_at_a_glance(Witness& witness, std::span<const Picture> pictures,
                        std::span<const MirroredPair> given, const Card& other) {
  std::vector<MirroredPair> seen;
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    seen.push_back(witness.look_at(pictures.subspan(i, 1), other).front());
    if (other.task == TaskKind::classify) continue;
    if (agreement_of(seen) < agreement_of(given.first(i + 1)) - kFarBelow) return false;
  }
  return agreement_of(seen) > agreement_of(given);
}

std::vector<Picture> pictures_to_ask(const CheckedModel& model) {
  const auto data = open_dataset(model.data);
  const std::vector<std::size_t>& items = model.items;
  const bool classes = model.card.task == TaskKind::classify;
  const bool labelled = std::all_of(items.begin(), items.end(), [&](std::size_t i) {
    return data->items()[i].truth.boxes.has_value();
  });
  std::vector<Picture> pictures;
  if (labelled && !classes) return pictures;
  for (std::size_t k = 0; k < std::min(items.size(), classes ? kPictures : kWithBoxes); ++k)
    pictures.push_back(data->load_picture(items[k]));
  return pictures;
}

std::string given_text(const Card& card) {
  std::string text{to_text(card.color)};
  if (card.input_type != DataType::u8)
    text += fmt::format(", scale {:g}, mean {:g}, std {:g}", card.scale, fmt::join(card.mean, ","),
                        fmt::join(card.std, ","));
  return text;
}

}  // namespace

std::vector<std::pair<std::string, Card>> other_cards(const Card& card) {
  std::vector<std::pair<std::string, Card>> others;
  const auto add = [&](const std::string& text, auto change) {
    Card other = card;
    change(other);
    const auto same = [&](const Card& known) {
      return canonical_text(to_json(known, false)) == canonical_text(to_json(other, false));
    };
    const bool known = std::any_of(others.begin(), others.end(),
                                   [&](const auto& one) { return same(one.second); });
    if (!known && !same(card)) others.emplace_back(text, other);
  };
  if (card.channels() == 3) {
    const bool rgb = card.color == ColorOrder::rgb;
    add(rgb ? "--color bgr" : "--color rgb",
        [&](Card& c) { c.color = rgb ? ColorOrder::bgr : ColorOrder::rgb; });
  }
  if (card.input_type == DataType::u8) return others;  // the graph normalises
  const bool unit = card.scale != 1;
  add(unit ? "--scale 1" : "--scale 255", [&](Card& c) { c.scale = unit ? 1 : 255; });
  if (card.channels() == 3) {
    add("--scale 255 --mean .485,.456,.406 --std .229,.224,.225", [](Card& c) {
      c.scale = 255, c.mean = {0.485, 0.456, 0.406}, c.std = {0.229, 0.224, 0.225};
    });
    add("--scale 255 --mean 0,0,0 --std 1,1,1", [](Card& c) {
      c.scale = 255, c.mean = {0, 0, 0}, c.std = {1, 1, 1};
    });
    add("--scale 127.5 --mean 1,1,1 --std 1,1,1", [](Card& c) {
      c.scale = 127.5, c.mean = {1, 1, 1}, c.std = {1, 1, 1};
    });
  }
  return others;
}

double mirrored_agreement(std::span<const MirroredPair> pairs,
                          std::span<const std::uint32_t> weights) {
  if (pairs.empty()) return 0;
  if (!pairs[0].plain.empty()) return mutual_information(pairs, weights);
  double sum = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i)
    sum += weight_of(weights, i) * net_confidence(pairs[i]);
  return sum;
}

bool clearly_better(std::span<const MirroredPair> given, std::span<const MirroredPair> other) {
  const double a = agreement_of(given), b = agreement_of(other);
  if (b < a + kBetterBy || b < a * kBetterRatio) return false;
  const WeightedStatistic gain = [&](std::span<const std::uint32_t> weights) {
    return mirrored_agreement(other, weights) - mirrored_agreement(given, weights);
  };
  return bootstrap(gain, given.size(), kConfidence, kBootstrap).interval.low > 0;
}

std::optional<std::string> normalisation_warning(const CheckedModel& model) {
  const Card& card = model.card;
  if (card.task == TaskKind::anomaly || card.task == TaskKind::none) return std::nullopt;
  const std::vector<Picture> pictures = pictures_to_ask(model);
  if (pictures.size() < kWithBoxes) return std::nullopt;
  Witness witness(model);
  const std::span few = std::span(pictures).first(kGlance);
  const std::vector<MirroredPair> given_few = witness.look_at(few, card);
  std::vector<MirroredPair> given;
  double best = 0;
  std::string remedy;
  for (const auto& [text, other] : other_cards(card)) {
    if (!better_at_a_glance(witness, few, given_few, other)) continue;
    if (given.empty()) best = agreement_of(given = witness.look_at(pictures, card));
    const std::vector<MirroredPair> seen = witness.look_at(pictures, other);
    if (agreement_of(seen) <= best || !clearly_better(given, seen)) continue;
    best = agreement_of(seen);
    remedy = text;
  }
  if (remedy.empty()) return std::nullopt;
  return fmt::format(
      "the card may be wrong: with {} the model agrees with itself far better than with the card's "
      "{}: {:.2f} against {:.2f} {} between {} images and their mirror images; check how the model "
      "was trained, and give {}",
      remedy, given_text(card), best, agreement_of(given),
      card.task == TaskKind::classify ? "nats of class information"
                                      : "in confidence of common boxes",
      pictures.size(), remedy);
}

}  // namespace tamis
