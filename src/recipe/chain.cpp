#include "recipe/chain.h"

#include <string>

#include "base/error.h"

namespace tamis {
namespace fs = std::filesystem;

BuildRequest request_behind(BuildRequest request, const ArtefactInfo& made, const fs::path& model,
                            const Step& step) {
  if (request.parent != model) request.parent_content.clear();  // built where it is worked on
  request.parent = model;
  request.made = made;
  if (!made.card.is_null()) request.card = parse_card(made.card);
  request.step = step;
  if (find_step_kind(step.name).traits.pictures == Pictures::none) request.calibration.reset();
  return request;
}

ArtefactInfo build_chain(const BuildRequest& request, const Recipe& recipe, const fs::path& scratch,
                         const BuildOne& build) {
  ArtefactInfo made = request.made;
  fs::path model = request.parent;
  for (std::size_t i = 0; i < recipe.size(); ++i) {
    const bool last = i + 1 == recipe.size();
    BuildRequest one = request_behind(request, made, model, recipe[i]);
    one.check_exact = request.check_exact && last;
    if (!last) {
      one.out = scratch / ("step-" + std::to_string(i + 1));
      fs::create_directories(one.out);
    }
    made = build(one);
    model = one.out / "model.onnx";
  }
  return made;
}

}  // namespace tamis
