#include "deidentify/project.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "deidentify/project_file.h"
#include "dicom/tags.h"
#include "support/temporary_folder.h"
#include "vault/file_key_provider.h"

namespace lucerna::deidentify {
namespace {

namespace tags = dicom::tags;

dicom::DataSet object_of(const std::string& study, const std::string& id,
                         const std::string& issuer = {}, const std::string& name = "Roe^Ann") {
    dicom::DataSet object;
    object.set_text(tags::kStudyInstanceUid, study);
    object.set_text(tags::kPatientName, name);
    if (!id.empty()) object.set_text(tags::kPatientId, id);
    if (!issuer.empty()) object.set_text(tags::kIssuerOfPatientId, issuer);
    return object;
}

class GivingOut : public testing::Test {
  protected:
    /// As from a new start each time.
    std::string pseudonym(const dicom::DataSet& object, const PatientOfStudy& study = {}) {
        const Project project = open_project(place_, "p", keys_);
        const Pseudonymous as = project.give_out(object, study);
        EXPECT_EQ(days_.emplace(as.pseudonym, as.shift_days).first->second, as.shift_days);
        return as.pseudonym;
    }
    std::string by_key(const std::string& key) {
        return open_project(place_, "p", keys_).pseudonym(key);
    }

    test::TemporaryFolder folder_;
    ProjectFolder place_{folder_.path()};
    vault::FileKeyProvider keys_{folder_.path() / "kek.json"};
    std::map<std::string, int> days_;
};

TEST_F(GivingOut, GoesByIdAndIssuerThatWereKnownFromTheStart) {
    EXPECT_EQ(pseudonym(object_of("1.1", "P1", "H")), by_key("id\nP1\nH"));
    EXPECT_EQ(pseudonym(object_of("1.2", "P1", "H")), by_key("id\nP1\nH"));
    EXPECT_EQ(pseudonym(object_of("1.1", ""), {"P1", "H"}), by_key("id\nP1\nH"));
    EXPECT_EQ(pseudonym(object_of("1.3", "P2")), by_key("id\nP2\n"));
    EXPECT_EQ(pseudonym(object_of("1.4", "")), by_key("study\n1.4"));
}

TEST_F(GivingOut, TakesNobodyForAnotherByANameAlone) {
    const auto born = [](const std::string& study, const char* name, const char* birth_date) {
        dicom::DataSet object = object_of(study, "", "", name);
        object.set_text(tags::kPatientBirthDate, birth_date);
        return object;
    };
    EXPECT_EQ(pseudonym(object_of("1.1", "", "", "UNKNOWN^FEMALE")), by_key("study\n1.1"));
    EXPECT_EQ(pseudonym(born("1.2", "UNKNOWN^FEMALE", "")), by_key("study\n1.2"));
    EXPECT_EQ(pseudonym(born("1.3", "", "19600101")), by_key("study\n1.3"));
    EXPECT_EQ(pseudonym(born("1.4", "Roe^Ann", "19600101")), by_key("name\nRoe^Ann\n19600101"));
    EXPECT_EQ(pseudonym(born("1.5", "Roe^Ann", "19600101")), by_key("name\nRoe^Ann\n19600101"));
}

// PS3.3 Table 10-18.
TEST_F(GivingOut, GoesByTheUniversalIdOfAnIssuerWithoutAnotherName) {
    const auto of_entity = [](const std::string& study, const std::string& id) {
        dicom::DataSet object = object_of(study, "P1");
        object.add_item(tags::kIssuerOfPatientIdQualifiersSequence)
            .set_text(tags::kUniversalEntityId, id);
        return object;
    };
    EXPECT_EQ(pseudonym(of_entity("1.1", "1.2.3.1")), by_key("id\nP1\n1.2.3.1"));
    EXPECT_EQ(pseudonym(of_entity("1.2", "1.2.3.2")), by_key("id\nP1\n1.2.3.2"));
    EXPECT_EQ(pseudonym(of_entity("1.1", "1.2.3.2")), by_key("id\nP1\n1.2.3.2"))
        << "of another in a study that was given out";
}

TEST_F(GivingOut, KeepsToItWhenAnIssuerIsLearnt) {
    const std::string first = pseudonym(object_of("1.1", "P1"));
    EXPECT_EQ(pseudonym(object_of("1.1", "P1"), {"P1", "H"}), first);
    EXPECT_EQ(pseudonym(object_of("1.1", "P1", "H"), {"P1", "H"}), first);
    EXPECT_NE(pseudonym(object_of("1.2", "P1", "H")), first)
        << "a study that had it from the start";
}

TEST_F(GivingOut, KeepsToItWhenAPatientIdIsLearnt) {
    const std::string first = pseudonym(object_of("1.1", ""));
    EXPECT_EQ(pseudonym(object_of("1.1", ""), {"P1", "H"}), first);
    EXPECT_EQ(pseudonym(object_of("1.1", "P1", "H", "Roe^Anna")), first);
    const std::string nameless = pseudonym(object_of("1.2", "", "", ""));
    EXPECT_EQ(nameless, by_key("study\n1.2"));
    EXPECT_EQ(pseudonym(object_of("1.2", "P2", "", "Doe^Jane")), nameless);
}

TEST_F(GivingOut, KeepsToItWhenAnIssuerIsForgotten) {
    const std::string first = pseudonym(object_of("1.1", "P1"), {"P1", "H"});
    EXPECT_EQ(pseudonym(object_of("1.1", "P1")), first) << "the same file without the archive";
}

TEST_F(GivingOut, TakesAStudyThatWasAnotherPatientsForHers) {
    const std::string wrong = pseudonym(object_of("1.1", "P1", "H"));
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(pseudonym(object_of("1.1", "P2", "H")), by_key("id\nP2\nH"));
        EXPECT_EQ(pseudonym(object_of("1.1", "P1", "G")), by_key("id\nP1\nG"));
        EXPECT_EQ(pseudonym(object_of("1.1", "P1", "H")), wrong);
    }
}

TEST_F(GivingOut, WritesDownNobody) {
    (void)pseudonym(object_of("1.1.42", "PATIENT", "HOSPITAL"));
    const auto within = place_.within("p");
    ASSERT_EQ(within->names().size(), 1U);
    const std::string name = within->names().front();
    const std::string text = name + within->read(name);
    for (const char* told : {"1.1.42", "PATIENT", "HOSPITAL", "Roe"})
        EXPECT_EQ(text.find(told), std::string::npos) << told;
    EXPECT_EQ(text.find(by_key("id\nPATIENT\nHOSPITAL")), std::string::npos);
}

TEST_F(GivingOut, GoesAlongToAnotherPlace) {
    const std::string first = pseudonym(object_of("1.1", "P1"));
    ProjectFolder shared(folder_.path() / "shared");
    take_over_project(place_, shared, "p", keys_);
    EXPECT_TRUE(place_.within("p")->names().empty());
    EXPECT_EQ(open_project(shared, "p", keys_).give_out(object_of("1.1", "P1", "H"), {}).pseudonym,
              first);
}

TEST_F(GivingOut, GivesNothingOutByWhatIsDamaged) {
    (void)pseudonym(object_of("1.1", "P1"));
    EXPECT_TRUE(damages_of_projects(place_, keys_).empty());
    const std::string name = place_.within("p")->names().front();
    const auto within = place_.within("p");
    const std::string whole = within->read(name);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string altered = whole;
        altered[at] = static_cast<char>(altered[at] ^ 4);
        within->write(name, altered);
        const auto damages = damages_of_projects(place_, keys_);
        ASSERT_EQ(damages.size(), 1U) << at;
        ASSERT_EQ(damages[0].first, "projects/p/" + name + ".json");
    }
    EXPECT_THROW((void)pseudonym(object_of("1.1", "P1")), Error);
    // Another study's in its place.
    within->write(name, whole);
    (void)pseudonym(object_of("1.2", "P2"));
    for (const std::string& other : within->names())
        if (other != name) within->write(other, whole);
    EXPECT_THROW((void)pseudonym(object_of("1.2", "P2")), Error);
}

}  // namespace
}  // namespace lucerna::deidentify
