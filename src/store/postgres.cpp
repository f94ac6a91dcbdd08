#include "store/postgres.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/outside_wait.h"

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

using std::chrono::steady_clock;
/// Of reaching an address of the server. libpq makes less than two seconds two of it.
constexpr std::chrono::seconds kLongestToReach{5};
constexpr std::chrono::seconds kShortestToReach{2};
/// Whoever waits longer lets others be done meanwhile.
constexpr std::chrono::milliseconds kMoment{100};

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
        result_ = connection_.checked(connection_.answer_to(
            PQsendQueryPrepared(connection_.connection_.get(), name.c_str(), text_.parameters,
                                values.data(), nullptr, nullptr, 0)));
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

namespace {

/// Empty: what the address says, or five seconds.
std::string seconds_to_reach(const PostgresWaits& waits,
                             const std::optional<std::chrono::milliseconds>& each) {
    if (waits.is_stopping()) return std::to_string(kShortestToReach.count());
    if (!each) return {};
    const auto left = std::chrono::ceil<std::chrono::seconds>(*each);
    if (left >= kLongestToReach) return {};
    return std::to_string(std::max(left, kShortestToReach).count());
}

pg_conn* connection_to(const std::string& address, const std::string& seconds) {
    // Of two that say the same the later holds: what the address says, but for what is due.
    std::vector<const char*> names = {
        "connect_timeout",  "tcp_user_timeout", "keepalives_idle", "keepalives_interval",
        "keepalives_count", "application_name", "dbname"};
    const std::string longest = std::to_string(kLongestToReach.count());
    std::vector<const char*> values = {longest.c_str(), "15000",        "10", "5", "3",
                                       "lucerna",       address.c_str()};
    if (!seconds.empty()) {
        names.push_back("connect_timeout");
        values.push_back(seconds.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    return PQconnectdbParams(names.data(), values.data(), 1);
}

}  // namespace

PostgresConnection::PostgresConnection(const std::string& address,
                                       std::shared_ptr<PostgresWaits> waits, const Bounds& bounds)
    : waits_(std::move(waits)), bounds_(bounds) {
    waits_->require_patience();
    {
        const OutsideWait outside("the index", OutsideWait::Crowded::kWaits);
        connection_.reset(connection_to(address, seconds_to_reach(*waits_, bounds.each)));
    }
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        throw Error(
            waits_->is_stopping() ? ErrorCode::kCancelled : ErrorCode::kUnavailable,
            "PostgreSQL can't be reached: " + first_line(PQerrorMessage(connection_.get())));
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    PQsetnonblocking(connection_.get(), 1);
    // A writer that hangs holds up the others no longer than this, and of one whose machine is gone
    // the server's end learns as soon; compiling plans costs more than such statements.
    execute(
        "SET client_encoding = 'UTF8'; "
        "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'; SET "
        "tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; "
        "SET tcp_user_timeout = '15s'; "
        "SET jit = off; SET standard_conforming_strings = on");
    // Of one that gave up waiting it learns while the statement still runs. Older ones, and those
    // on other systems, do when it ends.
    execute(
        "SELECT set_config('client_connection_check_interval', '1s', false) WHERE "
        "current_setting('server_version_num')::int >= 140000 AND version() LIKE '%linux%'");
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
    (void)checked(answer_to(
        PQsendPrepare(connection_.get(), name.c_str(), text.sql.c_str(), text.parameters, types)));
    names_.emplace(std::move(key), name);
    return name;
}

void PostgresConnection::execute(const char* sql) {
    const bool commits = std::strcmp(sql, "COMMIT") == 0;
    // A bound that ends a wait for a standby makes it an answer, as if that had it.
    const std::string text =
        commits ? "SET LOCAL statement_timeout = 0; COMMIT" : postgres_text(sql).sql;
    const Bounds usual = bounds_;
    if (commits && bounds_.commit) {
        require_time_left();
        bounds_ = {{}, bounds_.commit, {}};
    }
    Result result;
    try {
        result = checked(answer_to(PQsendQuery(connection_.get(), text.c_str())));
    } catch (...) {
        bounds_ = usual;
        throw;
    }
    bounds_ = usual;
    if (commits && std::strcmp(PQcmdStatus(result.get()), "COMMIT") != 0)
        throw Error(ErrorCode::kInternal, "PostgreSQL rolled back what was to be committed");
}

/// Better given up before it is asked for than with an outcome that nobody knows.
void PostgresConnection::require_time_left() const {
    constexpr std::chrono::milliseconds kForAnAnswer{250};
    if (bounds_.end && steady_clock::now() + kForAnAnswer > *bounds_.end)
        throw Error(ErrorCode::kUnavailable, "PostgreSQL is too slow: nothing was committed");
}

void PostgresConnection::execute_within(const char* sql, std::chrono::milliseconds patience) {
    const Bounds usual = std::exchange(bounds_, {{}, patience, {}});
    try {
        execute(sql);
    } catch (...) {
        bounds_ = usual;
        throw;
    }
    bounds_ = usual;
}

template <typename IsReady>
void PostgresConnection::wait_until(Time begun, short events, IsReady&& is_ready) const {
    std::optional<Time> end = bounds_.end;
    if (bounds_.each) end = std::min(end.value_or(Time::max()), begun + *bounds_.each);
    std::optional<OutsideWait> outside;
    while (!is_ready()) {
        const Time moment = begun + kMoment;
        if (!outside && steady_clock::now() >= moment)
            outside.emplace("the index", OutsideWait::Crowded::kWaits);
        const bool is_short = !outside && moment < end.value_or(Time::max());
        if (waits_->wait(PQsocket(connection_.get()), events, begun, is_short ? moment : end)) {
            // What is read next says why it is lost.
            if (PQconsumeInput(connection_.get()) == 0) return;
        } else if (!is_short) {
            throw Error(ErrorCode::kUnavailable, "PostgreSQL was lost: it says nothing any more");
        }
    }
}

PostgresConnection::Result PostgresConnection::answer_to(int taken) const {
    if (taken != 1) fail(nullptr);
    const Time begun = steady_clock::now();
    try {
        wait_until(begun, POLLIN | POLLOUT, [&] { return PQflush(connection_.get()) != 1; });
        Result last;
        for (;;) {
            wait_until(begun, POLLIN, [&] { return PQisBusy(connection_.get()) == 0; });
            Result next(PQgetResult(connection_.get()));
            if (!next) return last;
            last = std::move(next);
        }
    } catch (...) {
        // What is on its way belongs to nobody any more.
        connection_.reset();
        throw;
    }
}

std::int64_t PostgresConnection::last_row() const {
    const Result result = checked(answer_to(PQsendQuery(connection_.get(), "SELECT lastval()")));
    return std::strtoll(PQgetvalue(result.get(), 0, 0), nullptr, 10);
}

bool PostgresConnection::in_transaction() const {
    const PGTransactionStatusType status = PQtransactionStatus(connection_.get());
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool PostgresConnection::is_lost() const {
    return PQstatus(connection_.get()) != CONNECTION_OK;
}

PostgresConnection::Result PostgresConnection::checked(Result result) const {
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        fail(result.get());
    if (const char* rows = PQcmdTuples(result.get()); *rows != '\0')
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
