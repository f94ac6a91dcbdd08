#include "retrieve/qido.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "retrieve/archive_for_test.h"

namespace lucerna::retrieve {
namespace {

using nlohmann::json;

std::vector<std::string> uids(const std::string& text, const char* tag) {
    std::vector<std::string> found;
    for (const json& match : json::parse(text)) found.push_back(match[tag]["Value"][0]);
    return found;
}
using Uids = std::vector<std::string>;

TEST(Qido, FindsStudiesNewestFirst) {
    TestArchive archive;
    const http::Response response = archive.get("/dicom-web/studies");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get("Content-Type"), "application/dicom+json");
    const json found = json::parse(TestArchive::body(response));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0]["0020000D"]["Value"][0], "1.2.1");
    EXPECT_EQ(found[0]["00081190"]["Value"][0], "http://localhost/dicom-web/studies/1.2.1");
    EXPECT_EQ(found[0]["00080056"]["Value"][0], "ONLINE");
    EXPECT_EQ(found[0]["00201208"]["Value"][0], 4);
    EXPECT_EQ(found[0]["00100010"]["Value"][0]["Alphabetic"], "M\xC3\xBCller^Eva");
    EXPECT_EQ(found[1]["0020000D"]["Value"][0], "1.2.2");
}

TEST(Qido, MatchesByKeywordAndByNumber) {
    TestArchive archive;
    const auto studies = [&](const std::string& query) {
        return uids(archive.text("/dicom-web/studies?" + query), "0020000D");
    };
    EXPECT_EQ(studies("PatientID=P-1.2.2"), Uids{"1.2.2"});
    EXPECT_EQ(studies("00100020=P-1.2.1"), Uids{"1.2.1"});
    EXPECT_EQ(studies("StudyDate=20260101-"), Uids{"1.2.1"});
    EXPECT_EQ(studies("ModalitiesInStudy=SR"), Uids{"1.2.1"});
    EXPECT_EQ(studies("PatientName=m*"), (Uids{"1.2.1", "1.2.2"}));
    EXPECT_EQ(studies("StudyInstanceUID=1.2.1,1.2.2&limit=1&offset=1"), Uids{"1.2.2"});
    EXPECT_EQ(archive.text("/dicom-web/studies?PatientID=nobody"), "[]");
}

// PS3.4 C.2.2.2.5: it says of what zone the request's times are.
TEST(Qido, DoesNotMatchByTheZoneOfTheRequest) {
    TestArchive archive;
    const std::string all = archive.text("/dicom-web/studies", "application/dicom+json");
    EXPECT_EQ(
        archive.text("/dicom-web/studies?TimezoneOffsetFromUTC=%2B0100", "application/dicom+json"),
        all);
}

TEST(Qido, SaysWhereTheZoneOfTheRequestDoesNotCount) {
    TestArchive archive;
    const auto warning = [&](const std::string& query) {
        return archive.get("/dicom-web/studies" + query).headers.get_or("Warning", "");
    };
    const std::string zone = "TimezoneOffsetFromUTC=%2B0100";
    for (const std::string& query :
         {"?" + zone, "?StudyDate=20260301&" + zone, "/1.2.1/instances?" + zone,
          "/1.2.1/instances?ContentDate=20260301&AcquisitionDateTime=20260301&" + zone})
        EXPECT_THAT(warning(query), testing::HasSubstr("TimezoneOffsetFromUTC")) << query;
    for (const std::string& query : {std::string("?TimezoneOffsetFromUTC="),
                                     "/1.2.1/instances?AcquisitionDateTime=20260301&" + zone})
        EXPECT_EQ(warning(query), "") << query;
}

