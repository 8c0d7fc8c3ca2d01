#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"
#include "base/output_part.h"
#include "base/picture.h"
#include "base/tensor.h"
#include "base/truth.h"
#include "card/card.h"
#include "metrics/anomaly.h"
#include "stats/interval.h"
#include "tasks/coarse_map.h"

namespace tamis {

/// Whether something is wrong, and where.
struct AnomalyPrediction {
  float score = 0;              ///< higher: more likely defective
  std::optional<bool> flagged;  ///< the score is above the card's threshold; absent without one
  Size map_size;                ///< of `map`, over the model's whole input
  std::vector<float> map;       ///< rows; emptied by Task::condense
  std::optional<AnomalyPixels> pixels;   ///< what condense() kept of the map
  std::optional<CoarseMap> coarse = {};  ///< what it kept for the eye
};

/// What a model says of one picture. Which members are used hangs on the task.
struct Prediction {
  std::vector<int> top;          ///< classify: up to five classes, best first
  std::vector<Detection> boxes;  ///< detect, segment: falling score, in the picture's pixels
  /// segment: of each box, as the text of base/mask.h, of the picture's size.
  std::vector<std::string> masks{};
  Size mask_size{};
  std::optional<AnomalyPrediction> anomaly = {};
  std::vector<float> probabilities{};  ///< classify: of `top`; empty: unknown
};

/// What is kept of one evaluated item: enough to recompute every figure and to pair two variants.
struct ItemRecord {
  std::string item;  ///< the dataset's id
  Truth truth;
  Prediction prediction;
};

/// Compact: {"item", "label", "top": […], "probabilities": […]} or {"item", "truth":
/// [x0,y0,x1,y1,label,crowd,area, …], "boxes": [x0,y0,x1,y1,score,label, …]}; with masks also
/// "size": [height, width] and "masks": [text, …], one per box, and the same of the truth as
/// "truth_size" and "truth_masks"; or {"item", "kind", "score", "flagged", "normal": [pixels,
/// median, …], "regions": [[pixels, median, …], …], "map": to_json(CoarseMap)}. Every float
/// survives exactly.
Json to_json(const ItemRecord& record);
/// Throws corrupt_data naming what is missing.
ItemRecord parse_item_record(const Json& json);

/// The primary metric of each class alone, where it is no matter of right or wrong per item.
struct ClassFigures {
  struct Class {
    int label = 0;
    std::string name;         ///< empty: the label's
    std::size_t objects = 0;  ///< of its ground truth, crowds aside
    std::size_t items = 0;    ///< that hold any of these
  };
  std::vector<Class> classes;
  /// One value per class where item i counts weights[i] times; absent where nothing of the class is
  /// left. May be called from several threads.
  std::function<std::vector<std::optional<double>>(std::span<const std::uint32_t> weights)> values;
};

/// One kind of work that a vision model does: a row of functions, all pure and safe from any
/// thread. Adding one = a row and a file. How a picture becomes an input is the card's affair and
/// the same for all (tasks/prepare.h).
struct Task {
  TaskKind kind;
  std::string_view name;    ///< "classify", "detect", "segment", "anomaly"
  std::string_view metric;  ///< the primary one, a fraction: "top1", "map50_95", "mask_map50_95"

  /// From the outputs of one image (batch 1) to the final prediction. Throws unsupported where the
  /// outputs are not the decoder's, backend_failed where they hold values that are not finite.
  Prediction (*predict)(const Card& card, const std::vector<Tensor>& outputs,
                        const Placement& placement);

  /// The number of classes, from the outputs' shapes or else the card's labels; absent where
  /// neither says.
  std::optional<std::size_t> (*class_count)(const Card& card,
                                            const std::vector<TensorInfo>& outputs);

  /// Throws invalid_argument naming the item where it has no truth for this task, or a label that
  /// is not below class_count.
  void (*check_truth)(const Card& card, const std::string& item, const Truth& truth,
                      std::size_t class_count);

  /// All figures of the records: {"top1", "top5", "per_class"} or {"map50_95", "map50", …}.
  /// Throws invalid_argument for a record without truth.
  Json (*figures)(std::span<const ItemRecord> records);

  /// The primary metric as a function of how often each record counts. What it needs is computed
  /// once, here; the function holds it and may be called from several threads.
  WeightedStatistic (*statistic)(std::span<const ItemRecord> records);

  /// 1 per right and 0 per wrong record where the primary metric is right-or-wrong, else absent.
  std::optional<std::vector<std::uint8_t>> (*right)(std::span<const ItemRecord> records);

  /// What its truth must hold of a dataset that has more than it needs.
  TruthDetail truth_detail = TruthDetail::boxes;
  /// Reduces a prediction to what records keep, where that needs the truth; `mask` is the item's, a
  /// grey picture, or null. Not timed. Null: nothing to reduce.
  void (*condense)(ItemRecord& record, const Placement& placement, const Picture* mask) = nullptr;
  /// The primary metric class by class. Null: that of right() over the items of each label.
  ClassFigures (*by_class)(std::span<const ItemRecord> records) = nullptr;
  /// How near two predictions of one picture are (closeness.h). Null: no such measure.
  std::optional<double> (*closeness)(const Prediction& a, const Prediction& b) = nullptr;
  /// What the model's outputs mean, from their shapes; of those that the card's decoder reads.
  /// Empty where they are not the decoder's.
  std::vector<OutputPart> (*parts)(const Card& card, const std::vector<Shape>& outputs) = nullptr;
};

/// The outputs as predict() reads them: themselves, or in `room`, which is kept from call to call,
/// with those in f16 and bf16 as f32.
const std::vector<Tensor>& widened(const std::vector<Tensor>& outputs, std::vector<Tensor>& room);

const std::vector<Task>& tasks();
const Task& find_task(TaskKind kind);
/// The same for whoever needs predictions; throws unsupported for TaskKind::none.
const Task& task_that_reads(TaskKind kind);

}  // namespace tamis
