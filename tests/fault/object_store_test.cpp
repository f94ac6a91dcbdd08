#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <vector>

#include "base/file.h"
#include "fault/killed_child.h"
#include "store/object_bucket.h"
#include "store/store.h"
#include "support/s3_stand_in.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"
#include "vault/secret_key.h"

namespace lucerna::store {
namespace {

constexpr std::size_t kMostRequests = 300;

test::StoredInstance of_patient(int patient, std::size_t pixels) {
    test::StoredInstance instance;
    instance.patient_id = "P" + std::to_string(patient);
    instance.study = "1.2.3." + std::to_string(patient);
    instance.series = instance.study + ".1";
    instance.sop_instance = instance.series + ".1";
    instance.pixels = pixels;
    return instance;
}

/// What one archive lives through, from its making to an erasure, in a bucket of its own.
class Life {
  public:
    Life(const std::filesystem::path& folder, const std::string& endpoint)
        : folder_(folder / vault::to_text(vault::random_id())), keys_(folder_ / "secret") {
        bucket_.endpoint = endpoint;
        bucket_.bucket = "lucerna";
        bucket_.prefix = folder_.filename().string() + "/";
        bucket_.credentials = {"someone", "a secret"};
        bucket_.pause = std::chrono::milliseconds(2);
        bucket_.stall = std::chrono::seconds(1);
    }

    /// In this order; each can be done again after it failed.
    [[nodiscard]] std::vector<std::pair<std::string, std::function<void()>>> steps() {
        return {{"open", [this] { open(); }},
                {"keep a small one", [this] { keep(small_); }},
                {"keep one in parts", [this] { keep(large_); }},
                {"keep another", [this] { keep(other_); }},
                {"read", [this] { read(large_); }},
                {"verify", [this] { expect_whole(3); }},
                {"erase", [this] { erase(); }},
                {"rotate", [this] { store_->archive().rotate_keys(); }},
                {"open again", [this] { open(); }},
                {"reindex", [this] { EXPECT_TRUE(store_->archive().reindex().empty()); }},
                {"read again", [this] { read(small_); }}};
    }

    /// Nothing but what was kept lies there, whole.
    void expect_whole_and_nothing_else() {
        open();
        for (const Damage& damage : store_->archive().verify()) ADD_FAILURE() << damage.what;
        EXPECT_EQ(store_->archive().totals().instances, 2U);
        read(small_);
        read(large_);
        S3 bucket(bucket_);
        std::size_t objects = 0;
        bucket.for_each("objects/", [&](const std::string&) { ++objects; });
        EXPECT_EQ(objects, 2U);
        bucket.for_each("pending/", [](const std::string& key) { ADD_FAILURE() << key; });
        bucket.for_each_upload("objects/", [](const std::string& key, const std::string&) {
            ADD_FAILURE() << "an upload was left of " << key;
        });
        std::size_t keys = 0;
        bucket.for_each("keys/", [&](const std::string&) { ++keys; });
        EXPECT_EQ(keys, 3U) << "two patients, and the index";
        store_.reset();
    }

    void keep_one_more_of_the_first_patient() {
        test::StoredInstance more = small_;
        more.sop_instance += ".2";
        keep(more);
    }

  private:
    void open() {
        store_.reset();
        StoreOptions options{folder_ / "data", {}};
        options.bucket = bucket_;
        store_ = std::make_unique<Store>(options, keys_, clock_);
    }
    void keep(const test::StoredInstance& instance) { store_->archive().keep(instance.file()); }
    void read(const test::StoredInstance& instance) {
        EXPECT_EQ(store_->archive().object(instance.sop_instance), instance.file());
    }
    void expect_whole(std::uint64_t instances) {
        for (const Damage& damage : store_->archive().verify()) {
            // Where what cleans up failed too, the next start does it.
            if (!damage.what.ends_with("the index does not know it"))
                throw Error(ErrorCode::kUnavailable, damage.what);
        }
        EXPECT_EQ(store_->archive().totals().instances, instances);
    }
    void erase() {
        store_->archive().erase_patient(other_.patient_id, "");
        EXPECT_EQ(store_->archive().totals().instances, 2U);
    }

