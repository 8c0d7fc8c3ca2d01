#include "recipe/prediction_closeness.h"

#include "tasks/task.h"

namespace tamis {

Closeness prediction_closeness(const Card& card) {
  const Task& task = find_task(card.task);
  if (task.closeness == nullptr || card.decoder.empty()) return {};
  return [&task, card](const std::vector<Tensor>& reference, const std::vector<Tensor>& other) {
    const Placement unscaled{card.input_size, card.input_size};
    return task.closeness(task.predict(card, reference, unscaled),
                          task.predict(card, other, unscaled));
  };
}

}  // namespace tamis
