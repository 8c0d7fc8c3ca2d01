#include "quantize/judge.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "quantize/compare.h"
#include "stats/interval.h"

namespace tamis {

namespace {

/// Thrown through a feed to end it once enough was seen.
struct Enough {};

std::unique_ptr<Session> open_graph(const Graph& graph, const OpenSession& open) {
  TemporaryFolder folder("tamis-judge");
  graph.save(folder.path() / "model.onnx");
  return open(folder.path() / "model.onnx");
}

/// As the only one of a list.
std::vector<std::vector<Tensor>> run_one(Session& session, const std::vector<Tensor>& inputs) {
  std::vector<std::vector<Tensor>> outputs;
  outputs.push_back(make_tensors(session.outputs()));
  session.run(inputs, outputs.front());
  return outputs;
}

}  // namespace

void HeldAside::keep(std::size_t index, std::span<const Tensor> inputs) {
  if (index / kEvery < samples_.size()) return;
  std::vector<Tensor> copy;
  for (const Tensor& tensor : inputs) copy.push_back(tensor.clone());
  samples_.push_back(std::move(copy));
}

FeedCalibration HeldAside::rest() {
  return [this](const std::function<void(std::span<const Tensor>)>& use) {
    std::size_t index = 0;
    feed_([&](std::span<const Tensor> inputs) {
      holds(index) ? keep(index, inputs) : use(inputs);
      ++index;
    });
    complete_ = true;
  };
}

const std::vector<std::vector<Tensor>>& HeldAside::samples() {
  if (complete_) return samples_;
  std::size_t index = 0;
  try {
    feed_([&](std::span<const Tensor> inputs) {
      if (samples_.size() == kMost) throw Enough();
      if (holds(index)) keep(index, inputs);
      ++index;
    });
  } catch (const Enough&) {
    // All that is set aside is there.
  }
  complete_ = true;
  return samples_;
}

double mean(const Score& score) {
  return std::accumulate(score.begin(), score.end(), 0.0) / static_cast<double>(score.size());
}

Interval gain_interval(const Score& before, const Score& after) {
  Score gains(before.size());
  std::transform(after.begin(), after.end(), before.begin(), gains.begin(), std::minus<>());
  const double gain = mean(gains);
  if (gains.size() < kFewSamples) return {gain - kClearGainDb, gain + kClearGainDb};
  const auto count = static_cast<double>(gains.size());
  double squares = 0;
  for (const double g : gains) squares += (g - gain) * (g - gain);
  const double error = std::sqrt(squares / (count - 1) / count);
  const double margin = student_quantile((1 + kGainConfidence) / 2, count - 1) * error;
  return {gain - margin, gain + margin};
}

Judge::Judge(const Graph& reference, OpenSession open,
             const std::vector<std::vector<Tensor>>& samples)
    : open_(std::move(open)), samples_(samples) {
  const std::unique_ptr<Session> session = open_graph(reference, open_);
  for (const std::vector<Tensor>& inputs : samples_)
    references_.push_back(run_one(*session, inputs));
}

Score Judge::score(const Graph& quantised) const {
  Score score;
  try {
    const std::unique_ptr<Session> session = open_graph(quantised, open_);
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      double worst = 200;
      for (const OutputCheck& output :
           compare_outputs(*session, references_[i], run_one(*session, samples_[i])))
        worst = std::min(worst, output.snr_db);
      score.push_back(worst);
    }
  } catch (const Error&) {
    score.assign(samples_.size(), kRefusedDb);
  }
  return score;
}

}  // namespace tamis
