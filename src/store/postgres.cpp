#include "store/postgres.h"

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"

namespace lucerna::store {
namespace {

// pg_type.dat of PostgreSQL.
constexpr Oid kBool = 16;
constexpr Oid kInt8 = 20;
constexpr Oid kText = 25;
constexpr Oid kFloat8 = 701;
/// The server finds out.
constexpr Oid kAny = 0;

constexpr std::size_t kMostPrepared = 400;

/// By the beginning of SQLSTATE (appendix A of PostgreSQL's manual); the longest that fits is last.
constexpr std::pair<std::string_view, ErrorCode> kCodes[] = {
    {"22", ErrorCode::kInvalidInput}, {"23", ErrorCode::kConflict},
    {"54", ErrorCode::kInvalidInput}, {"P0001", ErrorCode::kConflict},
    {"42", ErrorCode::kInternal},     {"53100", ErrorCode::kOutOfSpace},
    {"58", ErrorCode::kIo},           {"XX001", ErrorCode::kCorrupt},
    {"XX002", ErrorCode::kCorrupt},
};

ErrorCode code_for(std::string_view state) {
    ErrorCode code = ErrorCode::kUnavailable;
    for (const auto& [begin, meaning] : kCodes)
        if (state.starts_with(begin)) code = meaning;
    return code;
}

std::string first_line(const char* text) {
    const std::string all(text == nullptr ? "" : text);
    return all.substr(0, all.find('\n'));
}

}  // namespace

class PostgresStatement final : public StatementPort {
  public:
    PostgresStatement(PostgresConnection& connection, const PostgresText& text)
        : connection_(connection),
          text_(text),
          values_(static_cast<std::size_t>(text.parameters)),
          types_(values_.size(), kAny) {}

    void bind(int parameter, std::int64_t value) override {
        put(parameter, std::to_string(value), kInt8);
    }
    void bind(int parameter, double value) override {
        std::array<char, 32> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        put(parameter, {digits.data(), end}, kFloat8);
    }
    void bind(int parameter, std::string_view text) override {
        put(parameter, postgres_storable(text), kText);
    }
    void bind_null(int parameter) override { values_.at(index_of(parameter)).reset(); }