// PS3.4 C.2.2.2.5.4: 1.2.8.2 is within neither of both ranges taken by themselves.
TEST(Qido, TakesARangeOfDatesAndOneOfTimesForOne) {
    TestArchive archive;
    for (const auto& [number, date, time] : {std::tuple("1", "20240101", "1000"),
                                             {"2", "20240102", "0600"},
                                             {"3", "20240103", "1900"}}) {
        test::StoredInstance plain;
        plain.study = std::string("1.2.8.") + number;
        plain.series = plain.study + ".1";
        plain.sop_instance = plain.series + ".1";
        dicom::DataSet object = dicom::DataSet::parse(plain.file());
        object.set_text(dicom::tags::kStudyDate, date);
        object.set_text(dicom::tags::kStudyTime, time);
        archive.store.archive().keep(object.to_part10());
    }
    const auto found = [&](const std::string& query) {
        return uids(archive.text("/dicom-web/studies?" + query), "0020000D");
    };
    EXPECT_EQ(found("StudyDate=20240101-20240103&StudyTime=1800-0900"), Uids{"1.2.8.2"});
    EXPECT_EQ(found("StudyDate=20240101-20240103&StudyTime=0900-1800"),
              (Uids{"1.2.8.2", "1.2.8.1"}))
        << "the third is after 18 of the last day";
    EXPECT_EQ(found("StudyDate=20240102&StudyTime=0500-0700"), Uids{"1.2.8.2"});
}

TEST(Qido, MatchesNamesFuzzilyWhereAsked) {
    TestArchive archive;
    const auto found = [&](const std::string& query) {
        return uids(archive.text("/dicom-web/studies?" + query), "0020000D").size();
    };
    EXPECT_EQ(found("PatientName=miller"), 0U);
    EXPECT_EQ(found("fuzzymatching=true&PatientName=miller"), 2U);
    EXPECT_EQ(found("fuzzymatching=true&PatientName=eva%20mueller&PatientID=P-1.2.1"), 1U);
    EXPECT_EQ(found("fuzzymatching=true&PatientName=smith"), 0U);
}

TEST(Qido, FindsSeriesAndInstancesBelowAndAcross) {
    TestArchive archive;
    EXPECT_EQ(uids(archive.text("/dicom-web/studies/1.2.1/series"), "0020000E"),
              (Uids{"1.2.1.1", "1.2.1.2"}));
    EXPECT_EQ(uids(archive.text("/dicom-web/studies/1.2.1/series/1.2.1.1/instances"), "00080018"),
              (Uids{"1.2.1.1.1", "1.2.1.1.2", "1.2.1.1.3"}));
    EXPECT_EQ(uids(archive.text("/dicom-web/studies/1.2.1/instances?Modality=SR"), "00080018"),
              Uids{"1.2.1.2.1"});
    EXPECT_EQ(uids(archive.text("/dicom-web/series?Modality=MG"), "0020000E").size(), 2U);
    EXPECT_EQ(uids(archive.text("/dicom-web/instances"), "00080018").size(), 5U);
    const json one = json::parse(archive.text("/dicom-web/instances?SOPInstanceUID=1.2.1.1.1"))[0];
    EXPECT_EQ(one["00081190"]["Value"][0],
              "http://localhost/dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1");
}

/// Instances 7, 8 and 9 of study 1.2.7, each with what `add` puts into it.
void keep_three(TestArchive& archive,
                const std::function<void(dicom::DataSet& object, const char* number)>& add) {
    for (const char* number : {"7", "8", "9"}) {
        test::StoredInstance plain;
        plain.study = "1.2.7";
        plain.series = "1.2.7.1";
        plain.sop_instance = std::string("1.2.7.1.") + number;
        plain.instance_number = number;
        dicom::DataSet object = dicom::DataSet::parse(plain.file());
        add(object, number);
        archive.store.archive().keep(object.to_part10());
    }
}

