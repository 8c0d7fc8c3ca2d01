#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/json_node.h"

namespace tamis {

// A struct and the JSON object that it lies in, by one table of fields:
//
//     constexpr JsonField<Rate> kFields[] = {needed<&Rate::median>("median"),
//                                            known<&Rate::low>("low"),
//                                            if_known<&Rate::batch>("batch")};
//     std::span<const JsonField<Rate>> fields_of(const Rate*) { return kFields; }
//
// write_document() and read_document() work on every struct that has a fields_of(). Members may be
// texts, numbers, truths, paths, Json (any value), structs with fields, enumerations with to_text()
// and values_of(), and optional, vector, map and TextMap of these. A struct with from_text() may
// lie in the document as that text alone. Members that no field names are passed over when read.
// All functions are pure, and safe from any thread.

/// What JSON calls an object, whose members are all alike; keeps their order.
template <class T>
using TextMap = std::vector<std::pair<std::string, T>>;

/// A row of a table of fields.
template <class T>
struct JsonField {
  std::string_view key;  ///< empty: the members of a group, which lie in the same object
  void (*write)(const T& from, std::string_view key, Json& object);
  void (*read)(const JsonNode& object, std::string_view key, T& into);
  void (*add_keys)(std::string_view key, std::set<std::string>& keys);
};

template <class T>
concept HasFields = requires {
  { fields_of(static_cast<const T*>(nullptr)) } -> std::same_as<std::span<const JsonField<T>>>;
};

/// An enumeration: to_text() names its values, values_of() lists them.
template <class T>
concept HasTexts = std::is_enum_v<T> && requires(T value) {
  { to_text(value) } -> std::convertible_to<std::string_view>;
  { values_of(static_cast<const T*>(nullptr)) } -> std::same_as<std::span<const T>>;
};

template <HasFields T>
void write_fields(const T& from, Json& object);
template <HasFields T>
void read_fields(const JsonNode& object, T& into);
template <HasFields T>
void add_keys_of(std::set<std::string>& keys);

namespace json_fields {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool is_map<TextMap<T>> = true;

template <class C, class V>
C owner_of(V C::*);
template <class C, class V>
V value_of(V C::*);
template <auto Member>
using Owner = decltype(owner_of(Member));
template <auto Member>
using Value = decltype(value_of(Member));

template <class T>
Json write(const T& value) {
  if constexpr (is_optional<T>) {
    return value ? write(*value) : Json();
  } else if constexpr (is_map<T>) {
    Json object = Json::object();
    for (const auto& [key, one] : value) object[key] = write(one);
    return object;
  } else if constexpr (is_list<T>) {
    Json array = Json::array();
    for (const auto& one : value) array.push_back(write(one));
    return array;
  } else if constexpr (HasFields<T>) {
    Json object = Json::object();
    write_fields(value, object);
    return object;
  } else if constexpr (HasTexts<T>) {
    return Json(std::string(to_text(value)));
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return Json(value.string());
  } else {
    return Json(value);
  }
}

template <HasTexts T>
T read_text(const JsonNode& node) {
  const std::string text = node.text();
  std::string known;
  for (T value : values_of(static_cast<const T*>(nullptr))) {
    if (text == to_text(value)) return value;
    known += (known.empty() ? "" : " | ") + std::string(to_text(value));
  }
  node.refuse(known);
}

template <class T>
T read_whole(const JsonNode& node) {
  const auto value = [&] {
    if constexpr (std::is_unsigned_v<T>)
      return node.natural();
    else
      return node.whole();
  }();
  if (!std::in_range<T>(value)) node.refuse("a smaller number");
  return static_cast<T>(value);
}

/// Leaves `into` as it is where the value is absent.
template <class T>
void read(const JsonNode& node, T& into) {
  if constexpr (std::is_same_v<T, std::optional<Json>>) {
    if (node.there()) into = node.json();  // null is a value of its own
    return;
  }
  if (!node.present()) return;
  if constexpr (is_optional<T>) {
    read(node, into.emplace());
  } else if constexpr (is_map<T>) {
    into.clear();
    for (const auto& member : node.object().items()) {
      std::remove_cvref_t<decltype(into.begin()->second)> one{};
      read(node[member.key()], one);
      into.insert(into.end(), typename T::value_type(member.key(), std::move(one)));
    }
  } else if constexpr (is_list<T>) {
    const std::size_t size = node.size();
    into.assign(size, {});
    for (std::size_t i = 0; i < size; ++i) read(node.item(i), into[i]);
  } else if constexpr (HasFields<T>) {
    if constexpr (requires { T::from_text(std::string()); })
      if (node.json().is_string()) {
        into = T::from_text(node.text());
        return;
      }
    node.object();
    read_fields(node, into);
  } else if constexpr (HasTexts<T>) {
    into = read_text<T>(node);
  } else if constexpr (std::is_same_v<T, Json>) {
    into = node.json();
  } else if constexpr (std::is_same_v<T, bool>) {
    into = node.truth();
  } else if constexpr (std::is_integral_v<T>) {
    into = read_whole<T>(node);
  } else if constexpr (std::is_floating_point_v<T>) {
    into = node.number();
  } else {
    into = node.text();
  }
}

template <class T>
void add_keys(std::set<std::string>& keys) {
  if constexpr (is_optional<T> || is_list<T>)
    add_keys<typename T::value_type>(keys);
  else if constexpr (is_map<T>)
    add_keys<std::remove_cvref_t<decltype(T().begin()->second)>>(keys);
  else if constexpr (HasFields<T>)
    add_keys_of<T>(keys);
}

/// Nothing is known: an empty optional, text, list or Json; or false.
template <class T>
bool is_empty(const T& value) {
  if constexpr (is_optional<T> || std::is_same_v<T, bool>)
    return !value;
  else
    return value.empty();
}

template <auto Member>
void write_always(const Owner<Member>& from, std::string_view key, Json& object) {
  object[std::string(key)] = write(from.*Member);
}

template <auto Member>
void write_if_known(const Owner<Member>& from, std::string_view key, Json& object) {
  if (!is_empty(from.*Member)) object[std::string(key)] = write(from.*Member);
}

template <auto Member>
void read_if_there(const JsonNode& object, std::string_view key, Owner<Member>& into) {
  read(object[key], into.*Member);
}

template <auto Member>
void read_object(const JsonNode& object, std::string_view key, Owner<Member>& into) {
  const JsonNode node = object[key];
  if (node.present()) into.*Member = node.object();
}

template <auto Member>
void read_needed(const JsonNode& object, std::string_view key, Owner<Member>& into) {
  const JsonNode node = object[key];
  if (!node.present()) node.refuse("given");
  read(node, into.*Member);
}

template <auto Member>
void add_own_keys(std::string_view key, std::set<std::string>& keys) {
  if (!key.empty()) keys.emplace(key);
  add_keys<Value<Member>>(keys);
}

template <auto Member>
void write_group(const Owner<Member>& from, std::string_view, Json& object) {
  if constexpr (is_optional<Value<Member>>) {
    if (from.*Member) write_fields(*(from.*Member), object);
  } else {
    write_fields(from.*Member, object);
  }
}

template <auto Member>
void read_group(const JsonNode& object, std::string_view, Owner<Member>& into) {
  if constexpr (is_optional<Value<Member>>) {
    using Group = typename Value<Member>::value_type;
    for (const JsonField<Group>& field : fields_of(static_cast<const Group*>(nullptr)))
      if (object[field.key].present()) return read_fields(object, (into.*Member).emplace());
  } else {
    read_fields(object, into.*Member);
  }
}

}  // namespace json_fields

/// A member without which the document cannot be read.
template <auto Member>
constexpr JsonField<json_fields::Owner<Member>> needed(std::string_view key) {
  return {key, json_fields::write_always<Member>, json_fields::read_needed<Member>,
          json_fields::add_own_keys<Member>};
}

/// A member that is always written: null where it is an empty optional. Where it is absent, the
/// struct keeps what it has.
template <auto Member>
constexpr JsonField<json_fields::Owner<Member>> known(std::string_view key) {
  return {key, json_fields::write_always<Member>, json_fields::read_if_there<Member>,
          json_fields::add_own_keys<Member>};
}

/// The same, but left out where it is empty.
template <auto Member>
constexpr JsonField<json_fields::Owner<Member>> if_known(std::string_view key) {
  return {key, json_fields::write_if_known<Member>, json_fields::read_if_there<Member>,
          json_fields::add_own_keys<Member>};
}

/// A Json member that is always written and must be an object where it is there.
template <auto Member>
constexpr JsonField<json_fields::Owner<Member>> object(std::string_view key) {
  return {key, json_fields::write_always<Member>, json_fields::read_object<Member>,
          json_fields::add_own_keys<Member>};
}

/// A struct with fields whose members lie in the same object. An optional one is there where one of
/// its members is.
template <auto Member>
constexpr JsonField<json_fields::Owner<Member>> group() {
  return {"", json_fields::write_group<Member>, json_fields::read_group<Member>,
          json_fields::add_own_keys<Member>};
}

template <HasFields T>
void write_fields(const T& from, Json& object) {
  for (const JsonField<T>& field : fields_of(&from)) field.write(from, field.key, object);
}

template <HasFields T>
void read_fields(const JsonNode& object, T& into) {
  for (const JsonField<T>& field : fields_of(static_cast<const T*>(&into)))
    field.read(object, field.key, into);
}

/// Its keys and those of all structs within it.
template <HasFields T>
void add_keys_of(std::set<std::string>& keys) {
  for (const JsonField<T>& field : fields_of(static_cast<const T*>(nullptr)))
    field.add_keys(field.key, keys);
}

/// The object, with its members in the order of the table.
template <HasFields T>
Json write_document(const T& from) {
  return json_fields::write(from);
}

/// The struct. `what` begins messages, and `see` names the page that describes the document. Throws
/// corrupt_data, naming the place, where a needed member is absent or one has another kind.
template <HasFields T>
T read_document(const Json& document, std::string_view what, std::string_view see = "") {
  const JsonNode root(document, what, see);
  root.object();
  T into;
  read_fields(root, into);
  return into;
}

}  // namespace tamis
