#include "pipeline/kept_reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <stop_token>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "dicom/uids.h"
#include "pipeline/ports.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::pipeline {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

std::shared_ptr<const deidentify::Deidentifier> deidentifier(const char* profile,
                                                             const char* project) {
    return std::make_shared<const deidentify::Deidentifier>(
        deidentify::Profile::from(profile),
        deidentify::Project(
            project, vault::SecretKey::from(Bytes(vault::SecretKey::kBytes, std::uint8_t{7}))),
        "Lucerna test");
}

/// Studies "1.2.1" of patient "P1" and so on, of two images each, sent to two destinations.
class KeptReportsTest : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* number : {"1", "2"})
            for (const char* image : {".1", ".2"}) {
                test::StoredInstance instance;
                instance.patient_id = std::string("P") + number;
                instance.study = std::string("1.2.") + number;
                instance.series = instance.study + ".9";
                instance.sop_instance = instance.series + image;
                store_.archive().keep(instance.file());
                send(instance.sop_instance);
            }
    }
    void send(const std::string& uid) {
        for (const auto& [destination, _] : deidentifiers_)
            (void)source_.for_destination(destination).file(uid);
    }
    std::vector<std::string> lines(const std::string& project) {
        std::vector<std::string> all;
        const auto file = reports_folder_ / (project + ".jsonl");
        if (!std::filesystem::exists(file)) return all;
        std::istringstream text{std::string(as_text(read_file(file)))};
        for (std::string line; std::getline(text, line);) all.push_back(line);
        return all;
    }
    std::string kept_as(const std::string& uid) { return store_.archive().instance(uid)->object; }

    test::TemporaryFolder folder_;
    SystemClock clock_;
    vault::FileKeyProvider keys_{folder_.path() / "kek.json"};
    store::Store store_{{folder_.path() / "data", {}}, keys_, clock_};
    const std::filesystem::path reports_folder_ = folder_.path() / "deidentified";
    KeptReports reports_{store_.archive(), reports_folder_};
    const Deidentifiers deidentifiers_{{"research", deidentifier("basic", "new")},
                                       {"registry", deidentifier("basic+uids", "same")}};
    ArchiveSource source_{store_.archive(), deidentifiers_, reports_};
};

TEST_F(KeptReportsTest, NameNoObjectByWhatItIsCalledElsewhere) {
    for (const char* project : {"new", "same"}) {
        ASSERT_THAT(lines(project), SizeIs(4));
        EXPECT_THAT(lines(project), Each(Not(HasSubstr("\"1.2.1")))) << project;
        EXPECT_THAT(lines(project), Each(Not(HasSubstr("\"1.2.2")))) << project;
    }
    const auto first = nlohmann::json::parse(lines("new")[0]);
    EXPECT_EQ(first["objects"][0]["sop_instance_uid"],
              deidentifiers_.at("research")->name_of("1.2.1.9.1"));
    EXPECT_EQ(first["kept_as"], kept_as("1.2.1.9.1"));
    EXPECT_EQ(nlohmann::json::parse(lines("same")[0])["objects"][0]["sop_instance_uid"], "");
}

TEST_F(KeptReportsTest, SayThatACaptureOfWhatWasNotReadIsLeftOut) {
    test::StoredInstance instance;
    instance.sop_class = dicom::sop_class::kSecondaryCapture;
    instance.sop_instance = "1.2.3.4.9.1";
    auto capture = dicom::DataSet::parse(instance.file());
    capture.set_text(dicom::kManufacturer, "Lucerna");
    capture.set_text(dicom::kManufacturerModelName, "Lucerna");
    for (const char* third : {"NOT_READ", "AI_FINDINGS"}) {
        const bool is_of_findings = third == std::string("AI_FINDINGS");
        const std::string uid = instance.sop_instance + (is_of_findings ? ".2" : ".1");
        capture.set_text(dicom::kSopInstanceUid, uid);
        capture.set_texts(dicom::kImageType,
                          std::vector<std::string>{"DERIVED", "SECONDARY", third});
        store_.archive().keep(capture.to_part10(dicom::transfer_syntax::kExplicitVrLittleEndian));
        for (const auto& [destination, project] :
             {std::pair{"research", "new"}, {"registry", "same"}}) {
            const auto file = source_.for_destination(destination).file(uid);
            EXPECT_EQ(file.has_value(), is_of_findings) << destination;
            const auto line = nlohmann::json::parse(lines(project).back());
            EXPECT_THAT(line["refused"], SizeIs(0));
            ASSERT_THAT(line["left_out"], SizeIs(is_of_findings ? 0 : 1));
            if (!is_of_findings) {
                const std::string called = line["left_out"][0]["sop_instance_uid"];
                EXPECT_NE(called, uid);
                EXPECT_EQ(called.empty(), std::string(project) == "same");
            }
        }
    }
}

