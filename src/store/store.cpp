#include "store/store.h"

#include <zlib.h>

#include <array>
#include <initializer_list>
#include <mutex>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "store/database.h"

namespace tamis {
namespace fs = std::filesystem;
namespace {

constexpr int kApplicationId = 0x54414D53;  // "TAMS", in the file's header

struct KindName {
  Kind kind;
  std::string_view name;
};
constexpr std::array kKinds{
    KindName{Kind::run, "run"},
    KindName{Kind::measurement, "measurement"},
    KindName{Kind::evaluation, "evaluation"},
    KindName{Kind::failure, "failure"},
    KindName{Kind::decision, "decision"},
};

/// Migration n takes a store of schema n to n + 1; the first one makes a new store.
constexpr std::array<const char*, kStoreSchema> kMigrations{
    R"(CREATE TABLE record(
         sequence INTEGER PRIMARY KEY AUTOINCREMENT,
         kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
         created_at TEXT NOT NULL, machine TEXT NOT NULL, version TEXT NOT NULL,
         UNIQUE(kind, key));
       CREATE TABLE sample(
         sequence INTEGER PRIMARY KEY AUTOINCREMENT,
         key TEXT NOT NULL, samples BLOB NOT NULL,
         created_at TEXT NOT NULL, machine TEXT NOT NULL, version TEXT NOT NULL);
       CREATE INDEX sample_key ON sample(key, sequence);
       CREATE TABLE blob(
         sequence INTEGER PRIMARY KEY AUTOINCREMENT,
         kind TEXT NOT NULL, key TEXT NOT NULL, bytes INTEGER NOT NULL, compressed BLOB NOT NULL,
         created_at TEXT NOT NULL, machine TEXT NOT NULL, version TEXT NOT NULL,
         UNIQUE(kind, key));)",
    // Empty in rows of schema 1: nothing is known of them.
    R"(ALTER TABLE record ADD COLUMN hash TEXT NOT NULL DEFAULT '';
       ALTER TABLE sample ADD COLUMN hash TEXT NOT NULL DEFAULT '';
       ALTER TABLE blob ADD COLUMN hash TEXT NOT NULL DEFAULT '';)",
    // Samples are part of the records.
    "DROP TABLE sample;",
};

constexpr std::size_t kMaxBlobBytes = std::size_t{1} << 32;

std::vector<std::uint8_t> compress_bytes(std::span<const std::uint8_t> bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::vector<std::uint8_t> packed(size);
  compress2(packed.data(), &size, bytes.data(), static_cast<uLong>(bytes.size()), 6);
  packed.resize(size);
  return packed;
}

std::string_view view_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Of a row's kind, key and content.
std::string row_hash(std::initializer_list<std::string_view> parts) {
  std::string all;
  for (std::string_view part : parts) all.append(hash_text(part));
  return hash_text(all);
}

/// Whether a row is as it was written, as far as that is known.
bool is_whole(const std::string& kept, std::initializer_list<std::string_view> parts) {
  return kept.empty() || kept == row_hash(parts);
}

std::optional<Json> parsed(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? std::nullopt : std::optional<Json>(std::move(json));
}

/// Absent when it cannot be unpacked.
std::optional<std::vector<std::uint8_t>> unpacked(std::span<const std::uint8_t> packed,
                                                  std::uint64_t size) {
  constexpr std::uint64_t kMostExpansion = 1100, kSlack = 1024;  // of zlib: 1032
  if (size > kMaxBlobBytes || size > kMostExpansion * packed.size() + kSlack) return std::nullopt;
  std::vector<std::uint8_t> bytes(size);
  auto got = static_cast<uLongf>(size);
  std::uint8_t nothing = 0;  // zlib wants a place even for no bytes
  int code = uncompress(bytes.empty() ? &nothing : bytes.data(), &got, packed.data(),
                        static_cast<uLong>(packed.size()));
  if (code != Z_OK || got != size) return std::nullopt;
  return bytes;
}

