// Erasures that were broken off: the rows are gone, keys and objects are not yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "store/store_test_support.h"
#include "support/records_that_stay.h"
#include "vault/audit_trail.h"

namespace lucerna::store {
namespace {

using test::error_of;

class LeftErasure : public testing::Test {
  protected:
    void SetUp() override {
        auto behind = std::make_unique<test::RecordsThatStay>(store.records());
        records = behind.get();
        store.open_behind(std::move(behind));
        const test::StoredInstance instance;
        store.archive().keep(instance.file());
        EXPECT_EQ(error_of([&] { store.archive().erase_study(instance.study); }), "unavailable");
        EXPECT_EQ(store.archive().totals().instances, 0U);
    }
    std::string look(bool goes_on = true) {
        return error_of(
            [&] { store.archive().finish_left_erasures([goes_on] { return goes_on; }); });
    }
    [[nodiscard]] bool is_finished() const {
        return store.objects().empty() && store.key_records() == 0 &&
               vault::AuditTrail(store.data() / "audit.log").acts().size() == 1;
    }

    TestStore store;
    test::RecordsThatStay* records = nullptr;
};

TEST_F(LeftErasure, IsFinishedOnceItCanBe) {
    EXPECT_EQ(error_of([&] { store.archive().finish_erasures(); }), "unavailable");
    EXPECT_EQ(store.key_records(), 1U);
    records->stay = false;
    EXPECT_EQ(error_of([&] { store.archive().finish_erasures(); }), "none");
    EXPECT_TRUE(is_finished());
    EXPECT_EQ(error_of([&] { store.archive().finish_erasures(); }), "none");
    EXPECT_TRUE(is_finished()) << "once";
}

TEST_F(LeftErasure, IsLeftToWhoeverIsAtItUntilItGotNoFurtherBetweenTwoLooks) {
    EXPECT_EQ(look(), "none");
    EXPECT_EQ(look(), "unavailable");
    records->stay = false;
    EXPECT_EQ(look(), "none");
    EXPECT_TRUE(is_finished());
    EXPECT_EQ(look(), "none");
}

TEST_F(LeftErasure, WaitsForTheNextStartWhereTheServerEnds) {
    records->stay = false;
    EXPECT_EQ(look(), "none");
    EXPECT_EQ(look(false), "none");
    EXPECT_EQ(store.key_records(), 0U) << "the key is first";
    EXPECT_EQ(store.objects().size(), 1U);
    store.open();
    EXPECT_TRUE(is_finished());
}

}  // namespace
}  // namespace lucerna::store
