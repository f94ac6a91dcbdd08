#include "deidentify/deidentifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "deidentify/example_object.h"
#include "dicom/encoders.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
using test::deidentifier;
using test::example;
using test::made;
using testing::HasSubstr;
namespace tags = dicom::tags;
using namespace std::string_literals;

TEST(Deidentifier, EmptiesRemovesAndReplaces) {
    DataSet object = example();
    object.set_text(tags::kPatientComments, "difficult");
    const DataSet d = made(deidentifier("basic"), std::move(object));
    EXPECT_EQ(d.text_or(tags::kAccessionNumber, "gone"), "gone");
    EXPECT_TRUE(d.has(tags::kAccessionNumber));
    EXPECT_FALSE(d.has(tags::kPatientComments));
    EXPECT_TRUE(d.has(tags::kPatientBirthDate));
    EXPECT_FALSE(d.has_value(tags::kPatientBirthDate));
    EXPECT_FALSE(d.has_value(tags::kStudyDate));
    EXPECT_TRUE(d.text_or(tags::kPatientId, "").starts_with("P"));
    EXPECT_EQ(d.text(tags::kPatientId), d.text(tags::kPatientName));
    EXPECT_TRUE(d.text_or(tags::kStudyInstanceUid, "").starts_with("2.25."));
    EXPECT_EQ(d.text(tags::kSopClassUid), dicom::sop_class::kSecondaryCapture);
}

TEST(Deidentifier, SaysWhatItDid) {
    const DataSet d = made(deidentifier("basic+modified-dates+clean-pixel-data"), example());
    EXPECT_EQ(d.text(tags::kPatientIdentityRemoved), "YES");
    EXPECT_EQ(d.text(tags::kDeidentificationMethod), "Lucerna test");
    std::set<std::string> codes;
    for (const DataSet& item : d.items({0x0012, 0x0064})) {
        codes.insert(item.text_or(tags::kCodeValue, ""));
        EXPECT_EQ(item.text(tags::kCodingSchemeDesignator), "DCM");
    }
    EXPECT_EQ(codes, (std::set<std::string>{"113100", "113101", "113107"}));
    EXPECT_EQ(d.text({0x0028, 0x0303}), "MODIFIED");
    EXPECT_EQ(d.text(tags::kBurnedInAnnotation), "NO");
}

TEST(Deidentifier, KeepsIntervalsOfOnePatient) {
    const auto one = deidentifier("basic+modified-dates");
    DataSet later = example("1.2.3.5");
    later.set_text(tags::kStudyDate, "20250310");
    const DataSet first = made(one, example());
    const DataSet second = made(one, std::move(later));
    EXPECT_NE(first.text(tags::kStudyDate), "20240310");
    EXPECT_EQ(first.text(tags::kStudyTime), "101112");
    const auto days = one.project().shift_days(patient_key(example()));
    EXPECT_EQ(first.integer(tags::kStudyDate).value() / 10000 + 1,
              second.integer(tags::kStudyDate).value() / 10000)
        << days;
    EXPECT_LT(first.integer(tags::kStudyDate).value(), 20240310);
}

TEST(Deidentifier, TakesOneStudyForOnePatients) {
    DataSet whole = example();
    whole.set_text(tags::kIssuerOfPatientId, "HOSP");
    const PatientOfStudy study{whole.text_or(tags::kPatientId, ""), "HOSP"};
    DataSet no_issuer = example();
    no_issuer.remove(tags::kIssuerOfPatientId);
    DataSet nothing = example();
    nothing.remove(tags::kIssuerOfPatientId);
    nothing.remove(tags::kPatientId);
    EXPECT_NE(patient_key(whole), patient_key(no_issuer)) << "where nobody knows better";
    EXPECT_EQ(patient_key(whole, study), patient_key(no_issuer, study));
    EXPECT_EQ(patient_key(whole, study), patient_key(nothing, study));
    // What an object says itself counts.
    EXPECT_EQ(patient_key(whole, {"OTHER", "OTHER"}), patient_key(whole));
}

TEST(Deidentifier, TakesOutWhoGaveThePatientId) {
    for (const char* profile : {"basic", "screening"}) {
        DataSet object = example();
        object.set_text(tags::kIssuerOfPatientId, "HOSPITAL");
        DataSet& qualifiers = object.add_item(tags::kIssuerOfPatientIdQualifiersSequence);
        qualifiers.set_text(tags::kUniversalEntityId, "hospital.example");
        qualifiers.set_text(tags::kUniversalEntityIdType, "DNS");
        const DataSet out = made(deidentifier(profile), std::move(object));
        EXPECT_FALSE(out.has(tags::kIssuerOfPatientId)) << profile;
        EXPECT_FALSE(out.has(tags::kIssuerOfPatientIdQualifiersSequence)) << profile;
    }
}

TEST(Deidentifier, GivesOutNothingThatStandsBehindTheLastElement) {
    const Bytes file = example().to_part10();
    Bytes padded = file;
    padded.resize(file.size() + 1000);
    const Deidentifier one = deidentifier("basic");
    const Bytes out = made(one, DataSet::parse(ByteView(padded))).to_part10();
    EXPECT_EQ(out, made(one, DataSet::parse(ByteView(file))).to_part10());
    EXPECT_EQ(DataSet::parse(ByteView(out)).padding_bytes(), 0U);
}

TEST(Deidentifier, DoesNotLetAnInvalidDateThrough) {
    DataSet object = example();
    object.set_text(tags::kStudyDate, "JaneDoe");
    object.set_text(tags::kStudyTime, "JaneDoe");
    object.set_text(tags::kSeriesDate, "20240230");
    const DataSet d = made(deidentifier("basic+modified-dates"), std::move(object));
    EXPECT_FALSE(d.has_value(tags::kStudyDate));
    EXPECT_FALSE(d.has_value(tags::kStudyTime));
    EXPECT_FALSE(d.has(tags::kSeriesDate));
}

