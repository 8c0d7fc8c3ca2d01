#include "execute/opened_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/clock.h"
#include "base/content.h"
#include "base/error.h"
#include "base/held_tensor.h"
#include "execute/shaped_session.h"
#include "runtime/tensor_info.h"
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

/// "images, orig_target_sizes"
std::string names_of(const std::vector<TensorInfo>& inputs) {
  std::string names;
  for (const TensorInfo& input : inputs) names += (names.empty() ? "" : ", ") + input.name;
  return names;
}

/// The one input that the card does not hold at constant values.
std::size_t picture_input_of(const std::vector<TensorInfo>& inputs, const Card& card,
                             const std::string& model) {
  if (inputs.size() == 1) return 0;
  std::optional<std::size_t> found;
  bool one = true;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (card.hold.count(inputs[i].name) != 0) continue;
    one = one && !found;
    found = i;
  }
  if (found && one) return *found;
  throw Error(ErrorCode::unsupported,
              fmt::format("open {}: has {} inputs ({}); a vision model has one, the image; hold "
                          "the others at constant values with --hold-input NAME=VALUES",
                          model, inputs.size(), names_of(inputs)));
}

/// Fills the places behind the first `count` images with copies of these, in turn.
void repeat_images(Tensor& input, std::size_t count, int batch) {
  const std::size_t bytes = input.bytes() / static_cast<std::size_t>(batch);
  auto* first = static_cast<char*>(input.raw());
  for (std::size_t n = count; n < static_cast<std::size_t>(batch); ++n)
    std::memcpy(first + n * bytes, first + (n - count) * bytes, bytes);
}

}  // namespace

Batch Batch::clone() const {
  Batch copy;
  for (const Tensor& input : inputs) copy.inputs.push_back(input.clone());
  copy.picture_input = picture_input;
  copy.shape = shape;
  copy.placements = placements;
  return copy;
}

OpenedModel::OpenedModel(const ExecuteRequest& request) {
  Facts facts = facts_of(request);
  session_ = open(request, facts);
  take_inputs(request.model.string(), facts);
  facts_ = std::make_shared<const Facts>(std::move(facts));
  for (std::size_t k = 0; k < shapes(); ++k) outputs_.push_back(make_outputs(k));
}

OpenedModel::OpenedModel(std::shared_ptr<const Facts> facts, std::unique_ptr<Session> session)
    : facts_(std::move(facts)), session_(std::move(session)) {
  for (std::size_t k = 0; k < shapes(); ++k) outputs_.push_back(make_outputs(k));
}

OpenedModel::Facts OpenedModel::facts_of(const ExecuteRequest& request) {
  Facts facts;
  facts.from_pixels = request.from_pixels && request.card;
  facts.batch = request.settings.batch.value_or(1);
  facts.in_flight = request.settings.in_flight;
  facts.card = request.card;
  if (facts.batch > 1 && !facts.card)
    throw Error(ErrorCode::invalid_argument,
                fmt::format("open {}: batch {} needs a card, which says what an image is",
                            request.model.string(), facts.batch));
  if (!facts.card) return facts;
  facts.cards = cards_by_size(*facts.card);
  facts.task = &find_task(facts.card->task);
  return facts;
}

std::unique_ptr<Session> OpenedModel::open(const ExecuteRequest& request, const Facts& facts) {
  std::vector<Shape> shapes;
  for (const Card& card : facts.cards) {
    shapes.push_back(card.input_shape());
    shapes.back().at(0) = facts.batch;
  }
  OpenRequest open;
  open.model = request.model;
  open.settings = request.settings;
  open.profile = request.profile;
  open.engine_cache = request.engine_cache;
  open.dump = request.dump;
  if (!facts.card) open.input_shapes = request.input_shapes;
  auto backend = find_backend(request.settings.backend);
  const bool caches = !open.engine_cache.empty();
  if (caches) remove_damaged(open.engine_cache);  // the runtime may trust what it finds
  auto session = facts.card ? open_shapes(*backend, open, shapes) : backend->open(open);
  if (caches) list_engines(open.engine_cache);
  if (EngineExport* engine = session->engine_export(); engine != nullptr && !request.dump.empty())
    engine->export_engine(request.dump / "compiled.blob");
  return session;
}

