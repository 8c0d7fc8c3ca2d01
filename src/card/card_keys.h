#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "card/card.h"

namespace tamis {

struct DecoderRow;

/// One thing that a source says: the value in the card's JSON form, and the source's name for
/// people.
struct CardEntry {
  Json value;
  std::string source;
};
using CardEntries = std::map<std::string, CardEntry>;  ///< by key, "input.size"

/// The one list of a card's keys, in the order in which they are written.
struct CardKey {
  std::string_view key;
  CardOption option;
  Json (*from_text)(const std::string& text);  ///< as written on the command line
  void (*apply)(Card& card, const Json& value,
                const std::string& where);  ///< throws invalid_argument prefixed by `where`
  Json (*write)(const Card& card);          ///< null: not part of this card
};
const std::vector<CardKey>& card_keys();
const CardKey& card_key(std::string_view key);

/// "red, green" → ["red", "green"]; one name is a list of one.
Json names_between_commas(const std::string& text);

/// What options, a card file and a card's JSON say. Throw invalid_argument or corrupt_data naming
/// the option, or file and key.
CardEntries entries_of_options(const CardOptions& options);
CardEntries entries_of_file(const std::filesystem::path& file);
CardEntries entries_of_json(const Json& json, const std::string& source);

/// The names in a file, one per line. Throws as load_text does, and invalid_argument prefixed by
/// `where` for one without names.
Json labels_of_file(const std::filesystem::path& file, const std::string& where);

/// What the model says of itself: metadata, then shapes, then the defaults of the decoder that was
/// found.
class CardInference {
 public:
  explicit CardInference(const ModelFacts& facts) : facts_(facts) {}

  /// Completes `entries`, keeping what is there.
  void complete(CardEntries& entries) const;

  /// Throws invalid_argument where the card contradicts the model: size, channels, decoder, number
  /// of labels.
  void check(const Card& card) const;

 private:
  void check_input(const Card& card) const;
  void add_metadata(CardEntries& entries) const;
  void add_shapes(CardEntries& entries) const;
  void add_decoder(CardEntries& entries) const;
  const DecoderRow& only_fitting(const CardEntries& entries) const;
  std::vector<const DecoderRow*> narrow_by_labels(std::vector<const DecoderRow*> rows,
                                                  const CardEntries& entries) const;
  void add_roles(CardEntries& entries) const;
  void add_defaults(CardEntries& entries) const;

  void check_roles(const Card& card) const;
  std::string class_output_text() const;

  const ModelFacts& facts_;
};

}  // namespace tamis
