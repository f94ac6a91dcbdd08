// Erasures that were broken off: the rows are gone, keys and objects are not yet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "store/object_folder.h"
#include "store/store_test_support.h"
#include "support/forwarding_objects.h"
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

/// Of which one cannot be removed.
class ObjectThatStays final : public test::ForwardingObjects {
  public:
    using ForwardingObjects::ForwardingObjects;
    void remove(const std::string& name) override {
        if (name == stays) throw Error(ErrorCode::kIo, "its device fails");
        ForwardingObjects::remove(name);
    }
    std::string stays;
};

TEST(ErasureOfObjects, IsNotKeptByOneThatCannotBeRemoved) {
    TestStore store;
    if (!store.on_files()) return;  // it is one of a folder
    ObjectThatStays* objects = nullptr;
    const auto open_where_it_stays = [&](const std::string& stays) {
        store.close();
        auto behind = std::make_unique<ObjectThatStays>(
            std::make_unique<ObjectFolder>(store.data() / "objects"));
        objects = behind.get();
        objects->stays = stays;
        store.store = std::make_unique<Store>(store.options(), std::move(behind), store.records(),
                                              store.keys, store.clock);
    };
    open_where_it_stays("");
    test::StoredInstance instance;
    for (const char* number : {".1", ".2", ".3"}) {
        instance.sop_instance = instance.series + number;
        store.archive().keep(instance.file());
    }
    ASSERT_EQ(store.objects().size(), 3U);
    objects->stays = store.archive().instance(instance.series + ".1")->object;
    const auto finish = [&] { return error_of([&] { store.archive().finish_erasures(); }); };
    EXPECT_EQ(error_of([&] { store.archive().erase_study(instance.study); }), "io");
    EXPECT_EQ(store.objects().size(), 1U);
    EXPECT_EQ(store.key_records(), 0U);
    open_where_it_stays(std::string(objects->stays));
    EXPECT_EQ(finish(), "io") << "it has started all the same";
    EXPECT_EQ(vault::AuditTrail(store.data() / "audit.log").acts().size(), 0U) << "it is not done";
    objects->stays.clear();
    EXPECT_EQ(finish(), "none");
    EXPECT_TRUE(store.objects().empty());
    EXPECT_EQ(vault::AuditTrail(store.data() / "audit.log").acts().size(), 1U);
}

}  // namespace
}  // namespace lucerna::store
