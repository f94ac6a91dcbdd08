#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/encoding.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lucerna::store {

class Connection;

/// A prepared statement on loan from its connection, which keeps it for the next time. Parameters
/// are bound in order; a text or blob is copied.
class Statement {
  public:
    Statement(Statement&& other) noexcept;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    Statement& operator=(Statement&&) = delete;
    ~Statement();

    Statement& bind(std::int64_t value);
    Statement& bind(int value) { return bind(static_cast<std::int64_t>(value)); }
    Statement& bind(double value);
    Statement& bind(std::string_view text);
    Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
    Statement& bind(const char* text) { return bind(std::string_view(text)); }
    Statement& bind(Instant instant) {
        return bind(static_cast<std::int64_t>(instant.time_since_epoch().count()));
    }
    Statement& bind_null();

    /// True when there is a row to look at.
    [[nodiscard]] bool step();
    /// For statements without rows.
    void run();

    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] int small(int column) const { return static_cast<int>(integer(column)); }
    [[nodiscard]] double number(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] Instant instant(int column) const;

  private:
    friend class Connection;
    Statement(Connection& connection, sqlite3_stmt* statement);

    Connection& connection_;
    sqlite3_stmt* statement_;
    int bound_ = 0;
};

/// One connection to an SQLite file. Used by one thread at a time. SQLite's errors become Error:
/// kOutOfSpace (full), kCorrupt (not a database, malformed, a page that is not what was stored: the
/// message names it), kConflict (a constraint), kIo.
class Connection {
  public:
    enum class Mode { kReadWrite, kReadOnly };

    /// `vfs` is what SQLite reaches its files by, the system's where empty (SealedVfs::name).
    Connection(const std::filesystem::path& path, Mode mode, const std::string& vfs = {});
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Each text is compiled once; do not build texts with values in them.
    [[nodiscard]] Statement prepare(std::string_view sql);
    /// One or more statements without parameters.
    void execute(const char* sql);
    [[nodiscard]] std::int64_t last_row() const;
    [[nodiscard]] std::int64_t changes() const;
    [[nodiscard]] bool in_transaction() const;
    [[nodiscard]] std::int64_t pragma(const char* sql);
    /// Of a file that has no page yet, or before VACUUM INTO another.
    void reserve_bytes(int count);

    [[noreturn]] void fail(const std::string& what, int code) const;

  private:
    friend class Statement;
    std::string path_;
    sqlite3* handle_ = nullptr;
    std::multimap<std::string, sqlite3_stmt*, std::less<>> idle_;
    std::map<sqlite3_stmt*, std::string> lent_;
};

}  // namespace lucerna::store
