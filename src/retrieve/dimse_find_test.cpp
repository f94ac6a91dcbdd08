#include "retrieve/dimse_find.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "retrieve/dimse_for_test.h"
#include "support/other_encodings.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
namespace status = dicom::status;
using testing::ElementsAre;
using testing::HasSubstr;

/// Studies 1.1 (P1, of two series, one with two images) and 1.2 (P2, a name beyond ASCII).
class FindService : public DimseTest {
  protected:
    FindService() {
        test::StoredInstance one;
        one.study = "1.1";
        one.series = "1.1.1";
        one.sop_instance = "1.1.1.1";
        keep(one);
        one.sop_instance = "1.1.1.2";
        one.instance_number = "2";
        keep(one);
        one.series = "1.1.2";
        one.sop_instance = "1.1.2.1";
        one.series_number = "2";
        keep(one);
        test::StoredInstance two;
        two.study = "1.2";
        two.series = "1.2.1";
        two.sop_instance = "1.2.1.1";
        two.patient_id = "P2";
        two.patient_name = "M\xC3\xBCller^Eva";
        two.study_date = "20250301";
        two.study_time = "090000";
        keep(two);
        start({.own_aet = "ARCHIVE"});
    }
    /// Of the pending responses.
    static std::vector<std::string> all(const std::vector<Response>& responses, dicom::Tag tag) {
        std::vector<std::string> values;
        for (const Response& response : responses)
            if (is_pending(response)) values.push_back(response.text(tag));
        return values;
    }
};

TEST_F(FindService, DamagedObjectsDoNotKeepTheOthersBack) {
    const Keys keys{{tags::kQueryRetrieveLevel, "IMAGE"},
                    {tags::kStudyInstanceUid, "1.1"},
                    {tags::kSeriesInstanceUid, "1.1.1"},
                    {tags::kSopInstanceUid, ""},
                    {tags::kBitsStored, ""}};
    const auto statuses = [](const std::vector<Response>& responses) {
        std::vector<std::uint16_t> all;
        for (const Response& response : responses) all.push_back(response.command.status.value());
        return all;
    };
    const auto before = find(kStudyFind, keys);
    EXPECT_THAT(statuses(before),
                ElementsAre(status::kPending, status::kPending, status::kSuccess));
    for (const std::string& object : store.objects())
        store.replace(object, as_byte_view("not what was sealed"));
    test::StoredInstance third;
    third.study = "1.1";
    third.series = "1.1.1";
    third.sop_instance = "1.1.1.3";
    third.instance_number = "3";
    keep(third);
    const auto after = find(kStudyFind, keys);
    EXPECT_THAT(statuses(after),
                ElementsAre(status::kPendingKeysIgnored, status::kPendingKeysIgnored,
                            status::kPending, status::kSuccess));
    EXPECT_THAT(all(after, tags::kSopInstanceUid), ElementsAre("1.1.1.1", "1.1.1.2", "1.1.1.3"));
}

