// What servers see that start on a bucket: one of several on a new index while another enters the
// first key, one after an erasure, one where there is no room; and one that takes over while it is
// away.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "store/store_test_support.h"
#include "support/s3_stand_in.h"

namespace lucerna::store {
namespace {

using test::error_of;

/// Tells when a new one is written and not entered yet, and when all were visited.
class RecordsThatTell final : public Records {
  public:
    explicit RecordsThatTell(std::shared_ptr<S3> bucket) : records_(std::move(bucket)) {}

    void write_as(const std::string& writer) override { records_.write_as(writer); }
    void write_new(const std::string& name, ByteView bytes) override {
        records_.write_new(name, bytes);
        if (const auto tell = std::exchange(written, {})) tell();
    }
    void publish(const std::string& name) override { records_.publish(name); }
    void recover(const std::function<bool(const std::string& name)>& known,
                 const std::function<bool(const std::string& writer)>& alive) override {
        records_.recover(known, alive);
    }
    void write(const std::string& name, ByteView bytes) override { records_.write(name, bytes); }
    [[nodiscard]] Bytes read(const std::string& name) override { return records_.read(name); }
    void remove(const std::string& name) override { records_.remove(name); }
    void for_each(const std::function<void(const std::string& name)>& visit) override {
        records_.for_each(visit);
        if (const auto tell = std::exchange(visited, {})) tell();
    }
    [[nodiscard]] std::set<std::string> unpublished() override { return records_.unpublished(); }
    void for_each_stray(const std::function<void(const std::string& place)>& visit) override {
        records_.for_each_stray(visit);
    }

    std::function<void()> written;
    std::function<void()> visited;

  private:
    RecordBucket records_;
};

/// A store on a bucket: that of the services, where there are, or the stand-in's.
class SharedStart : public testing::Test {
  protected:
    SharedStart() {
        if (!bucket) use_the_stand_in();
    }
    /// Whatever services there are: no other fails as it is told.
    void use_the_stand_in() {
        bucket.emplace();
        bucket->endpoint = stand_in.endpoint();
        bucket->bucket = "lucerna";
        bucket->credentials = {"someone", "a secret"};
    }
    void open_on_a_new_index() {
        store.reset();
        if (!schema.address().empty()) {
            schema.drop();
            schema.create();
        }
        ++indexes;
        // The index on SQLite has a key of its own, which is of no use to another.
        RecordBucket(std::make_shared<S3>(*bucket)).remove(std::string(32, '0'));
        open_again();
    }
    void open_again() {
        store.reset();
        const auto s3 = std::make_shared<S3>(*bucket);
        auto made = std::make_unique<RecordsThatTell>(s3);
        records = made.get();
        const StoreOptions options{
            folder.path() / std::to_string(indexes), {}, schema.address(), bucket};
        store = std::make_unique<Store>(options, std::make_unique<ObjectBucket>(s3),
                                        std::move(made), keys, clock);
    }