TEST(Qido, MatchesInstancesOfAStudyByWhatTheirObjectsHold) {
    TestArchive archive;
    keep_three(archive, [](dicom::DataSet& object, const char* number) {
        object.set_text(dicom::tags::kAcquisitionDateTime,
                        std::string("202401") + "0" + number + "103000");
    });
    const auto found = [&](const std::string& query) {
        return uids(archive.text("/dicom-web/studies/1.2.7/instances?" + query), "00080018");
    };
    EXPECT_EQ(found("AcquisitionDateTime=20240108-"), (Uids{"1.2.7.1.8", "1.2.7.1.9"}));
    EXPECT_EQ(found("AcquisitionDateTime=20240108-&offset=1"), Uids{"1.2.7.1.9"});
    EXPECT_EQ(found("AcquisitionDateTime=20240107-20240108&InstanceNumber=8"), Uids{"1.2.7.1.8"});
    EXPECT_EQ(found("ContentDate=20240108"), Uids{});
    const auto some =
        archive.get("/dicom-web/instances?StudyInstanceUID=1.2.7&0008002A=202401&limit=2");
    EXPECT_EQ(uids(TestArchive::body(some), "00080018").size(), 2U);
    EXPECT_NE(some.headers.get_or("Warning", "").find("1 "), std::string::npos) << "more";
    EXPECT_EQ(archive.status("/dicom-web/studies/1.2.7/instances?AcquisitionDateTime=soon"), 400);
    const auto number = archive.get("/dicom-web/studies/1.2.7/instances?ExposureTimeInms=16");
    EXPECT_NE(number.headers.get_or("Warning", "").find("ExposureTimeInms"), std::string::npos);
    const auto list = archive.get("/dicom-web/studies/1.2.7/instances?HighBit=11,12");
    EXPECT_EQ(list.status, 200) << "no list of numbers is matched";
    EXPECT_NE(list.headers.get_or("Warning", "").find("HighBit"), std::string::npos);
    EXPECT_EQ(archive.status("/dicom-web/studies/1.2.7/instances?HighBit=eleven"), 400);
    const auto across = archive.get("/dicom-web/instances?AcquisitionDateTime=20240108-");
    EXPECT_NE(across.headers.get_or("Warning", "").find("AcquisitionDateTime"), std::string::npos)
        << "not over all that is kept";
}

TEST(Qido, TakesMomentsInTheZoneOfTheRequest) {
    TestArchive archive;
    keep_three(archive, [](dicom::DataSet& object, const char* number) {
        object.set_text(dicom::tags::kAcquisitionDateTime,
                        std::string("202401") + "0" + number + "103000");
        object.set_text(dicom::tags::kTimezoneOffsetFromUtc, "-0500");
        object.add_item(dicom::tags::kContributingEquipmentSequence)
            .set_text(dicom::tags::kContributionDateTime, std::string("2024010") + number + "1200");
    });
    const auto found = [&](const std::string& query) {
        return uids(archive.text("/dicom-web/studies/1.2.7/instances?" + query), "00080018");
    };
    EXPECT_EQ(found("AcquisitionDateTime=20240108103000"), Uids{"1.2.7.1.8"});
    const std::string zone = "&TimezoneOffsetFromUTC=%2B0100";
    EXPECT_EQ(found("AcquisitionDateTime=20240108103000" + zone), Uids{});
    EXPECT_EQ(found("AcquisitionDateTime=20240108163000" + zone), Uids{"1.2.7.1.8"});
    EXPECT_EQ(found("ContributingEquipmentSequence.ContributionDateTime=202401081800" + zone),
              Uids{"1.2.7.1.8"});
}

