#include "card/card.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "card/card_keys.h"

namespace tamis {
namespace {

[[noreturn]] void refuse_card(const std::string& problem) {
  throw Error(ErrorCode::invalid_argument, "card: " + problem);
}

Card apply_entries(const CardEntries& entries) {
  Card card;
  for (const CardKey& key : card_keys()) {
    auto entry = entries.find(std::string(key.key));
    if (entry == entries.end()) continue;
    const std::string& source = entry->second.source;
    bool is_option = source.rfind("option ", 0) == 0;
    key.apply(card, entry->second.value, is_option ? source : source + ": " + std::string(key.key));
    card.sources[entry->first] = source;
  }
  return card;
}

/// Options beat the card file, of inputs that are held name by name.
CardEntries entries_said(const std::optional<std::filesystem::path>& card_file,
                         const CardOptions& options) {
  CardEntries entries = entries_of_options(options);
  if (!card_file) return entries;
  CardEntries of_file = entries_of_file(*card_file);
  const auto ours = entries.find("hold"), theirs = of_file.find("hold");
  if (ours != entries.end() && theirs != of_file.end() && theirs->second.value.is_object()) {
    for (const auto& [name, numbers] : theirs->second.value.items())
      if (!ours->second.value.contains(name)) ours->second.value[name] = numbers;
    ours->second.source += ", " + theirs->second.source;
  }
  entries.merge(of_file);  // keeps what options say
  return entries;
}

// What neither the user, nor a file, nor the model says and nobody may guess.
void require_complete(const CardEntries& entries) {
  auto missing = [&](const char* key) { return entries.count(key) == 0; };
  if (missing("input.size") && missing("input.sizes"))
    refuse_card(
        "the model's input size is dynamic; give --input-size HxW, or input: {size: [H, W]} in "
        "NAME.card.yaml");
  if (missing("input.mean") || missing("input.std"))
    refuse_card(
        "the model does not say how pixels are normalised; give --mean and --std (often --mean "
        "0.485,0.456,0.406 --std 0.229,0.224,0.225, or --mean 0 --std 1), or a card file "
        "NAME.card.yaml");
}

void spread(std::vector<double>& values, int channels, const char* option) {
  if (values.size() == 1) values.resize(static_cast<std::size_t>(channels), values[0]);
  if (static_cast<int>(values.size()) != channels)
    refuse_card(fmt::format(
        "{} channels, but {} numbers were given for them; give one per channel with --{}", channels,
        values.size(), option));
}

void check_itself(Card& card) {
  spread(card.mean, card.channels(), "mean");
  spread(card.std, card.channels(), "std");
  if (card.short_side && card.resize != ResizeRule::center_crop)
    refuse_card(fmt::format(
        "short_side goes with resize center_crop only, here it is {}; leave --short-side out",
        to_text(card.resize)));
  if (card.sources.count("input.pad") != 0 && card.resize != ResizeRule::letterbox)
    refuse_card(fmt::format("pad goes with resize letterbox only, here it is {}; leave --pad out",
                            to_text(card.resize)));
  if (card.anchor != Anchor::center && card.resize != ResizeRule::letterbox)
    refuse_card(
        fmt::format("anchor goes with resize letterbox only, here it is {}; leave --anchor out",
                    to_text(card.resize)));
  if (card.threshold && card.task != TaskKind::anomaly)
    refuse_card(
        fmt::format("a threshold goes with the task anomaly only, here it is {}; leave "
                    "--threshold out",
                    to_text(card.task)));
  if (!card.input_sizes.empty() && card.resize != ResizeRule::letterbox)
    refuse_card(
        fmt::format("sizes go with resize letterbox only, here it is {}; leave --input-sizes out",
                    to_text(card.resize)));
  auto area = [](const Size& s) { return std::int64_t{s.height} * std::int64_t{s.width}; };
  auto smaller = [&](const Size& a, const Size& b) { return area(a) < area(b); };
  if (!card.input_sizes.empty())
    card.input_size = *std::max_element(card.input_sizes.begin(), card.input_sizes.end(), smaller);
  int longest = std::max(card.input_size.height, card.input_size.width);
  if (card.short_side && *card.short_side < longest)
    refuse_card(
        fmt::format("short_side {} is less than the input's {}, so there is nothing to crop; give "
                    "a larger --short-side",
                    *card.short_side, longest));
}

}  // namespace

std::optional<Size> given_input_size(const CardOptions& options) {
  const auto given = options.given.find("input-size");
  if (given == options.given.end()) return std::nullopt;
  const CardKey& key = card_key("input.size");
  Card card;
  key.apply(card, key.from_text(given->second), "option --input-size");
  return card.input_size;
}

std::map<std::string, std::vector<double>> inputs_to_hold(
    const std::optional<std::filesystem::path>& card_file, const CardOptions& options) {
  CardEntries said = entries_said(card_file, options), hold;
  if (auto entry = said.extract("hold")) hold.insert(std::move(entry));
  return apply_entries(hold).hold;
}

Card resolve_card(const ModelFacts& facts, const std::optional<std::filesystem::path>& card_file,
                  const CardOptions& options) {
  CardEntries entries = entries_said(card_file, options);
  CardInference inference(facts);
  inference.complete(entries);
  require_complete(entries);
  Card card = apply_entries(entries);
  check_itself(card);
  inference.check(card);
  return card;
}

Shape Card::input_shape() const {
  if (layout == InputLayout::nhwc) return {1, input_size.height, input_size.width, channels()};
  return {1, channels(), input_size.height, input_size.width};
}

std::vector<Card> cards_by_size(const Card& card) {
  if (card.input_sizes.empty()) return {card};
  std::vector<Card> cards;
  for (const Size& size : card.input_sizes) {
    cards.push_back(card);
    cards.back().input_size = size;
    cards.back().input_sizes.clear();
  }
  return cards;
}

Card parse_card(const Json& json) {
  Json keys = json;
  std::map<std::string, std::string> sources;
  if (json.is_object() && json.contains("sources")) {
    sources = json.at("sources").get<std::map<std::string, std::string>>();
    keys.erase("sources");
  }
  CardEntries entries = entries_of_json(keys, "card");
  for (const char* key : {"task", "input.color", "input.scale", "input.resize", "decoder"})
    if (entries.count(key) == 0) refuse_card(std::string("the key ") + key + " is missing");
  require_complete(entries);
  Card card = apply_entries(entries);
  check_itself(card);
  card.sources = sources;
  return card;
}

}  // namespace tamis