    test::TemporaryFolder folder;
    test::S3StandIn stand_in{folder.path()};
    TestSchema schema;
    std::optional<S3Options> bucket = test_bucket();
    ManualClock clock{from_rfc3339("2026-03-01T08:00:00.000Z")};
    vault::FileKeyProvider keys{folder.path() / "secret" / "keys"};
    RecordsThatTell* records = nullptr;
    int indexes = 0;
    std::unique_ptr<Store> store;
};

TEST_F(SharedStart, DoesNotTakeAnIndexForLostIntoWhichTheFirstKeyIsBeingEntered) {
    open_on_a_new_index();
    std::string seen = "nothing";
    records->written = [&] { seen = error_of([&] { store->archive().require_index(); }); };
    store->archive().keep(test::StoredInstance().file());
    EXPECT_EQ(seen, "none") << "the record is there, and its row is not";
    EXPECT_EQ(error_of([&] { store->archive().require_index(); }), "none");
    open_on_a_new_index();
    EXPECT_EQ(error_of([&] { store->archive().require_index(); }), "conflict") << "it is lost now";
}

TEST_F(SharedStart, DoesNotTakeAnIndexForLostIntoWhichTheFirstKeyWasEnteredMeanwhile) {
    open_on_a_new_index();
    const std::string key(32, 'a');
    RecordBucket others(std::make_shared<S3>(*bucket));
    others.write_new(key, as_byte_view("of another server's sender"));
    records->visited = [&] {
        store->archive().keep(test::StoredInstance().file());
        others.publish(key);
    };
    EXPECT_EQ(error_of([&] { store->archive().require_index(); }), "none");
}

TEST_F(SharedStart, DoesNotTakeAnIndexForLostWhoseFirstKeyWasDroppedMeanwhile) {
    open_on_a_new_index();
    const std::string key(32, 'a');
    RecordBucket others(std::make_shared<S3>(*bucket));
    others.write_new(key, as_byte_view("of a sender that gave up"));
    records->visited = [&] { others.remove(key); };
    EXPECT_EQ(error_of([&] { store->archive().require_index(); }), "none");
}

TEST_F(SharedStart, AnErasureNamesItsObjectsForLaterStarts) {
    open_on_a_new_index();
    const test::StoredInstance instance;
    store->archive().keep(instance.file());
    const std::string object = store->archive().instance(instance.sop_instance)->object;
    store->archive().erase_patient(instance.patient_id, "");
    std::string said;
    S3(*bucket).for_each("erased/", [&](const std::string& key) {
        said += S3(*bucket).ask({.key = "erased/" + key}).body;
    });
    EXPECT_EQ(said, object + "\n");
}

TEST_F(SharedStart, ErasesFromABucketThatIsFull) {
    use_the_stand_in();
    open_on_a_new_index();
    const test::StoredInstance instance;
    store->archive().keep(instance.file());
    const std::string object = store->archive().instance(instance.sop_instance)->object;
    stand_in.meet("full");
    EXPECT_EQ(error_of([&] { store->archive().erase_patient(instance.patient_id, ""); }), "none");
    EXPECT_EQ(error_of([&] { (void)ObjectBucket(std::make_shared<S3>(*bucket)).open(object); }),
              "not-found");
    EXPECT_EQ(error_of([&] { open_again(); }), "none");
}

TEST_F(SharedStart, StartsOnABucketThatIsFullAndHasWhatADeadProcessLeft) {
    use_the_stand_in();
    open_on_a_new_index();
    const std::string left(32, 'b');
    ObjectBucket(std::make_shared<S3>(*bucket)).create(left)->finish();
    stand_in.meet("full");
    EXPECT_EQ(error_of([&] { open_again(); }), "none");
    EXPECT_EQ(error_of([&] { (void)ObjectBucket(std::make_shared<S3>(*bucket)).open(left); }),
              "not-found");
}

TEST_F(SharedStart, RemovesWhatADeadProcessLeftOnceTheBucketIsBack) {
    if (schema.address().empty()) return;  // one process alone
    use_the_stand_in();
    bucket->pause = std::chrono::milliseconds(1);
    open_on_a_new_index();
    const std::string left(32, 'b');
    ObjectBucket dead(std::make_shared<S3>(*bucket));
    dead.write_as("dead");
    dead.create(left)->finish();
    PostgresConnection(schema.address())
        .execute("INSERT INTO processes VALUES ('dead', pg_postmaster_start_time()::text)");
    const auto look = [&] {
        (void)store->queue().wait_and_lease("any", "test", std::chrono::seconds(1), {}, {});
    };
    const auto is_there = [&] {
        return error_of([&] { (void)ObjectBucket(std::make_shared<S3>(*bucket)).open(left); });
    };
    stand_in.meet("503 503 503 503 503 503 503 503 503 503");
    EXPECT_EQ(error_of(look), "unavailable");
    EXPECT_EQ(error_of([&] { store->archive().recover_left_objects(); }), "unavailable");
    ASSERT_TRUE(stand_in.met_all());
    EXPECT_EQ(is_there(), "none");
    EXPECT_EQ(error_of([&] { store->archive().recover_left_objects(); }), "none");
    EXPECT_EQ(is_there(), "not-found");
    stand_in.meet("503");
    EXPECT_EQ(error_of([&] { store->archive().recover_left_objects(); }), "none");
    EXPECT_FALSE(stand_in.met_all()) << "it looks no more once that is done";
}

TEST_F(SharedStart, FindsByReindexingWhatWasErasedByMistakeAndPutBack) {
    open_on_a_new_index();
    const test::StoredInstance instance;
    store->archive().keep(instance.file());
    std::map<std::string, std::string> backup;
    S3(*bucket).for_each("", [&](const std::string& key) {
        if (key.starts_with("objects/") || key.starts_with("keys/"))
            backup[key] = S3(*bucket).ask({.key = key}).body;
    });
    store->archive().erase_patient(instance.patient_id, "");
    store.reset();
    for (const auto& [key, body] : backup)
        S3(*bucket).ask({.method = "PUT", .key = key, .body = as_byte_view(body)});
    open_again();
    store->archive().reindex();
    EXPECT_EQ(store->archive().totals().instances, 1U);
}

}  // namespace
}  // namespace lucerna::store
