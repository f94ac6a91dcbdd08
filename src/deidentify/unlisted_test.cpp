// Attributes that Table E.1-1 does not list, and that say who somebody is all the same.
#include "deidentify/unlisted.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "deidentify/example_object.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
using test::deidentifier;
using test::example;
using test::made;
namespace tags = dicom::tags;

void put(DataSet& object, Tag tag, std::string_view vr, std::string_view text) {
    object.set_bytes(tag, vr, {text.begin(), text.end()});
}

constexpr const char* kProfiles[] = {
    "basic", "screening",
    "basic+full-dates+patient-characteristics+device-identity+institution-identity+uids"};

TEST(Unlisted, NoBirthDateStaysInAnotherCalendar) {
    for (const char* profile : kProfiles) {
        DataSet object = example();
        put(object, {0x0010, 0x0033}, "LO", "S36.02.03");
        put(object, {0x0010, 0x0034}, "LO", "R06.02.03");
        put(object, {0x0010, 0x0035}, "CS", "JAPANESE");
        const DataSet d = made(deidentifier(profile), std::move(object));
        for (const Tag tag : {Tag{0x0010, 0x0033}, Tag{0x0010, 0x0034}, Tag{0x0010, 0x0035}})
            EXPECT_FALSE(d.has(tag)) << profile << " " << dicom::describe(tag);
    }
}

TEST(Unlisted, NothingEncryptedStays) {
    for (const char* profile : kProfiles) {
        DataSet object = example();
        put(object.add_item({0x0400, 0x0500}), {0x0400, 0x0520}, "OB", "DOE^JANE");
        put(object.add_item(tags::kReferencedSeriesSequence), {0x0400, 0x0520}, "OB", "DOE^JANE");
        const DataSet d = made(deidentifier(profile), std::move(object));
        EXPECT_FALSE(d.has({0x0400, 0x0500})) << profile;
        EXPECT_FALSE(d.items(tags::kReferencedSeriesSequence).front().has({0x0400, 0x0520}));
    }
}

TEST(Unlisted, NothingSignedStays) {
    for (const char* profile : kProfiles) {
        DataSet object = example();
        for (DataSet* const level : {&object, &object.add_item(tags::kReferencedSeriesSequence)}) {
            put(*level, {0x0400, 0x0120}, "OB", "DOE^JANE");  // Signature
            put(*level, {0x0400, 0x0115}, "OB", "DOE^JANE");  // Certificate
            put(*level, {0x0400, 0x0404}, "OB", "DOE^JANE");  // MAC
            put(level->add_item({0xFFFA, 0xFFFA}), {0x0400, 0x0120}, "OB", "DOE^JANE");
        }
        const DataSet d = made(deidentifier(profile), std::move(object));
        EXPECT_FALSE(d.has({0x0400, 0x0120})) << profile;
        EXPECT_EQ(as_text(d.to_part10()).find("DOE^JANE"), std::string_view::npos) << profile;
    }
}

TEST(Unlisted, NoDocumentOrPictureAsBytesStays) {
    for (const char* profile : kProfiles) {
        DataSet object = example();
        for (const Tag tag : {Tag{0x0068, 0x6300}, Tag{0x0014, 0x3080}, Tag{0x4010, 0x1006}})
            put(object, tag, "OB", "DOE^JANE");
        const DataSet d = made(deidentifier(profile), std::move(object));
        EXPECT_EQ(as_text(d.to_part10()).find("DOE^JANE"), std::string_view::npos) << profile;
    }
}

TEST(Unlisted, WhoseACodingSchemeIsStaysWithTheInstitution) {
    constexpr Tag kSchemes{0x0008, 0x0110}, kResources{0x0008, 0x0109}, kUrl{0x0008, 0x010E},
        kUid{0x0008, 0x010C}, kExternalId{0x0008, 0x0114}, kName{0x0008, 0x0115},
        kOrganization{0x0008, 0x0116};
    for (const char* profile : kProfiles) {
        DataSet object = example();
        DataSet& scheme = object.add_item(kSchemes);
        put(scheme, {0x0008, 0x0102}, "SH", "99HOSP");
        put(scheme, kUid, "UI", "1.3.6.1.4.1.99999.1");
        put(scheme, kExternalId, "ST", "hospital.example/codes");
        put(scheme.add_item(kResources), kUrl, "UR", "https://hospital.example/codes");
        put(scheme, kName, "ST", "Codes of the hospital");
        put(scheme, kOrganization, "ST", "Hospital");
        const DataSet d = made(deidentifier(profile), std::move(object));
        const DataSet& left = d.items(kSchemes).front();
        const bool stays = std::string(profile).find("institution") != std::string::npos;
        EXPECT_EQ(left.text_or({0x0008, 0x0102}, ""), "99HOSP") << profile;
        for (const Tag tag : {kUid, kExternalId, kName, kOrganization})
            EXPECT_EQ(left.has(tag), stays) << profile << " " << tag.element;
        EXPECT_EQ(left.items(kResources).front().has(kUrl), stays) << profile;
    }
}

