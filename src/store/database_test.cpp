#include "store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <thread>
#include <vector>

#include "base/file.h"
#include "store/postgres_index.h"
#include "store/sqlite_index.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using test::error_of;
using test::message_of;

const vault::SecretKey key = vault::SecretKey::random();

/// On whichever back end the run is.
std::unique_ptr<IndexSource> index_in(const test::TemporaryFolder& folder,
                                      const TestSchema& schema) {
    if (schema.address().empty())
        return std::make_unique<SqliteIndex>(folder.path() / "index.sqlite", key);
    return std::make_unique<PostgresIndex>(schema.address(), PostgresIndex::Others::kRefused,
                                           nullptr, PostgresIndex::Waits{});
}

std::int64_t counted(Database& database) {
    return database.read([](Connection& index) {
        return index.number("SELECT value FROM counters WHERE name = 'exams'");
    });
}

void count(Connection& index) {
    index.execute("UPDATE counters SET value = value + 1 WHERE name = 'exams'");
}

TEST(Database, RefusesAnIndexOfANewerVersionByItsNumber) {
    TestStore store;
    store.close();
    if (store.on_sqlite())
        OpenedIndex(store).connection.execute("PRAGMA user_version = 99");
    else
        PostgresConnection(store.schema.address()).execute("INSERT INTO lucerna_index VALUES (99)");
    // Once: PostgreSQL may not have noticed yet that a connection before has gone.
    try {
        store.open();
        ADD_FAILURE() << "it was opened";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
        EXPECT_THAT(error.what(), testing::HasSubstr("schema version 99"));
    }
}

TEST(Database, BringsAnOlderFileUpToTheSchema) {
    TestStore store;
    test::StoredInstance wide;
    wide.patient_name = "\uFF21\uFF22^Jane";
    store.archive().keep(wide.file());
    store.close();
    const std::string older =
        "UPDATE studies SET alphabetic_name_key = '\uFF21\uFF22^jane'; "
        "DROP TABLE workitem_reports; DROP TABLE worklist_subscriptions; "
        "DROP TABLE workitem_subscriptions; "
        "DROP TABLE request_attributes; DROP TABLE name_words; DROP TABLE workitems; "
        "DROP TABLE performed_of; DROP TABLE performed_steps; "
        "DROP TABLE scheduled_steps; DROP TABLE orders; DROP TABLE processes; "
        "DROP TABLE decided_places; ALTER TABLE findings DROP COLUMN place; "
        "ALTER TABLE jobs DROP COLUMN process; DROP TABLE study_accounts; "
        "ALTER TABLE series DROP COLUMN described_by; "
        "ALTER TABLE studies DROP COLUMN timezone_offset_from_utc; "
        "ALTER TABLE series DROP COLUMN timezone_offset_from_utc;";
    if (store.on_sqlite())
        OpenedIndex(store).connection.execute((older + "PRAGMA user_version = 1").c_str());
    else
        PostgresConnection(store.schema.address())
            .execute((older + "UPDATE lucerna_index SET version = 1").c_str());
    store.open();
    EXPECT_EQ(store.archive().totals().instances, 1U) << "and keeps what is in it";
    ASSERT_EQ(store.archive().find({Level::kSeries, {}}).size(), 1U);
    test::StoredInstance later;
    later.sop_instance += ".2";
    later.study_description = "Another";
    store.archive().keep(later.file());
    EXPECT_EQ(store.archive().find({Level::kSeries, {}})[0].value({0x0008, 0x1030}), "Screening")
        << "what was there stays";
    Query named{Level::kStudy, {{{0x0010, 0x0010}, "Jane"}}};
    named.fuzzy_names = true;
    EXPECT_EQ(store.archive().find(named).size(), 1U) << "words of names are entered";
    EXPECT_EQ(store.archive().find({Level::kStudy, {{{0x0010, 0x0010}, "ab*"}}}).size(), 1U)
        << "names are folded anew";
    later.sop_instance += ".3";
    later.patient_id.clear();
    later.patient_name = "Roe^Ann";
    later.birth_date = "19010101";
    EXPECT_EQ(test::error_of([&] { store.archive().keep(later.file()); }), "unsupported")
        << "whose it is is known";
}

