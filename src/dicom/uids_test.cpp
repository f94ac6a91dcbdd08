#include "dicom/uids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "dicom/tags.h"

namespace lucerna::dicom {
namespace {

TEST(Uids, AcceptsWhatTheStandardAllows) {
    EXPECT_TRUE(is_valid_uid("1.2.840.10008.1.2"));
    EXPECT_TRUE(is_valid_uid("2.25.0"));
    EXPECT_TRUE(is_valid_uid("1.02.00")) << "which it does not, and old scanners write";
    EXPECT_TRUE(is_valid_uid("1." + std::string(62, '9')));
}

TEST(Uids, RefusesPathsAndMalformedOnes) {
    for (const std::string& uid :
         {std::string(), std::string("1..2"), std::string(".1.2"), std::string("1.2."),
          std::string("../1.2"), std::string("1.2/3"), std::string("1.2\\3"),
          std::string("1.2\0", 4), std::string("1.2 "), std::string("1.a"),
          "1." + std::string(63, '9')}) {
        EXPECT_FALSE(is_valid_uid(uid)) << uid;
    }
}

TEST(Uids, NewOnesAreValidAndDifferent) {
    const std::string one = new_uid();
    EXPECT_TRUE(is_valid_uid(one)) << one;
    EXPECT_TRUE(one.starts_with("2.25."));
    EXPECT_NE(one, new_uid());
}

TEST(Uids, DerivedOnesDependOnTheSeedAlone) {
    // Of SHA-256("lucerna"), its first 128 bits with version 8 and variant 2 of RFC 9562; worked
    // out with Python's hashlib and uuid.
    EXPECT_EQ(derived_uid("lucerna"), "2.25.101919995319537237204675042917921928392");
    EXPECT_NE(derived_uid("a"), derived_uid("b"));
    EXPECT_TRUE(is_valid_uid(derived_uid("")));
}

TEST(Uids, TablesAreConsistent) {
    EXPECT_TRUE(std::is_sorted(sop_classes().begin(), sop_classes().end(),
                               [](const SopClass& a, const SopClass& b) { return a.uid < b.uid; }));
    EXPECT_EQ(sop_class_name(sop_class::kMammographyCadSr), "Mammography CAD SR Storage");
    EXPECT_EQ(sop_class_name("1.2.3"), "");
    for (const TransferSyntax& syntax : transfer_syntaxes()) {
        EXPECT_TRUE(is_valid_uid(syntax.uid));
        EXPECT_EQ(find_transfer_syntax(syntax.uid), &syntax) << "twice: " << syntax.uid;
    }
    EXPECT_EQ(find_transfer_syntax("1.2.3"), nullptr);
    EXPECT_TRUE(is_decodable(transfer_syntax::kHtj2k));
    EXPECT_FALSE(is_decodable("1.2.840.10008.1.2.4.102"));
}

TEST(Tags, AreFoundByKeywordAndByNumber) {
    EXPECT_EQ(tag_from("PatientID"), kPatientId);
    EXPECT_EQ(tag_from("00100020"), kPatientId);
    EXPECT_EQ(tag_from("0009100a"), (Tag{0x0009, 0x100A}));
    EXPECT_EQ(tag_from("NoSuchKeyword"), std::nullopt);
    EXPECT_EQ(tag_from("0010002"), std::nullopt);
    EXPECT_EQ(describe(kPatientId), "PatientID (0010,0020)");
    EXPECT_EQ(describe({0x0009, 0x1001}), "(0009,1001)");
    EXPECT_EQ(vr_of(kPatientName), "PN");
    EXPECT_EQ(vr_of(kPixelData), "OW");
    EXPECT_EQ(vr_of(kLutDescriptor), "US");
    EXPECT_EQ(vr_of({0x0009, 0x1001}), "UN");
}

}  // namespace
}  // namespace lucerna::dicom
