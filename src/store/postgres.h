#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "store/connection.h"
#include "store/postgres_dialect.h"
#include "store/postgres_waits.h"

struct pg_conn;
struct pg_result;

namespace lucerna::store {

/// One connection to a PostgreSQL server, by libpq. kUnavailable: not reached, lost, or kept
/// waiting too long by another writer. What it says of an error is the server's first line alone:
/// the others name values.
class PostgresConnection final : public Connection {
  public:
    using Time = PostgresWaits::Time;
    /// How long PostgreSQL may say nothing: then the connection is lost.
    struct Bounds {
        /// Whatever is asked.
        std::optional<Time> end;
        /// Of each thing that is asked.
        std::optional<std::chrono::milliseconds> each;
        /// Of a COMMIT, whatever else is said: what comes of one without an answer is unknown.
        std::optional<std::chrono::milliseconds> commit;
    };

    /// `address` is a connection string or URI as libpq takes it. Each of the server's addresses
    /// has five seconds to be reached, or as long as `bounds` have for each thing, but two.
    explicit PostgresConnection(
        const std::string& address,
        std::shared_ptr<PostgresWaits> waits = std::make_shared<PostgresWaits>(),
        const Bounds& bounds = {});
    ~PostgresConnection() override;

    void set_bounds(const Bounds& bounds) { bounds_ = bounds; }

    [[nodiscard]] Statement prepare(std::string_view sql) override;
    void execute(const char* sql) override;
    /// The same within bounds of its own.
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
    /// The last result of what libpq took to be sent.
    Result answer_to(int taken) const;
    void require_time_left() const;
    /// Throws unless the server is ready within the bounds of what began then.
    template <typename IsReady>
    void wait_until(Time begun, short events, IsReady&& is_ready) const;
    /// Throws unless it is a success; takes note of how many rows it changed.
    Result checked(Result result) const;
    [[noreturn]] void fail(const pg_result* result) const;

    const std::shared_ptr<PostgresWaits> waits_;
    Bounds bounds_;
    /// Null once it was silent for too long.
    mutable std::unique_ptr<pg_conn, EndConnection> connection_;
    std::map<std::string, PostgresText, std::less<>> texts_;
    std::map<std::string, std::string> names_;
    mutable std::int64_t changes_ = 0;
};

}  // namespace lucerna::store
