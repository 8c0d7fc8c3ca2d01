#include "recipe/prediction_closeness.h"

#include "tasks/task.h"

namespace tamis {

Closeness prediction_closeness(const Card& card) {
  const Task& task = find_task(card.task);
  if (task.closeness == nullptr || card.decoder.empty()) return {};
  return [&task, card](const std::vector<Tensor>& reference, const std::vector<Tensor>& other) {
    const Placement unscaled{card.input_size, card.input_size};
    std::vector<Tensor> room, more_room;
    return task.closeness(task.predict(card, widened(reference, room), unscaled),
                          task.predict(card, widened(other, more_room), unscaled));
  };
}

}  // namespace tamis
