#include "retrieve/named_objects.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "retrieve/archive_for_test.h"

namespace lucerna::retrieve {
namespace {

/// Whatever answers hold has to go.
void drop_all_lists() {
    const std::uint64_t name = held_lists().new_name();
    held_lists().keep(name, std::make_shared<const int>(0), std::size_t{16} << 20);
    held_lists().forget(name);
    ASSERT_EQ(held_lists().held(), 0U);
}

void keep_one(TestArchive& archive, const std::string& uid, const std::string& number) {
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.2.1"));
    set.set_text(dicom::tags::kSopInstanceUid, uid);
    set.set_text(dicom::tags::kInstanceNumber, number);
    archive.store.archive().keep(set.to_part10());
}

TEST(NamedObjects, AreFoundAgain) {
    TestArchive archive;
    store::Archive& kept = archive.store.archive();
    for (int i = 0; i < 1000; ++i) keep_one(archive, "1.2.1.2.7" + std::to_string(1000 + i), "2");
    std::vector<std::string> expected;
    for (const auto& row : kept.instances_of("1.2.1"))
        if (row.series_instance_uid == "1.2.1.2") expected.push_back(row.sop_instance_uid);
    store::Query query;
    query.level = store::Level::kInstance;
    query.limit = 100'000;
    query.keys = {{dicom::tags::kSeriesInstanceUid, "1.2.1.2"}};
    const NamedObjects objects(kept, query, {});
    EXPECT_GT(held_lists().held(), 0U);
    EXPECT_LT(held_lists().held(), 40 * expected.size());
    ASSERT_EQ(objects.size(), expected.size());
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (i % 100 == 0) drop_all_lists();
        const auto row = kept.instance(expected[i]);
        EXPECT_EQ(objects[i], (dicom::ObjectHead{row->sop_class_uid, row->sop_instance_uid,
                                                 row->transfer_syntax_uid}));
    }
    EXPECT_EQ(objects[0].sop_instance_uid, expected[0]);
    keep_one(archive, "1.2.1.2.8", "0");
    EXPECT_EQ(objects[700].sop_instance_uid, expected[700]) << "the list is there";
    drop_all_lists();
    EXPECT_EQ(objects[701].sop_instance_uid, expected[701]) << "some are held in any case";
    EXPECT_THROW((void)objects[0], Error) << "nobody knows where it stands now";
}

}  // namespace
}  // namespace lucerna::retrieve