TEST(Deidentifier, KeepsNoValueThatItsVrCannotHold) {
    const auto put = [](DataSet& object, Tag tag, const char* vr, const std::string& value) {
        object.set_bytes(tag, vr, {value.begin(), value.end()});
    };
    constexpr Tag kSliceThickness{0x0018, 0x0050};
    constexpr Tag kPatientAge{0x0010, 0x1010};
    constexpr Tag kExposedArea{0x0040, 0x0303};
    DataSet object = example();
    put(object, tags::kLaterality, "CS", "R\0DOE^JANE"s);
    put(object, tags::kBodyPartExamined, "CS", "DOE^JANE");
    put(object, kSliceThickness, "DS", "5.0\0SMITH^JANE "s);
    put(object, kPatientAge, "AS", "ZQAGE ");
    const DataSet d = made(deidentifier("basic+patient-characteristics"), std::move(object));
    for (const Tag tag : {tags::kLaterality, tags::kBodyPartExamined, kSliceThickness, kPatientAge})
        EXPECT_FALSE(d.has_value(tag)) << dicom::to_string(tag);

    // Whatever the sender calls it.
    object = example();
    put(object, tags::kLaterality, "LO", "DOE^JANE");
    put(object, kSliceThickness, "LO", "SMITH^JANE");
    put(object, kExposedArea, "LO", "SMITH^JANE");
    const DataSet called = made(deidentifier("basic"), std::move(object));
    for (const Tag tag : {tags::kLaterality, kSliceThickness, kExposedArea})
        EXPECT_FALSE(called.has_value(tag)) << dicom::to_string(tag);

    // Within what is replaced by dummies, too.
    object = example();
    DataSet& item = object.add_item(tags::kContentSequence);
    put(item, tags::kRelationshipType, "CS", "DOE^JANE");
    put(item, tags::kReferencedSopClassUid, "UI", "1.2.840.10008.5.1.4.1.1.2\0DOE^JANE"s);
    put(item, tags::kValueType, "CS", "TEXT");
    const DataSet inner = made(deidentifier("basic"), std::move(object));
    const DataSet& left = inner.items(tags::kContentSequence).front();
    EXPECT_NE(left.text_or(tags::kRelationshipType, ""), "DOE^JANE");
    EXPECT_EQ(as_text(left.bytes(tags::kReferencedSopClassUid)).find("DOE"), std::string::npos);
    EXPECT_EQ(left.text_or(tags::kValueType, ""), "TEXT");

    object = example();
    put(object, tags::kLaterality, "CS", "R\0"s);
    put(object, kSliceThickness, "DS", " 5.0e-1\\6 ");
    put(object, kPatientAge, "AS", "052Y");
    const DataSet kept = made(deidentifier("basic+patient-characteristics"), std::move(object));
    EXPECT_EQ(kept.text(tags::kLaterality), "R");
    EXPECT_EQ(kept.texts(kSliceThickness).size(), 2U);
    EXPECT_EQ(kept.text(kPatientAge), "052Y");

    // A number is one, however it is written.
    object = example();
    put(object, tags::kNumberOfFrames, "IS", "1.0 ");
    put(object, kSliceThickness, "DS", "0,5 ");
    const DataSet numbers = made(deidentifier("basic"), std::move(object));
    EXPECT_EQ(numbers.text(tags::kNumberOfFrames), "1.0");
    EXPECT_EQ(numbers.text(kSliceThickness), "0,5");
}

TEST(Deidentifier, ReplacesUidsThatOnlyBeginLikeTheStandards) {
    DataSet object = example("1.2.840.10008.5.1.4.34.5");
    object.set_text(tags::kStudyInstanceUid, "1.2.840.10008.77.19500203.1");
    constexpr Tag kFrameOfReferenceUid{0x0020, 0x0052};
    object.set_text(kFrameOfReferenceUid, "1.2.840.10008.1.4.1.1");
    const DataSet d = made(deidentifier("basic"), std::move(object));
    EXPECT_TRUE(d.text_or(tags::kStudyInstanceUid, "").starts_with("2.25."));
    EXPECT_TRUE(d.text_or(tags::kSopInstanceUid, "").starts_with("2.25."));
    EXPECT_EQ(d.text(kFrameOfReferenceUid), "1.2.840.10008.1.4.1.1") << "the Talairach atlas";
    object = example();
    object.set_text(kFrameOfReferenceUid, "1.2.840.10008.1.19500203");
    EXPECT_TRUE(made(deidentifier("basic"), std::move(object))
                    .text_or(kFrameOfReferenceUid, "")
                    .starts_with("2.25."));
}

TEST(Deidentifier, TakesOptionsOverTheProfile) {
    DataSet object = example();
    object.set_text({0x0010, 0x1010}, "063Y");
    object.set_text({0x0008, 0x0080}, "St. Mary");
    object.set_text({0x0018, 0x1000}, "SN-77");
    object.set_text(tags::kStudyDescription, "MAMMO Dr. Hand");
    const auto with = [&](const char* profile) {
        return made(deidentifier(profile), object.clone());
    };
    const DataSet basic = with("basic");
    for (const Tag tag :
         {Tag{0x0010, 0x1010}, Tag{0x0008, 0x0080}, Tag{0x0018, 0x1000}, tags::kStudyDescription})
        EXPECT_FALSE(basic.has_value(tag)) << dicom::describe(tag);
    EXPECT_EQ(with("basic+patient-characteristics").text({0x0010, 0x1010}), "063Y");
    EXPECT_EQ(with("basic+institution-identity").text({0x0008, 0x0080}), "St. Mary");
    EXPECT_EQ(with("basic+device-identity").text({0x0018, 0x1000}), "SN-77");
    EXPECT_EQ(with("basic+clean-descriptors").text(tags::kStudyDescription), "MAMMO");
    EXPECT_EQ(with("basic+uids").text(tags::kStudyInstanceUid), "1.2.3");
    EXPECT_EQ(with("basic+full-dates").text(tags::kStudyDate), "20240310");
}