// PS3.3 Table 10-18.
TEST(Database, LearnsIssuersThatAnOlderProgramDidNotRead) {
    TestStore store;
    for (const std::string number : {"1", "2", "3"}) {
        test::StoredInstance image;
        if (number != "3") image.issuer_entity = "2.999." + number;
        image.study = "1.2." + number;
        image.series = image.study + ".1";
        image.sop_instance = image.series + ".1";
        store.archive().keep(image.file());
    }
    store.close();
    const char* const older = "UPDATE studies SET issuer_of_patient_id = ''";
    if (store.on_sqlite())
        OpenedIndex(store).connection.execute(older);
    else
        PostgresConnection(store.schema.address()).execute(older);
    store.open();
    const auto patients = [&] { return store.archive().find({Level::kPatient, {}}).size(); };
    EXPECT_EQ(patients(), 1U);
    EXPECT_TRUE(store.archive().reindex().empty());
    EXPECT_EQ(patients(), 3U);
    EXPECT_EQ(store.archive().person_of_study("1.2.2").patient.issuer, "2.999.2");
    EXPECT_EQ(store.archive().person_of_study("1.2.3").patient.issuer, "");
}

TEST(Database, RefusesAFileThatIsNoIndex) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "index.sqlite";
    write_file(path, Bytes(5000, 'x'));
    EXPECT_EQ(
        error_of([&] { const Database database(std::make_unique<SqliteIndex>(path, key), {}); }),
        "corrupt");
    std::filesystem::remove(path);
    SqliteConnection(path, SqliteConnection::Mode::kReadWrite).execute("CREATE TABLE other (a)");
    EXPECT_EQ(
        error_of([&] { const Database database(std::make_unique<SqliteIndex>(path, key), {}); }),
        "corrupt");
}

TEST(Database, ManyWritersShareTransactions) {
    const test::TemporaryFolder folder;
    const TestSchema schema;
    // While the first batch is held up, the others gather.
    std::atomic<int> arrived = 0;
    std::atomic<bool> first = true;
    constexpr int kWriters = 8;
    Database database(index_in(folder, schema), [&] {
        if (!first.exchange(false)) return;
        while (arrived < kWriters) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    });
    {
        std::vector<std::jthread> writers;
        for (int i = 0; i < kWriters; ++i)
            writers.emplace_back([&] {
                ++arrived;
                database.write(count);
            });
    }
    EXPECT_EQ(counted(database), kWriters);
    EXPECT_LT(database.commits(), static_cast<std::uint64_t>(kWriters));
}

TEST(Database, WhatOneWriterThrowsUndoesItsOwnPartOnly) {
    const test::TemporaryFolder folder;
    const TestSchema schema;
    std::atomic<int> arrived = 0;
    std::atomic<bool> first = true;
    Database database(index_in(folder, schema), [&] {
        if (!first.exchange(false)) return;
        while (arrived < 3) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    });
    std::atomic<int> refused = 0;
    {
        std::vector<std::jthread> writers;
        for (int i = 0; i < 3; ++i)
            writers.emplace_back([&, i] {
                ++arrived;
                const std::string error = error_of([&] {
                    database.write([&](Connection& index) {
                        count(index);
                        if (i == 1) throw Error(ErrorCode::kConflict, "no");
                    });
                });
                if (error == "conflict") ++refused;
            });
    }
    EXPECT_EQ(counted(database), 2);
    EXPECT_EQ(refused, 1);
}

/// Lets two connections read at once, and counts.
class Bounded final : public IndexSource {
  public:
    struct Seen {
        std::atomic<int> open = 0;
        std::atomic<int> most = 0;
    };
    Bounded(std::unique_ptr<IndexSource> source, Seen& seen)
        : source_(std::move(source)), seen_(seen) {}

