#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// A thin shell around SQLite's C interface; internal to this folder.
namespace tamis {

/// An open database file. Not synchronised.
class Database {
 public:
  /// Creates the file where there is none. Throws io.
  explicit Database(const std::filesystem::path& file);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// Runs one or more statements without results. Throws as fail().
  void run(const char* sql) const;
  /// Goes over to a write-ahead log. SQLite does not wait by itself when several processes do so
  /// with a new file at once, so this does, as long as for any write. Throws as fail().
  void use_write_ahead_log() const;
  /// The first column of the first row of a query that has one.
  std::int64_t number(const char* sql) const;

  /// Throws the Error that stands for an SQLite result code, naming the operation and the file.
  [[noreturn]] void fail(int code, const std::string& operation) const;

  sqlite3* handle() const { return handle_; }
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
};

/// A prepared statement. Parameters are bound in order; what is bound must live until the last
/// step.
class Statement {
 public:
  Statement(const Database& database, const char* sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  Statement& bind(std::string_view text);
  Statement& bind(std::int64_t number);
  Statement& bind(std::span<const std::uint8_t> bytes);

  /// The next row: false when there is none. Throws as Database::fail.
  bool step();

  std::string text(int column) const;
  std::int64_t number(int column) const;
  std::span<const std::uint8_t> bytes(int column) const;  ///< valid until the next step

 private:
  const Database& database_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

/// Rolls back unless commit() was reached. Throws unavailable when another process holds the write
/// lock.
class Transaction {
 public:
  explicit Transaction(const Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  const Database& database_;
  bool done_ = false;
};

}  // namespace tamis
