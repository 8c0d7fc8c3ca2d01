#include "store/database.h"

#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/printable.h"

namespace tamis {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

struct Meaning {
  int code;
  ErrorCode error;
  const char* text;
};

constexpr Meaning kMeanings[] = {
    {SQLITE_FULL, ErrorCode::io,
     "the disk is full; free some space and run the same command again, nothing is lost"},
    {SQLITE_IOERR, ErrorCode::io,
     "the system refused to read or write it; check whether the disk is full or has a limit"},
    {SQLITE_READONLY, ErrorCode::io,
     "it is read-only; change its permissions or choose another folder"},
    {SQLITE_CANTOPEN, ErrorCode::io,
     "it cannot be opened; check that its folder exists and is writable"},
    {SQLITE_PERM, ErrorCode::io, "permission denied"},
    {SQLITE_BUSY, ErrorCode::unavailable,
     "another process has been writing to it for a long time; wait for it to end"},
    {SQLITE_LOCKED, ErrorCode::unavailable, "another process holds it; wait for it to end"},
    {SQLITE_NOTADB, ErrorCode::corrupt_data,
     "is not a store; move it away or choose another folder"},
    {SQLITE_CORRUPT, ErrorCode::corrupt_data,
     "is damaged; move it away, and the same command measures again; or recover what is left with "
     "the program sqlite3 and .recover"},
};

}  // namespace

Database::Database(const std::filesystem::path& file) : file_(file) {
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  int code = sqlite3_open_v2(file.c_str(), &handle_, flags, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
    return;
  }
  std::string reason = handle_ != nullptr ? printable(sqlite3_errmsg(handle_)) : "out of memory";
  sqlite3_close(handle_);
  throw Error(ErrorCode::io, "open store " + file.string() + ": " + reason +
                                 "; check that its folder exists and is writable");
}

Database::~Database() { sqlite3_close(handle_); }

void Database::run(const char* sql) const {
  int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, "use store");
}

void Database::use_write_ahead_log() const {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::milliseconds(kBusyTimeoutMs);
  for (;;) {
    int code = sqlite3_exec(handle_, "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return;
    if ((code & 0xFF) != SQLITE_BUSY || Clock::now() >= until) fail(code, "use store");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::int64_t Database::number(const char* sql) const {
  Statement query(*this, sql);
  return query.step() ? query.number(0) : 0;
}

void Database::fail(int code, const std::string& operation) const {
  std::string start = operation + " " + file_.string() + ": ";
  std::string detail = " (SQLite: " + printable(sqlite3_errmsg(handle_)) + ")";
  for (const Meaning& meaning : kMeanings)
    if (meaning.code == (code & 0xFF))
      throw Error(meaning.error, start.append(meaning.text).append(detail));
  throw Error(ErrorCode::io, start + "unexpected failure" + detail);
}

Statement::Statement(const Database& database, const char* sql) : database_(database) {
  int code = sqlite3_prepare_v2(database.handle(), sql, -1, &statement_, nullptr);
  if (code != SQLITE_OK) database_.fail(code, "use store");
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(std::string_view text) {
  int code = sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
  if (code != SQLITE_OK) database_.fail(code, "write store");
  return *this;
}

Statement& Statement::bind(std::int64_t number) {
  int code = sqlite3_bind_int64(statement_, ++bound_, number);
  if (code != SQLITE_OK) database_.fail(code, "write store");
  return *this;
}

Statement& Statement::bind(std::span<const std::uint8_t> bytes) {
  const void* data = bytes.empty() ? "" : static_cast<const void*>(bytes.data());
  int code = sqlite3_bind_blob64(statement_, ++bound_, data, bytes.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) database_.fail(code, "write store");
  return *this;
}

bool Statement::step() {
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE)
    database_.fail(code, sqlite3_stmt_readonly(statement_) != 0 ? "read store" : "write store");
  return false;
}

std::string Statement::text(int column) const {
  auto span = bytes(column);
  return {reinterpret_cast<const char*>(span.data()), span.size()};
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::span<const std::uint8_t> Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return {static_cast<const std::uint8_t*>(data), data != nullptr ? size : 0};
}

Transaction::Transaction(const Database& database) : database_(database) {
  database_.run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  // Some failures (disk full) have rolled back already; then there is nothing left to do.
  if (!done_ && sqlite3_get_autocommit(database_.handle()) == 0)
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.run("COMMIT");
  done_ = true;
}

}  // namespace tamis
