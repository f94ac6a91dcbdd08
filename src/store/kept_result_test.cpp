// Results that are to be kept while what was read is erased, or another one reads it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "store/store_test_support.h"
#include "support/forwarding_records.h"
#include "support/objects_that_tell.h"

namespace lucerna::store {
namespace {

using test::error_of;
using test::StoredInstance;

/// Calls `written` once a new record is, and the index does not know it yet.
class NewRecordsThatTell final : public test::ForwardingRecords {
  public:
    using ForwardingRecords::ForwardingRecords;
    void write_new(const std::string& name, ByteView bytes) override {
        ForwardingRecords::write_new(name, bytes);
        if (const auto work = std::exchange(written, {})) work();
    }
    std::function<void()> written;
};

StoredInstance result_number(int number) {
    StoredInstance result;
    result.series = "1.2.3.4.2";
    result.sop_instance = "1.2.3.4.2." + std::to_string(number);
    return result;
}

class KeptResult : public testing::Test, protected TestStore {
  protected:
    KeptResult() {
        close();
        std::unique_ptr<Objects> behind;
        if (bucket)
            behind = std::make_unique<ObjectBucket>(std::make_shared<S3>(*bucket));
        else
            behind = std::make_unique<ObjectFolder>(data() / "objects");
        auto tell_objects = std::make_unique<test::ObjectsThatTell>(std::move(behind));
        auto tell_records = std::make_unique<NewRecordsThatTell>(TestStore::records());
        telling = tell_objects.get();
        telling_keys = tell_records.get();
        store = std::make_unique<Store>(options(), std::move(tell_objects), std::move(tell_records),
                                        keys, clock);
        archive().keep(StoredInstance().file());
        reading = leased_reading("1.2.3.4");
    }
    void when_written(std::function<void()> work) { telling->written = std::move(work); }
    std::string kept(const StoredInstance& result) {
        return error_of([&] { archive().keep_result(result.file(), reading); });
    }
    std::vector<std::string> left() {
        std::vector<std::string> uids;
        for (const InstanceRow& row : archive().instances_of("1.2.3.4"))
            uids.push_back(row.sop_instance_uid);
        return uids;
    }
    void expect_nothing_left() {
        EXPECT_THAT(left(), testing::IsEmpty());
        EXPECT_THAT(archive().find({}), testing::IsEmpty());
        EXPECT_THAT(objects(), testing::IsEmpty());
        EXPECT_EQ(key_records(), 0U);
        EXPECT_TRUE(archive().verify().empty());
    }

    test::ObjectsThatTell* telling = nullptr;
    NewRecordsThatTell* telling_keys = nullptr;
    Job reading;
};

TEST_F(KeptResult, OfAPatientWhoIsErasedIsGivenUp) {
    EXPECT_EQ(kept(result_number(1)), "none");
    when_written([&] { archive().erase_patient("P1", ""); });
    EXPECT_EQ(kept(result_number(2)), "conflict");
    expect_nothing_left();
    EXPECT_EQ(kept(result_number(3)), "conflict") << "nor what follows";
    expect_nothing_left();
}

TEST_F(KeptResult, OfAStudyThatIsErasedIsGivenUp) {
    when_written([&] { archive().erase_study("1.2.3.4"); });
    EXPECT_EQ(kept(result_number(1)), "conflict");
    expect_nothing_left();
}

TEST_F(KeptResult, OfAStudyThatIsErasedIsGivenUpThoughHerKeyIsLeft) {
    StoredInstance other;
    other.study = "1.2.3.5";
    other.sop_instance = "1.2.3.5.1.1";
    archive().keep(other.file());
    when_written([&] { archive().erase_study("1.2.3.4"); });
    EXPECT_EQ(kept(result_number(1)), "conflict");
    EXPECT_THAT(left(), testing::IsEmpty());
    EXPECT_EQ(objects().size(), 1U);
    EXPECT_EQ(archive().object(other.sop_instance), other.file());
}

TEST_F(KeptResult, DoesNotJoinWhatComesUnderTheSameStudyAfterAnErasure) {
    StoredInstance again;
    again.sop_instance = "1.2.3.4.1.9";
    when_written([&] {
        archive().erase_patient("P1", "");
        archive().keep(again.file());
        EXPECT_NE(leased_reading("1.2.3.4").id, reading.id);
    });
    EXPECT_EQ(kept(result_number(1)), "conflict");
    EXPECT_THAT(left(), testing::ElementsAre(again.sop_instance));
    EXPECT_EQ(objects().size(), 1U);
    EXPECT_EQ(kept(result_number(2)), "conflict");
}

TEST_F(KeptResult, MakesNoKeyForWhoIsErased) {
    StoredInstance result = result_number(1);
    result.issuer = "HOSPITAL";
    telling_keys->written = [this] { archive().erase_patient("P1", ""); };
    EXPECT_EQ(kept(result), "conflict");
    EXPECT_FALSE(telling_keys->written) << "a key of its own is what this is about";
    expect_nothing_left();
}

TEST_F(KeptResult, IsGivenUpWhereAnotherOneReads) {
    Job other;
    when_written([&] {
        clock.advance(std::chrono::minutes(2));
        other = queue().lease(kReadJob, "other", std::chrono::minutes(1)).value();
    });
    EXPECT_EQ(kept(result_number(1)), "conflict");
    EXPECT_EQ(left().size(), 1U);
    EXPECT_EQ(objects().size(), 1U);
    reading = other;
    EXPECT_EQ(kept(result_number(1)), "none");
    EXPECT_EQ(left().size(), 2U);
}

TEST_F(KeptResult, IsOfTheStudyThatIsRead) {
    StoredInstance result = result_number(1);
    result.study = "1.2.3.5";
    EXPECT_EQ(kept(result), "internal");
    EXPECT_EQ(archive().totals().instances, 1U);
}

}  // namespace
}  // namespace lucerna::store