TEST(Deidentifier, GoesIntoSequences) {
    DataSet object = example();
    DataSet& request = object.add_item(tags::kReferencedSeriesSequence);
    request.set_text(tags::kSeriesInstanceUid, "1.2.3.1");
    DataSet& image = request.add_item(tags::kReferencedInstanceSequence);
    image.set_text(tags::kReferencedSopInstanceUid, "1.2.3.4");
    image.set_text(tags::kReferencedSopClassUid, dicom::sop_class::kCt);
    const DataSet d = made(deidentifier("basic"), std::move(object));
    const DataSet& series = d.items(tags::kReferencedSeriesSequence).front();
    EXPECT_EQ(series.text(tags::kSeriesInstanceUid), d.text(tags::kSeriesInstanceUid));
    const DataSet& there = series.items(tags::kReferencedInstanceSequence).front();
    EXPECT_EQ(there.text(tags::kReferencedSopInstanceUid), d.text(tags::kSopInstanceUid));
    EXPECT_EQ(there.text(tags::kReferencedSopClassUid), dicom::sop_class::kCt);
}

TEST(Deidentifier, TreatsWhatTheTableDoesNotListLikeItsKind) {
    DataSet object = example();
    const Tag retrieve_url{0x0008, 0x1190};
    const Tag document_author{0x0040, 0xA067};
    object.set_text(retrieve_url, "https://pacs.example/studies/1.2.3");
    object.set_text(document_author, "Roe^Richard");
    const DataSet d = made(deidentifier("screening"), std::move(object));
    EXPECT_FALSE(d.has(retrieve_url));
    EXPECT_FALSE(d.has(document_author)) << "retired";
}

TEST(Deidentifier, RemovesBytesThatNobodyLookedInto) {
    DataSet object = example();
    const std::string name = "PN Doe^Jane ";
    const Tag unlisted = tags::kReferencedSeriesSequence;
    const Tag kept_by_option{0x0010, 0x1020};
    object.set_bytes(unlisted, "UN", {name.begin(), name.end()});
    object.set_bytes(kept_by_option, "UN", {name.begin(), name.end()});
    const DataSet d = made(deidentifier("screening"), std::move(object));
    EXPECT_FALSE(d.has(unlisted));
    EXPECT_FALSE(d.has(kept_by_option));
}

TEST(Deidentifier, RemovesTextsNumbersAndSequencesThatComeAsSomethingElse) {
    const std::string hidden = "SECRET^NAME ";
    const Tag sequence = tags::kReferencedSeriesSequence;
    const Tag kept_by_option{0x0010, 0x1010};
    const Tag code = tags::kViewPosition;
    const Tag decimal = tags::kKvp;
    const Tag number{0x0028, 0x0106};
    const Tag within{0x0008, 0x114A};
    for (const char* vr : {"OB", "OW", "OF", "OD", "OL", "OV", "US", "SL", "FD", "AT"}) {
        DataSet object = example();
        for (const Tag tag : {sequence, kept_by_option, code, decimal})
            object.set_bytes(tag, vr, {hidden.begin(), hidden.end()});
        if (vr[0] == 'O') object.set_bytes(number, vr, {hidden.begin(), hidden.end()});
        object.add_item(within).set_bytes(code, vr, {hidden.begin(), hidden.end()});
        for (const char* profile : {"basic", "screening"}) {
            const DataSet d = made(deidentifier(profile), object.clone());
            for (const Tag tag : {sequence, kept_by_option, code, decimal})
                EXPECT_FALSE(d.has_value(tag)) << vr << " " << profile << describe(tag);
            EXPECT_FALSE(d.has(number)) << vr;
            for (const DataSet& item : d.items(within)) EXPECT_FALSE(item.has_value(code)) << vr;
        }
    }
    // A number of another width, and tables that are bytes here and numbers there.
    DataSet object = example();
    const Tag table{0x0028, 0x1201};
    object.set_bytes(tags::kSamplesPerPixel, "UL", Bytes{1, 0, 0, 0});
    object.set_integers(Tag{0x0028, 0x1101}, std::vector<long long>{4, 0, 16});
    object.set_bytes(table, "US", Bytes(8, 1));
    const DataSet d = made(deidentifier("screening"), std::move(object));
    EXPECT_TRUE(d.has_value(tags::kSamplesPerPixel));
    EXPECT_TRUE(d.has_value(table));
}

TEST(Deidentifier, EmptiesMoreNumbersThanTheStandardHas) {
    constexpr std::string_view kName = "DOE^JANE*19610203 WINTERTHUR STR";
    const std::pair<Tag, const char*> kOne[] = {
        {{0x0028, 0x0120}, "US"},                            // Pixel Padding Value
        {{0x0028, 0x0120}, "SS"}, {{0x0018, 0x9073}, "FD"},  // Acquisition Duration
        {{0x0018, 0x6020}, "SL"},                            // Reference Pixel X0
        {{0x0018, 0x6018}, "UL"},                            // Region Location Min X0
        {{0x0018, 0x9461}, "FL"},                            // Field of View ...
        {{0x0020, 0x9165}, "AT"}};                           // Dimension Index Pointer
    for (const char* profile : {"basic", "screening"})
        for (const auto& [tag, vr] : kOne) {
            DataSet object = example();
            object.set_bytes(tag, vr, {kName.begin(), kName.end()});
            object.set_integers(tags::kLutDescriptor, std::vector<long long>{256, 0, 12});
            DataSet& item = object.add_item(tags::kContentSequence);
            item.set_bytes(tags::kRows, "US", {kName.begin(), kName.end()});
            const DataSet d = made(deidentifier(profile), std::move(object));
            EXPECT_FALSE(d.has_value(tag)) << dicom::to_string(tag) << " " << profile;
            EXPECT_EQ(d.integers(tags::kLutDescriptor).size(), 3U) << profile;
            EXPECT_EQ(as_text(d.to_part10()).find(kName), std::string_view::npos) << profile;
        }
}

