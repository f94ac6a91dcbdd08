#include "store/postgres_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/schema.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

PostgresIndex shared_index(const TestSchema& schema) {
    return {schema.address(), PostgresIndex::Others::kWelcome, {}};
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
    const auto at_work = older.open_writer();
    // Without what the newest version has added.
    at_work->execute(
        "DROP TABLE study_accounts; ALTER TABLE studies ADD COLUMN described_by TEXT NOT NULL "
        "DEFAULT ''");
    at_work->execute("UPDATE lucerna_index SET version = version - 1");
    PostgresIndex newer = shared_index(schema);
    EXPECT_EQ(test::error_of([&] { (void)newer.open_writer(); }), "unavailable");
    EXPECT_THAT(test::message_of([&] { (void)newer.open_writer(); }),
                testing::HasSubstr("schema version " + std::to_string(kSchemaVersion - 1)));
    EXPECT_EQ(version_of(*at_work), kSchemaVersion - 1);

    older.close(*at_work);
    const auto upgraded = newer.open_writer();
    EXPECT_EQ(version_of(*upgraded), kSchemaVersion);
    PostgresIndex another = shared_index(schema);
    EXPECT_EQ(version_of(*another.open_writer()), kSchemaVersion) << "others are welcome again";
}

TEST_P(OnPostgres, LetsOthersWaitNoLongerThanTheyWant) {
    const TestSchema schema;
    PostgresIndex one = shared_index(schema);
    PostgresIndex other = shared_index(schema);
    const auto halted = one.open_writer();
    const auto waits = other.open_writer();
    one.begin_writing(*halted, std::chrono::seconds(60));
    EXPECT_EQ(test::error_of([&] { other.begin_writing(*waits, std::chrono::milliseconds(100)); }),
              "unavailable");
    waits->execute("ROLLBACK");
    // PostgreSQL ends the turn of one that does nothing with it.
    other.begin_writing(*waits, std::chrono::seconds(60));
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

}  // namespace
}  // namespace lucerna::store