void migrate(const Database& database) {
  // A second look inside the transaction: another process may have done it meanwhile.
  Transaction transaction(database);
  auto schema = database.number("PRAGMA user_version");
  for (std::int64_t from = schema; from < kStoreSchema; ++from)
    database.run(kMigrations[static_cast<std::size_t>(from)]);
  database.run(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  database.run(("PRAGMA user_version = " + std::to_string(kStoreSchema)).c_str());
  transaction.commit();
}

/// Throws when the file is another program's, or a newer program's.
void check_schema(const Database& database) {
  std::string start = "open store " + database.file().string() + ": ";
  database.run("BEGIN");  // one look: another process may be making the file right now
  auto application = database.number("PRAGMA application_id");
  auto tables = database.number("SELECT count(*) FROM sqlite_master");
  auto schema = database.number("PRAGMA user_version");
  database.run("COMMIT");
  if (application != kApplicationId && tables > 0)
    throw Error(ErrorCode::corrupt_data,
                start + "is a database of another program; choose another folder");
  if (application == kApplicationId && schema > kStoreSchema)
    throw Error(ErrorCode::unsupported, start + "has schema version " + std::to_string(schema) +
                                            ", this program knows up to " +
                                            std::to_string(kStoreSchema) +
                                            "; use a newer tamis or another folder");
}

}  // namespace

std::string_view to_text(Kind kind) {
  for (const KindName& row : kKinds)
    if (row.kind == kind) return row.name;
  return "unknown";
}

struct Store::Impl {
  Impl(const fs::path& file, StoreOrigin by) : database(file), origin(std::move(by)) {
    if (origin.version.empty()) origin.version = TAMIS_VERSION;
  }

  /// Locks, and runs `work` in a transaction.
  template <typename Work>
  void write(Work work) {
    std::lock_guard lock(mutex);
    Transaction transaction(database);
    work();
    transaction.commit();
  }

  /// Binds created_at, machine, version and hash, which end every row.
  void finish(Statement& insert, const std::string& hash) {
    std::string now = utc_now_text();
    insert.bind(now).bind(origin.machine).bind(origin.version).bind(hash);
    insert.step();
  }

  void say_damaged(const std::string& what, const std::string& why) const {
    say(Severity::warning,
        "store " + database.file().string() + ": " + what + " " + why + "; its work is done again");
  }