    std::unique_ptr<Connection> open_writer(const Patience& patience) override {
        return source_->open_writer(patience);
    }
    std::unique_ptr<Connection> open_reader(const Patience& patience) override {
        seen_.most = std::max<int>(seen_.most, ++seen_.open);
        return source_->open_reader(patience);
    }
    [[nodiscard]] std::size_t most_readers() const override { return 2; }
    void begin_writing(Connection& writer, const Patience& patience) override {
        source_->begin_writing(writer, patience);
    }
    [[nodiscard]] std::optional<std::chrono::milliseconds> patience() const override {
        return source_->patience();
    }
    void begin_reading(Connection& reader, const Patience& patience) override {
        source_->begin_reading(reader, patience);
    }
    void close(Connection& writer) override { source_->close(writer); }

  private:
    std::unique_ptr<IndexSource> source_;
    Seen& seen_;
};

TEST(Database, HasNoMoreReadersThanItsSourceAllows) {
    const test::TemporaryFolder folder;
    const TestSchema schema;
    Bounded::Seen seen;
    Database database(std::make_unique<Bounded>(index_in(folder, schema), seen), {});
    std::atomic<int> reading = 0;
    std::atomic<int> most = 0;
    std::atomic<int> done = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 12; ++i)
            threads.emplace_back([&] {
                database.read([&](Connection& index) {
                    most = std::max<int>(most, ++reading);
                    std::this_thread::sleep_for(std::chrono::milliseconds(5));
                    done += index.number("SELECT 1") == 1 ? 1 : 0;
                    --reading;
                });
            });
    }
    EXPECT_EQ(done, 12);
    EXPECT_LE(most, 2);
    EXPECT_LE(seen.most, 2);
}

// Two that wait for each other's second one would wait for ever.
TEST(Database, LetsAReaderReadAgainWhereNoneIsFree) {
    const test::TemporaryFolder folder;
    const TestSchema schema;
    Bounded::Seen seen;
    Database database(std::make_unique<Bounded>(index_in(folder, schema), seen), {});
    std::barrier both_read(2);
    std::atomic<std::int64_t> sum = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 2; ++i)
            threads.emplace_back([&] {
                database.read([&](Connection&) {
                    both_read.arrive_and_wait();
                    sum += counted(database) + 1;
                });
            });
    }
    EXPECT_EQ(sum, 2);
    EXPECT_EQ(counted(database), 0);
}

TEST(Database, GivesAPlaceBackWhereNoConnectionCanBeHad) {
    const test::TemporaryFolder folder;
    const TestSchema schema;
    Bounded::Seen seen;
    Database database(std::make_unique<Bounded>(index_in(folder, schema), seen), {});
    for (int i = 0; i < 5; ++i)
        EXPECT_THROW(database.read([](Connection& index) { (void)index.number("SELECT nothing"); }),
                     Error);
    EXPECT_EQ(counted(database), 0);
}

TEST(Database, NothingIsCommittedWhenWhatComesBeforeFails) {
    const test::TemporaryFolder folder;
    const TestSchema schema;
    bool fail = true;
    Database database(index_in(folder, schema), [&] {
        if (fail) throw Error(ErrorCode::kOutOfSpace, "full");
    });
    EXPECT_EQ(error_of([&] { database.write(count); }), "out-of-space");
    EXPECT_EQ(counted(database), 0);
    fail = false;
    database.write(count);
    EXPECT_EQ(counted(database), 1);
}

TEST(Database, ADecisionCannotBeChangedBehindItsBack) {
    TestStore store;
    store.archive().keep(test::StoredInstance().file());
    store.close();
    const auto refused = [](Connection& index) {
        index.execute(
            "INSERT INTO decisions (study_instance_uid, finding, model_sha256, action, comment, "
            "who, self_declared, decided_at) VALUES ('1.2.3.4', 'R-CC-1', 'm', 'accept', '', 'me', "
            "1, 0)");
        return error_of([&] { index.execute("UPDATE decisions SET action = 'dismiss'"); });
    };
    if (store.on_sqlite()) {
        OpenedIndex index(store);
        EXPECT_EQ(refused(index.connection), "conflict");
    } else {
        PostgresConnection index(store.schema.address());
        EXPECT_EQ(refused(index), "conflict");
    }
}

}  // namespace
}  // namespace lucerna::store
