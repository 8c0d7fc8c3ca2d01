#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/json.h"
#include "card/card.h"
#include "data/dataset.h"
#include "runtime/backend.h"
#include "tasks/task.h"

namespace tamis {

/// What it takes to execute an artefact. As JSON (docs/worker-protocol.md) it is the body of the
/// worker's `open` request.
struct ExecuteRequest {
  std::filesystem::path model;
  std::optional<Card> card;  ///< absent: inference only, on made-up inputs, no predictions
  RunSettings settings;
  bool profile = false;
  std::filesystem::path engine_cache;  ///< empty: none
  std::filesystem::path dump{};        ///< as OpenRequest::dump; a folder that is there
  /// Times begin at the resized picture's bytes instead of at the tensor, so that models with
  /// different inputs compare. Needs a card.
  bool from_pixels = false;
  /// Without a card: the inputs' shapes, where the model leaves some open.
  std::vector<Shape> input_shapes{};
};
Json to_json(const ExecuteRequest& request);
ExecuteRequest parse_execute_request(const Json& json);

/// Where the time of one inference went.
struct TimedRun {
  std::int64_t inference_ns = 0;  ///< the runtime alone
  std::int64_t prepare_ns = 0;    ///< from pixels: resized picture → tensor, part of the total
  std::int64_t total_ns = 0;  ///< tensor in → final predictions (decode and suppression included)
};

/// A model opened in its runtime together with what the card says of it: from picture to
/// prediction. Lives in a worker. One thread at a time, except prepare().
///
/// With RunSettings.batch each request holds so many pictures, which are one picture repeated: its
/// time is that of the whole request, with all of them decoded, and its prediction that of the
/// first.
class OpenedModel {
 public:
  /// Opens and compiles; checks that the model's input fits the card. Throws what Backend::open
  /// throws, and invalid_argument where card and model disagree.
  explicit OpenedModel(const ExecuteRequest& request);

  /// Another request on the same compiled model, for a thread of its own. Throws as
  /// Session::another.
  std::unique_ptr<OpenedModel> another() const;

  Session& session() { return *session_; }
  int batch() const { return batch_; }  ///< pictures in a request
  /// How many requests to keep in flight under load: as the settings say, else the runtime, else 1.
  int in_flight() const;
  const std::optional<Card>& card() const { return card_; }
  /// How many input shapes there are: 1, or as many as the card's set has.
  std::size_t shapes() const { return cards_.empty() ? 1 : cards_.size(); }
  /// The shape that a picture goes to, below shapes().
  std::size_t shape_for(Size picture) const;
  /// The card of one shape, its size alone. Needs a card.
  const Card& card_of(std::size_t shape) const { return cards_.at(shape); }
  const Task* task() const { return task_; }  ///< null without a card

  /// The number of classes that the outputs or labels tell; absent when neither does.
  std::optional<std::size_t> class_count() const;

  /// A tensor for the model's input of that shape, zero-filled.
  Tensor make_input(std::size_t shape = 0) const;

  /// A picture of just that shape's size; all zero where the input is no picture.
  Placement whole_placement(std::size_t shape = 0) const;

  /// Picture → input tensor, which is replaced where its shape is not the picture's. Thread safe.
  /// Needs a card.
  void prepare(const Picture& picture, Tensor& input, Placement& placement) const;

  /// Runs on `input`, which keeps its content, and times it. `prediction` may be null: it is made
  /// all the same, since it is part of the time.
  TimedRun run(const Tensor& input, const Placement& placement, Prediction* prediction);

  bool from_pixels() const { return from_pixels_; }

  /// The same from a picture that was resized already (tasks/prepare.h): `input` holds its tensor,
  /// and is filled anew within the time where the bytes are not the input themselves.
  TimedRun run_from_pixels(const Picture& laid_out, Tensor& input, const Placement& placement);

  /// The outputs of the last run, of the first picture of a batch.
  const std::vector<Tensor>& outputs() const {
    return batch_ > 1 ? images_[last_].at(0) : outputs_[last_];
  }

 private:
  OpenedModel() = default;
  void repeat_first_image(Tensor& input) const;
  void view_images();
  Prediction predict(const Placement& placement);

  bool from_pixels_ = false;
  int batch_ = 1;
  std::optional<int> in_flight_;
  std::optional<Card> card_;
  const Task* task_ = nullptr;
  std::vector<Card> cards_;  // one per shape; empty without a card
  std::unique_ptr<Session> session_;
  std::vector<std::vector<Tensor>> outputs_;  // by shape
  // Of a batch: views of the outputs' images, by shape and image; empty until a shape has run.
  std::vector<std::vector<std::vector<Tensor>>> images_;
  std::vector<Tensor> widened_;  // half outputs as f32, for the decoder
  std::size_t last_ = 0;         // the shape that ran last
};

}  // namespace tamis