TEST(Deidentifier, JudgesByTheDictionaryToo) {
    DataSet object = example();
    const std::string name = "Doe^Jane";
    const Tag document_author{0x0040, 0xA067};
    object.set_bytes(document_author, "LO", {name.begin(), name.end()});
    const Tag calibrated{0x0014, 0x3076};
    object.set_bytes(calibrated, "LO", {name.begin(), name.end()});
    const DataSet d = made(deidentifier("basic"), std::move(object));
    EXPECT_NE(d.text(document_author), name);
    EXPECT_NE(d.text(calibrated), name);
}

TEST(Deidentifier, CutsWhatLiesBehindALookupTable) {
    DataSet object = example();
    const std::vector<long long> descriptor = {4, 0, 16};
    DataSet& item = object.add_item(tags::kVoiLutSequence);
    item.set_integers(tags::kLutDescriptor, descriptor);
    const std::string data = std::string(8, '\1') + "SECRET^LUT";
    item.set_bytes(tags::kLutData, "OW", {data.begin(), data.end()});
    const Tag red{0x0028, 0x1201};
    object.set_integers(Tag{0x0028, 0x1101}, descriptor);
    object.set_bytes(red, "OW", {data.begin(), data.begin() + 8});
    for (const char* profile : {"basic", "screening"}) {
        const DataSet d = made(deidentifier(profile), object.clone());
        EXPECT_EQ(d.items(tags::kVoiLutSequence)[0].bytes(tags::kLutData).size(), 8U);
        EXPECT_EQ(d.bytes(red).size(), 8U) << "all of it is the table";
    }
}

TEST(Deidentifier, SaysOfARefusalWhatItIsForAndNotWhatWasInIt) {
    DataSet object = example();
    object.set_integer(tags::kNumberOfFrames, 19600102);
    const auto outcome = deidentifier("screening").run(std::move(object));
    const auto* const refusal = std::get_if<exam::Refusal>(&outcome);
    ASSERT_NE(refusal, nullptr);
    EXPECT_THAT(refusal->what, HasSubstr("NumberOfFrames (0028,0008)"));
    EXPECT_THAT(refusal->what, testing::Not(HasSubstr("1960")));
}

TEST(Deidentifier, KeepsNoPrivateCreatorOfSeveralValues) {
    const std::string number = "1.5 ";
    for (const auto& [vr, creator] : {std::pair("LO", "ELSCINT1\\SECRET^NAME"),
                                      std::pair("LT", "ELSCINT1"), std::pair("UN", "ELSCINT1")}) {
        const std::string value = creator;
        DataSet object = example();
        object.set_bytes(Tag{0x00E1, 0x0010}, vr, {value.begin(), value.end()});
        object.set_bytes(Tag{0x00E1, 0x1021}, "DS", {number.begin(), number.end()});
        const DataSet d = made(deidentifier("screening"), std::move(object));
        EXPECT_FALSE(d.has(Tag{0x00E1, 0x0010})) << vr << " " << creator;
        EXPECT_FALSE(d.has(Tag{0x00E1, 0x1021})) << vr << " " << creator;
    }
    DataSet object = example();
    object.set_bytes(Tag{0x00E1, 0x0010}, "LO", {'E', 'L', 'S', 'C', 'I', 'N', 'T', '1'});
    object.set_bytes(Tag{0x00E1, 0x1021}, "DS", {number.begin(), number.end()});
    EXPECT_TRUE(made(deidentifier("screening"), std::move(object)).has(Tag{0x00E1, 0x1021}));
}

TEST(Deidentifier, KeepsOnlySafePrivateAttributes) {
    DataSet object = example();
    const auto put = [&](Tag tag, const char* vr, std::string_view text) {
        object.set_bytes(tag, vr, {text.begin(), text.end()});
    };
    put({0x0019, 0x0010}, "LO", "SIEMENS MR HEADER");
    put({0x0019, 0x100C}, "IS", "1000");
    put({0x0019, 0x1008}, "LO", "Jane");
    // Of numbers, by the table.
    put({0x0043, 0x0010}, "LO", "GEMS_PARM_01");
    put({0x0043, 0x1039}, "LO", "Doe^Jane");
    put({0x0043, 0x106F}, "UN", "Doe^Jane");
    put({0x0025, 0x0010}, "LO", "GEMS_SERS_01");
    put({0x0025, 0x1007}, "UN", std::string_view("\x05\0\0\0", 4));
    put({0x7053, 0x0010}, "LO", "Philips PET Private Group");
    put({0x7053, 0x1000}, "UN", "1.5\\-2e3 ");
    put({0x0029, 0x0010}, "LO", "SECRETS");
    put({0x0029, 0x1010}, "LO", "Jane");
    put({0x0031, 0x0010}, "LO", "SITE");
    put({0x0031, 0x1001}, "LO", "density b");
    put({0x0031, 0x1002}, "UI", "1.2.3.4");
    put({0x0031, 0x1003}, "PN", "Doe^Jane");
    const auto with = [&](const char* profile, std::vector<SafePrivate> safe) {
        return made(deidentifier(profile, 7, std::move(safe)), object.clone());
    };
    const DataSet none = with("basic", {});
    for (const Tag tag : none.tags()) EXPECT_EQ(tag.group % 2, 0) << dicom::to_string(tag);
    const DataSet safe = with("basic+safe-private", {safe_private_from("(0031,xx01) SITE"),
                                                     safe_private_from("(0031,xx02) SITE"),
                                                     safe_private_from("(0031,xx03) SITE")});
    EXPECT_EQ(safe.text({0x0019, 0x100C}), "1000");
    EXPECT_EQ(safe.text({0x0019, 0x0010}), "SIEMENS MR HEADER");
    EXPECT_FALSE(safe.has({0x0019, 0x1008}));
    EXPECT_FALSE(safe.has({0x0043, 0x0010}));
    EXPECT_FALSE(safe.has({0x0043, 0x1039}));
    EXPECT_FALSE(safe.has({0x0043, 0x106F}));
    EXPECT_TRUE(safe.has({0x0025, 0x1007}));
    EXPECT_TRUE(safe.has({0x7053, 0x1000}));
    EXPECT_FALSE(safe.has({0x0029, 0x0010}));
    EXPECT_FALSE(safe.has({0x0029, 0x1010}));
    EXPECT_EQ(safe.text({0x0031, 0x1001}), "density b");
    EXPECT_EQ(safe.text({0x0031, 0x1002}), safe.text(tags::kSopInstanceUid));
    EXPECT_NE(safe.text({0x0031, 0x1003}), "Doe^Jane");
}

