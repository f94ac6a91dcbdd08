#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "store/kept_reading.h"
#include "store/key_ring.h"
#include "store/object_bucket.h"
#include "store/object_folder.h"
#include "store/postgres.h"
#include "store/sealed_vfs.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::store {

/// Where the stores of this run of the tests keep things: PostgreSQL where LUCERNA_TEST_POSTGRES
/// gives an address, S3 where LUCERNA_TEST_S3 gives an endpoint (tests/support/services.py).
inline std::string test_postgres() {
    const char* address = std::getenv("LUCERNA_TEST_POSTGRES");
    return address == nullptr ? "" : address;
}
inline std::string test_s3() {
    const char* endpoint = std::getenv("LUCERNA_TEST_S3");
    return endpoint == nullptr ? "" : endpoint;
}

/// As findings.schema.json says it, as far as decisions rest on it.
struct SaidFinding {
    std::string id;
    std::string sop_instance_uid;
    int left = 0;
};
inline std::string reading_json_of(const std::string& model, double score,
                                   const std::vector<SaidFinding>& findings) {
    std::string views;
    for (const SaidFinding& each : findings)
        views += (views.empty() ? "" : ",") + (R"({"sop_instance_uid":")" + each.sop_instance_uid) +
                 R"(","findings":[{"id":")" + each.id + R"(","kind":"mass","box":{"left":)" +
                 std::to_string(each.left) + R"(,"top":2,"width":30,"height":40}}]})";
    return R"({"score":)" + std::to_string(score) + R"(,"model":{"sha256":")" + model +
           R"("},"views":[)" + views + "]}";
}

/// A schema of its own in the database of the tests, or none where they run on SQLite.
class TestSchema {
  public:
    TestSchema() {
        if (test_postgres().empty()) return;
        name_ = "t" + vault::to_text(vault::random_id());
        create();
    }
    ~TestSchema() {
        if (!name_.empty()) drop();
    }
    TestSchema(const TestSchema&) = delete;
    TestSchema& operator=(const TestSchema&) = delete;

    [[nodiscard]] std::string address() const {
        return name_.empty() ? "" : test_postgres() + " options=-csearch_path=" + name_;
    }
    void create() const {
        PostgresConnection(test_postgres()).execute(("CREATE SCHEMA " + name_).c_str());
    }
    void drop() const {
        PostgresConnection(test_postgres()).execute(("DROP SCHEMA " + name_ + " CASCADE").c_str());
    }

  private:
    std::string name_;
};

/// A prefix of its own in the bucket of the tests, or none where they run on files.
inline std::optional<S3Options> test_bucket() {
    if (test_s3().empty()) return {};
    S3Options options;
    options.endpoint = test_s3();
    options.bucket = "lucerna";
    options.prefix = vault::to_text(vault::random_id()) + "/";
    options.credentials = s3_credentials({});
    return options;
}

/// A store in a folder of its own, at a time of our own.
struct TestStore {
    TestStore() { open(); }

    void open() {
        store.reset();
        store = std::make_unique<Store>(options(), keys, clock);
    }
    /// With records that stand before its own.
    void open_behind(std::unique_ptr<Records> before) {
        store.reset();
        std::unique_ptr<Objects> objects;
        if (bucket)
            objects = std::make_unique<ObjectBucket>(std::make_shared<S3>(*bucket));
        else
            objects = std::make_unique<ObjectFolder>(data() / "objects");
        store =
            std::make_unique<Store>(options(), std::move(objects), std::move(before), keys, clock);
    }
    void close() { store.reset(); }

    Archive& archive() { return store->archive(); }
    ExamBook& exams() { return store->exams(); }
    WorkitemBook& workitems() { return store->workitems(); }
    SubscriptionBook& subscriptions() { return store->subscriptions(); }
    WorkQueue& queue() { return store->queue(); }
    OrderBook& orders() { return store->orders(); }
    PerformedBook& performed() { return store->performed(); }
    [[nodiscard]] StoreOptions options() const { return {data(), {}, schema.address(), bucket}; }
    [[nodiscard]] std::filesystem::path data() const { return folder.path() / "data"; }

