#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/tensor.h"
#include "graph/graph.h"
#include "quantize/compare.h"
#include "quantize/quantize.h"
#include "quantize/stored_graph.h"
#include "stats/interval.h"

namespace tamis {

/// Sets every fifth calibration sample aside, at most twelve, for judging: ranges and statistics do
/// not see them. The same ones whatever the options. They wait in temporary files: while ranges are
/// observed, memory is scarce. Not synchronised.
class HeldAside {
 public:
  static constexpr std::size_t kEvery = 5;
  static constexpr std::size_t kMost = 12;

  explicit HeldAside(FeedCalibration feed) : feed_(std::move(feed)) {}

  /// Feeds all others. The set-aside ones that pass are kept.
  FeedCalibration rest();
  /// How many are set aside; read from the feed where no pass brought them yet.
  std::size_t size();
  /// One of them, i < size(). Throws io.
  std::vector<Tensor> sample(std::size_t i) const;

 private:
  bool holds(std::size_t index) const {
    return index % kEvery == kEvery - 1 && index / kEvery < kMost;
  }
  void keep(std::size_t index, std::span<const Tensor> inputs);
  std::filesystem::path file(std::size_t i) const;

  FeedCalibration feed_;
  TemporaryFolder folder_{"tamis-aside"};
  std::vector<std::vector<std::pair<DataType, Shape>>> kept_;  ///< per sample its tensors
  bool complete_ = false;                                      ///< a pass went through
};

/// Of each sample: how near its predictions are (Closeness), or the SNR in dB of its worst part.
using Score = std::vector<double>;

/// The mean gain's interval at kGainConfidence (Student's t over the samples); of fewer than
/// kFewSamples, which say little of their spread, kClearGainDb to both sides. Pure.
Interval gain_interval(const Score& before, const Score& after);
inline constexpr double kGainConfidence = 0.8;
inline constexpr std::size_t kFewSamples = 4;
double mean(const Score& score);
inline constexpr double kClearGainDb = 0.5;
inline constexpr double kRefused = -300;

/// Measures how near to the float model's outputs a quantised graph's are, in the runtime behind
/// `open`.
class Judge {
 public:
  /// Runs the float model once on the samples, which have to outlive this. Throws what running
  /// throws.
  /// Judges by the closeness of predictions where that says something of at least kFewSamples of
  /// them, then of these only; else by the output SNR.
  Judge(const StoredGraph& reference, OpenSession open, HeldAside& samples,
        OutputComparison comparison = {});
  /// kRefused for all samples where the runtime refuses the graph.
  Score score(const Graph& quantised) const;
  /// Whether a correction is to be kept. By the output SNR, which differs little between samples,
  /// where the lower end of the gain's interval is above 0. By closeness where the mean is higher:
  /// it varies so much between a dozen pictures that a test refuses most of what helps.
  bool helps(const Score& before, const Score& after) const;
  bool by_closeness() const { return by_closeness_; }

 private:
  OpenSession open_;
  double score_one(const Session& session, std::size_t i,
                   const std::vector<std::vector<Tensor>>& outputs) const;
  /// The samples whose predictions say something.
  std::vector<std::size_t> telling() const;

  HeldAside& samples_;
  OutputComparison comparison_;
  bool by_closeness_ = false;
  std::vector<std::size_t> judged_;                           ///< which samples
  std::vector<std::vector<std::vector<Tensor>>> references_;  ///< each as a list of one sample's
};

}  // namespace tamis