TEST(Deidentifier, TakesForNumbersWithoutAVrWhatMayBeSome) {
    struct Case {
        std::string value;
        bool stays;
    };
    const auto bytes_of = [](auto... numbers) {
        std::string bytes;
        (bytes.append(reinterpret_cast<const char*>(&numbers), sizeof numbers), ...);
        return bytes;
    };
    const std::tuple<Tag, const char*, std::vector<Case>> kRows[] = {
        {{0x0043, 0x1039},  // IS, 4
         "GEMS_PARM_01",
         {{"800\\8\\0\\0\0"s, true}, {"Doe^Jane\0\0"s, false}, {"M\xC3\xBCller"s, false}}},
        {{0x0019, 0x100E},  // FD, 3
         "SIEMENS MR HEADER",
         {{bytes_of(0.0, -1.0, 0.577350269), true},
          {bytes_of(1e-17, 0.1, 0.70710678), true},
          {"Yamada^Tarou\0\0\0\0"s, false},
          {"\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B\0\0\0"s, false},
          {bytes_of(0.0, 0.0, 0.0, 1.0), false},
          {"Doe"s, false}}},
        {{0x2001, 0x1003},  // FL
         "Philips Imaging DD 001",
         {{bytes_of(1000.0F), true}, {"Doe^"s, false}, {"Li \0"s, false}}},
        {{0x0025, 0x1007},  // SL
         "GEMS_SERS_01",
         {{bytes_of(std::int32_t{512}), true}, {"Jane"s, false}}},
        {{0x0045, 0x1001},  // SS
         "GEMS_HELIOS_01",
         {{bytes_of(std::int16_t{16}), true}, {"Doe^Jane"s, false}}}};
    for (const auto& [tag, creator, cases] : kRows)
        for (const Case& one : cases) {
            DataSet object = example();
            const std::string_view name = creator;
            object.set_bytes({tag.group, 0x0010}, "LO", {name.begin(), name.end()});
            object.set_bytes(tag, "UN", {one.value.begin(), one.value.end()});
            const DataSet d = made(deidentifier("basic+safe-private"), std::move(object));
            EXPECT_EQ(d.has(tag), one.stays) << dicom::to_string(tag) << " " << one.value;
        }
}

TEST(Deidentifier, TakesForALabelNothingElse) {
    const std::string item = "\xFE\xFF\x00\xE0\x10\0\0\0\x10\0\x10\0\x08\0\0\0Doe^Jane"s;
    const std::tuple<Tag, const char*, const char*, std::string, bool> kCases[] = {
        {{0x01F1, 0x1001}, "ELSCINT1", "UN", "HELIX "s, true},
        {{0x01F1, 0x1001}, "ELSCINT1", "CS", "HELIX "s, true},
        {{0x01F1, 0x1001}, "ELSCINT1", "UN", "DOE^JANE*19600203!"s, false},
        {{0x01F1, 0x1001}, "ELSCINT1", "UN", "DOE JANE AND MORE OF HER"s, false},
        {{0x01F1, 0x1001}, "ELSCINT1", "OB", "HELIX "s, false},
        {{0x0019, 0x100D}, "SIEMENS MR HEADER", "UN", "DOE^JANE"s, false},
        {{0x0043, 0x1027}, "GEMS_PARM_01", "UN", "0.984:1 "s, true},
        {{0x7E01, 0x1001}, "HOLOGIC, Inc.", "UN", "5.0.1\0"s, true},
        {{0x7E01, 0x1001}, "HOLOGIC, Inc.", "UN", item, false},
        // Raw payloads.
        {{0x7E01, 0x1010}, "HOLOGIC, Inc.", "UN", item, false},
        {{0x7E01, 0x1012}, "HOLOGIC, Inc.", "OB", "Doe^Jane"s, false},
        // More numbers than there are.
        {{0x0025, 0x1007}, "GEMS_SERS_01", "UL", "Doe^Jane"s, false}};
    for (const auto& [tag, creator, vr, value, stays] : kCases) {
        DataSet object = example();
        const std::string_view name = creator;
        object.set_bytes({tag.group, 0x0010}, "LO", {name.begin(), name.end()});
        object.set_bytes(tag, vr, {value.begin(), value.end()});
        const DataSet d = made(deidentifier("basic+safe-private"), std::move(object));
        EXPECT_EQ(d.has(tag), stays) << dicom::to_string(tag) << " " << vr << " " << value;
    }
}

TEST(Deidentifier, RemovesPrivateSequencesWithoutAVrThoughASiteCallsThemSafe) {
    DataSet object = example();
    const std::string_view creator = "SITE";
    const std::string item = "\xFE\xFF\x00\xE0\x10\0\0\0\x10\0\x10\0\x08\0\0\0Doe^Jane"s;
    object.set_bytes({0x0031, 0x0010}, "LO", {creator.begin(), creator.end()});
    object.set_bytes({0x0031, 0x1001}, "UN", {item.begin(), item.end()});
    object.set_bytes({0x0031, 0x1002}, "UN", {creator.begin(), creator.end()});
    const DataSet d = made(deidentifier("basic+safe-private", 7,
                                        {safe_private_from("(0031,xx01) SITE"),
                                         safe_private_from("(0031,xx02) SITE")}),
                           std::move(object));
    EXPECT_FALSE(d.has({0x0031, 0x1001}));
    EXPECT_TRUE(d.has({0x0031, 0x1002}));
}

