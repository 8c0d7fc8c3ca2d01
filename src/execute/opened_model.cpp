#include "execute/opened_model.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/error.h"
#include "tasks/prepare.h"

namespace tamis {
namespace {

/// Batch 1 at the card's size, where there is a card; else the model must be static.
std::vector<Shape> input_shapes(const std::optional<Card>& card) {
  if (!card) return {};
  return {card->input_shape()};
}

std::string shape_text(const TensorInfo& info) {
  Shape shape;
  for (const auto& d : info.shape) shape.push_back(d.value_or(-1));
  return to_text(shape);
}

void check_input(const TensorInfo& input, const Card& card, const std::string& model) {
  auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::invalid_argument, fmt::format("open {}: input '{}' is {}, {}", model,
                                                         input.name, shape_text(input), what));
  };
  if (input.shape.size() != 4) fail("but a picture needs four dimensions [1,C,H,W]");
  const bool last = card.layout == InputLayout::nhwc;
  const std::size_t channels = last ? 3 : 1, height = last ? 1 : 2;
  if (input.shape[0] != 1)
    fail("but Tamis runs one picture at a time; export with batch 1 or dynamic batch");
  if (input.shape[channels] != card.channels())
    fail(fmt::format("but the card's colour '{}' has {} channel(s); give --color",
                     to_text(card.color), card.channels()));
  if (input.shape[height] != card.input_size.height ||
      input.shape[height + 1] != card.input_size.width)
    fail(fmt::format("but the card says {}x{}; give --input-size", card.input_size.height,
                     card.input_size.width));
  if (input.type != DataType::f32 && input.type != DataType::u8)
    fail(fmt::format("of type {}; only f32 and u8 inputs are known", to_text(input.type)));
}

}  // namespace

OpenedModel::OpenedModel(const ExecuteRequest& request)
    : from_pixels_(request.from_pixels && request.card), card_(request.card) {
  OpenRequest open{request.model, request.settings, input_shapes(card_), request.profile,
                   request.engine_cache};
  session_ = find_backend(request.settings.backend)->open(open);
  if (card_) {
    if (session_->inputs().size() != 1)
      throw Error(ErrorCode::unsupported,
                  fmt::format("open {}: has {} inputs; a vision model has one, the picture",
                              request.model.string(), session_->inputs().size()));
    check_input(session_->inputs()[0], *card_, request.model.string());
    task_ = &find_task(card_->task);
  }
  outputs_ = make_tensors(session_->outputs());
}

std::optional<std::size_t> OpenedModel::class_count() const {
  if (task_ == nullptr) return std::nullopt;
  return task_->class_count(*card_, session_->outputs());
}

Tensor OpenedModel::make_input() const {
  return std::move(make_tensors({session_->inputs().at(0)})[0]);
}

Placement OpenedModel::whole_placement() const {
  Placement whole;
  const auto& shape = session_->inputs().at(0).shape;
  if (card_)
    whole.input = card_->input_size;
  else if (shape.size() == 4)
    whole.input = {static_cast<int>(shape[2].value_or(0)), static_cast<int>(shape[3].value_or(0))};
  whole.picture = whole.input;
  return whole;
}

void OpenedModel::prepare(const Picture& picture, Tensor& input, Placement& placement) const {
  prepare_picture(*card_, picture, input, 0, placement);
}

TimedRun OpenedModel::run_from_pixels(const Picture& laid_out, Tensor& input,
                                      const Placement& placement) {
  const std::int64_t start = now_ns();
  if (!takes_pixels(*card_)) fill_input(*card_, laid_out, input, 0);
  const std::int64_t prepared = now_ns() - start;
  TimedRun times = run(input, placement, nullptr);
  times.prepare_ns = prepared;
  times.total_ns += prepared;
  return times;
}

TimedRun OpenedModel::run(const Tensor& input, const Placement& placement, Prediction* prediction) {
  TimedRun times;
  std::int64_t start = now_ns();
  session_->run({&input, 1}, outputs_);
  times.inference_ns = now_ns() - start;
  if (task_ != nullptr) {
    Prediction made = task_->predict(*card_, outputs_, placement);
    times.total_ns = now_ns() - start;
    if (prediction != nullptr) *prediction = std::move(made);
  } else {
    times.total_ns = times.inference_ns;
  }
  return times;
}

}  // namespace tamis
