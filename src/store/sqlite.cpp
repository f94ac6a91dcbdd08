#include "store/sqlite.h"

#include <sqlite3.h>

#include <utility>

#include "base/error.h"
#include "store/sealed_vfs.h"

namespace lucerna::store {
namespace {

ErrorCode code_for(int code) {
    if (code == SQLITE_IOERR_DATA) return ErrorCode::kCorrupt;
    switch (code & 0xff) {
        case SQLITE_FULL:
            return ErrorCode::kOutOfSpace;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorCode::kCorrupt;
        case SQLITE_CONSTRAINT:
            return ErrorCode::kConflict;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ErrorCode::kUnavailable;
        case SQLITE_MISUSE:
        case SQLITE_RANGE:
        case SQLITE_ERROR:
            return ErrorCode::kInternal;
        default:
            return ErrorCode::kIo;
    }
}

constexpr std::size_t kIdleStatements = 200;

/// In words: which page it was, where the sealing found it.
std::string reason(const char* words) {
    const std::string page = take_damaged_page();
    return page.empty() ? words : page;
}

}  // namespace

class SqliteStatement final : public StatementPort {
  public:
    SqliteStatement(SqliteConnection& connection, sqlite3_stmt* statement)
        : connection_(connection), statement_(statement) {}
    ~SqliteStatement() override {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
        auto lent = connection_.lent_.extract(statement_);
        if (connection_.idle_.size() >= kIdleStatements)
            sqlite3_finalize(statement_);
        else
            connection_.idle_.emplace(std::move(lent.mapped()), statement_);
    }
    SqliteStatement(const SqliteStatement&) = delete;
    SqliteStatement& operator=(const SqliteStatement&) = delete;

    void bind(int parameter, std::int64_t value) override {
        check(sqlite3_bind_int64(statement_, parameter, value));
    }
    void bind(int parameter, double value) override {
        check(sqlite3_bind_double(statement_, parameter, value));
    }
    void bind(int parameter, std::string_view text) override {
        // An empty view may have no address, which SQLite would take for NULL.
        const char* begin = text.empty() ? "" : text.data();
        check(sqlite3_bind_text64(statement_, parameter, begin, text.size(), SQLITE_TRANSIENT,
                                  SQLITE_UTF8));
    }
    void bind_null(int parameter) override { check(sqlite3_bind_null(statement_, parameter)); }

    [[nodiscard]] bool step() override {
        const int code = sqlite3_step(statement_);
        if (code == SQLITE_ROW) return true;
        if (code != SQLITE_DONE) connection_.fail("run a statement on", code);
        return false;
    }
    [[nodiscard]] bool is_null(int column) const override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    [[nodiscard]] std::int64_t integer(int column) const override {
        return sqlite3_column_int64(statement_, column);
    }
    [[nodiscard]] double number(int column) const override {
        return sqlite3_column_double(statement_, column);
    }
    [[nodiscard]] std::string text(int column) const override {
        const auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
        if (begin == nullptr) return {};
        return {begin, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }

  private:
    void check(int code) const {
        if (code != SQLITE_OK) connection_.fail("bind", code);
    }

    SqliteConnection& connection_;
    sqlite3_stmt* statement_;
};

SqliteConnection::SqliteConnection(const std::filesystem::path& path, Mode mode,
                                   const std::string& vfs)
    : path_(path.string()) {
    const int flags = (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY
                                               : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
    int code = sqlite3_open_v2(path_.c_str(), &handle_, flags, vfs.empty() ? nullptr : vfs.c_str());
    if (code != SQLITE_OK) {
        if (handle_ != nullptr) code = sqlite3_extended_errcode(handle_);
        const std::string why = reason(sqlite3_errstr(code));
        sqlite3_close(handle_);
        throw Error(code_for(code), "cannot open " + path_ + ": " + why);
    }
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, 10000);
}

SqliteConnection::~SqliteConnection() {
    for (const auto& [sql, statement] : idle_) sqlite3_finalize(statement);
    sqlite3_close(handle_);
}

Statement SqliteConnection::prepare(std::string_view sql) {
    if (const auto idle = idle_.find(sql); idle != idle_.end()) {
        auto taken = idle_.extract(idle);
        sqlite3_stmt* statement = taken.mapped();
        lent_.emplace(statement, std::move(taken.key()));
        return Statement(std::make_unique<SqliteStatement>(*this, statement));
    }
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) fail("prepare a statement for", code);
    lent_.emplace(statement, std::string(sql));
    return Statement(std::make_unique<SqliteStatement>(*this, statement));
}

void SqliteConnection::execute(const char* sql) {
    const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail("run a statement on", code);
}

std::int64_t SqliteConnection::last_row() const {
    return sqlite3_last_insert_rowid(handle_);
}
std::int64_t SqliteConnection::changes() const {
    return sqlite3_changes64(handle_);
}
bool SqliteConnection::in_transaction() const {
    return sqlite3_get_autocommit(handle_) == 0;
}

void SqliteConnection::reserve_bytes(int count) {
    const int code = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_RESERVE_BYTES, &count);
    if (code != SQLITE_OK) fail("reserve bytes in", code);
}

void SqliteConnection::fail(const std::string& what, int code) const {
    throw Error(code_for(code),
                "cannot " + what + " " + path_ + ": " + reason(sqlite3_errmsg(handle_)));
}

}  // namespace lucerna::store
