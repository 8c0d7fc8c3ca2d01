#include "eval/item_evaluator.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

#include "base/clock.h"
#include "base/known_error.h"

namespace tamis {
namespace {

constexpr std::size_t kAhead = 6;

}  // namespace

ItemEvaluator::ItemEvaluator(OpenedModel& model, const Dataset& data,
                             std::vector<std::size_t> order, bool labelled)
    : model_(model), data_(data), order_(std::move(order)) {
  std::size_t classes = model.class_count().value_or(std::numeric_limits<int>::max());
  for (std::size_t i : order_) {
    const Item& item = data.items().at(i);
    if (!labelled) continue;
    model.task()->check_truth(*model.card(), item.id, item.truth, classes);
  }
  for (std::size_t i = 0; i < std::min(kAhead, order_.size()); ++i)
    free_.push_back(model.make_input());
  loader_ = std::thread([this] { load_ahead(); });
}

ItemEvaluator::~ItemEvaluator() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  loader_.join();
}

void ItemEvaluator::load_ahead() {
  for (std::size_t i : order_) {
    Prepared prepared;
    prepared.index = i;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !free_.empty(); });
      if (stop_) return;
      prepared.input = std::move(free_.back());
      free_.pop_back();
    }
    try {
      const Picture picture = data_.load_picture(i);
      model_.prepare(picture, prepared.input, prepared.placement);
      const Item& item = data_.items()[i];
      if (item.truth.anomaly && item.truth.anomaly->mask)
        prepared.mask = load_mask(item, picture.size());
    } catch (const std::exception& e) {  // also bad_alloc: nothing may leave the thread
      prepared.error = to_error(e, "load image").what();
    }
    {
      std::lock_guard lock(mutex_);
      ready_.push_back(std::move(prepared));
    }
    changed_.notify_all();
  }
}

ItemEvaluator::Prepared ItemEvaluator::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty(); });
  Prepared prepared = std::move(ready_.front());
  ready_.pop_front();
  return prepared;
}

void ItemEvaluator::give_back(Tensor input) {
  {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(input));
  }
  changed_.notify_all();
}

EvaluatedItems ItemEvaluator::next(std::size_t count) {
  EvaluatedItems result;
  std::int64_t start = now_ns();
  for (std::size_t n = 0; n < count && taken_ < order_.size(); ++n) {
    Prepared prepared = take();
    ++taken_;  // even where running it fails: the next call must not wait for it
    const Item& item = data_.items()[prepared.index];
    if (prepared.error.empty()) {
      ItemRecord record{item.id, item.truth, {}};
      TimedRun times = model_.run(prepared.input, prepared.placement, &record.prediction);
      if (model_.task()->condense != nullptr)
        model_.task()->condense(record, prepared.placement,
                                prepared.mask ? &*prepared.mask : nullptr);
      result.inference_s += static_cast<double>(times.inference_ns) * 1e-9;
      result.records.push_back(std::move(record));
    } else {
      result.bad.push_back({item.id, prepared.error});
    }
    give_back(std::move(prepared.input));
  }
  result.done = taken_ == order_.size();
  result.wall_s = seconds_since(start);
  return result;
}

}  // namespace tamis
