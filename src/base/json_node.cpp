#include "base/json_node.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace tamis {

JsonNode::JsonNode(const Json& document, std::string_view what, std::string_view see)
    : json_(&document), key_(what), see_(see) {}

JsonNode JsonNode::operator[](std::string_view key) const {
  if (!present()) return {nullptr, this, key, 0};
  const auto found = object().find(key);
  return {found == json_->end() ? nullptr : &*found, this, key, 0};
}

JsonNode JsonNode::item(std::size_t index) const { return {&json_->at(index), this, "", index}; }

std::string JsonNode::path() const {
  if (parent_ == nullptr) return "";
  const std::string before = parent_->path();
  if (key_.empty()) return fmt::format("{}[{}]", before, index_);
  return before.empty() ? std::string(key_) : fmt::format("{}.{}", before, key_);
}

void JsonNode::refuse(std::string_view wanted) const {
  const JsonNode* root = this;
  while (root->parent_ != nullptr) root = root->parent_;
  const std::string place = path();
  throw Error(ErrorCode::corrupt_data,
              fmt::format("{}: {} must be {}{}{}", root->key_, place.empty() ? "it" : place, wanted,
                          root->see_.empty() ? "" : ", see ", root->see_));
}

std::string JsonNode::text() const {
  if (!json_->is_string()) refuse("a text");
  return json_->get<std::string>();
}

bool JsonNode::truth() const {
  if (!json_->is_boolean()) refuse("true or false");
  return json_->get<bool>();
}

double JsonNode::number() const {
  if (!json_->is_number()) refuse("a number");
  return json_->get<double>();
}

std::int64_t JsonNode::whole() const {
  constexpr double kExact = 9007199254740992;  // 2^53: up to there a double holds each
  if (json_->is_number_integer()) return json_->get<std::int64_t>();
  const double value = number();
  if (std::floor(value) != value || std::abs(value) > kExact) refuse("a whole number");
  return static_cast<std::int64_t>(value);
}

std::uint64_t JsonNode::natural() const {
  if (json_->is_number_unsigned()) return json_->get<std::uint64_t>();
  const std::int64_t value = whole();
  if (value < 0) refuse("a whole number from 0");
  return static_cast<std::uint64_t>(value);
}

std::size_t JsonNode::size() const {
  if (!json_->is_array()) refuse("an array");
  return json_->size();
}

const Json& JsonNode::object() const {
  if (!json_->is_object()) refuse("an object");
  return *json_;
}

}  // namespace tamis
