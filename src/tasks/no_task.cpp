#include "base/error.h"
#include "tasks/rows.h"

namespace tamis {
namespace {
namespace no_truth {

[[noreturn]] void refuse() {
  throw Error(ErrorCode::unsupported,
              "accuracy: the card says decoder none, so the model's outputs are not read; give "
              "--decoder if one of those in docs/cards.md fits");
}

Prediction predict(const Card&, const std::vector<Tensor>&, const Placement&) { refuse(); }

std::optional<std::size_t> class_count(const Card&, const std::vector<TensorInfo>&) {
  return std::nullopt;
}

void check_truth(const Card&, const std::string&, const Truth&, std::size_t) { refuse(); }
Json figures(std::span<const ItemRecord>) { refuse(); }
WeightedStatistic statistic(std::span<const ItemRecord>) { refuse(); }
std::optional<std::vector<std::uint8_t>> right(std::span<const ItemRecord>) { refuse(); }

}  // namespace no_truth
}  // namespace

Task no_task() {
  using namespace no_truth;
  return {TaskKind::none, "none",  "none",    predict, class_count,
          check_truth,    figures, statistic, right};
}

}  // namespace tamis