TEST(Deidentifier, BelievesASiteOfWhatTheTableHasForNumbers) {
    DataSet object = example();
    const std::string_view creator = "GEMS_PARM_01", value = "high";
    object.set_bytes({0x0043, 0x0010}, "LO", {creator.begin(), creator.end()});
    object.set_bytes({0x0043, 0x1039}, "LO", {value.begin(), value.end()});
    const DataSet d =
        made(deidentifier("basic+safe-private", 7, {safe_private_from("(0043,xx39) GEMS_PARM_01")}),
             std::move(object));
    EXPECT_EQ(d.text({0x0043, 0x1039}), "high");
}

TEST(Deidentifier, BelievesWhatAnObjectSaysOfItsPrivateBlocks) {
    DataSet object = example();
    const auto put = [&](Tag tag, const char* vr, std::string_view text) {
        object.set_bytes(tag, vr, {text.begin(), text.end()});
    };
    put({0x0019, 0x0010}, "LO", "ONE");
    put({0x0019, 0x1001}, "DS", "1.5");
    put({0x0019, 0x1002}, "LO", "Jane");
    put({0x0019, 0x0011}, "LO", "TWO");
    put({0x0019, 0x1101}, "DS", "2.5");
    put({0x0019, 0x1102}, "DS", "3.5");
    DataSet& one = object.add_item({0x0008, 0x0300});
    one.set_integer({0x0008, 0x0301}, 0x0019);
    one.set_text({0x0008, 0x0302}, "ONE");
    one.set_text({0x0008, 0x0303}, "SAFE");
    DataSet& action = one.add_item({0x0008, 0x0305});
    action.set_integer({0x0008, 0x0306}, 0x02);
    action.set_text({0x0008, 0x0307}, "X");
    DataSet& two = object.add_item({0x0008, 0x0300});
    two.set_integer({0x0008, 0x0301}, 0x0019);
    two.set_text({0x0008, 0x0302}, "TWO");
    two.set_text({0x0008, 0x0303}, "MIXED");
    two.set_integer({0x0008, 0x0304}, 0x01);
    const DataSet d = made(deidentifier("basic+safe-private"), std::move(object));
    EXPECT_EQ(d.text({0x0019, 0x1001}), "1.5");
    EXPECT_FALSE(d.has({0x0019, 0x1002}));
    EXPECT_EQ(d.text({0x0019, 0x1101}), "2.5");
    EXPECT_FALSE(d.has({0x0019, 0x1102}));
}

TEST(Deidentifier, RemovesOverlaysCurvesAndWhatNobodyKnows) {
    DataSet object = example();
    for (const Tag tag : {Tag{0x6002, 0x3000}, Tag{0x6002, 0x0010}, Tag{0x5004, 0x3000},
                          Tag{0x0010, 0x9FFE}, Tag{0x0008, 0x0000}})
        object.set_bytes(tag, "UN", Bytes(4, 'J'));
    const DataSet d = made(deidentifier("screening"), std::move(object));
    for (const Tag tag : d.tags()) {
        EXPECT_LT(tag.group, 0x7FE1);
        EXPECT_FALSE(tag.group >= 0x5000 && tag.group < 0x7000) << dicom::to_string(tag);
    }
    EXPECT_FALSE(d.has({0x0010, 0x9FFE}));
}

/// Values of 12 bits, with a name's letters above them.
Bytes samples_with_overlay(std::uint16_t value, std::uint16_t above) {
    Bytes bytes;
    for (int i = 0; i < 256; ++i) {
        const auto sample = static_cast<std::uint16_t>(value | (i % 3 == 0 ? above : 0));
        bytes.push_back(static_cast<std::uint8_t>(sample & 0xFF));
        bytes.push_back(static_cast<std::uint8_t>(sample >> 8));
    }
    return bytes;
}
DataSet with_overlay_in_pixels(std::uint16_t above, bool is_signed = false,
                               std::uint16_t value = 0x0123) {
    DataSet object = example();
    object.set_pixels({.rows = 16,
                       .columns = 16,
                       .bits_allocated = 16,
                       .bits_stored = 12,
                       .is_signed = is_signed},
                      samples_with_overlay(value, above));
    return object;
}
Bytes pixels_of(const DataSet& object) {
    const ByteView bytes = object.bytes(tags::kPixelData);
    return {bytes.begin(), bytes.end()};
}

TEST(Deidentifier, LeavesNoOverlayInTheUnusedBitsOfPixels) {
    const Bytes clean = samples_with_overlay(0x0123, 0);
    for (const char* profile : {"screening", "basic+clean-pixel-data"}) {
        DataSet object = with_overlay_in_pixels(0x1000);
        object.set_integer(tags::kOverlayBitsAllocated, 16);
        object.set_integer(tags::kOverlayBitPosition, 12);
        EXPECT_EQ(pixels_of(made(deidentifier(profile), std::move(object))), clean) << profile;
    }
    // Nor where no overlay is spoken of.
    for (const char* profile : {"screening", "basic"}) {
        EXPECT_EQ(pixels_of(made(deidentifier(profile), with_overlay_in_pixels(0x8000))), clean);
        DataSet high = with_overlay_in_pixels(0x0001, false, 0x1230);
        high.set_integer(tags::kHighBit, 15);
        EXPECT_EQ(pixels_of(made(deidentifier(profile), std::move(high))), clean);
    }
}

