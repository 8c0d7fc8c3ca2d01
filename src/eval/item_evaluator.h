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

/// Runs items of a dataset through an opened model, in a given order; where a request takes several
/// pictures, as many items of one input shape at once. A thread of its own reads, decodes and
/// prepares a few items ahead, so that the runtime rarely waits. One thread at a time may call
/// next().
class ItemEvaluator {
 public:
  /// Throws invalid_argument naming the item where a label does not fit the model or an item has no
  /// truth, unless `labelled` says that no truth is needed. Keeps references to model and data.
  ItemEvaluator(OpenedModel& model, const Dataset& data, std::vector<std::size_t> order,
                bool labelled = true);
  ItemEvaluator(const ItemEvaluator&) = delete;
  ItemEvaluator& operator=(const ItemEvaluator&) = delete;
  ~ItemEvaluator();

  /// The next `count` items at most. Throws backend_failed as Session::run does: all items of this
  /// call are lost then.
  EvaluatedItems next(std::size_t count);

 private:
  /// An item that was read.
  struct Loaded {
    std::size_t index = 0;
    LaidOutPicture picture;
    std::optional<Picture> mask;
    std::string error;  // why it is bad; empty when it is not
  };
  /// Items in a row that make up a request; bad ones are not in its batch.
  struct Prepared {
    std::vector<Loaded> items;
    Batch batch;
  };
  /// An item that was run, or is bad.
  struct Evaluated {
    ItemRecord record;
    std::string error;
  };
  static bool can_join(const std::vector<Loaded>& items, const Loaded& next);
  static bool all_bad(const Prepared& prepared);
  void load_ahead();
  Loaded load(std::size_t item) const;
  bool hand_over(std::vector<Loaded>& items);
  Prepared take();
  void give_back(Batch batch);
  void run_next(EvaluatedItems& result);
  void keep(Prepared& prepared, std::vector<Prediction>& predictions);

  OpenedModel& model_;
  const Dataset& data_;
  std::vector<std::size_t> order_;
  std::size_t taken_ = 0;            // items that were run, or are bad
  std::deque<Evaluated> evaluated_;  // of these, what next() has not told yet

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Prepared> ready_;
  std::vector<Batch> free_;
  bool stop_ = false;
  std::thread loader_;
};

}  // namespace tamis
