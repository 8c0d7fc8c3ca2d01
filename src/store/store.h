#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace tamis {

/// What is recorded; the names are in the table in store.cpp.
enum class Kind {
  run,          ///< the arguments of a run
  measurement,  ///< the samples of the rounds that were timed together, or what opening a variant
                ///< told
  evaluation,   ///< the accuracy of a variant: its per-item records, in blobs
  failure,      ///< why a variant failed, and the command that repeats it
  decision,     ///< the pick and its reasons
};
std::string_view to_text(Kind kind);

/// Who writes: kept in every row.
struct StoreOrigin {
  std::string machine;  ///< hash of the machine's fingerprint
  std::string version;  ///< of the program; empty = this one
};

/// The results of runs, in one SQLite file (schema: docs in store/README.md). Every call is a
/// transaction of its own; what a call has written survives the death of the process at any later
/// instant. Errors of all calls: io (disk full,
/// permission; nothing of the transaction is kept), unavailable (another process has been writing
/// for several seconds), corrupt_data (the file is damaged); each names the file. Every row has a
/// hash of what it holds: one that is not as it was written is removed, which is said, and is
/// absent, so that what it held is done anew. Thread safe; several processes may use one store.
class Store {
 public:
  /// Opens the store, creating it where there is none. Throws corrupt_data when the file is no
  /// store, and unsupported, naming both versions, when a newer program made it. Older schemas are
  /// migrated, in one transaction.
  static Store open(const std::filesystem::path& file, const StoreOrigin& origin = {});
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  std::optional<Json> find(Kind kind, const std::string& key);
  /// The same for a document that `parse` makes something of. What it refuses, with any exception
  /// of its own or of JSON's but not io, is removed and absent, as a damaged row is: it was written
  /// by another version, or is damaged in a way that no hash shows.
  template <typename Parse>
  auto find_as(Kind kind, const std::string& key, Parse parse)
      -> std::optional<decltype(parse(Json()))> {
    std::optional<Json> stored = find(kind, key);
    if (!stored) return std::nullopt;
    try {
      return parse(*stored);
    } catch (const std::exception& e) {
      forget_unreadable(kind, key, e);
      return std::nullopt;
    }
  }
  /// Writes or replaces. A replaced record keeps its place in the order.
  void put(Kind kind, const std::string& key, const Json& value);
  /// True when there was one.
  bool remove(Kind kind, const std::string& key);
  /// In the order in which the keys were first put.
  std::vector<std::pair<std::string, Json>> all(Kind kind);
  /// Removes all records of the kind, readable or not.
  void remove_all(Kind kind);

  /// Keeps bytes (compressed), such as the per-item records of an evaluation. Replaces.
  void put_blob(Kind kind, const std::string& key, std::span<const std::uint8_t> bytes);
  std::optional<std::vector<std::uint8_t>> find_blob(Kind kind, const std::string& key);
  bool remove_blob(Kind kind, const std::string& key);

  const std::filesystem::path& file() const;

 private:
  struct Impl;
  void forget_unreadable(Kind kind, const std::string& key, const std::exception& why);
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The version of the schema that this program writes.
inline constexpr int kStoreSchema = 3;

}  // namespace tamis
