#include "recipe/feed.h"

#include <array>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

#include "data/dataset.h"
#include "tasks/prepare.h"
#include "vision/shape_set.h"

namespace tamis {

namespace {

/// A ring of prepared inputs between the thread that decodes and the one that uses them.
class Prefetch {
 public:
  Prefetch(const Card& card, const Dataset& data, const std::vector<std::size_t>& items,
           DataType type)
      : card_(card), cards_(cards_by_size(card)), data_(data), items_(items), type_(type) {
    thread_ = std::thread([this] { produce(); });
  }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;
  ~Prefetch() {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void consume(const std::function<void(std::span<const Tensor>)>& sample) {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return made_ > i || error_; });
        if (made_ <= i) std::rethrow_exception(error_);
      }
      sample({&ring_[i % ring_.size()], 1});
      {
        std::lock_guard lock(mutex_);
        used_ = i + 1;
      }
      changed_.notify_all();
    }
  }

 private:
  /// In the picture's own shape, where the card has a set of them.
  void prepare(const Picture& picture, Tensor& tensor, Placement& placement) const {
    const std::size_t k = cards_.size() > 1 ? shape_for(picture.size(), card_.input_sizes) : 0;
    const Shape shape = cards_[k].input_shape();
    if (tensor.shape() != shape) tensor = Tensor(type_, shape);
    prepare_picture(cards_[k], picture, tensor, 0, placement);
  }

  void produce() {
    Placement placement;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stop_ || i < used_ + ring_.size(); });
        if (stop_) return;
      }
      std::exception_ptr error;
      try {
        prepare(data_.load_picture(items_[i]), ring_[i % ring_.size()], placement);
      } catch (...) {
        error = std::current_exception();
      }
      {
        std::lock_guard lock(mutex_);
        error ? void(error_ = error) : void(++made_);
      }
      changed_.notify_all();
      if (error) return;
    }
  }

  const Card& card_;
  const std::vector<Card> cards_;  // one per input size
  const Dataset& data_;
  const std::vector<std::size_t>& items_;
  DataType type_;
  std::array<Tensor, 3> ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t made_ = 0;
  std::size_t used_ = 0;
  bool stop_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace

std::function<void(const std::function<void(std::span<const Tensor>)>&)> make_calibration_feed(
    const Card& card, const CalibrationItems& calibration, DataType input_type) {
  auto data = std::shared_ptr<const Dataset>(open_dataset(calibration.data));
  return [card, data, items = calibration.items,
          input_type](const std::function<void(std::span<const Tensor>)>& sample) {
    Prefetch(card, *data, items, input_type).consume(sample);
  };
}

}  // namespace tamis
