#include "recipe/output_reader.h"

#include "tasks/task.h"

namespace tamis {

OutputReader output_reader(const Card& card) {
  const Task& task = find_task(card.task);
  if (card.decoder.empty() || task.parts == nullptr) return {};
  OutputReader reader;
  reader.parts = [&task, card](const std::vector<Shape>& outputs) {
    return task.parts(card, outputs);
  };
  if (task.closeness == nullptr) return reader;
  reader.closeness = [&task, card](const std::vector<Tensor>& reference,
                                   const std::vector<Tensor>& other) {
    const Placement unscaled{card.input_size, card.input_size};
    std::vector<Tensor> room, more_room;
    return task.closeness(task.predict(card, widened(reference, room), unscaled),
                          task.predict(card, widened(other, more_room), unscaled));
  };
  return reader;
}

OutputReader output_reader(const BuildState& state) {
  return state.has_card ? output_reader(state.card) : OutputReader();
}

}  // namespace tamis
