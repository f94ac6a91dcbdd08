#include "store/postgres_index.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "store/kept_reading.h"
#include "store/name_words.h"
#include "store/postgres.h"
#include "store/postgres_dialect.h"
#include "store/schema.h"
#include "vault/secret_key.h"

namespace lucerna::store {
namespace {

// Advisory locks, of this schema alone: who writes, and who is on the index (several share it, or
// one has it). Those of processes are of two numbers, so they are none of these.
#define WRITERS_LOCK "hashtextextended(current_schema(), 1)"
#define PLACE_LOCK "hashtextextended(current_schema(), 2)"
#define PROCESS_LOCK "hashtext(current_schema()), hashtext(?)"

/// Each statement sees what was committed before it begins: the lock comes first.
constexpr const char* kTakeTurn = "SELECT pg_advisory_xact_lock(" WRITERS_LOCK ")";
/// For what the start does, a migration among it, with the session's bounds.
constexpr const char* kBeginAtStart = "BEGIN; SELECT pg_advisory_xact_lock(" WRITERS_LOCK ")";
/// Of work in the background, as it is of the session.
constexpr std::chrono::seconds kPatience{30};
/// What the server's own bound may be late by.
constexpr std::chrono::milliseconds kLate{250};
/// Others were waited for all the time that there was.
constexpr std::chrono::milliseconds kShortestWait{100};
/// Those that are written together have at least this, whatever is left of a wait.
constexpr std::chrono::milliseconds kShortestTurn{500};
/// All of what is written together where an answer is due: a slow index answers each statement, and
/// is no silent one.
constexpr std::chrono::seconds kLongestTurn{8};
/// The server may be busy with a checkpoint, or wait for a standby.
constexpr std::chrono::seconds kToCommit{10};
/// A new connection's first statements.
constexpr std::chrono::seconds kToOpen{5};
/// The longest statement, of the erasure of a patient with thousands of images, takes seconds.
constexpr std::chrono::minutes kLongestStatement{5};
/// The session's end does what is done at the end, a moment later.
constexpr std::chrono::seconds kToClose{2};

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Until then, or as long as there is at least.
milliseconds left_until(steady_clock::time_point end, milliseconds at_least) {
    return std::max(std::chrono::ceil<milliseconds>(end - steady_clock::now()), at_least);
}

std::string set_local(const char* name, milliseconds value) {
    return std::string("; SET LOCAL ") + name + " = " + std::to_string(value.count());
}

PostgresConnection::Bounds bounds_to_open(const Patience& patience) {
    if (patience.pace == Pace::kLong) return {};
    const milliseconds left = left_until(patience.until, kShortestTurn);
    return {steady_clock::now() + std::max<milliseconds>(left, kToOpen) + kLate, left + kLate, {}};
}

bool yes(Connection& connection, const char* sql) {
    return connection.number(sql) != 0;
}

bool yes(Connection& connection, const char* sql, const std::string& bound) {
    Statement statement = connection.prepare(sql);
    return statement.bind(bound).step() && statement.integer(0) != 0;
}

/// 0 where there is none yet.
std::int64_t schema_version(Connection& connection) {
    const bool is_there = yes(connection, "SELECT to_regclass('lucerna_index') IS NOT NULL");
    return is_there ? connection.number("SELECT max(version) FROM lucerna_index") : 0;
}

bool has_older_schema(Connection& connection) {
    const std::int64_t version = schema_version(connection);
    return version > 0 && version < kSchemaVersion;
}

/// Holds an index that was put back, out of a dump, a backup or by a replica that took over, for
/// one that was made anew (presence.h): it may know less than was acknowledged. A dump makes the
/// table another one; what is behind where it was goes on as another timeline.
void see_whether_put_back(Connection& writer) {
    constexpr std::pair<const char*, const char*> kSigns[] = {
        {"table", "SELECT 'lucerna_index'::regclass::oid::bigint"},
        {"timeline",
         "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint"}};
    for (const auto& [name, sql] : kSigns) {
        const std::int64_t now = writer.number(sql);
        Statement find = writer.prepare("SELECT value FROM counters WHERE name = ?");
        const bool noted = find.bind(name).step();
        if (noted && find.integer(0) == now) continue;
        writer
            .prepare(
                "INSERT INTO counters VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = "
                "excluded.value")
            .bind(name)
            .bind(now)
            .run();
        if (!noted) continue;
        writer.execute("INSERT INTO counters VALUES ('unrecovered', 1) ON CONFLICT DO NOTHING");
        log_event(LogLevel::kWarning, "store.index-put-back", {{"by", name}});
    }
}

}  // namespace

PostgresIndex::PostgresIndex(std::string address, Others others,
                             std::function<void(const std::string&)> renamed, Waits waits)
    : address_(std::move(address)),
      others_(others),
      renamed_(std::move(renamed)),
      longest_statement_(waits.longest_statement),
      waits_(std::make_shared<PostgresWaits>(std::move(waits.is_stopping))) {}

/// All others wait for who has his turn. A transaction waits for nothing but the index, so one of
/// a process that is halted, or whose machine is, ends after so long. What the server itself ends
/// keeps the connection.
void PostgresIndex::begin_writing(Connection& writer, const Patience& patience) {
    const bool is_due = patience.pace == Pace::kAnswerIsDue;
    const bool is_long = patience.pace == Pace::kLong;
    const milliseconds longest =
        is_long ? kLongestStatement : longest_statement_.value_or(kLongestStatement);
    const milliseconds wait = left_until(patience.until, kShortestWait);
    const std::string sql =
        "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '5s'" +
        set_local("lock_timeout", wait) +
        set_local("statement_timeout", is_due ? std::max(wait, kShortestTurn) : longest) + "; " +
        kTakeTurn;
    auto& connection = static_cast<PostgresConnection&>(writer);
    connection.set_bounds({});
    connection.execute_within(sql.c_str(), wait + kLate);
    if (is_due)
        connection.set_bounds({steady_clock::now() + kLongestTurn,
                               left_until(patience.until, kShortestTurn) + kLate, kToCommit});
    else
        connection.set_bounds({{}, longest + kLate, {}});
}

std::optional<milliseconds> PostgresIndex::patience() const {
    return kPatience;
}

void PostgresIndex::begin_reading(Connection& reader, const Patience& patience) {
    std::string sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    auto& connection = static_cast<PostgresConnection&>(reader);
    if (patience.pace == Pace::kLong) {
        if (longest_statement_) sql += set_local("statement_timeout", kLongestStatement);
        connection.set_bounds({});
        if (longest_statement_) connection.set_bounds({{}, kLongestStatement + kLate, {}});
        connection.execute(sql.c_str());
        return;
    }
    const milliseconds left = left_until(patience.until, kShortestWait);
    const bool is_due = patience.pace == Pace::kAnswerIsDue;
    if (is_due) sql += set_local("lock_timeout", left) + set_local("statement_timeout", left);
    connection.set_bounds({steady_clock::now() + left + kLate, {}, {}});
    connection.execute(sql.c_str());
    if (is_due) return;
    connection.set_bounds({});
    if (longest_statement_) connection.set_bounds({{}, *longest_statement_ + kLate, {}});
}

std::unique_ptr<Connection> PostgresIndex::open_writer(const Patience& patience) {
    auto writer = std::make_unique<PostgresConnection>(address_, waits_, bounds_to_open(patience));
    if (others_ == Others::kWelcome && has_older_schema(*writer)) {
        take_all_places(*writer);
        prepare_schema(*writer);
        take_place(*writer);
        share(*writer);
    } else {
        take_place(*writer);
        prepare_schema(*writer);
    }
    enter(*writer);
    return writer;
}

std::unique_ptr<Connection> PostgresIndex::open_reader(const Patience& patience) {
    auto reader = std::make_unique<PostgresConnection>(address_, waits_, bounds_to_open(patience));
    if (longest_statement_)
        reader->execute(
            ("SET statement_timeout = " + std::to_string(longest_statement_->count())).c_str());
    return reader;
}

/// Until the session ends.
void PostgresIndex::take_place(Connection& writer) const {
    // Somebody may have it alone for a moment; the session's lock_timeout bounds the wait.
    if (others_ == Others::kWelcome)
        writer.execute("SELECT pg_advisory_lock_shared(" PLACE_LOCK ")");
    else if (!yes(writer, "SELECT pg_try_advisory_lock(" PLACE_LOCK ")"))
        throw Error(ErrorCode::kUnavailable,
                    "the index on PostgreSQL is in use by another process");
}

/// An older program, whose rows would be as they were before, is not to go on beside it.
void PostgresIndex::take_all_places(Connection& writer) {
    if (exclude_others(writer)) return;
    throw Error(ErrorCode::kUnavailable,
                "the index on PostgreSQL has schema version " +
                    std::to_string(schema_version(writer)) + ", this program makes it version " +
                    std::to_string(kSchemaVersion) +
                    ", and another process is at work on it: end all that are of an older "
                    "program first");
}

void PostgresIndex::prepare_schema(Connection& writer) {
    writer.execute(kBeginAtStart);
    const std::int64_t version = schema_version(writer);
    const bool empty = version == 0;
    if (version > kSchemaVersion)
        throw Error(ErrorCode::kUnsupported,
                    "the index on PostgreSQL has schema version " + std::to_string(version) +
                        ", this program knows versions up to " + std::to_string(kSchemaVersion));
    if (version < kSchemaVersion) {
        std::string script;
        if (empty)
            script = std::string(kPostgresFunctions) +
                     "CREATE TABLE lucerna_index (version BIGINT NOT NULL);" +
                     postgres_schema(kSchema);
        for (std::int64_t from = empty ? 1 : version; from < kSchemaVersion; ++from)
            script += postgres_schema(kUpgrades[from - 1]);
        script += "INSERT INTO lucerna_index VALUES (" + std::to_string(kSchemaVersion) + ");";
        writer.execute(script.c_str());
        if (!empty && version < kFirstWithNameWords) enter_all_name_words(writer);
        if (!empty && version < kFirstWithUnicodeFolding) fold_all_names(writer);
        if (!empty && version < kFirstWithPlaces) place_all_findings(writer);
    }
    see_whether_put_back(writer);
    writer.execute("COMMIT");
    if (yes(writer,
            "SELECT current_setting('fsync') = 'off' OR "
            "current_setting('synchronous_commit') = 'off'"))
        log_event(LogLevel::kWarning, "store.postgres-not-durable",
                  {{"why",
                    "fsync or synchronous_commit is off: a power cut loses what was "
                    "acknowledged"}});
}

/// Under the name it had, if nobody took it for dead meanwhile, else under a new one: what it held
/// under the old one may be somebody else's by now.
void PostgresIndex::enter(Connection& writer) {
    std::string name = process();
    const bool was =
        !name.empty() && yes(writer, "SELECT pg_try_advisory_lock(" PROCESS_LOCK ")", name);
    writer.execute(kBeginAtStart);
    if (was) {
        writer
            .prepare(
                "UPDATE processes SET server = pg_postmaster_start_time()::text WHERE name = ?")
            .bind(name)
            .run();
        if (writer.changes() == 1) {
            writer.execute("COMMIT");
            return;
        }
    }
    const bool again = !name.empty();
    name = vault::to_text(vault::random_id());
    if (!yes(writer, "SELECT pg_try_advisory_lock(" PROCESS_LOCK ")", name))
        throw Error(ErrorCode::kUnavailable, "no name is free for this process");
    writer
        .prepare(
            "INSERT INTO processes (name, server) VALUES (?, pg_postmaster_start_time()::text)")
        .bind(name)
        .run();
    writer.execute("COMMIT");
    if (renamed_) renamed_(name);
    process_.with([&](std::string& own) { own = name; });
    if (again) log_event(LogLevel::kWarning, "store.process-renamed", {{"process", name}});
}

void PostgresIndex::close(Connection& writer) {
    static_cast<PostgresConnection&>(writer).execute_within("SELECT pg_advisory_unlock_all()",
                                                            kToClose);
}

std::string PostgresIndex::process() const {
    return process_.with([](const std::string& own) { return own; });
}

bool PostgresIndex::is_alive(Connection& writer, const std::string& process) {
    if (process == this->process()) return true;
    // Where the server itself came back just now, the others may not have noticed yet.
    if (yes(writer,
            "SELECT server <> pg_postmaster_start_time()::text AND now() - "
            "pg_postmaster_start_time() < interval '15 seconds' FROM processes WHERE name = ?",
            process))
        return true;
    return !yes(writer, "SELECT pg_try_advisory_xact_lock(" PROCESS_LOCK ")", process);
}

bool PostgresIndex::exclude_others(Connection& writer) {
    // A session's own locks are never in its way.
    return yes(writer, "SELECT pg_try_advisory_lock(" PLACE_LOCK ")");
}

void PostgresIndex::share(Connection& writer) {
    (void)yes(writer, "SELECT pg_advisory_unlock(" PLACE_LOCK ")");
}

}  // namespace lucerna::store