TEST_F(FindService, AnswersEachLevelWithTheKeysAskedFor) {
    const auto patients = find(
        kPatientFind,
        {{tags::kQueryRetrieveLevel, "PATIENT"}, {tags::kPatientName, ""}, {tags::kPatientId, ""}});
    EXPECT_THAT(all(patients, tags::kPatientId), ElementsAre("P1", "P2"));
    EXPECT_EQ(patients[0].text(tags::kRetrieveAeTitle), "ARCHIVE");
    EXPECT_EQ(patients[0].text(tags::kQueryRetrieveLevel), "PATIENT");
    EXPECT_FALSE(patients[0].data->data_set.has(tags::kPatientBirthDate)) << "not asked for";
    EXPECT_EQ(patients.back().command.status, status::kSuccess);
    EXPECT_FALSE(patients.back().data);

    const auto studies = find(kStudyFind, {{tags::kQueryRetrieveLevel, "STUDY"},
                                           {tags::kStudyInstanceUid, "1.1\\1.2\\1.3"},
                                           {tags::kPatientName, "*"}});
    EXPECT_THAT(all(studies, tags::kStudyInstanceUid), ElementsAre("1.2", "1.1"));
    EXPECT_THAT(all(studies, tags::kPatientName), ElementsAre("M\xC3\xBCller^Eva", "Doe^Jane"));

    const auto series = find(kStudyFind, {{tags::kQueryRetrieveLevel, "SERIES"},
                                          {tags::kStudyInstanceUid, "1.1"},
                                          {tags::kSeriesNumber, ""}});
    EXPECT_THAT(all(series, tags::kSeriesInstanceUid), ElementsAre("1.1.1", "1.1.2"));

    const auto images = find(kPatientFind, {{tags::kQueryRetrieveLevel, "IMAGE"},
                                            {tags::kPatientId, "P1"},
                                            {tags::kStudyInstanceUid, "1.1"},
                                            {tags::kSeriesInstanceUid, "1.1.1"},
                                            {tags::kInstanceNumber, "2"},
                                            {tags::kRows, ""}});
    EXPECT_THAT(all(images, tags::kSopInstanceUid), ElementsAre("1.1.1.2"));
    EXPECT_THAT(all(images, tags::kRows), ElementsAre("1"));
}

TEST_F(FindService, WantsTheUniqueKeysAboveUnlessRelationalWasNegotiated) {
    const Keys keys = {{tags::kQueryRetrieveLevel, "SERIES"},
                       {tags::kPatientId, "P1"},
                       {tags::kSeriesInstanceUid, ""}};
    const auto refused = find(kStudyFind, keys);
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].command.status, status::kDoesNotMatchClass);
    EXPECT_THAT(refused[0].command.error_comment, HasSubstr("StudyInstanceUID"));
    EXPECT_EQ(find(kStudyFind, keys, {1}).size(), 3u);
    for (const Keys& wrong :
         {Keys{{tags::kStudyInstanceUid, ""}},
          Keys{{tags::kQueryRetrieveLevel, "PATIENT"}, {tags::kPatientId, ""}},
          Keys{{tags::kQueryRetrieveLevel, "SERIES"}, {tags::kStudyInstanceUid, "1.1\\1.2"}}})
        EXPECT_EQ(find(kStudyFind, wrong).back().command.status, status::kDoesNotMatchClass);
}

TEST_F(FindService, SaysWhatItDidNotMatchBy) {
    const dicom::Tag weight{0x0010, 0x1030}, exposure{0x0018, 0x1152};
    const auto found = [&](dicom::Tag tag, const char* value) {
        auto responses = find(
            kStudyFind,
            {{tags::kQueryRetrieveLevel, "STUDY"}, {tags::kStudyInstanceUid, "1.1"}, {tag, value}});
        EXPECT_EQ(responses.size(), 2u);
        return responses;
    };
    const auto by_exposure = found(exposure, "70");
    EXPECT_EQ(by_exposure[0].command.status, status::kPendingKeysIgnored);
    EXPECT_FALSE(by_exposure[0].data->data_set.has(exposure));
    const auto by_weight = found(weight, "70");
    EXPECT_EQ(by_weight[0].command.status, status::kPendingKeysIgnored);
    EXPECT_TRUE(by_weight[0].data->data_set.has(weight));
}

TEST_F(FindService, SaysWhereTheZoneOfTheRequestDoesNotCount) {
    const auto asked = [&](Keys keys, const char* zone) {
        keys.insert(keys.end(), {{tags::kStudyInstanceUid, "1.1"},
                                 {tags::kSeriesInstanceUid, "1.1.1"},
                                 {tags::kTimezoneOffsetFromUtc, zone}});
        return find(kStudyFind, keys).front().command.status;
    };
    const Keys study{{tags::kQueryRetrieveLevel, "STUDY"}};
    EXPECT_EQ(asked(study, "+0100"), status::kPendingKeysIgnored);
    EXPECT_EQ(asked(study, ""), status::kPending);
}