TEST(Qido, MatchesInstancesOfAStudyByWhatIsInTheirSequences) {
    TestArchive archive;
    keep_three(archive, [](dicom::DataSet& object, const char* number) {
        object.set_integer(dicom::tags::kBitsStored, number[0] - '0' + 3);
        // The first item of all is the same, so that the index knows it of the series.
        for (const auto& [step, description] :
             {std::pair("S1", "Views"), std::pair(number, number[0] == '8' ? "Größe" : "Other")}) {
            dicom::DataSet& item = object.add_item(dicom::tags::kRequestAttributesSequence);
            item.set_text(dicom::tags::kScheduledProcedureStepId, step);
            item.set_text(dicom::tags::kScheduledProcedureStepDescription, description);
        }
        dicom::DataSet& image = object.add_item(dicom::tags::kReferencedImageSequence);
        image.set_text(dicom::tags::kReferencedSopInstanceUid, std::string("1.2.9.") + number);
        image.add_item(dicom::tags::kPurposeOfReferenceCodeSequence)
            .set_text(dicom::tags::kCodeValue, std::string("C") + number);
    });
    const auto response = [&](const std::string& query) {
        return archive.get("/dicom-web/studies/1.2.7/instances?" + query);
    };
    const auto found = [&](const std::string& query) {
        const auto answer = response(query);
        EXPECT_EQ(answer.headers.get_or("Warning", ""), "") << query;
        return uids(TestArchive::body(answer), "00080018");
    };
    const std::string image = "ReferencedImageSequence.";
    EXPECT_EQ(found(image + "ReferencedSOPInstanceUID=1.2.9.8"), Uids{"1.2.7.1.8"});
    EXPECT_EQ(found("00081140.00081155=1.2.9.7,1.2.9.9"), (Uids{"1.2.7.1.7", "1.2.7.1.9"}));
    EXPECT_EQ(found(image + "PurposeOfReferenceCodeSequence.CodeValue=C9"), Uids{"1.2.7.1.9"});
    EXPECT_EQ(found(image + "PurposeOfReferenceCodeSequence.CodeValue=C9&" + image +
                    "ReferencedSOPInstanceUID=1.2.9.8"),
              Uids{});
    EXPECT_EQ(found(image + "ReferencedSOPInstanceUID=*").size(), 3U);
    EXPECT_EQ(found("SourceImageSequence.ReferencedSOPInstanceUID=1.2.9.8"), Uids{});
    const std::string step = "RequestAttributesSequence.";
    EXPECT_EQ(found(step + "ScheduledProcedureStepDescription=gr*"), Uids{});
    EXPECT_EQ(found(step + "ScheduledProcedureStepDescription=Gr%C3%B6*"), Uids{"1.2.7.1.8"});
    EXPECT_EQ(found(step + "ScheduledProcedureStepDescription=Other&" + step +
                    "ScheduledProcedureStepID=S1"),
              Uids{})
        << "no item of any has both";
    EXPECT_EQ(found("BitsStored=11"), Uids{"1.2.7.1.8"});
    EXPECT_EQ(response("BitsStored=many").status, 400);
    EXPECT_EQ(response("BitsStored=70000").status, 400);
    for (const char* query : {"PatientName.CodeValue=1", "ReferencedImageSequence=1"})
        EXPECT_NE(response(query).headers.get_or("Warning", "").find("Not matched by"),
                  std::string::npos)
            << query;
}

TEST(Qido, AddsFromTheObjectsWhatTheIndexLacks) {
    TestArchive archive;
    const std::string path = "/dicom-web/instances?SOPInstanceUID=1.2.1.1.1";
    EXPECT_FALSE(json::parse(archive.text(path))[0].contains("00080070"));
    const json with = json::parse(archive.text(path + "&includefield=Manufacturer,00280101"))[0];
    EXPECT_EQ(with["00080070"]["Value"][0], "Acme");
    EXPECT_EQ(with["00280101"]["Value"][0], 12);
    EXPECT_FALSE(with.contains("7FE00010"));
    const json all = json::parse(archive.text(path + "&includefield=all"))[0];
    const json metadata = json::parse(
        archive.text("/dicom-web/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1/metadata"))[0];
    for (const auto& [tag, attribute] : metadata.items()) {
        if (tag == "7FE00010") continue;
        EXPECT_TRUE(all.contains(tag)) << tag;
    }
    EXPECT_FALSE(all.contains("7FE00010"));
    EXPECT_EQ(all["00081190"], with["00081190"]);
    EXPECT_FALSE(
        json::parse(archive.text("/dicom-web/studies?includefield=all"))[0].contains("00080070"));
}

TEST(Qido, SaysInWhichCharactersItsAnswersAre) {
    TestArchive archive;
    for (const char* query :
         {"/studies", "/series", "/instances", "/instances?includefield=all",
          "/instances?includefield=SpecificCharacterSet", "/studies?includefield=00080005"}) {
        const std::string text = archive.text("/dicom-web" + std::string(query));
        const json all = json::parse(text);
        for (const json& one : all) EXPECT_EQ(one["00080005"]["Value"][0], "ISO_IR 192") << query;
        std::size_t times = 0;
        for (std::size_t at = text.find("\"00080005\""); at != std::string::npos;
             at = text.find("\"00080005\"", at + 1))
            ++times;
        EXPECT_EQ(times, all.size()) << query << ": once each";
    }
    EXPECT_EQ(archive.get("/dicom-web/studies?includefield=00080005").headers.get("Warning"),
              std::nullopt);
}

