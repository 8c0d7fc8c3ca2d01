#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "eval/item_evaluator.h"
#include "execute/opened_model.h"
#include "place/place.h"
#include "predict/inputs.h"
#include "predict/prediction_files.h"
#include "tasks/changes.h"

namespace tamis {

/// A model that predicts, as it is opened.
struct PredictingModel {
  std::string name;        ///< for people
  ExecuteRequest request;  ///< with a card
  std::string content{};   ///< of request.model (ModelFile)
};

struct PredictPlan {
  PredictingModel model;
  std::optional<PredictingModel> other{};  ///< beside which it is shown; of the same task
  std::size_t most = 0;                    ///< images; 0 = all
  double min_score = 0.25;                 ///< objects below it are not shown
  std::filesystem::path out{};             ///< folder of the files; empty: none are written
  std::vector<const PredictionFormat*> formats{};
};

/// Told of what goes on, in the caller's thread; every function is required.
struct PredictListener {
  std::function<bool()> go_on;  ///< asked before every few images
  /// An image and what each model says of it in a few words (summary_text()).
  std::function<void(const std::string& image, const std::vector<std::string>& said)> predicted;
  std::function<void(const BadItem&)> unusable;
};

/// What the other model says differently.
struct PredictedChanges {
  std::vector<ItemRecord> before, after;  ///< of the images that both could use, in order
  std::vector<ItemChange> items;          ///< find_changes()
};

struct PredictResult {
  Json predictions = Json::array();  ///< prediction_json(), of the first model, in order
  std::vector<BadItem> bad;
  double wall_s = 0;       ///< from opened to written
  double inference_s = 0;  ///< in the first model's runtime
  std::optional<double> other_inference_s;
  std::optional<PredictedChanges> changes;
  bool complete = false;  ///< else go_on() ended it
};

/// Runs the images through the model, or both, in workers at the place, and writes each format's
/// files as they come; files that are made at the end are made of what there is when go_on() ends
/// it. Images that cannot be used are told and left out. Throws what opening and running throw, io
/// for files, and invalid_argument where the two models are of different tasks.
PredictResult predict(Place& place, const NamedImages& images, const PredictPlan& plan,
                      const PredictListener& listener);

}  // namespace tamis