TEST_F(FindService, TakesMomentsInTheZoneOfTheRequest) {
    test::StoredInstance plain;
    plain.study = "1.7";
    plain.series = "1.7.1";
    plain.sop_instance = "1.7.1.1";
    dicom::DataSet object = dicom::DataSet::parse(plain.file());
    object.set_text(tags::kTimezoneOffsetFromUtc, "-0500");
    object.set_text(tags::kAcquisitionDateTime, "20240108103000");
    object.set_text(tags::kContentDate, "20240108");
    store.archive().keep(object.to_part10());
    const auto asked = [&](const char* date) {
        return find(kStudyFind, {{tags::kQueryRetrieveLevel, "IMAGE"},
                                 {tags::kStudyInstanceUid, "1.7"},
                                 {tags::kSeriesInstanceUid, "1.7.1"},
                                 {tags::kAcquisitionDateTime, "20240108163000"},
                                 {tags::kContentDate, date},
                                 {tags::kTimezoneOffsetFromUtc, "+0100"}})
            .front()
            .command.status;
    };
    EXPECT_EQ(asked(""), status::kPending);
    EXPECT_EQ(asked("-20991231"), status::kPendingKeysIgnored) << "a date is matched as it stands";
}

TEST_F(FindService, GivesOfStudiesWhatTheirFirstObjectHolds) {
    const dicom::Tag age{0x0010, 0x1010}, institution{0x0008, 0x0080}, classes{0x0008, 0x0062};
    for (const auto& [series, sop_class] :
         {std::pair("1", "1.2.840.10008.5.1.4.1.1.2"), {"2", "1.2.840.10008.5.1.4.1.1.7"}}) {
        test::StoredInstance plain;
        plain.study = "1.8";
        plain.series = std::string("1.8.") + series;
        plain.series_number = series;
        plain.sop_class = sop_class;
        plain.sop_instance = plain.series + ".1";
        dicom::DataSet object = dicom::DataSet::parse(plain.file());
        object.set_text(age, std::string("05") + series + "Y");
        object.set_text(institution, "Haus \xC3\x84");
        store.archive().keep(object.to_part10());
    }
    const auto study = find(kStudyFind, {{tags::kQueryRetrieveLevel, "STUDY"},
                                         {tags::kStudyInstanceUid, "1.8"},
                                         {age, ""},
                                         {institution, ""},
                                         {classes, ""}});
    ASSERT_EQ(study.size(), 2u);
    EXPECT_EQ(study[0].command.status, status::kPending);
    EXPECT_EQ(study[0].text(age), "051Y");
    EXPECT_EQ(study[0].text(institution), "Haus \xC3\x84");
    EXPECT_THAT(study[0].data->data_set.texts(classes),
                ElementsAre("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.7"));
    EXPECT_EQ(study[0].text(tags::kStudyInstanceUid), "1.8");
    const auto series = find(kStudyFind, {{tags::kQueryRetrieveLevel, "SERIES"},
                                          {tags::kStudyInstanceUid, "1.8"},
                                          {tags::kSeriesInstanceUid, "1.8.2"},
                                          {age, ""}});
    EXPECT_EQ(series[0].text(age), "052Y");
}

TEST_F(FindService, GivesOfEachPatientWhatThatPatientsObjectHolds) {
    const dicom::Tag comments{0x0010, 0x4000};
    for (const char* number : {"7", "8"}) {
        test::StoredInstance plain;
        plain.patient_id = std::string("P") + number;
        plain.study = std::string("1.") + number;
        plain.series = plain.study + ".1";
        plain.sop_instance = plain.series + ".1";
        dicom::DataSet object = dicom::DataSet::parse(plain.file());
        object.set_text(comments, std::string("of P") + number);
        store.archive().keep(object.to_part10());
    }
    const auto patients =
        find(kPatientFind,
             {{tags::kQueryRetrieveLevel, "PATIENT"}, {tags::kPatientId, ""}, {comments, ""}});
    EXPECT_THAT(all(patients, tags::kPatientId), ElementsAre("P1", "P2", "P7", "P8"));
    EXPECT_THAT(all(patients, comments), ElementsAre("", "", "of P7", "of P8"));
}

