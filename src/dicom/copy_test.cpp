#include "dicom/copy.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "dicom/node.h"

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

TEST(CopyAttribute, OutlivesWhatAHeaderLooksInto) {
    DataSet from;
    from.set_text(kSopClassUid, "1.2.840.10008.5.1.4.1.1.7");
    from.set_text(kSopInstanceUid, "1.2.3");
    from.set_text(kPatientId, "P1");
    DataSet& item = from.add_item(kRequestAttributesSequence);
    item.set_text(kScheduledProcedureStepId, "S1");
    item.add_item(kRequestedProcedureCodeSequence).set_text(kCodeValue, "C");
    item.set_encapsulated_pixels({.rows = 1, .columns = 1, .bits_allocated = 8, .bits_stored = 8},
                                 {{3, 4}}, "1.2.840.10008.1.2.4.50");
    Bytes file = from.to_part10();
    DataSet to;
    {
        const DataSet header = DataSet::header_in(file);
        for (const Tag tag : {kPatientId, kRequestAttributesSequence})
            copy_attribute(header, tag, to);
    }
    std::fill(file.begin(), file.end(), std::uint8_t{'x'});
    EXPECT_EQ(to.text_or(kPatientId, ""), "P1");
    const DataSet& copied = to.items(kRequestAttributesSequence).at(0);
    EXPECT_EQ(copied.text_or(kScheduledProcedureStepId, ""), "S1");
    EXPECT_EQ(copied.items(kRequestedProcedureCodeSequence).at(0).text_or(kCodeValue, ""), "C");
    const Fragments* const pixels = copied.node().find(kPixelData)->fragments();
    ASSERT_NE(pixels, nullptr);
    EXPECT_EQ(Bytes(pixels->pieces.at(0).begin(), pixels->pieces.at(0).end()), (Bytes{3, 4}));
}

TEST(CopyAttribute, TakesAwayWhatIsNotThere) {
    DataSet from, to;
    to.set_text(kPatientId, "P1");
    copy_attribute(from, kPatientId, to);
    EXPECT_FALSE(to.has(kPatientId));
}

}  // namespace
}  // namespace lucerna::dicom