TEST(Qido, GivesNoMoreThanThereIsRoomForInAnAnswer) {
    TestArchive archive;
    http::Router tight;
    add_qido(tight, archive.store.archive(), {.max_answer_bytes = 3000});
    archive.router = std::move(tight);
    const http::Response some = archive.get("/dicom-web/instances?includefield=all");
    const std::size_t count = json::parse(TestArchive::body(some)).size();
    EXPECT_GE(count, 1U);
    EXPECT_LT(count, 5U);
    EXPECT_NE(some.headers.get_or("Warning", "")
                  .find("There are " + std::to_string(5 - count) + " additional results"),
              std::string::npos);
    const std::string rest =
        "/dicom-web/instances?includefield=all&offset=" + std::to_string(count);
    EXPECT_FALSE(json::parse(archive.text(rest)).empty());
}

TEST(Qido, WarnsOfWhatItDidNotDo) {
    TestArchive archive;
    const auto warning = [&](const std::string& query) {
        const http::Response response = archive.get("/dicom-web/studies?" + query);
        EXPECT_EQ(response.status, 200) << query;
        return response.headers.get_or("Warning", "");
    };
    EXPECT_EQ(warning("fuzzymatching=false"), "");
    EXPECT_EQ(warning("emptyvaluematching=false&multiplevaluematching=false"), "");
    EXPECT_EQ(warning("emptyvaluematching=true&AccessionNumber=%22%22"),
              "299 http://localhost/dicom-web: The emptyvaluematching parameter is not supported. "
              "Empty Value Matching has not been performed.");
    EXPECT_NE(warning("multiplevaluematching=true").find("Multiple Value Matching has not been"),
              std::string::npos);
    EXPECT_NE(warning("orderby=StudyDate").find("orderby parameter is not supported"),
              std::string::npos);
    EXPECT_EQ(warning("fuzzymatching=true&PatientName=mul"), "");
    EXPECT_NE(
        warning("fuzzymatching=true&PatientName=m?ll").find("299 lucerna \"The fuzzymatching"),
        std::string::npos);
    EXPECT_NE(warning("Manufacturer=Acme").find("Manufacturer"), std::string::npos);
    EXPECT_NE(warning("ProcedureCodeSequence.CodeValue=1").find("ProcedureCode"),
              std::string::npos);
    EXPECT_NE(warning("includefield=Manufacturer").find("Manufacturer"), std::string::npos);
}

TEST(Qido, SaysHowManyMoreThereAre) {
    TestArchive archive;
    const auto warning = [&](const std::string& query) {
        return archive.get("/dicom-web/" + query).headers.get_or("Warning", "");
    };
    const std::string begin = "299 http://localhost/dicom-web: There are ";
    const std::string end = " additional results that can be requested";
    EXPECT_EQ(warning("studies?limit=1"), begin + "1" + end);
    EXPECT_EQ(warning("studies?limit=0"), begin + "2" + end);
    EXPECT_EQ(warning("studies?limit=2"), "");
    EXPECT_EQ(warning("studies?limit=1&offset=1"), "");
    EXPECT_EQ(warning("instances?limit=2&offset=1"), begin + "2" + end);
    EXPECT_EQ(warning("studies/1.2.1/instances?limit=1"), begin + "3" + end);
    EXPECT_EQ(warning("instances?Modality=SR&limit=0"), begin + "1" + end);
}

TEST(Qido, RefusesWhatIsNoSearch) {
    TestArchive archive;
    for (const char* query :
         {"Nonsense=1", "001000=1", "StudyDate=tomorrow", "limit=-1", "limit=x", "offset=1.5",
          "fuzzymatching=maybe", "includefield=Nonsense", "PatientID.=1", "=1"}) {
        const http::Response response = archive.get(std::string("/dicom-web/studies?") + query);
        EXPECT_EQ(response.status, 400) << query;
        EXPECT_GT(json::parse(TestArchive::body(response))["message"].size(), 0U);
    }
    EXPECT_EQ(archive.status("/dicom-web/studies/1.2.x/series"), 400);
    EXPECT_EQ(archive.status("/dicom-web/studies", "application/dicom+xml"), 406);
    EXPECT_EQ(archive.status("/dicom-web/studies?accept=application/dicom%2Bxml"), 406);
    EXPECT_EQ(archive.get("/dicom-web/studies", "application/json").headers.get("Content-Type"),
              "application/json");
}

}  // namespace
}  // namespace lucerna::retrieve