/// What each of the session's inputs is fed with.
void OpenedModel::take_inputs(const std::string& model, Facts& facts) const {
  if (!facts.card) return;
  const std::vector<TensorInfo>& inputs = session_->inputs();
  facts.picture_input = picture_input_of(inputs, *facts.card, model);
  check_input(inputs[facts.picture_input], facts.cards[0], facts.batch, model);
  facts.held.resize(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if (i != facts.picture_input)
      facts.held[i] = held_tensor(inputs[i], facts.card->hold.at(inputs[i].name));
}

std::unique_ptr<OpenedModel> OpenedModel::another() const {
  Siblings* siblings = session_->siblings();
  if (siblings == nullptr)
    throw Error(ErrorCode::unsupported,
                "open a request more: this backend runs one request of a model at a time; use "
                "--in-flight 1");
  return std::unique_ptr<OpenedModel>(new OpenedModel(facts_, siblings->another()));
}

int OpenedModel::in_flight() const {
  if (facts_->in_flight) return *facts_->in_flight;
  const Json requests = session_->opened().effective.value("requests", Json());
  return requests.is_number_integer() ? std::max(1, requests.get<int>()) : 1;
}

std::size_t OpenedModel::shape_for(Size picture) const {
  return shapes() == 1 ? 0 : tamis::shape_for(picture, facts_->card->input_sizes);
}

std::optional<std::size_t> OpenedModel::class_count() const {
  if (task() == nullptr) return std::nullopt;
  return task()->class_count(*facts_->card, session_->outputs());
}

Batch OpenedModel::make_batch(std::size_t shape) const {
  Batch made;
  made.shape = shape;
  made.picture_input = facts_->picture_input;
  made.inputs = make_tensors(session_->inputs());
  if (shapes() > 1) {
    Shape own = facts_->cards.at(shape).input_shape();
    own.at(0) = batch();
    made.pictures() = Tensor(made.pictures().type(), own);
  }
  for (std::size_t i = 0; i < facts_->held.size(); ++i)
    if (i != made.picture_input) made.inputs[i] = facts_->held[i].clone();
  made.placements.assign(static_cast<std::size_t>(batch()), whole_placement(shape));
  return made;
}

/// A picture of just that shape's size; all zero where the input is no picture.
Placement OpenedModel::whole_placement(std::size_t shape) const {
  Placement whole;
  const auto& dims = session_->inputs().at(facts_->picture_input).shape;
  if (facts_->card)
    whole.input = facts_->cards.at(shape).input_size;
  else if (dims.size() == 4)
    whole.input = {static_cast<int>(dims[2].value_or(0)), static_cast<int>(dims[3].value_or(0))};
  whole.picture = whole.input;
  return whole;
}

LaidOutPicture OpenedModel::lay_out(const Picture& picture) const {
  LaidOutPicture laid_out;
  laid_out.shape = shape_for(picture.size());
  laid_out.picture = lay_out_picture(facts_->cards.at(laid_out.shape), picture, laid_out.placement);
  return laid_out;
}

void OpenedModel::fill(std::span<const LaidOutPicture* const> pictures, Batch& batch) const {
  const int most = this->batch();
  if (pictures.empty() || pictures.size() > static_cast<std::size_t>(most))
    throw Error(ErrorCode::invalid_argument,
                fmt::format("prepare: {} images for a request of {}; give 1 to {}", pictures.size(),
                            most, most));
  const std::size_t shape = pictures[0]->shape;
  if (batch.inputs.empty() || batch.shape != shape) batch = make_batch(shape);
  batch.placements.clear();
  for (const LaidOutPicture* one : pictures) {
    if (one->shape != shape)
      throw Error(ErrorCode::invalid_argument,
                  "prepare: the images of one request go to different input shapes");
    fill_input(facts_->cards[shape], one->picture, batch.pictures(),
               static_cast<int>(batch.placements.size()));
    batch.placements.push_back(one->placement);
  }
  repeat_images(batch.pictures(), pictures.size(), most);
}

void OpenedModel::prepare(std::span<const Picture> pictures, Batch& batch) const {
  std::vector<LaidOutPicture> laid_out;
  std::vector<const LaidOutPicture*> all;
  laid_out.reserve(pictures.size());
  for (const Picture& picture : pictures) all.push_back(&laid_out.emplace_back(lay_out(picture)));
  fill(all, batch);
}

BatchOutputs OpenedModel::make_outputs(std::size_t shape) const {
  BatchOutputs outputs;
  outputs.shape = shape;
  if (shape == 0)
    outputs.tensors = make_tensors(session_->outputs());
  else
    outputs.tensors.resize(session_->outputs().size());  // the session makes them
  return outputs;
}

void OpenedModel::infer(const Batch& batch, BatchOutputs& outputs) {
  if (batch.shape != outputs.shape)
    throw Error(ErrorCode::invalid_argument,
                "run model: the outputs were made for another input shape");
  session_->run(batch.inputs, outputs.tensors);
}

void OpenedModel::decode(const Batch& batch, BatchOutputs& outputs,
                         std::vector<Prediction>& predictions) const {
  const Card& card = facts_->cards.at(batch.shape);
  predictions.clear();
  if (this->batch() > 1 && outputs.images.empty()) view_images(outputs);
  for (std::size_t n = 0; n < batch.placements.size(); ++n) {
    const std::vector<Tensor>& image = this->batch() > 1 ? outputs.images[n] : outputs.tensors;
    predictions.push_back(
        task()->predict(card, widened(image, outputs.widened), batch.placements[n]));
  }
}

TimedRun OpenedModel::run(const Batch& batch, std::vector<Prediction>* predictions) {
  last_ = batch.shape;
  BatchOutputs& outputs = outputs_.at(last_);
  std::vector<Prediction>& made = predictions != nullptr ? *predictions : predictions_;
  made.clear();
  TimedRun times;
  const std::int64_t start = now_ns();
  infer(batch, outputs);
  times.inference_ns = now_ns() - start;
  if (task() == nullptr) {
    times.total_ns = times.inference_ns;
    return times;
  }
  decode(batch, outputs, made);
  times.total_ns = now_ns() - start;
  return times;
}

TimedRun OpenedModel::run_from_pixels(std::span<const LaidOutPicture* const> pictures,
                                      Batch& batch) {
  const std::int64_t start = now_ns();
  if (!takes_pixels(*facts_->card)) fill(pictures, batch);
  const std::int64_t prepared = now_ns() - start;
  TimedRun times = run(batch);
  times.prepare_ns = prepared;
  times.total_ns += prepared;
  return times;
}

void OpenedModel::view_images(BatchOutputs& outputs) const {
  for (const Tensor& output : outputs.tensors)
    if (output.shape().empty() || output.shape()[0] != batch())
      throw Error(ErrorCode::unsupported,
                  fmt::format("run model: an output is {} for a batch of {}, so its first "
                              "dimension is not the batch; use batch 1",
                              to_text(output.shape()), batch()));
  for (int n = 0; n < batch(); ++n) {
    outputs.images.emplace_back();
    for (Tensor& output : outputs.tensors) outputs.images.back().push_back(output.view_of_image(n));
  }
}

}  // namespace tamis
