#include "eval/item_evaluator.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

#include "base/clock.h"
#include "base/known_error.h"

namespace tamis {
namespace {

constexpr std::size_t kAhead = 6;  // items, and two requests at least

std::size_t requests_ahead(std::size_t items, std::size_t batch) {
  const std::size_t all = (items + batch - 1) / batch;
  return std::min(all, std::max<std::size_t>(2, kAhead / batch));
}

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
  const auto batch = static_cast<std::size_t>(model.batch());
  for (std::size_t i = 0; i < requests_ahead(order_.size(), batch); ++i)
    free_.push_back(model.make_batch());
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

/// Items in a row make up a request, until it is full or the next one goes to another shape.
void ItemEvaluator::load_ahead() {
  const auto most = static_cast<std::size_t>(model_.batch());
  std::vector<Loaded> items;
  for (std::size_t i : order_) {
    Loaded next = load(i);
    if (!can_join(items, next) && !hand_over(items)) return;
    items.push_back(std::move(next));
    if (items.size() == most && !hand_over(items)) return;
  }
  if (!items.empty()) hand_over(items);
}

/// Whether a request of `items` can take `next` too.
bool ItemEvaluator::can_join(const std::vector<Loaded>& items, const Loaded& next) {
  if (!next.error.empty()) return true;
  const auto good = std::find_if(items.begin(), items.end(),
                                 [](const Loaded& item) { return item.error.empty(); });
  return good == items.end() || good->picture.shape == next.picture.shape;
}

ItemEvaluator::Loaded ItemEvaluator::load(std::size_t item) const {
  Loaded loaded;
  loaded.index = item;
  try {
    const Picture picture = data_.load_picture(item);
    loaded.picture = model_.lay_out(picture);
    const Truth& truth = data_.items()[item].truth;
    if (truth.anomaly && truth.anomaly->mask)
      loaded.mask = load_mask(data_.items()[item], picture.size());
  } catch (const std::exception& e) {  // also bad_alloc: nothing may leave the thread
    loaded.error = to_error(e, "load image").what();
  }
  return loaded;
}

/// Prepares them, once there is room, and leaves none in `items`. False: nobody wants them any
/// more.
bool ItemEvaluator::hand_over(std::vector<Loaded>& items) {
  Prepared prepared;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stop_ || !free_.empty(); });
    if (stop_) return false;
    prepared.batch = std::move(free_.back());
    free_.pop_back();
  }
  std::vector<const LaidOutPicture*> pictures;
  for (const Loaded& item : items)
    if (item.error.empty()) pictures.push_back(&item.picture);
  try {
    if (!pictures.empty()) model_.fill(pictures, prepared.batch);
  } catch (const std::exception& e) {
    for (Loaded& item : items)
      if (item.error.empty()) item.error = to_error(e, "load image").what();
  }
  for (Loaded& item : items) item.picture.picture = {};  // its pixels are in the batch now
  prepared.items = std::exchange(items, {});
  {
    std::lock_guard lock(mutex_);
    ready_.push_back(std::move(prepared));
  }
  changed_.notify_all();
  return true;
}

ItemEvaluator::Prepared ItemEvaluator::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty(); });
  Prepared prepared = std::move(ready_.front());
  ready_.pop_front();
  return prepared;
}

void ItemEvaluator::give_back(Batch batch) {
  {
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(batch));
  }
  changed_.notify_all();
}

/// Runs the next request, whose items then wait in evaluated_.
void ItemEvaluator::run_next(EvaluatedItems& result) {
  Prepared prepared = take();
  taken_ += prepared.items.size();  // even where running it fails: the next call must not wait
  try {
    std::vector<Prediction> predictions;
    if (!all_bad(prepared)) {
      const TimedRun times = model_.run(prepared.batch, &predictions);
      result.inference_s += static_cast<double>(times.inference_ns) * 1e-9;
    }
    keep(prepared, predictions);
  } catch (...) {
    give_back(std::move(prepared.batch));
    throw;
  }
  give_back(std::move(prepared.batch));
}

bool ItemEvaluator::all_bad(const Prepared& prepared) {
  return std::all_of(prepared.items.begin(), prepared.items.end(),
                     [](const Loaded& item) { return !item.error.empty(); });
}

void ItemEvaluator::keep(Prepared& prepared, std::vector<Prediction>& predictions) {
  std::size_t n = 0;
  for (Loaded& loaded : prepared.items) {
    const Item& item = data_.items()[loaded.index];
    Evaluated evaluated{{item.id, item.truth, {}}, std::move(loaded.error)};
    if (evaluated.error.empty()) {
      evaluated.record.prediction = std::move(predictions.at(n++));
      if (model_.task()->condense != nullptr)
        model_.task()->condense(evaluated.record, loaded.picture.placement,
                                loaded.mask ? &*loaded.mask : nullptr);
    }
    evaluated_.push_back(std::move(evaluated));
  }
}

EvaluatedItems ItemEvaluator::next(std::size_t count) {
  EvaluatedItems result;
  std::int64_t start = now_ns();
  for (std::size_t n = 0; n < count; ++n) {
    if (evaluated_.empty() && taken_ < order_.size()) run_next(result);
    if (evaluated_.empty()) break;
    Evaluated one = std::move(evaluated_.front());
    evaluated_.pop_front();
    if (one.error.empty())
      result.records.push_back(std::move(one.record));
    else
      result.bad.push_back({one.record.item, one.error});
  }
  result.done = taken_ == order_.size() && evaluated_.empty();
  result.wall_s = seconds_since(start);
  return result;
}

}  // namespace tamis
