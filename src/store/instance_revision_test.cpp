#include "store/instance_revision.h"

#include <gtest/gtest.h>

#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

TEST(InstanceRevision, IsOfWhatIsKeptAndNotOfItsUid) {
    TestStore store;
    const test::StoredInstance instance;
    const auto revision = [&] {
        return revision_of(*store.archive().instance(instance.sop_instance));
    };
    store.archive().keep(instance.file());
    const std::string first = revision();
    EXPECT_EQ(first.size(), 32U);
    store.archive().keep(instance.file());
    EXPECT_EQ(revision(), first) << "nothing was kept anew";
    EXPECT_EQ(revision_of(store.archive().instances_of(instance.study).front()), first);
    // By this clock it comes at the same moment, and it has the same size.
    store.archive().erase_study(instance.study);
    store.archive().keep(instance.file());
    EXPECT_NE(revision(), first);
}

}  // namespace
}  // namespace lucerna::store