    [[nodiscard]] bool on_sqlite() const { return schema.address().empty(); }
    [[nodiscard]] bool on_files() const { return !bucket; }

    /// Of the study, which need not be waiting for it.
    Job leased_reading(const std::string& study) {
        queue().enqueue({kReadJob, study + "#test", study, {}, study});
        return queue().lease(kReadJob, "test", std::chrono::minutes(1)).value();
    }

    /// Behind its back: the names of the objects, those still coming in as well.
    [[nodiscard]] std::vector<std::string> objects() const {
        std::vector<std::string> names;
        if (bucket)
            ObjectBucket(std::make_shared<S3>(*bucket)).for_each([&](const std::string& name) {
                names.push_back(name);
            });
        else
            ObjectFolder(data() / "objects").for_each([&](const std::string& name) {
                names.push_back(name);
            });
        return names;
    }
    [[nodiscard]] Bytes sealed(const std::string& object) const {
        if (!bucket) return read_file(path(object));
        const std::string body = S3(*bucket).ask({.key = key(object)}).body;
        return {body.begin(), body.end()};
    }
    void replace(const std::string& object, ByteView bytes) const {
        if (bucket)
            S3(*bucket).ask({.method = "PUT", .key = key(object), .body = bytes});
        else
            write_file(path(object), bytes);
    }
    void remove(const std::string& object) const {
        if (bucket)
            S3(*bucket).ask({.method = "DELETE", .key = key(object)});
        else
            std::filesystem::remove(path(object));
    }
    [[nodiscard]] std::unique_ptr<Records> records() const {
        if (bucket) return std::make_unique<RecordBucket>(std::make_shared<S3>(*bucket));
        return std::make_unique<RecordFolder>(data() / "keys");
    }
    /// How many records of patients' keys there are: SQLite's index has its own.
    [[nodiscard]] std::size_t key_records() const {
        std::size_t count = 0;
        records()->for_each([&](const std::string& name) {
            if (!name.starts_with(std::string(31, '0'))) ++count;
        });
        return count;
    }
    /// The store must be closed.
    void lose_index() const {
        if (!on_sqlite()) {
            schema.drop();
            schema.create();
        }
        for (const char* name : {"index.sqlite", "index.sqlite-wal", "index.sqlite-shm"})
            std::filesystem::remove(data() / name);
    }

    test::TemporaryFolder folder;
    TestSchema schema;
    std::optional<S3Options> bucket = test_bucket();
    ManualClock clock{from_rfc3339("2026-03-01T08:00:00.000Z")};
    vault::FileKeyProvider keys{folder.path() / "secret" / "keys"};
    std::unique_ptr<Store> store;

  private:
    [[nodiscard]] std::filesystem::path path(const std::string& object) const {
        return data() / "objects" / object.substr(0, 2) / object;
    }
    static std::string key(const std::string& object) {
        return "objects/" + object.substr(0, 2) + "/" + object;
    }
};

/// Leaves a test that is about SQLite's own files to the runs on SQLite.
#define LUCERNA_NEEDS_SQLITE()                          \
    if (!test_postgres().empty() || !test_s3().empty()) \
    GTEST_SKIP() << "of the folder's files alone"

/// The index of a closed store on SQLite, opened behind its back.
struct OpenedIndex {
    explicit OpenedIndex(TestStore& store)
        : records(store.records()),
          path(store.data() / "index.sqlite"),
          vfs(index_key(*records, store.keys, path)),
          connection(path, SqliteConnection::Mode::kReadWrite, vfs.name()) {}

    std::unique_ptr<Records> records;
    std::filesystem::path path;
    SealedVfs vfs;
    SqliteConnection connection;
};

}  // namespace lucerna::store