TEST_F(FindService, GivesOfImagesWhatOnlyTheObjectHolds) {
    const Keys keys = {{tags::kQueryRetrieveLevel, "IMAGE"},
                       {tags::kStudyInstanceUid, "1.2"},
                       {tags::kSeriesInstanceUid, "1.2.1"},
                       {tags::kSopInstanceUid, ""},
                       {tags::kManufacturer, ""},
                       {tags::kPixelData, ""},
                       {tags::kSopClassUid, ""}};
    const auto responses = find(kStudyFind, keys);
    ASSERT_EQ(responses.size(), 2u);
    EXPECT_EQ(responses[0].text(tags::kSopClassUid), test::kMammogramClass);
    EXPECT_TRUE(responses[0].data->data_set.has(tags::kManufacturer));
    EXPECT_FALSE(responses[0].data->data_set.has(tags::kPixelData));
}

TEST_F(FindService, GivesNoMegabytesOfAnObject) {
    constexpr dicom::Tag kTextValue{0x0040, 0xA160}, kDocumentTitle{0x0042, 0x0010};
    test::StoredInstance document;
    document.picture = false;
    dicom::DataSet with_text = dicom::DataSet::parse(document.file());
    with_text.set_text(kTextValue, std::string(2'000'000, 'x'));
    with_text.set_text(kDocumentTitle, "Report");
    store.archive().keep(with_text.to_part10());
    const auto responses = find(kStudyFind, {{tags::kQueryRetrieveLevel, "IMAGE"},
                                             {tags::kStudyInstanceUid, document.study},
                                             {tags::kSeriesInstanceUid, document.series},
                                             {tags::kSopInstanceUid, ""},
                                             {kTextValue, ""},
                                             {kDocumentTitle, ""}});
    ASSERT_EQ(responses.size(), 2U);
    EXPECT_EQ(responses[0].command.status, status::kPendingKeysIgnored);
    EXPECT_EQ(responses[0].data->data_set.text_or(kDocumentTitle, ""), "Report");
    EXPECT_TRUE(responses[0].data->data_set.has(kTextValue));
    EXPECT_FALSE(responses[0].data->data_set.has_value(kTextValue));
}

