#include "recipe/open_with_card.h"

#include <algorithm>
#include <optional>

#include "base/files.h"
#include "execute/shaped_session.h"
#include "graph/graph.h"
#include "graph/inspect.h"
#include "passes/free_shapes.h"
#include "runtime/tensor_info.h"

namespace tamis {
std::unique_ptr<Session> open_with_card(const OpenRequest& request, const std::optional<Card>& card,
                                        std::optional<Size> size) {
  auto backend = find_backend(request.settings.backend);
  std::optional<Graph> graph = Graph::load(request.model);
  const auto inputs = graph->inputs();
  const bool picture = inputs.size() == 1 && inputs[0].shape.size() == 4;
  if (picture && card && !card->input_sizes.empty()) {
    free_shapes(*graph, card->input_size);
    TemporaryFolder folder("tamis-shapes");
    OpenRequest own = request;
    own.model = folder.path() / "model.onnx";
    graph->save(own.model);
    graph.reset();
    std::vector<Shape> shapes;
    for (const Card& one : cards_by_size(*card)) shapes.push_back(one.input_shape());
    return open_shapes(*backend, own, shapes);
  }
  OpenRequest own = request;
  own.input_shapes.clear();
  const bool dynamic = std::any_of(inputs.begin(), inputs.end(), [](const TensorInfo& input) {
    return !concrete_shape(input).has_value();
  });
  if (picture && card && dynamic) own.input_shapes = {card->input_shape()};
  if (!card && dynamic)
    for (const TensorInfo& input : with_fixed_inputs(*graph, 1, size).inputs())
      own.input_shapes.push_back(concrete_shape(input).value());
  graph.reset();  // the runtime reads the file: memory need not hold the model twice
  return backend->open(own);
}

}  // namespace tamis
