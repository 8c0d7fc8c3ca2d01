#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/geometry.h"
#include "base/json.h"

namespace tamis {

/// The scores of many pixels, condensed: sorted, cut into runs of equal length (to within one), and
/// each run kept as its median. With no more pixels than runs nothing is lost.
struct PixelScores {
  std::uint64_t pixels = 0;
  std::vector<float> medians;  ///< falling

  /// How many pixels run k stands for.
  std::uint64_t run_length(std::size_t k) const;
};

/// At most `runs` medians; takes the scores in any order. Throws invalid_argument for a score that
/// is not a number.
PixelScores condense(std::vector<float> scores, std::size_t runs);

/// What is kept of a picture's map: bounded, whatever its size, and enough for pixel AUROC and PRO
/// to about 1e-4 (runs are ranks, so that no range of scores has to be known beforehand).
struct AnomalyPixels {
  PixelScores normal;                ///< pixels outside the mask
  std::vector<PixelScores> regions;  ///< one per connected part of the mask
};

/// `scores` and `mask`: rows of the same size; where the mask is not 0 is defective (MVTec AD's
/// rule); an empty mask means that nothing is. Parts are connected by sides and corners, as in
/// MVTec's own evaluation (scipy.ndimage.label with a 3 x 3 structure). Throws invalid_argument.
AnomalyPixels condense_map(std::span<const float> scores, std::span<const std::uint8_t> mask,
                           Size size);

/// What is kept of one picture.
struct AnomalyRecord {
  float score = 0;
  bool defective = false;                 ///< what is true
  std::optional<bool> flagged = {};       ///< what the threshold says
  const AnomalyPixels* pixels = nullptr;  ///< null: its defects have no mask
};

/// Fractions; absent where undefined (a kind of picture or pixel is missing) or not known of all.
struct AnomalyFigures {
  std::optional<double> auroc;         ///< of the pictures' scores
  std::optional<double> pixel_auroc;   ///< of the pixels of all pictures
  std::optional<double> pro;           ///< see per_region_overlap
  std::optional<double> false_alarms;  ///< share of the good pictures that are flagged
  std::optional<double> found;         ///< share of the defective ones that are
};
AnomalyFigures score_anomalies(std::span<const AnomalyRecord> records);
/// Null where absent.
Json to_json(const AnomalyFigures& figures);

/// The area under the ROC curve, ties counted half (equal to scikit-learn's roc_auc_score), where
/// item i counts weights[i] times. Sorted once. Safe from any thread.
class WeightedAuroc {
 public:
  WeightedAuroc(std::span<const float> scores, std::span<const std::uint8_t> positive);
  /// 0 where a class has no weight. Throws invalid_argument on another number of weights.
  double at(std::span<const std::uint32_t> weights) const;

 private:
  struct Place {
    float score;
    std::uint32_t item;
    bool positive;
  };
  std::vector<Place> falling_;
};

/// The area under (false positive rate of all normal pixels, mean share of each region that is
/// found), up to a rate of `most`, divided by it; linear between thresholds. Absent without normal
/// pixels or regions.
/// Source: Bergmann et al. 2021, IJCV 129:1038 (the MVTec AD evaluation), sections 5.1 to 5.3.
std::optional<double> per_region_overlap(std::span<const AnomalyPixels* const> pictures,
                                         double most = 0.3);
std::optional<double> pixel_auroc(std::span<const AnomalyPixels* const> pictures);

}  // namespace tamis
