#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "card/card.h"

namespace tamis {

/// A family of models as a card knows it: what its outputs look like, and what its pictures are
/// prepared with unless something else is said. Adding one = a row in card_decoders.cpp.
struct DecoderRow {
  std::string_view name;
  TaskKind task;
  std::string_view outputs;  ///< for people

  /// Why the model's outputs are not the family's; absent where they fit.
  std::optional<std::string> (*misfit)(const ModelFacts&);

  /// The number of classes that the outputs tell.
  std::optional<std::int64_t> (*classes)(const ModelFacts&);

  /// What is prepared how, by card key.
  std::vector<std::pair<std::string_view, Json>> defaults;

  /// The roles of its outputs, where it reads several: what may stand in the card's `outputs`.
  std::vector<std::string_view> roles{};
  /// The role of each of the model's outputs, in their order; empty where shapes and names do not
  /// tell. Null without roles.
  std::vector<std::string> (*find_roles)(const ModelFacts&) = nullptr;
  /// Of outputs that fit: why their shapes alone do not tell the family. Not asked where the
  /// decoder is named. Null: they do.
  std::optional<std::string> (*untold)(const ModelFacts&) = nullptr;
  /// Shapes are another family's too: only metadata, or who asks for it, tell it.
  bool only_by_metadata = false;
  /// Fits everything, so that only who asks for it gets it.
  bool only_if_named = false;
};

const std::vector<DecoderRow>& card_decoders();

/// "[1,84,?]".
std::string dims_text(const std::vector<std::optional<std::int64_t>>& dims);

/// "boxes [1,100,4], scores [1,100]".
std::string outputs_text(const ModelFacts& facts);

/// Height and width of the model's picture input; absent where they are dynamic. Throws unsupported
/// where it has no such input.
std::optional<Size> static_input_size(const ModelFacts& facts);

}  // namespace tamis
