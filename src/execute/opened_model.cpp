#include "execute/opened_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "base/content.h"
#include "base/error.h"
#include "execute/shaped_session.h"
#include "tasks/prepare.h"
#include "vision/shape_set.h"

namespace tamis {
namespace {

/// For the next open. A folder that cannot be written to keeps the list that it has.
void list_engines(const std::filesystem::path& folder) {
  try {
    if (std::filesystem::is_directory(folder)) save_content(folder);
  } catch (const Error&) {
    return;
  }
}

std::string shape_text(const TensorInfo& info) {
  Shape shape;
  for (const auto& d : info.shape) shape.push_back(d.value_or(-1));
  return to_text(shape);
}

void check_input(const TensorInfo& input, const Card& card, int batch, const std::string& model) {
  auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::invalid_argument, fmt::format("open {}: input '{}' is {}, {}", model,
                                                         input.name, shape_text(input), what));
  };
  if (input.shape.size() != 4) fail("but an image needs four dimensions [1,C,H,W]");
  const bool last = card.layout == InputLayout::nhwc;
  const std::size_t channels = last ? 3 : 1, height = last ? 1 : 2;
  if (input.shape[0] != batch)
    fail(batch == 1
             ? std::string("but one image is run at a time; export with batch 1 or dynamic batch")
             : fmt::format("but batch {} was asked for; export with dynamic batch", batch));
  if (input.shape[channels] != card.channels())
    fail(fmt::format("but the card's colour '{}' has {} channel(s); give --color",
                     to_text(card.color), card.channels()));
  if (input.shape[height] != card.input_size.height ||
      input.shape[height + 1] != card.input_size.width)
    fail(fmt::format("but the card says {}x{}; give --input-size", card.input_size.height,
                     card.input_size.width));
  if (input.type != DataType::f32 && input.type != DataType::f16 && input.type != DataType::u8)
    fail(fmt::format("of type {}; f32, f16 and u8 inputs are known: export it with one of these",
                     to_text(input.type)));
}

/// Whatever the batch is.
bool has_shape(const Tensor& input, const Card& card) {
  const Shape wanted = card.input_shape();
  return input.shape().size() == wanted.size() &&
         std::equal(wanted.begin() + 1, wanted.end(), input.shape().begin() + 1);
}

}  // namespace

OpenedModel::OpenedModel(const ExecuteRequest& request)
    : from_pixels_(request.from_pixels && request.card),
      batch_(request.settings.batch.value_or(1)),
      in_flight_(request.settings.in_flight),
      card_(request.card) {
  if (batch_ > 1 && !card_)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("open {}: batch {} needs a card, which says what an image is",
                            request.model.string(), batch_));
  if (card_) cards_ = cards_by_size(*card_);
  std::vector<Shape> shapes;
  for (const Card& card : cards_) {
    shapes.push_back(card.input_shape());
    shapes.back().at(0) = batch_;
  }
  OpenRequest open;
  open.model = request.model;
  open.settings = request.settings;
  open.profile = request.profile;
  open.engine_cache = request.engine_cache;
  open.dump = request.dump;
  if (!card_) open.input_shapes = request.input_shapes;
  auto backend = find_backend(request.settings.backend);
  const bool caches = !open.engine_cache.empty();
  if (caches) remove_damaged(open.engine_cache);  // the runtime may trust what it finds
  session_ = card_ ? open_shapes(*backend, open, shapes) : backend->open(open);
  if (caches) list_engines(open.engine_cache);
  if (card_) {
    if (session_->inputs().size() != 1)
      throw Error(ErrorCode::unsupported,
                  fmt::format("open {}: has {} inputs; a vision model has one, the image",
                              request.model.string(), session_->inputs().size()));
    check_input(session_->inputs()[0], cards_[0], batch_, request.model.string());
    task_ = &find_task(card_->task);
  }
  outputs_.resize(this->shapes());
  images_.resize(this->shapes());
  outputs_[0] = make_tensors(session_->outputs());
}

std::unique_ptr<OpenedModel> OpenedModel::another() const {
  auto other = std::unique_ptr<OpenedModel>(new OpenedModel());
  other->from_pixels_ = from_pixels_;
  other->batch_ = batch_;
  other->in_flight_ = in_flight_;
  other->card_ = card_;
  other->task_ = task_;
  other->cards_ = cards_;
  other->session_ = session_->another();
  other->outputs_.resize(shapes());
  other->images_.resize(shapes());
  other->outputs_[0] = make_tensors(other->session_->outputs());
  return other;
}

