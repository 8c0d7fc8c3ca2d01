#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/tensor.h"
#include "base/work_done.h"
#include "card/card.h"
#include "graph/graph.h"
#include "runtime/backend.h"

namespace tamis {

/// One step with its parameters, by name: a row of the table below.
struct Step {
  std::string name;
  Json params = Json::object();
};

Json to_json(const Step& step);
Step parse_step(const Json& json);

/// An ordered list of steps, applied to the parent.
using Recipe = std::vector<Step>;
Json to_json(const Recipe& recipe);
Recipe parse_recipe(const Json& json);

/// Each step for people: {"simplify", "int8-static(openvino)"}.
std::vector<std::string> step_texts(const Recipe& recipe);

/// What a step works on and with. Lives in a worker.
struct BuildState {
  BuildState(Graph parent, const std::optional<Card>& parent_card)
      : graph(std::move(parent)), card(parent_card.value_or(Card())), has_card(parent_card) {}

  std::optional<Card> known_card() const {
    return has_card ? std::optional<Card>(card) : std::nullopt;
  }
  /// The picture's size: the card's, else what was said.
  std::optional<Size> input_size() const {
    return has_card ? std::optional<Size>(card.input_size) : given_size;
  }

  Graph graph;
  Card card;                         ///< not to be read without has_card
  bool has_card = true;              ///< steps that need one are not applied to a model without
  std::optional<Size> given_size{};  ///< without a card
  Json report = Json::object();      ///< what the step did, filled in by it
  /// A runtime for what needs execution (folding, calibrating, comparing).
  std::function<std::unique_ptr<Session>(const std::filesystem::path&)> open_reference;
  std::string reference_backend;
  /// Runtimes in which the result is checked.
  std::vector<std::string> check_backends;
  std::map<std::string, std::string> libraries;  ///< backend → vendor's library, where one is named
  RunSettings base_settings;                     ///< libraries and threads to open them with
  /// Calls back once per calibration sample; empty without calibration data.
  std::function<void(const std::function<void(std::span<const Tensor>)>&)> feed;
  TellProgress tell;  ///< hears of every sample that is fed; may be empty
  /// The artefact cache in which statistics of a float model are kept; empty: nowhere.
  std::filesystem::path cache;
  /// H(items' hashes in their order, card, reference runtime): what the statistics hang on.
  std::string calibration_key;
  /// Measures the parent on labelled calibration items (parent_check.h); empty without any items.
  std::function<Json()> check_parent;
  /// What speaks against the card (card_check.h); empty where the parent is trusted.
  std::function<std::optional<std::string>()> normalisation_warning;
};

/// What a step does with calibration pictures. Probed: one is enough to compare on before and
/// after, and the result does not hang on it. Used: where there are some.
enum class Pictures { none, probed, used, required };

struct StepTraits {
  Pictures pictures = Pictures::none;
  bool needs_card = true;  ///< else it takes any model, of text or sound too
  bool exact = false;      ///< the same outputs for the same inputs, to rounding
};

/// A kind of step. `version` enters every artefact's key: raised whenever the step may give another
/// result.
struct StepKind {
  std::string_view name;
  std::string_view help;
  StepTraits traits;
  std::string (*version)();
  /// For people, from the parameters.
  std::string (*text)(const Json& params);
  /// Changes state.graph (and card); throws and leaves the artefact unwritten otherwise.
  void (*apply)(BuildState& state, const Json& params);
};
const std::vector<StepKind>& step_kinds();
/// Throws invalid_argument with nearest names.
const StepKind& find_step_kind(std::string_view name);
/// Whether pictures change what it gives.
bool uses_calibration(const Step& step);
/// The place of the first step of this name.
std::optional<std::size_t> find_step(const Recipe& recipe, std::string_view name);

/// Where the recipe has a resolution that is a set of shapes: its last step becomes free-shapes,
/// unless it is there.
void free_sets_of_shapes(Recipe& recipe);

/// Of the steps that not every model takes: {step: why this one does not, null where it does}.
Json step_reasons(const Graph& graph, const Card& card);

/// What a step's result hangs on beside its parent, its parameters and its code.
struct StepInputs {
  std::vector<std::string> pictures;  ///< content hashes of the calibration items, in their order
  std::vector<std::string> runtimes;  ///< name, version and library of each that builds or checks
};

/// The key of a model that nothing was done to: H(content of its files, card).
std::string original_key(const std::string& content, const std::optional<Card>& card);

/// The key of parent + one step: H(parent's key, step, its version, what it reads of the inputs).
std::string artefact_key(const std::string& parent_key, const Step& step, const StepInputs& inputs);

/// The same, step by step: recipes that begin alike share the keys of what they share.
std::string artefact_key(const std::string& original_key, const Recipe& recipe,
                         const StepInputs& inputs);

}  // namespace tamis