    [[nodiscard]] bool step() override {
        if (!result_) run();
        return ++row_ < PQntuples(result_.get());
    }
    [[nodiscard]] bool is_null(int column) const override {
        return PQgetisnull(result_.get(), row_, column) == 1;
    }
    [[nodiscard]] std::int64_t integer(int column) const override {
        const char* text = PQgetvalue(result_.get(), row_, column);
        if (PQftype(result_.get(), column) == kBool) return *text == 't' ? 1 : 0;
        std::int64_t value = 0;
        std::from_chars(text, text + std::strlen(text), value);
        return value;
    }
    [[nodiscard]] double number(int column) const override {
        const char* text = PQgetvalue(result_.get(), row_, column);
        double value = 0;
        std::from_chars(text, text + std::strlen(text), value);
        return value;
    }
    [[nodiscard]] std::string text(int column) const override {
        return {PQgetvalue(result_.get(), row_, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
    }

  private:
    static std::size_t index_of(int parameter) { return static_cast<std::size_t>(parameter - 1); }
    void put(int parameter, std::string value, Oid type) {
        values_.at(index_of(parameter)) = std::move(value);
        types_.at(index_of(parameter)) = type;
    }
    void run() {
        std::vector<const char*> values;
        for (const auto& value : values_) values.push_back(value ? value->c_str() : nullptr);
        const std::string name = connection_.prepared(text_, types_.data());
        result_ = connection_.checked(PQexecPrepared(connection_.connection_.get(), name.c_str(),
                                                     text_.parameters, values.data(), nullptr,
                                                     nullptr, 0));
    }

    PostgresConnection& connection_;
    PostgresText text_;
    std::vector<std::optional<std::string>> values_;
    std::vector<Oid> types_;
    PostgresConnection::Result result_;
    int row_ = -1;
};

void PostgresConnection::EndConnection::operator()(pg_conn* connection) const {
    PQfinish(connection);
}
void PostgresConnection::EndResult::operator()(pg_result* result) const {
    PQclear(result);
}

PostgresConnection::PostgresConnection(const std::string& address) {
    // What the address says itself comes after, and holds.
    constexpr std::array<const char*, 8> kNames = {
        "connect_timeout",  "tcp_user_timeout", "keepalives_idle", "keepalives_interval",
        "keepalives_count", "application_name", "dbname",          nullptr};
    const std::array<const char*, 8> values = {"5",       "15000",         "10",   "5", "3",
                                               "lucerna", address.c_str(), nullptr};
    connection_.reset(PQconnectdbParams(kNames.data(), values.data(), 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        throw Error(ErrorCode::kUnavailable, "PostgreSQL can't be reached: " +
                                                 first_line(PQerrorMessage(connection_.get())));
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    PQsetClientEncoding(connection_.get(), "UTF8");
    // A writer that hangs holds up the others no longer than this, and of one whose machine is gone
    // the server's end learns as soon; compiling plans costs more than such statements.
    execute(
        "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'; SET "
        "tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; "
        "SET tcp_user_timeout = '15s'; "
        "SET jit = off; SET standard_conforming_strings = on");
}

PostgresConnection::~PostgresConnection() = default;

const PostgresText& PostgresConnection::translated(std::string_view sql) {
    if (texts_.size() > kMostPrepared) texts_.clear();
    const auto known = texts_.find(sql);
    if (known != texts_.end()) return known->second;
    return texts_.emplace(std::string(sql), postgres_text(sql)).first->second;
}

Statement PostgresConnection::prepare(std::string_view sql) {
    return Statement(std::make_unique<PostgresStatement>(*this, translated(sql)));
}

std::string PostgresConnection::prepared(const PostgresText& text, const unsigned* types) {
    std::string key = text.sql;
    for (int i = 0; i < text.parameters; ++i) key += "/" + std::to_string(types[i]);
    if (const auto known = names_.find(key); known != names_.end()) return known->second;
    if (names_.size() >= kMostPrepared) {
        execute("DEALLOCATE ALL");
        names_.clear();
    }
    const std::string name = "s" + std::to_string(names_.size());
    checked(PQprepare(connection_.get(), name.c_str(), text.sql.c_str(), text.parameters, types));
    names_.emplace(std::move(key), name);
    return name;
}

void PostgresConnection::execute(const char* sql) {
    const Result result = checked(PQexec(connection_.get(), postgres_text(sql).sql.c_str()));
    if (std::strcmp(sql, "COMMIT") == 0 && std::strcmp(PQcmdStatus(result.get()), "COMMIT") != 0)
        throw Error(ErrorCode::kInternal, "PostgreSQL rolled back what was to be committed");
}

void PostgresConnection::execute_within(const char* sql, std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    if (PQsendQuery(connection_.get(), postgres_text(sql).sql.c_str()) != 1) fail(nullptr);
    pg_result* const result = result_until(end);
    if (result == nullptr)
        throw Error(ErrorCode::kUnavailable, "PostgreSQL was lost: it says nothing any more");
    (void)checked(result);
}

pg_result* PostgresConnection::result_until(std::chrono::steady_clock::time_point end) {
    Result last;
    for (;;) {
        while (PQisBusy(connection_.get()) == 1) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                end - std::chrono::steady_clock::now());
            pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
            if (left.count() <= 0) {
                connection_.reset();
                return nullptr;
            }
            (void)::poll(&socket, 1, static_cast<int>(left.count()));
            // PQgetResult says why it is lost.
            if (socket.revents != 0 && PQconsumeInput(connection_.get()) == 0) break;
        }
        Result next(PQgetResult(connection_.get()));
        if (!next) return last.release();
        last = std::move(next);
    }
}

std::int64_t PostgresConnection::last_row() const {
    const Result result = checked(PQexec(connection_.get(), "SELECT lastval()"));
    return std::strtoll(PQgetvalue(result.get(), 0, 0), nullptr, 10);
}

bool PostgresConnection::in_transaction() const {
    const PGTransactionStatusType status = PQtransactionStatus(connection_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool PostgresConnection::is_lost() const {
    return PQstatus(connection_.get()) != CONNECTION_OK;
}

PostgresConnection::Result PostgresConnection::checked(pg_result* given) const {
    Result result(given);
    const ExecStatusType status = PQresultStatus(given);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        fail(given);
    if (const char* rows = PQcmdTuples(given); *rows != '\0')
        changes_ = std::strtoll(rows, nullptr, 10);
    return result;
}

void PostgresConnection::fail(const pg_result* result) const {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (is_lost() || state == nullptr)
        throw Error(ErrorCode::kUnavailable,
                    "PostgreSQL was lost: " + first_line(PQerrorMessage(connection_.get())));
    throw Error(code_for(state), "PostgreSQL says " + std::string(state) + ": " + first_line(said));
}

}  // namespace lucerna::store
