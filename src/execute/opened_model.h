#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/json.h"
#include "card/card.h"
#include "data/dataset.h"
#include "execute/batch.h"
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
  /// Without a card: the inputs' shapes, one each, where the model leaves some open.
  std::vector<Shape> input_shapes{};
};
Json to_json(const ExecuteRequest& request);
ExecuteRequest parse_execute_request(const Json& json);

/// Where the time of one inference went.
struct TimedRun {
  std::int64_t inference_ns = 0;  ///< the runtime alone
  std::int64_t prepare_ns = 0;    ///< from pixels: resized pictures → tensor, part of the total
  std::int64_t total_ns = 0;  ///< tensor in → final predictions (decode and suppression included)
};

/// A model opened in its runtime together with what the card says of it: from picture to
/// prediction. Lives in a worker. One thread at a time, except for what is const: a thread may
/// prepare or decode one request while another infers the next.
///
/// With RunSettings.batch each request holds so many pictures: its time is that of the whole
/// request, with all of them decoded.
///
/// One input takes the pictures. Inputs beside it are held at the card's numbers (Card::hold);
/// without a card they are made up as the pictures are.
class OpenedModel {
 public:
  /// Opens and compiles; checks that the model's input fits the card. Throws what Backend::open
  /// throws, invalid_argument where card and model disagree, and unsupported for an input beside
  /// the picture that nothing holds.
  explicit OpenedModel(const ExecuteRequest& request);

  /// Another request on the same compiled model, for a thread of its own. Throws as
  /// Siblings::another, and unsupported where the backend has none.
  std::unique_ptr<OpenedModel> another() const;

  Session& session() { return *session_; }
  int batch() const { return facts_->batch; }  ///< pictures in a request
  /// How many requests to keep in flight under load: as the settings say, else the runtime, else 1.
  int in_flight() const;
  const std::optional<Card>& card() const { return facts_->card; }
  /// How many input shapes there are: 1, or as many as the card's set has.
  std::size_t shapes() const { return facts_->cards.empty() ? 1 : facts_->cards.size(); }
  /// The shape that a picture goes to, below shapes().
  std::size_t shape_for(Size picture) const;
  const Task* task() const { return facts_->task; }  ///< null without a card

  /// The number of classes that the outputs or labels tell; absent when neither does.
  std::optional<std::size_t> class_count() const;

  /// A request in that shape: its pictures are all zero and of just that shape's size, as many as
  /// it takes.
  Batch make_batch(std::size_t shape = 0) const;

  /// The two halves of prepare(), thread safe. Both need a card. fill() takes 1 to batch() pictures
  /// of one input shape; `batch` is replaced where it is not of that shape, and places that are
  /// left repeat the pictures in turn, undecoded. Throws invalid_argument.
  LaidOutPicture lay_out(const Picture& picture) const;
  void fill(std::span<const LaidOutPicture* const> pictures, Batch& batch) const;

  /// Pictures → inputs. Thread safe. Needs a card. Throws as lay_out() and fill() do.
  void prepare(std::span<const Picture> pictures, Batch& batch) const;

  /// What requests in that shape write their outputs to.
  BatchOutputs make_outputs(std::size_t shape = 0) const;

  /// Inputs → outputs, which must be of the batch's shape (else invalid_argument); the batch keeps
  /// its content. Throws as Session::run.
  void infer(const Batch& batch, BatchOutputs& outputs);

  /// Outputs → a prediction for each of the batch's placements, in place of what `predictions`
  /// held. Needs a card. Thread safe for different outputs. Throws what Task::predict throws, and
  /// unsupported for outputs that cannot be split into pictures.
  void decode(const Batch& batch, BatchOutputs& outputs,
              std::vector<Prediction>& predictions) const;

  /// infer() and decode(), timed. `predictions` may be null: they are made all the same, since they
  /// are part of the time.
  TimedRun run(const Batch& batch, std::vector<Prediction>* predictions = nullptr);

  bool from_pixels() const { return facts_->from_pixels; }

  /// The same from pictures that were laid out already: `batch` holds them, and is filled anew
  /// within the time where their bytes are not the input themselves.
  TimedRun run_from_pixels(std::span<const LaidOutPicture* const> pictures, Batch& batch);

  /// The outputs of the last run(), of the first picture of a batch.
  const std::vector<Tensor>& outputs() const {
    const BatchOutputs& last = outputs_[last_];
    return batch() > 1 ? last.images.at(0) : last.tensors;
  }

 private:
  /// What all requests on one compiled model share.
  struct Facts {
    bool from_pixels = false;
    int batch = 1;
    std::optional<int> in_flight;
    std::optional<Card> card;
    const Task* task = nullptr;
    std::vector<Card> cards;  // one per shape; empty without a card
    std::size_t picture_input = 0;
    std::vector<Tensor> held;  // by input; the pictures' is empty
  };

  OpenedModel(std::shared_ptr<const Facts> facts, std::unique_ptr<Session> session);
  static Facts facts_of(const ExecuteRequest& request);
  static std::unique_ptr<Session> open(const ExecuteRequest& request, const Facts& facts);
  void take_inputs(const std::string& model, Facts& facts) const;
  Placement whole_placement(std::size_t shape) const;
  void view_images(BatchOutputs& outputs) const;

  std::shared_ptr<const Facts> facts_;
  std::unique_ptr<Session> session_;
  std::vector<BatchOutputs> outputs_;    // by shape
  std::vector<Prediction> predictions_;  // of the last run, where nobody asked for them
  std::size_t last_ = 0;                 // the shape that ran last
};

}  // namespace tamis
