#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "data/dataset.h"
#include "execute/opened_model.h"

namespace tamis {

/// An item that could not be used, and why.
struct BadItem {
  std::string item;
  std::string reason;
};

/// What came of some items, in the order asked for. Bad ones are named, never dropped silently.
struct EvaluatedItems {
  std::vector<ItemRecord> records;
  std::vector<BadItem> bad;
  double inference_s = 0;  ///< spent in the runtime
  double wall_s = 0;       ///< of the call
  bool done = false;       ///< no item is left
};

/// Runs items of a dataset through an opened model, in a given order. A thread of its own reads,
/// decodes and prepares a few items ahead, so that the runtime rarely waits. One thread at a time
/// may call next().
class ItemEvaluator {
 public:
  /// Throws invalid_argument naming the item where a label does not fit the model or an item has no
  /// truth, unless `labelled` says that no truth is needed. Keeps references to model and data.
  ItemEvaluator(OpenedModel& model, const Dataset& data, std::vector<std::size_t> order,
                bool labelled = true);
  ItemEvaluator(const ItemEvaluator&) = delete;
  ItemEvaluator& operator=(const ItemEvaluator&) = delete;
  ~ItemEvaluator();

  /// The next `count` items at most. Throws backend_failed as Session::run does.
  EvaluatedItems next(std::size_t count);

 private:
  struct Prepared {
    std::size_t index = 0;
    Tensor input;
    Placement placement;
    std::optional<Picture> mask;
    std::string error;  // why it is bad; empty when it is not
  };
  void load_ahead();
  Prepared take();
  void give_back(Tensor input);

  OpenedModel& model_;
  const Dataset& data_;
  std::vector<std::size_t> order_;
  std::size_t taken_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Prepared> ready_;
  std::vector<Tensor> free_;
  bool stop_ = false;
  std::thread loader_;
};

}  // namespace tamis
