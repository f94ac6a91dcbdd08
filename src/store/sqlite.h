#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "store/connection.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lucerna::store {

/// One connection to an SQLite file. kCorrupt: not a database, malformed, or a page that is not
/// what was stored; the message names it.
class SqliteConnection final : public Connection {
  public:
    enum class Mode { kReadWrite, kReadOnly };

    /// `vfs` is what SQLite reaches its files by, the system's where empty (SealedVfs::name).
    SqliteConnection(const std::filesystem::path& path, Mode mode, const std::string& vfs = {});
    ~SqliteConnection() override;

    [[nodiscard]] Statement prepare(std::string_view sql) override;
    void execute(const char* sql) override;
    [[nodiscard]] std::int64_t last_row() const override;
    [[nodiscard]] std::int64_t changes() const override;
    [[nodiscard]] bool in_transaction() const override;
    /// Of a file that has no page yet, or before VACUUM INTO another.
    void reserve_bytes(int count);

    [[noreturn]] void fail(const std::string& what, int code) const;

  private:
    friend class SqliteStatement;
    std::string path_;
    sqlite3* handle_ = nullptr;
    std::multimap<std::string, sqlite3_stmt*, std::less<>> idle_;
    std::map<sqlite3_stmt*, std::string> lent_;
};

}  // namespace lucerna::store
