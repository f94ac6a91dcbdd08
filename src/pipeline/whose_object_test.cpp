#include "pipeline/whose_object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "deidentify/project_file.h"
#include "dicom/tags.h"
#include "pipeline/kept_reports.h"
#include "pipeline/ports.h"
#include "support/stored_instance.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::pipeline {
namespace {

using testing::HasSubstr;

struct Whose {
    std::string id;
    std::string name;
    std::string birth_date;
};
const Whose kDoe{"A", "Doe^Jane", "19500101"};
const Whose kRoe{"", "Roe^Ann", "19600606"};

/// What a destination gets de-identified, in one project that notes what it gave out.
class WhoseObjectTest : public testing::Test {
  protected:
    /// The UID of an image of study "1.2.`study`", which is kept now.
    std::string keep(const std::string& study, const std::string& image, const Whose& whose) {
        test::StoredInstance instance;
        instance.study = "1.2." + study;
        instance.series = instance.study + ".9";
        instance.sop_instance = instance.series + "." + image;
        instance.patient_id = whose.id;
        instance.patient_name = whose.name;
        instance.birth_date = whose.birth_date;
        store_.archive().keep(instance.file());
        return instance.sop_instance;
    }
    /// The name that it goes out with.
    std::string pseudonym(const std::string& uid) {
        const auto file = source_.for_destination("research").file(uid);
        Buffer memory;
        return dicom::DataSet::parse(file.value().to_send.whole(memory))
            .text_or(dicom::tags::kPatientName, "");
    }
    std::string pseudonym(const std::string& study, const std::string& image, const Whose& whose) {
        return pseudonym(keep(study, image, whose));
    }

    test::TemporaryFolder folder_;
    SystemClock clock_;
    vault::FileKeyProvider keys_{folder_.path() / "kek.json"};
    store::Store store_{{folder_.path() / "data", {}}, keys_, clock_};
    const std::filesystem::path reports_folder_ = folder_.path() / "deidentified";
    KeptReports reports_{store_.archive(), reports_folder_};
    deidentify::ProjectFolder projects_{folder_.path()};
    const Deidentifiers deidentifiers_{
        {"research", std::make_shared<const deidentify::Deidentifier>(
                         deidentify::Profile::from("basic"),
                         deidentify::open_project(projects_, "p", keys_), "Lucerna test")}};
    ArchiveSource source_{store_.archive(), deidentifiers_, reports_};
};

TEST_F(WhoseObjectTest, IsAnotherPersonsWhereItsStudyCameAgainAsHers) {
    const std::string doe = pseudonym("1", "1", kDoe);
    const std::string roe = pseudonym("2", "1", kRoe);
    EXPECT_NE(doe, roe);
    store_.archive().erase_study("1.2.1");
    EXPECT_EQ(pseudonym("1", "1", kRoe), roe);
    store_.archive().erase_study("1.2.2");
    EXPECT_EQ(pseudonym("2", "1", kDoe), doe);
    // Neither has an ID.
    const std::string nobody = pseudonym("3", "1", {"", "Doe^Jane", "19500101"});
    store_.archive().erase_study("1.2.3");
    EXPECT_EQ(pseudonym("3", "1", kRoe), roe);
    EXPECT_NE(nobody, roe);
}

TEST_F(WhoseObjectTest, StaysTheSamePersonsWhatIsLearntOfHer) {
    const Whose nameless{"", "DOE^J", "19500101"};
    const std::string first = pseudonym("1", "1", nameless);
    EXPECT_EQ(pseudonym("1", "2", kDoe), first);
    EXPECT_EQ(pseudonym("1.2.1.9.1"), first);
    store_.archive().erase_study("1.2.1");
    EXPECT_EQ(pseudonym("1", "1", {"A", "Doe^Jane^M", ""}), first);
}

TEST_F(WhoseObjectTest, DoesNotGoOutWhereItMayBeAnotherPersonsThanItsStudy) {
    const std::string doe = pseudonym("1", "1", kDoe);
    for (const Whose& other : {Whose{"", "Roe^Ann", "19500101"}, Whose{"", "Roe^Ann", ""},
                               Whose{"", "Doe^Jane", "19600606"}}) {
        const std::string uid = keep("1", "2", other);
        try {
            (void)source_.for_destination("research").file(uid);
            ADD_FAILURE() << other.name << other.birth_date;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
            EXPECT_THAT(error.what(), HasSubstr("no Patient ID in common"));
        }
        std::istringstream text{std::string(as_text(read_file(reports_folder_ / "p.jsonl")))};
        std::string line, last;
        while (std::getline(text, line)) last = line;
        const auto refused = nlohmann::json::parse(last)["refused"];
        ASSERT_EQ(refused.size(), 1U) << last;
        EXPECT_EQ(refused[0]["reason"], "another-patient");
        EXPECT_EQ(pseudonym("1.2.1.9.1"), doe) << "the rest of the study";
        store_.archive().erase_part({"1.2.1", "1.2.1.9", uid});
    }
    EXPECT_EQ(pseudonym("1", "3", {"", "DOE", ""}), doe);
    EXPECT_EQ(pseudonym("1", "4", {"A", "Roe^Ann", "19500101"}), doe) << "the ID says more";
}

}  // namespace
}  // namespace lucerna::pipeline