    std::filesystem::path folder_;
    vault::FileKeyProvider keys_;
    const SystemClock clock_;
    S3Options bucket_;
    std::unique_ptr<Store> store_;
    test::StoredInstance small_ = of_patient(1, 2000);
    test::StoredInstance large_ = of_patient(2, 9'000'000);
    test::StoredInstance other_ = of_patient(3, 90'000);
};

/// Each request of a life meets one kind of fault in turn; LUCERNA_FAULT_ROUNDS=4: each kind.
class ObjectStoreTest : public testing::Test {
  protected:
    static std::size_t rounds_of(std::size_t kinds) {
        return std::min<std::size_t>(test::fault_rounds(1), kinds);
    }
    static std::string ok(std::size_t count) {
        std::string words;
        for (std::size_t i = 0; i < count; ++i) words += "ok ";
        return words;
    }
    std::size_t not_met() const {
        const Bytes words = read_file(folder.path() / "faults");
        std::istringstream stream{std::string(as_text(words))};
        return static_cast<std::size_t>(std::distance(std::istream_iterator<std::string>(stream),
                                                      std::istream_iterator<std::string>()));
    }
    /// How many requests a life without faults takes.
    std::size_t requests() {
        Life life(folder.path(), stand_in.endpoint());
        stand_in.meet(ok(kMostRequests));
        for (const auto& [name, step] : life.steps()) step();
        const std::size_t asked = kMostRequests - not_met();
        EXPECT_GT(asked, 40U);
        EXPECT_LT(asked, kMostRequests);
        stand_in.meet("");
        life.expect_whole_and_nothing_else();
        return asked;
    }

    test::TemporaryFolder folder;
    test::S3StandIn stand_in{folder.path()};
};

TEST_F(ObjectStoreTest, AFaultThatPassesIsNotNoticedAtAnyRequest) {
    const std::size_t count = requests();
    const std::vector<std::string> faults{"503", "lost", "cut", "silent"};
    for (std::size_t at = 0; at < count; ++at)
        for (std::size_t round = 0; round < rounds_of(faults.size()); ++round) {
            const std::string fault = faults[(at + round) % faults.size()];
            Life life(folder.path(), stand_in.endpoint());
            stand_in.meet(ok(at) + fault);
            for (const auto& [name, step] : life.steps())
                EXPECT_NO_THROW(step()) << name << ": " << fault << " at request " << at;
            EXPECT_TRUE(stand_in.met_all());
            life.expect_whole_and_nothing_else();
            if (HasFailure()) FAIL() << fault << " at request " << at;
        }
}

TEST_F(ObjectStoreTest, AFaultThatLastsFailsTheStepAndLeavesNothingBehindAtAnyRequest) {
    const std::size_t count = requests();
    const std::vector<std::string> faults{"503", "lost"};
    for (std::size_t at = 0; at < count; ++at)
        for (std::size_t round = 0; round < rounds_of(faults.size()); ++round) {
            const std::string fault = faults[(at + round) % faults.size()];
            Life life(folder.path(), stand_in.endpoint());
            std::string words = ok(at);
            // More than the tries at the request itself: what would clean up fails as well.
            for (int i = 0; i < 12; ++i) words += fault + " ";
            stand_in.meet(words);
            for (const auto& [name, step] : life.steps()) {
                std::string error = "unavailable";
                for (int tries = 0; error != "none" && tries < 9; ++tries) {
                    error = test::error_of([&step = step] { step(); });
                    EXPECT_TRUE(error == "none" || error == "unavailable")
                        << name << ": " << error << " at request " << at;
                }
                EXPECT_EQ(error, "none") << name << " can't be done any more";
                if (HasFailure()) FAIL() << fault << " from request " << at;
            }
            EXPECT_TRUE(stand_in.met_all());
            life.expect_whole_and_nothing_else();
            if (HasFailure()) FAIL() << fault << " from request " << at;
        }
}

TEST_F(ObjectStoreTest, AnAnswerToWhatWasNotTakenIsNone) {
    Life life(folder.path(), stand_in.endpoint());
    for (const auto& [name, step] : life.steps()) {
        // The first part is the sixth of what is asked for then: it goes out three times in vain.
        const bool is_large = name == "keep one in parts";
        stand_in.meet(is_large ? "early early early early early early early early" : "");
        EXPECT_NO_THROW(step()) << name;
        EXPECT_TRUE(stand_in.met_all());
    }
    life.expect_whole_and_nothing_else();
}

TEST_F(ObjectStoreTest, WhoStoresIsRefusedOnceItDoesNotAnswer) {
    Life life(folder.path(), stand_in.endpoint());
    const auto steps = life.steps();
    steps[0].second();
    steps[1].second();
    constexpr std::size_t kFaults = 40, kTries = 5;
    std::string words;
    for (std::size_t i = 0; i < kFaults; ++i) words += "lost ";
    stand_in.meet(words);
    EXPECT_EQ(test::error_of([&] { life.keep_one_more_of_the_first_patient(); }), "unavailable");
    // One of them on a connection that was dead, which does not count.
    EXPECT_LE(kFaults - not_met(), kTries + 1) << "nothing is asked for that would clean up";
    stand_in.meet("");
    for (std::size_t i = 2; i < steps.size(); ++i) steps[i].second();
    life.expect_whole_and_nothing_else();
}

}  // namespace
}  // namespace lucerna::store
