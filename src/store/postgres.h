#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "store/connection.h"
#include "store/postgres_dialect.h"

struct pg_conn;
struct pg_result;

namespace lucerna::store {

/// One connection to a PostgreSQL server, by libpq. kUnavailable: not reached, lost, or kept
/// waiting too long by another writer. What it says of an error is the server's first line alone:
/// the others name values.
class PostgresConnection final : public Connection {
  public:
    /// `address` is a connection string or URI as libpq takes it.
    explicit PostgresConnection(const std::string& address);
    ~PostgresConnection() override;

    [[nodiscard]] Statement prepare(std::string_view sql) override;
    void execute(const char* sql) override;
    /// The same, where PostgreSQL may fall silent: the connection is lost once nothing has come
    /// from it for `patience`.
    void execute_within(const char* sql, std::chrono::milliseconds patience);
    [[nodiscard]] std::int64_t last_row() const override;
    [[nodiscard]] std::int64_t changes() const override { return changes_; }
    [[nodiscard]] bool in_transaction() const override;
    [[nodiscard]] bool is_lost() const override;

  private:
    friend class PostgresStatement;
    struct EndConnection {
        void operator()(pg_conn* connection) const;
    };
    struct EndResult {
        void operator()(pg_result* result) const;
    };
    using Result = std::unique_ptr<pg_result, EndResult>;

    [[nodiscard]] const PostgresText& translated(std::string_view sql);
    /// The server's name for the statement with parameters of these types.
    [[nodiscard]] std::string prepared(const PostgresText& text, const unsigned* types);
    /// The last result of what was sent. Null, with the connection gone, where it has not come
    /// then.
    [[nodiscard]] pg_result* result_until(std::chrono::steady_clock::time_point end);
    /// Throws unless it is a success; takes note of how many rows it changed.
    Result checked(pg_result* result) const;
    [[noreturn]] void fail(const pg_result* result) const;

    std::unique_ptr<pg_conn, EndConnection> connection_;
    std::map<std::string, PostgresText, std::less<>> texts_;
    std::map<std::string, std::string> names_;
    mutable std::int64_t changes_ = 0;
};

}  // namespace lucerna::store