int OpenedModel::in_flight() const {
  if (in_flight_) return *in_flight_;
  const Json effective = session_->effective();
  const Json requests = effective.value("requests", Json());
  return requests.is_number_integer() ? std::max(1, requests.get<int>()) : 1;
}

std::size_t OpenedModel::shape_for(Size picture) const {
  return shapes() == 1 ? 0 : tamis::shape_for(picture, card_->input_sizes);
}

std::optional<std::size_t> OpenedModel::class_count() const {
  if (task_ == nullptr) return std::nullopt;
  return task_->class_count(*card_, session_->outputs());
}

Tensor OpenedModel::make_input(std::size_t shape) const {
  const TensorInfo& input = session_->inputs().at(0);
  if (shapes() == 1) return std::move(make_tensors({input})[0]);
  Shape own = cards_.at(shape).input_shape();
  own.at(0) = batch_;
  return Tensor(input.type, own);
}

Placement OpenedModel::whole_placement(std::size_t shape) const {
  Placement whole;
  const auto& dims = session_->inputs().at(0).shape;
  if (card_)
    whole.input = cards_.at(shape).input_size;
  else if (dims.size() == 4)
    whole.input = {static_cast<int>(dims[2].value_or(0)), static_cast<int>(dims[3].value_or(0))};
  whole.picture = whole.input;
  return whole;
}

void OpenedModel::prepare(const Picture& picture, Tensor& input, Placement& placement) const {
  const std::size_t shape = shape_for(picture.size());
  if (shapes() > 1 && !has_shape(input, cards_[shape])) input = make_input(shape);
  prepare_picture(cards_[shape], picture, input, 0, placement);
  repeat_first_image(input);
}

void OpenedModel::repeat_first_image(Tensor& input) const {
  const std::size_t bytes = input.bytes() / static_cast<std::size_t>(batch_);
  auto* first = static_cast<char*>(input.raw());
  for (int n = 1; n < batch_; ++n)
    std::memcpy(first + static_cast<std::size_t>(n) * bytes, first, bytes);
}

TimedRun OpenedModel::run_from_pixels(const Picture& laid_out, Tensor& input,
                                      const Placement& placement) {
  const std::int64_t start = now_ns();
  if (!takes_pixels(*card_))
    for (int n = 0; n < batch_; ++n) fill_input(*card_, laid_out, input, n);
  const std::int64_t prepared = now_ns() - start;
  TimedRun times = run(input, placement, nullptr);
  times.prepare_ns = prepared;
  times.total_ns += prepared;
  return times;
}

TimedRun OpenedModel::run(const Tensor& input, const Placement& placement, Prediction* prediction) {
  for (std::size_t k = 0; k < shapes() && shapes() > 1; ++k)
    if (has_shape(input, cards_[k])) last_ = k;
  std::vector<Tensor>& outputs = outputs_[last_];
  if (outputs.empty()) outputs.resize(session_->outputs().size());  // the session makes them
  TimedRun times;
  std::int64_t start = now_ns();
  session_->run({&input, 1}, outputs);
  times.inference_ns = now_ns() - start;
  if (task_ != nullptr) {
    Prediction made = predict(placement);
    times.total_ns = now_ns() - start;
    if (prediction != nullptr) *prediction = std::move(made);
  } else {
    times.total_ns = times.inference_ns;
  }
  return times;
}

/// Of the first picture; the others of a batch are decoded too.
Prediction OpenedModel::predict(const Placement& placement) {
  const Card& card = cards_[last_];
  if (batch_ == 1) return task_->predict(card, widened(outputs_[last_], widened_), placement);
  if (images_[last_].empty()) view_images();
  Prediction first = task_->predict(card, widened(images_[last_][0], widened_), placement);
  for (std::size_t n = 1; n < images_[last_].size(); ++n)
    task_->predict(card, widened(images_[last_][n], widened_), placement);
  return first;
}

void OpenedModel::view_images() {
  for (const Tensor& output : outputs_[last_])
    if (output.shape().empty() || output.shape()[0] != batch_)
      throw Error(ErrorCode::unsupported,
                  fmt::format("run model: an output is {} for a batch of {}, so its first "
                              "dimension is not the batch; use batch 1",
                              to_text(output.shape()), batch_));
  for (int n = 0; n < batch_; ++n) {
    images_[last_].emplace_back();
    for (Tensor& output : outputs_[last_]) images_[last_].back().push_back(output.view_of_image(n));
  }
}

}  // namespace tamis
