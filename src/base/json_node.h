#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace tamis {

/// A value of a JSON document that knows its place in it, for messages:
/// "result: variants[2].latency_ms.median must be a number, see docs/json.md". Refers to the
/// document and to the node that it was taken from, which must both outlive it. Safe from any
/// thread where nobody writes the document.
class JsonNode {
 public:
  /// The whole document. `what` begins the messages; `see` names the page that describes the
  /// document, "" where there is none.
  JsonNode(const Json& document, std::string_view what, std::string_view see = "");

  /// A member. Absent where this value is absent, null or has no such member. Refuses what is no
  /// object.
  JsonNode operator[](std::string_view key) const;
  /// An item of an array, which must be there.
  JsonNode item(std::size_t index) const;

  /// Whether it is there, be it null.
  bool there() const { return json_ != nullptr; }
  bool present() const { return json_ != nullptr && !json_->is_null(); }
  /// Needs present().
  const Json& json() const { return *json_; }
  std::string path() const;

  /// Throws corrupt_data: this place "must be <wanted>".
  [[noreturn]] void refuse(std::string_view wanted) const;

  // Each needs present() and refuses another kind of value.
  std::string text() const;
  bool truth() const;
  double number() const;
  std::int64_t whole() const;     ///< a number without a fraction, however it is written
  std::uint64_t natural() const;  ///< the same, from 0
  std::size_t size() const;       ///< of an array
  const Json& object() const;

 private:
  JsonNode(const Json* json, const JsonNode* parent, std::string_view key, std::size_t index)
      : json_(json), parent_(parent), key_(key), index_(index) {}

  const Json* json_;  // null where absent
  const JsonNode* parent_ = nullptr;
  std::string_view key_;  // of a member; of the document: what it is
  std::string_view see_;
  std::size_t index_ = 0;  // of an item, whose key is empty
};

}  // namespace tamis
