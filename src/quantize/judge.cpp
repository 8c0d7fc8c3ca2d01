#include "quantize/judge.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/memory.h"
#include "quantize/first_samples.h"
#include "stats/interval.h"

namespace tamis {

namespace {

std::unique_ptr<Session> open_graph(const Graph& graph, const OpenSession& open) {
  TemporaryFolder folder("tamis-judge");
  graph.save(folder.path() / "model.onnx");
  return_free_memory();
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

std::filesystem::path HeldAside::file(std::size_t i) const {
  return folder_.path() / std::to_string(i);
}

void HeldAside::keep(std::size_t index, std::span<const Tensor> inputs) {
  const std::size_t i = index / kEvery;
  if (i < kept_.size()) return;
  kept_.emplace_back();
  std::ofstream out(file(i), std::ios::binary);  // for this process alone: nothing to sync
  for (const Tensor& tensor : inputs) {
    out.write(static_cast<const char*>(tensor.raw()), static_cast<std::streamsize>(tensor.bytes()));
    kept_.back().emplace_back(tensor.type(), tensor.shape());
  }
  if (!out.flush())
    throw Error(ErrorCode::io, "quantize: cannot write " + file(i).string() +
                                   "; free some space in the folder for temporary files");
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

std::size_t HeldAside::size() {
  if (complete_) return kept_.size();
  std::size_t index = 0;
  feed_while(feed_, [&](std::span<const Tensor> inputs) {
    if (holds(index)) keep(index, inputs);
    ++index;
    return kept_.size() < kMost;
  });
  complete_ = true;
  return kept_.size();
}

std::vector<Tensor> HeldAside::sample(std::size_t i) const {
  const std::vector<std::uint8_t> bytes = load_bytes(file(i), kAnyFile);
  std::vector<Tensor> tensors;
  std::size_t at = 0;
  for (const auto& [type, shape] : kept_.at(i)) {
    tensors.emplace_back(type, shape);
    if (at + tensors.back().bytes() > bytes.size())
      throw Error(ErrorCode::io, "quantize: " + file(i).string() + " has become shorter");
    std::memcpy(tensors.back().raw(), bytes.data() + at, tensors.back().bytes());
    at += tensors.back().bytes();
  }
  return tensors;
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

Judge::Judge(const StoredGraph& reference, OpenSession open, HeldAside& samples,
             OutputComparison comparison)
    : open_(std::move(open)), samples_(samples), comparison_(std::move(comparison)) {
  return_free_memory();
  const std::unique_ptr<Session> session = open_(reference.file());
  for (std::size_t i = 0; i < samples_.size(); ++i)
    references_.push_back(run_one(*session, samples_.sample(i)));
  judged_.resize(references_.size());
  std::iota(judged_.begin(), judged_.end(), std::size_t{0});
  std::vector<std::size_t> some = telling();
  by_closeness_ = some.size() >= kFewSamples;
  if (by_closeness_) judged_ = std::move(some);
}

std::vector<std::size_t> Judge::telling() const {
  std::vector<std::size_t> telling;
  for (const std::size_t i : judged_)
    if (comparison_.closeness(references_[i][0], references_[i][0])) telling.push_back(i);
  return telling;
}

double Judge::score_one(const Session& session, std::size_t i,
                        const std::vector<std::vector<Tensor>>& outputs) const {
  if (by_closeness_) return comparison_.closeness(references_[i][0], outputs[0]).value_or(1);
  return worst_snr_db(comparison_.checks(session.outputs(), references_[i], outputs));
}

bool Judge::helps(const Score& before, const Score& after) const {
  return by_closeness_ ? mean(after) > mean(before) : gain_interval(before, after).low > 0;
}

Score Judge::score(const Graph& quantised) const {
  Score score;
  try {
    const std::unique_ptr<Session> session = open_graph(quantised, open_);
    for (const std::size_t i : judged_)
      score.push_back(score_one(*session, i, run_one(*session, samples_.sample(i))));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::io) throw;  // a full disk is no candidate's fault
    score.assign(judged_.size(), kRefused);
  }
  return score;
}

}  // namespace tamis