TEST(Deidentifier, TakesASignForNoOverlay) {
    const Bytes negative = samples_with_overlay(0xFFF0, 0);
    EXPECT_EQ(pixels_of(made(deidentifier("basic"), with_overlay_in_pixels(0, true, 0xFFF0))),
              negative);
    // What is above a positive value is none.
    EXPECT_EQ(pixels_of(made(deidentifier("basic"), with_overlay_in_pixels(0xF000, true))),
              samples_with_overlay(0x0123, 0));
}

TEST(Deidentifier, RefusesWhatMayBeOfAnotherThanItsStudy) {
    const auto is_refused = [](const exam::PersonKeys& says) {
        const auto outcome = deidentifier("basic").run(
            example(), {"4711", "", {"4711", "", "19610203", {"doe"}}, says});
        const auto* refusal = std::get_if<exam::Refusal>(&outcome);
        return refusal != nullptr && refusal->reason == exam::RefusalReason::kAnotherPatient;
    };
    EXPECT_TRUE(is_refused({"", "", "19610203", {"roe"}}));
    EXPECT_TRUE(is_refused({"", "", "19600606", {}}));
    EXPECT_FALSE(is_refused({"", "", "", {}}));
    EXPECT_FALSE(is_refused({"4711", "", "19600606", {"roe"}})) << "the ID says more";
}

TEST(Deidentifier, RefusesCompressedPixelsWithMoreThanTheirValues) {
    const auto outcome_of = [](std::uint16_t above, bool is_signed, std::uint16_t value) {
        const DataSet plain = with_overlay_in_pixels(above, is_signed, value);
        // As DCMTK compresses: all bits of a sample.
        dicom::DecodedFrame frame;
        frame.rows = frame.columns = 16;
        frame.bits_allocated = frame.bits_stored = 16;
        frame.photometric_interpretation = "MONOCHROME2";
        frame.samples = pixels_of(plain);
        DataSet object = plain.clone();
        object.set_encapsulated_pixels(
            {.rows = 16, .columns = 16, .bits_stored = 12, .is_signed = is_signed},
            {dicom::encode_jpeg_ls(frame)}, dicom::transfer_syntax::kJpegLsLossless);
        return deidentifier("screening").run(std::move(object));
    };
    const auto refused = outcome_of(0x1000, false, 0x0123);
    const auto* refusal = std::get_if<exam::Refusal>(&refused);
    ASSERT_NE(refusal, nullptr);
    EXPECT_THAT(refusal->what, HasSubstr("more bits"));
    for (const std::uint16_t negative : {std::uint16_t{0x0FF0}, std::uint16_t{0xFFF0}})
        EXPECT_FALSE(std::holds_alternative<exam::Refusal>(outcome_of(0, true, negative)))
            << "a sign is none, carried on or not";
}

TEST(Deidentifier, RefusesAnOverlayAmongTheStoredBits) {
    DataSet object = with_overlay_in_pixels(0x0800);
    object.set_integer(tags::kOverlayBitsAllocated, 16);
    object.set_integer(tags::kOverlayBitPosition, 11);
    auto outcome = deidentifier("screening").run(std::move(object));
    const auto* refusal = std::get_if<exam::Refusal>(&outcome);
    ASSERT_NE(refusal, nullptr);
    EXPECT_THAT(refusal->what, HasSubstr("among the stored bits"));
}

DataSet structured_report() {
    DataSet object = example("1.2.3.9");
    object.set_text(tags::kSopClassUid, dicom::sop_class::kComprehensiveSr);
    object.remove(tags::kPixelData);
    const auto add = [&](const char* type, const char* code, Tag value, const char* text) {
        DataSet& item = object.add_item(tags::kContentSequence);
        item.set_text(tags::kValueType, type);
        DataSet& name = item.add_item(tags::kConceptNameCodeSequence);
        name.set_text(tags::kCodeValue, code);
        name.set_text(tags::kCodingSchemeDesignator, "DCM");
        name.set_text(tags::kCodeMeaning, "a concept");
        item.set_text(value, text);
    };
    add("TEXT", "111001", tags::kTextValue, "Finder");
    add("TEXT", "121106", tags::kTextValue, "Jane was here");
    add("PNAME", "121008", tags::kPersonName, "Roe^Richard");
    add("DATE", "121031", tags::kDate, "19610203");
    add("UIDREF", "121018", tags::kUid, "1.2.3.4");
    return object;
}

TEST(Deidentifier, CleansStructuredContent) {
    const DataSet d = made(deidentifier("basic+clean-structured-content"), structured_report());
    const auto& content = d.items(tags::kContentSequence);
    ASSERT_EQ(content.size(), 4U);
    EXPECT_EQ(content[0].text(tags::kTextValue), "Finder");
    EXPECT_EQ(content[1].text(tags::kTextValue), "REMOVED");
    EXPECT_NE(content[2].text(tags::kPersonName), "Roe^Richard");
    EXPECT_EQ(content[3].text(tags::kUid),
              made(deidentifier("basic"), example()).text(tags::kSopInstanceUid));
}

TEST(Deidentifier, KeepsWhatLucernaSaysOnItsResultsAndNothingBesideIt) {
    const std::pair<const char*, const char*> texts[] = {
        {"2 findings, Jane\r\nResearch use only. Not for clinical decisions.\r\n"
         "SYNTHETIC images: not of a person.\r\nR-CC not read: Jane.",
         "Research use only. Not for clinical decisions.\r\nSYNTHETIC images: not of a person."},
        {"Use: Research use only. Not for clinical decisions.",
         "Use: Research use only. Not for clinical decisions."},
        {"Research use only. Not for clinical decisions. Jane", "REMOVED"}};
    for (const auto& [before, after] : texts) {
        DataSet object = structured_report();
        object.add_item(tags::kContentSequence).set_text(tags::kTextValue, before);
        const DataSet d = made(deidentifier("basic+clean-structured-content"), std::move(object));
        EXPECT_EQ(d.items(tags::kContentSequence).back().text(tags::kTextValue), after);
    }
}