  Database database;
  StoreOrigin origin;
  mutable std::recursive_mutex mutex;  // recursive: what is found damaged is removed
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::open(const fs::path& file, const StoreOrigin& origin) {
  auto impl = std::make_unique<Impl>(file, origin);
  check_schema(impl->database);
  // With a write-ahead log a commit costs no flush to disk, and survives the death of the process.
  impl->database.use_write_ahead_log();
  impl->database.run("PRAGMA synchronous = NORMAL");
  if (impl->database.number("PRAGMA user_version") < kStoreSchema) migrate(impl->database);
  return Store(std::move(impl));
}

const fs::path& Store::file() const { return impl_->database.file(); }

std::optional<Json> Store::find(Kind kind, const std::string& key) {
  std::lock_guard lock(impl_->mutex);
  {
    Statement query(impl_->database, "SELECT value, hash FROM record WHERE kind = ? AND key = ?");
    query.bind(to_text(kind)).bind(key);
    if (!query.step()) return std::nullopt;
    const std::string text = query.text(0);
    std::optional<Json> value = parsed(text);
    if (value && is_whole(query.text(1), {to_text(kind), key, text})) return value;
  }
  remove(kind, key);
  impl_->say_damaged("a row of kind " + std::string(to_text(kind)), "is damaged");
  return std::nullopt;
}

void Store::forget_unreadable(Kind kind, const std::string& key, const std::exception& why) {
  const auto* error = dynamic_cast<const Error*>(&why);
  if (error != nullptr && error->code() == ErrorCode::io) throw Error(*error);
  remove(kind, key);
  impl_->say_damaged("a row of kind " + std::string(to_text(kind)),
                     "is not what this version writes");
}

void Store::put(Kind kind, const std::string& key, const Json& value) {
  // Paths and vendors' messages may hold bytes that are no UTF-8.
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  impl_->write([&] {
    Statement insert(impl_->database,
                     "INSERT INTO record(kind, key, value, created_at, machine, version, hash) "
                     "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(kind, key) DO UPDATE SET value = "
                     "excluded.value, created_at = excluded.created_at, machine = "
                     "excluded.machine, version = excluded.version, hash = excluded.hash");
    insert.bind(to_text(kind)).bind(key).bind(text);
    impl_->finish(insert, row_hash({to_text(kind), key, text}));
  });
}

bool Store::remove(Kind kind, const std::string& key) {
  int changes = 0;
  impl_->write([&] {
    Statement statement(impl_->database, "DELETE FROM record WHERE kind = ? AND key = ?");
    statement.bind(to_text(kind)).bind(key).step();
    changes = sqlite3_changes(impl_->database.handle());
  });
  return changes > 0;
}

void Store::remove_all(Kind kind) {
  impl_->write([&] {
    Statement(impl_->database, "DELETE FROM record WHERE kind = ?").bind(to_text(kind)).step();
  });
}

std::vector<std::pair<std::string, Json>> Store::all(Kind kind) {
  std::lock_guard lock(impl_->mutex);
  std::vector<std::pair<std::string, Json>> rows;
  std::vector<std::string> damaged;
  {
    Statement query(impl_->database,
                    "SELECT key, value, hash FROM record WHERE kind = ? ORDER BY sequence");
    query.bind(to_text(kind));
    while (query.step()) {
      std::string key = query.text(0);
      const std::string text = query.text(1);
      std::optional<Json> value = parsed(text);
      if (value && is_whole(query.text(2), {to_text(kind), key, text}))
        rows.emplace_back(std::move(key), std::move(*value));
      else
        damaged.push_back(std::move(key));
    }
  }
  for (const std::string& key : damaged) {
    remove(kind, key);
    impl_->say_damaged("a row of kind " + std::string(to_text(kind)), "is damaged");
  }
  return rows;
}

void Store::put_blob(Kind kind, const std::string& key, std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> packed = compress_bytes(bytes);
  impl_->write([&] {
    Statement insert(impl_->database,
                     "INSERT INTO blob(kind, key, bytes, compressed, created_at, machine, version, "
                     "hash) VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(kind, key) DO UPDATE SET "
                     "bytes = excluded.bytes, compressed = excluded.compressed, created_at = "
                     "excluded.created_at, machine = excluded.machine, version = "
                     "excluded.version, hash = excluded.hash");
    insert.bind(to_text(kind)).bind(key).bind(static_cast<std::int64_t>(bytes.size())).bind(packed);
    impl_->finish(insert, row_hash({to_text(kind), key, view_of(bytes)}));
  });
}

std::optional<std::vector<std::uint8_t>> Store::find_blob(Kind kind, const std::string& key) {
  std::lock_guard lock(impl_->mutex);
  {
    Statement query(impl_->database,
                    "SELECT bytes, compressed, hash FROM blob WHERE kind = ? AND key = ?");
    query.bind(to_text(kind)).bind(key);
    if (!query.step()) return std::nullopt;
    auto bytes = unpacked(query.bytes(1), static_cast<std::uint64_t>(query.number(0)));
    if (bytes && is_whole(query.text(2), {to_text(kind), key, view_of(*bytes)})) return bytes;
  }
  remove_blob(kind, key);
  impl_->say_damaged("a blob of kind " + std::string(to_text(kind)), "is damaged");
  return std::nullopt;
}

bool Store::remove_blob(Kind kind, const std::string& key) {
  int changes = 0;
  impl_->write([&] {
    Statement statement(impl_->database, "DELETE FROM blob WHERE kind = ? AND key = ?");
    statement.bind(to_text(kind)).bind(key).step();
    changes = sqlite3_changes(impl_->database.handle());
  });
  return changes > 0;
}

}  // namespace tamis
