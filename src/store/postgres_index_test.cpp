#include "store/postgres_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/answer_due.h"
#include "base/error.h"
#include "store/database.h"
#include "store/schema.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using namespace std::chrono_literals;

PostgresIndex shared_index(const TestSchema& schema) {
    return {schema.address(), PostgresIndex::Others::kWelcome, {}, {}};
}

Patience long_patience() {
    return {Pace::kLong, std::chrono::steady_clock::now() + std::chrono::seconds(60)};
}

Patience due_in(std::chrono::milliseconds time) {
    return {Pace::kAnswerIsDue, std::chrono::steady_clock::now() + time};
}

std::int64_t version_of(Connection& writer) {
    return writer.number("SELECT max(version) FROM lucerna_index");
}

/// There where the tests run on one.
std::vector<std::string> servers() {
    return test_postgres().empty() ? std::vector<std::string>{} : std::vector{test_postgres()};
}

class OnPostgres : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OnPostgres);
INSTANTIATE_TEST_SUITE_P(AServer, OnPostgres, testing::ValuesIn(servers()),
                         [](const auto&) { return std::string("given"); });

TEST_P(OnPostgres, IsMadeNewerByNobodyBesideAnOlderProgram) {
    const TestSchema schema;
    PostgresIndex older = shared_index(schema);
    const auto at_work = older.open_writer(long_patience());
    // Without what the newest version has added.
    at_work->execute(
        "DROP TABLE study_accounts; ALTER TABLE studies ADD COLUMN described_by TEXT NOT NULL "
        "DEFAULT ''");
    at_work->execute("UPDATE lucerna_index SET version = version - 1");
    PostgresIndex newer = shared_index(schema);
    EXPECT_EQ(test::error_of([&] { (void)newer.open_writer(long_patience()); }), "unavailable");
    EXPECT_THAT(test::message_of([&] { (void)newer.open_writer(long_patience()); }),
                testing::HasSubstr("schema version " + std::to_string(kSchemaVersion - 1)));
    EXPECT_EQ(version_of(*at_work), kSchemaVersion - 1);

    older.close(*at_work);
    const auto upgraded = newer.open_writer(long_patience());
    EXPECT_EQ(version_of(*upgraded), kSchemaVersion);
    PostgresIndex another = shared_index(schema);
    EXPECT_EQ(version_of(*another.open_writer(long_patience())), kSchemaVersion)
        << "others are welcome again";
}

TEST_P(OnPostgres, LetsOthersWaitNoLongerThanTheyWant) {
    const TestSchema schema;
    PostgresIndex one = shared_index(schema);
    PostgresIndex other = shared_index(schema);
    const auto halted = one.open_writer(long_patience());
    const auto waits = other.open_writer(long_patience());
    one.begin_writing(*halted, long_patience());
    EXPECT_EQ(test::error_of([&] { other.begin_writing(*waits, due_in(100ms)); }), "unavailable");
    waits->execute("ROLLBACK");
    // PostgreSQL ends the turn of one that does nothing with it.
    other.begin_writing(*waits, long_patience());
    waits->execute("COMMIT");
    EXPECT_EQ(test::error_of([&] { halted->execute("COMMIT"); }), "unavailable");
}

TEST_P(OnPostgres, GivesUpAConnectionThatFallsSilent) {
    const TestSchema schema;
    PostgresConnection connection(schema.address());
    connection.execute_within("SELECT 1; SELECT 2", std::chrono::seconds(60));
    EXPECT_EQ(test::error_of([&] {
                  connection.execute_within("SELECT pg_sleep(60)", std::chrono::milliseconds(100));
              }),
              "unavailable");
    EXPECT_TRUE(connection.is_lost());
}

/// As a server that does not answer in time, whatever it is busy with.
void sleep(Connection& index) {
    index.execute("SELECT pg_sleep(600)");
}

class Due : public OnPostgres {
  protected:
    std::string write(std::chrono::milliseconds time, const Database::Work& work) {
        const AnswerDue due(time);
        return test::error_of([&] { database().write(work); });
    }
    std::string read(std::chrono::milliseconds time, const Database::Work& work) {
        const AnswerDue due(time);
        return test::error_of([&] { database().read(work); });
    }
    static void count(Connection& index) {
        index.execute("UPDATE counters SET value = value + 1 WHERE name = 'exams'");
    }
    std::int64_t counted() {
        return database().read([](Connection& index) {
            return index.number("SELECT value FROM counters WHERE name = 'exams'");
        });
    }
    Database& database() {
        if (!database_)
            database_ = std::make_unique<Database>(
                std::make_unique<PostgresIndex>(schema_.address(), PostgresIndex::Others::kWelcome,
                                                nullptr, waits),
                std::function<void()>());
        return *database_;
    }