TEST(Deidentifier, DoesNotSayOfMapsThatTheirPixelsWereLookedAt) {
    constexpr const char* kSegmentation = "1.2.840.10008.5.1.4.1.1.66.4";
    for (const char* const sop_class :
         {kSegmentation, dicom::sop_class::kSecondaryCapture.data()}) {
        DataSet object = example();
        object.set_text(tags::kSopClassUid, sop_class);
        auto outcome = deidentifier("screening").run(std::move(object));
        auto& one = std::get<Deidentified>(outcome);
        const bool is_map = sop_class == kSegmentation;
        EXPECT_EQ(one.report.is_not_looked_at, is_map);
        EXPECT_EQ(one.report.frames_looked_at, is_map ? 0 : 1);
        const DataSet d = DataSet::parse(one.file.whole());
        std::set<std::string> codes;
        for (const DataSet& item : d.items({0x0012, 0x0064}))
            codes.insert(item.text_or(tags::kCodeValue, ""));
        EXPECT_EQ(codes.contains("113101"), !is_map);
        EXPECT_EQ(d.text_or(tags::kBurnedInAnnotation, ""), is_map ? "" : "NO");
    }
}

TEST(Deidentifier, LeavesNoContentWithoutThatOption) {
    const DataSet d = made(deidentifier("basic"), structured_report());
    const auto& content = d.items(tags::kContentSequence);
    ASSERT_EQ(content.size(), 1U);
    EXPECT_EQ(content[0].text(tags::kTextValue), "REMOVED");
}

TEST(Deidentifier, RefusesWhatItCannotClean) {
    const auto reason = [](const char* profile, DataSet object) {
        auto outcome = deidentifier(profile).run(std::move(object));
        const auto* refusal = std::get_if<exam::Refusal>(&outcome);
        return refusal == nullptr ? std::string("none") : refusal->what;
    };
    DataSet document = example();
    document.set_bytes(tags::kEncapsulatedDocument, "OB", Bytes(4, 1));
    EXPECT_THAT(reason("basic", std::move(document)), HasSubstr("document"));
    DataSet burned = example();
    burned.set_text(tags::kBurnedInAnnotation, "YES");
    EXPECT_THAT(reason("basic", burned.clone()), HasSubstr("identifying text"));
    EXPECT_EQ(reason("basic+clean-pixel-data", burned.clone()), "none");
    DataSet unknown = example();
    unknown.set_encapsulated_pixels(
        {.rows = 16, .columns = 16, .bits_allocated = 8, .bits_stored = 8}, {Bytes(100, 1)},
        "1.2.840.10008.1.2.4.112");
    EXPECT_THAT(reason("basic+clean-pixel-data", unknown.clone()),
                HasSubstr("cannot be looked at"));
    EXPECT_THAT(reason("basic", unknown.clone()), HasSubstr("cannot be walked through"));
    DataSet overlay = example();
    overlay.set_integer(tags::kOverlayBitsAllocated, 16);
    EXPECT_THAT(reason("basic", std::move(overlay)), HasSubstr("overlay"));
}

TEST(Deidentifier, ReportsPathsAndNeverValues) {
    auto outcome = deidentifier("basic").run(example());
    auto& one = std::get<Deidentified>(outcome);
    ExportReport report{"basic", "test", "Lucerna test", {}, {}};
    report.objects.push_back(std::move(one.report));
    const std::string json = to_json(report);
    EXPECT_THAT(json, HasSubstr("\"path\": \"00100020\""));
    for (const char* value : {"4711", "Doe", "19610203", "20240310", "ACC-9", "\"1.2.3"})
        EXPECT_EQ(json.find(value), std::string::npos) << value;
}

TEST(Deidentifier, TakesOutHundredsOfThousandsOfAttributes) {
    constexpr std::size_t kMany = 400'000;
    DataSet object = example();
    std::size_t made_so_far = 0;
    for (std::uint16_t group = 0x0021; made_so_far < kMany;
         group = static_cast<std::uint16_t>(group + 2))
        for (unsigned element = 0x1000; element < 0x10000 && made_so_far < kMany;
             ++element, ++made_so_far)
            object.set_bytes({group, static_cast<std::uint16_t>(element)}, "UN", {});
    auto outcome = deidentifier("basic").run(std::move(object));
    auto& made_of_it = std::get<Deidentified>(outcome);
    const ObjectReport& report = made_of_it.report;
    const DataSet kept = DataSet::parse(made_of_it.file.whole());
    for (const Tag tag : kept.tags()) EXPECT_EQ(tag.group % 2, 0);
    EXPECT_GE(report.steps.count(Action::kRemove), kMany);
    EXPECT_LE(report.steps.listed().size(), Steps::kMostListed);
}

TEST(Deidentifier, KeepsCreatorsOfWhatStaysAlone) {
    DataSet object = example();
    const auto put = [&](std::uint16_t element, const char* vr, std::string_view value) {
        object.set_bytes({0x0019, element}, vr, {value.begin(), value.end()});
    };
    put(0x0010, "LO", "MAKER");
    put(0x0011, "LO", "OTHER");
    put(0x0012, "LO", "NOBODY");
    put(0x1001, "DS", "1.5");
    put(0x1102, "DS", "2.5");
    const Deidentifier one =
        deidentifier("basic+safe-private", 1, {safe_private_from("(0019,xx01) MAKER")});
    const DataSet d = made(one, std::move(object));
    EXPECT_TRUE(d.has({0x0019, 0x1001}));
    EXPECT_TRUE(d.has({0x0019, 0x0010}));
    for (const std::uint16_t element : std::initializer_list<std::uint16_t>{0x11, 0x12, 0x1102})
        EXPECT_FALSE(d.has({0x0019, element})) << element;
}

}  // namespace
}  // namespace lucerna::deidentify
