#include "dicom/copy.h"

#include <gtest/gtest.h>

namespace lucerna::dicom {
namespace {

constexpr Tag kPrivate{0x0009, 0x1001};

TEST(CopyAttribute, TakesValuesItemsAndPrivateOnes) {
    DataSet from, to;
    from.set_text(kPatientId, "P1");
    from.set_bytes(kPrivate, "LO", {'a', 'b'});
    DataSet& item = from.add_item(kRequestAttributesSequence);
    item.set_text(kScheduledProcedureStepId, "S1");
    item.add_item(kRequestedProcedureCodeSequence).set_text(kCodeValue, "C");
    from.set_empty(kPatientName);
    for (const Tag tag : from.tags()) copy_attribute(from, tag, to);
    EXPECT_EQ(to.tags(), from.tags());
    EXPECT_EQ(to.text_or(kPatientId, ""), "P1");
    EXPECT_EQ(to.text_or(kPrivate, ""), "ab");
    EXPECT_TRUE(to.has(kPatientName));
    EXPECT_FALSE(to.has_value(kPatientName));
    item.set_text(kScheduledProcedureStepId, "S2");
    const DataSet& copied = to.items(kRequestAttributesSequence).at(0);
    EXPECT_EQ(copied.text_or(kScheduledProcedureStepId, ""), "S1") << "a copy of its own";
    EXPECT_EQ(copied.items(kRequestedProcedureCodeSequence).at(0).text_or(kCodeValue, ""), "C");
}

TEST(CopyAttribute, TakesAwayWhatIsNotThere) {
    DataSet from, to;
    to.set_text(kPatientId, "P1");
    copy_attribute(from, kPatientId, to);
    EXPECT_FALSE(to.has(kPatientId));
}

}  // namespace
}  // namespace lucerna::dicom