TEST_F(KeptReportsTest, GoWithWhatIsErased) {
    reports_.forget_erased();
    const std::string stays = kept_as("1.2.2.9.2");
    store_.archive().erase_patient("P1", "");
    store_.archive().erase_part({"1.2.2", "1.2.2.9", "1.2.2.9.1"});
    // As from a new start, when a destination is there no more.
    KeptReports(store_.archive(), reports_folder_).forget_erased();
    for (const char* project : {"new", "same"}) {
        ASSERT_THAT(lines(project), SizeIs(1)) << project;
        EXPECT_EQ(nlohmann::json::parse(lines(project)[0])["kept_as"], stays);
    }
    store_.archive().erase_study("1.2.2");
    reports_.forget_erased();
    EXPECT_TRUE(std::filesystem::is_empty(reports_folder_));
}

TEST_F(KeptReportsTest, GoThoughTheSameObjectCameAgain) {
    store_.archive().erase_study("1.2.1");
    test::StoredInstance again;
    again.patient_id = "P1";
    again.study = "1.2.1";
    again.series = "1.2.1.9";
    again.sop_instance = "1.2.1.9.1";
    store_.archive().keep(again.file());
    send("1.2.1.9.1");
    reports_.forget_erased();
    ASSERT_THAT(lines("new"), SizeIs(3));
    EXPECT_EQ(nlohmann::json::parse(lines("new")[2])["kept_as"], kept_as("1.2.1.9.1"));
}

TEST_F(KeptReportsTest, StayWhereNothingWasErasedThoughTheyDoNotSayWhose) {
    append_durably(reports_folder_ / "old.jsonl", as_byte_view("{\"objects\":[]}\n"));
    reports_.forget_erased();
    EXPECT_THAT(lines("old"), SizeIs(1));
    store_.archive().erase_study("1.2.1");
    reports_.forget_erased();
    EXPECT_THAT(lines("old"), SizeIs(0));
}

TEST_F(KeptReportsTest, SayNothingOfWhatIsErasedWhileItIsSent) {
    for (int round = 0; round < 20; ++round) {
        test::StoredInstance instance;
        instance.patient_id = "P3";
        instance.study = "1.2.3";
        instance.series = "1.2.3.9";
        instance.sop_instance = "1.2.3.9.1";
        store_.archive().keep(instance.file());
        const std::string object = kept_as(instance.sop_instance);
        std::jthread sending([&](const std::stop_token& stop) {
            // One that is not kept ends it.
            try {
                while (!stop.stop_requested()) send(instance.sop_instance);
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), ErrorCode::kNotFound) << error.what();
            }
        });
        store_.archive().erase_patient("P3", "");
        reports_.forget_erased();
        sending.join();
        EXPECT_THAT(lines("new"), Each(Not(HasSubstr(object)))) << round;
        EXPECT_THAT(lines("same"), Each(Not(HasSubstr(object)))) << round;
    }
}

TEST_F(KeptReportsTest, SayNothingOfWhatIsNotKept) {
    store_.archive().erase_study("1.2.1");
    EXPECT_THROW((void)source_.for_destination("research").file("1.2.1.9.1"), Error);
    reports_.forget_erased();
    EXPECT_THAT(lines("new"), SizeIs(2));
}

}  // namespace
}  // namespace lucerna::pipeline