TEST(Unlisted, OfThePatientOnlyWhatIsKnownToBeHarmlessStays) {
    const std::set<std::uint16_t> harmless{0x0200, 0x0201, 0x2202, 0x2210, 0x2293, 0x9431};
    DataSet object = example();
    DataSet& inner = object.add_item(tags::kReferencedSeriesSequence);
    std::size_t planted = 0;
    for (std::uint32_t element = 1; element <= 0xFFFF; ++element) {
        const Tag tag{0x0010, static_cast<std::uint16_t>(element)};
        if (dicom::keyword_of(tag).empty() || rule_for(tag) != nullptr) continue;
        const std::string vr = dicom::vr_of(tag);
        for (DataSet* const level : {&object, &inner})
            if (vr == "SQ")
                level->add_item(tag).set_text(tags::kCodeMeaning, "SECRET");
            else
                put(*level, tag, vr, vr == "US" ? "\1\1" : vr == "FL" ? "\1\1\1\1" : "SECRET");
        ++planted;
    }
    EXPECT_GT(planted, 25U);
    const DataSet d = made(deidentifier("basic"), std::move(object));
    const DataSet& item = d.items(tags::kReferencedSeriesSequence).front();
    for (const DataSet* const level : {&d, &item}) {
        for (const Tag tag : level->tags()) {
            if (tag.group != 0x0010 || rule_for(tag) != nullptr || !level->has_value(tag)) continue;
            EXPECT_TRUE(harmless.contains(tag.element)) << dicom::describe(tag);
        }
    }
}

TEST(Unlisted, SizesStayWithPatientCharacteristicsAlone) {
    const Tag body_mass_index{0x0010, 0x1022};
    DataSet object = example();
    put(object, body_mass_index, "DS", "24.5");
    EXPECT_EQ(made(deidentifier("screening"), object.clone()).text(body_mass_index), "24.5");
    EXPECT_FALSE(made(deidentifier("basic"), object.clone()).has(body_mass_index));
}

TEST(Unlisted, RetiredOnesGo) {
    for (const char* profile : kProfiles) {
        DataSet object = example();
        put(object, {0x0020, 0x31AA}, "CS", "SECRET");  // Source Image IDs
        put(object, {0x0028, 0x0400}, "LO", "SECRET");  // Transform Label
        put(object, {0x7F00, 0x0010}, "OW", "SECRET");  // Variable Pixel Data
        put(object, {0x0040, 0x1060}, "LO", "SECRET");  // Requested Procedure Description (Trial)
        const DataSet d = made(deidentifier(profile), std::move(object));
        EXPECT_EQ(as_text(d.to_part10()).find("SECRET"), std::string_view::npos) << profile;
    }
}

TEST(Unlisted, ProseIsCleanedOrGetsADummy) {
    const Tag document_title{0x0042, 0x0010};
    const Tag partial_view{0x0028, 0x1351};
    const Tag long_code{0x0008, 0x0119};
    DataSet object = example();
    put(object, document_title, "ST", "Jane Doe, 1961");
    put(object, partial_view, "ST", "MAMMO of Mrs. Doe, left");
    DataSet& code = object.add_item({0x0008, 0x2218});
    put(code, long_code, "UC", "https://loinc.example/24604-1");
    const DataSet basic = made(deidentifier("basic"), object.clone());
    EXPECT_EQ(basic.text(document_title), "REMOVED");
    EXPECT_EQ(basic.text(partial_view), "REMOVED");
    EXPECT_EQ(basic.items({0x0008, 0x2218}).front().text(long_code),
              "https://loinc.example/24604-1");
    const DataSet screening = made(deidentifier("screening"), object.clone());
    EXPECT_EQ(screening.text(document_title), "REMOVED");
    EXPECT_EQ(screening.text(partial_view), "MAMMO left");
}

TEST(Unlisted, PicturesWithinItemsGo) {
    DataSet object = example();
    put(object.add_item(tags::kReferencedSeriesSequence), tags::kPixelData, "OB", "SECRETSECRET");
    const DataSet d = made(deidentifier("screening"), std::move(object));
    EXPECT_TRUE(d.has(tags::kPixelData));
    EXPECT_FALSE(d.items(tags::kReferencedSeriesSequence).front().has(tags::kPixelData));
}

}  // namespace
}  // namespace lucerna::deidentify