    PostgresIndex::Waits waits;

  private:
    TestSchema schema_;
    std::unique_ptr<Database> database_;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Due);
INSTANTIATE_TEST_SUITE_P(AServer, Due, testing::ValuesIn(servers()),
                         [](const auto&) { return std::string("given"); });

TEST_P(Due, IsWhatIsWrittenAndRead) {
    EXPECT_EQ(write(100ms,
                    [](Connection& index) {
                        count(index);
                        sleep(index);
                    }),
              "unavailable");
    EXPECT_EQ(read(100ms, sleep), "unavailable");
    EXPECT_EQ(write(60s, count), "none");
    EXPECT_EQ(counted(), 1) << "what was answered, and nothing else";
}

// It is slow, and not silent.
TEST_P(Due, IsEachStatementAndNotTheirSum) {
    EXPECT_EQ(write(500ms,
                    [](Connection& index) {
                        for (int i = 0; i < 8; ++i) index.execute("SELECT pg_sleep(0.2)");
                        count(index);
                    }),
              "none");
    EXPECT_EQ(counted(), 1);
}

TEST_P(Due, LeavesItUnknownWhetherItWasCommitted) {
    database().write([](Connection& index) {
        index.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM "
            "pg_sleep(600); RETURN NULL; END'");
        index.execute(
            "CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON counters DEFERRABLE INITIALLY "
            "DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()");
    });
    EXPECT_EQ(write(100ms, count), "io");
}

TEST_P(Due, IsNoMatterToWhatTakesLong) {
    const LongWork is_long;
    EXPECT_EQ(test::error_of([&] {
                  database().write([](Connection& index) {
                      count(index);
                      index.execute("SELECT pg_sleep(0.7)");
                  });
              }),
              "none");
    EXPECT_EQ(counted(), 1);
}

TEST_P(Due, IsEveryStatementWithinWhatAServerGivesIt) {
    waits.longest_statement = 100ms;
    EXPECT_EQ(test::error_of([&] { database().read(sleep); }), "unavailable");
    EXPECT_EQ(test::error_of([&] { database().write(sleep); }), "unavailable");
    const LongWork is_long;
    const auto doze = [](Connection& index) { index.execute("SELECT pg_sleep(0.7)"); };
    EXPECT_EQ(test::error_of([&] { database().read(doze); }), "none");
}

TEST_P(Due, IsNothingOnceAStopFindsItSilent) {
    std::atomic<bool> is_stopping = false;
    waits.is_stopping = [&] { return is_stopping.load(); };
    database().write(count);
    is_stopping = true;
    database().write(count);
    const LongWork is_long;
    EXPECT_EQ(test::error_of([&] { database().read(sleep); }), "cancelled");
    EXPECT_EQ(test::error_of([&] { database().write(sleep); }), "cancelled");
}

/// Takes connections and says nothing.
class Silent {
  public:
    Silent() {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        auto* address = reinterpret_cast<sockaddr*>(&at);
        if (::bind(socket_, address, size) != 0 || ::listen(socket_, 8) != 0 ||
            ::getsockname(socket_, address, &size) != 0)
            throw Error(ErrorCode::kIo, "no port");
        port_ = ntohs(at.sin_port);
    }
    ~Silent() { ::close(socket_); }
    Silent(const Silent&) = delete;
    Silent& operator=(const Silent&) = delete;
    [[nodiscard]] std::string port() const { return std::to_string(port_); }

  private:
    int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port_ = 0;
};

TEST(PostgresConnection, IsNotMadeToASilentServerForLongerThanThereIs) {
    const Silent silent;
    EXPECT_EQ(test::error_of([&] {
                  const PostgresConnection never(
                      "host=127.0.0.1 connect_timeout=600 port=" + silent.port(),
                      std::make_shared<PostgresWaits>(), {{}, 100ms, {}});
              }),
              "unavailable");
}

}  // namespace
}  // namespace lucerna::store