TEST_F(FindService, GivesNoLargeValuesOfBigEndianAsTheyLie) {
    constexpr dicom::Tag kSmall{0x0028, 0x1221}, kLarge{0x0028, 0x1222};
    test::StoredInstance image;
    image.study = "1.3";
    image.series = "1.3.1";
    image.sop_instance = "1.3.1.1";
    dicom::DataSet with_words = dicom::DataSet::parse(image.file());
    Bytes words;
    for (int i = 0; i < 5'000; ++i) words.insert(words.end(), {1, 2});
    with_words.set_bytes(kSmall, "OW", {1, 2, 1, 2});
    with_words.set_bytes(kLarge, "OW", words);
    store.archive().keep(test::in_big_endian(with_words.to_part10()));
    const auto responses = find(kStudyFind, {{tags::kQueryRetrieveLevel, "IMAGE"},
                                             {tags::kStudyInstanceUid, image.study},
                                             {tags::kSeriesInstanceUid, image.series},
                                             {tags::kSopInstanceUid, ""},
                                             {kSmall, ""},
                                             {kLarge, ""}});
    ASSERT_EQ(responses.size(), 2U);
    EXPECT_EQ(responses[0].command.status, status::kPendingKeysIgnored);
    const ByteView small = responses[0].data->data_set.bytes(kSmall);
    EXPECT_EQ(Bytes(small.begin(), small.end()), (Bytes{1, 2, 1, 2}));
    EXPECT_FALSE(responses[0].data->data_set.has_value(kLarge));
}

TEST_F(FindService, MatchesImagesByWhatOnlyTheObjectHolds) {
    const dicom::Tag moment = tags::kAcquisitionDateTime;
    for (const auto& [number, when] : {std::pair("7", "20240115103000.5"), {"8", "20250102"}}) {
        test::StoredInstance plain;
        plain.study = "1.7";
        plain.series = "1.7.1";
        plain.sop_instance = std::string("1.7.1.") + number;
        plain.instance_number = number;
        dicom::DataSet object = dicom::DataSet::parse(plain.file());
        object.set_text(moment, when);
        object.set_text(tags::kAcquisitionDate, std::string(when).substr(0, 8));
        store.archive().keep(object.to_part10());
    }
    const auto asked = [&](dicom::Tag tag, const std::string& value) {
        return find(kStudyFind, {{tags::kQueryRetrieveLevel, "IMAGE"},
                                 {tags::kStudyInstanceUid, "1.7"},
                                 {tags::kSeriesInstanceUid, "1.7.1"},
                                 {tags::kSopInstanceUid, ""},
                                 {tag, value}});
    };
    using Uids = std::vector<std::string>;
    const Uids seven{"1.7.1.7"}, eight{"1.7.1.8"}, none{};
    const auto found = [&](dicom::Tag tag, const std::string& value) {
        const auto responses = asked(tag, value);
        for (const Response& response : responses)
            EXPECT_NE(response.command.status, status::kPendingKeysIgnored);
        return all(responses, tags::kSopInstanceUid);
    };
    EXPECT_EQ(found(moment, "20240101-20250101"), seven);
    EXPECT_EQ(found(moment, "20250101-"), eight);
    EXPECT_EQ(found(moment, ""), (Uids{"1.7.1.7", "1.7.1.8"}));
    EXPECT_EQ(found(tags::kAcquisitionDate, "-20240301"), seven);
    EXPECT_EQ(found(tags::kContentDate, "20240101-20240301"), none) << "they have none";
    EXPECT_EQ(asked(moment, "someday").back().command.status, status::kCannotUnderstand);
}

TEST_F(FindService, NamesTheLevelThatIsNone) {
    for (const char* level : {"FOO", "PATIENT", "image"}) {
        const auto responses =
            find(kStudyFind, {{tags::kQueryRetrieveLevel, level}, {tags::kStudyInstanceUid, ""}});
        EXPECT_EQ(responses.back().command.status, status::kDoesNotMatchClass);
        EXPECT_THAT(responses.back().command.error_comment, HasSubstr("(0008,0052)")) << level;
    }
}

TEST_F(FindService, RefusesValuesThatAKeyCannotHave) {
    const auto responses = find(kStudyFind, {{tags::kQueryRetrieveLevel, "STUDY"},
                                             {tags::kStudyInstanceUid, ""},
                                             {tags::kStudyDate, "someday"}});
    ASSERT_EQ(responses.size(), 1u);
    EXPECT_EQ(responses[0].command.status, status::kCannotUnderstand);
    EXPECT_THAT(responses[0].command.error_comment, HasSubstr("(0008,0020)"));
}

TEST_F(FindService, CombinesDateAndTimeWhereNegotiated) {
    const Keys keys = {{tags::kQueryRetrieveLevel, "STUDY"},
                       {tags::kStudyInstanceUid, ""},
                       {tags::kStudyDate, "20240115-20250301"},
                       {tags::kStudyTime, "1000-0930"}};
    EXPECT_EQ(find(kStudyFind, keys).size(), 1u);
    EXPECT_EQ(find(kStudyFind, keys, {0, 1}).size(), 3u);
}

}  // namespace
}  // namespace lucerna::retrieve
