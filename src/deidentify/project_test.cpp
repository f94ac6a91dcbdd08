#include "deidentify/project.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/error.h"
#include "deidentify/project_file.h"
#include "dicom/tags.h"
#include "support/temporary_folder.h"
#include "vault/aes_gcm.h"
#include "vault/file_key_provider.h"
#include "vault/keyed_hash.h"

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

/// An object without a Patient ID unless one is given, and what it says of whom it is of.
struct Said {
    std::string id;
    std::string issuer;
    std::string birth_date;
    std::array<std::string, 3> family_names;
};

PatientOfStudy study_of(const Said& said) {
    const exam::PersonKeys keys{said.id, said.issuer, said.birth_date, said.family_names};
    return {said.id, said.issuer, keys, keys};
}

TEST_F(GivingOut, TakesAStudyThatIsAnothersByNameOrBirthDateForHers) {
    struct Case {
        const char* what;
        Said first;
        Said then;
    };
    const std::vector<Case> cases = {
        {"the first has none", {"", "", "1960", {"roe"}}, {"A", "", "1950", {"doe"}}},
        {"the other has none", {"A", "", "1950", {"doe"}}, {"", "", "1960", {"roe"}}},
        {"by the name alone", {"", "", "1950", {"roe"}}, {"A", "", "1950", {"doe"}}},
        {"by the birth date alone", {"", "", "1950", {"roe"}}, {"A", "", "1960", {"roe"}}},
        {"in one script", {"", "", "", {"roe", "x"}}, {"A", "", "", {"", "y"}}},
        {"of an ID of two issuers", {"A", "", "1950", {"doe"}}, {"A", "H", "1960", {"roe"}}},
        {"of a forgotten issuer", {"A", "H", "1950", {"doe"}}, {"A", "", "1960", {"roe"}}},
    };
    int number = 0;
    for (const Case& each : cases) {
        const std::string uid = "1.3." + std::to_string(++number);
        // Written alike, so that only what is said of both tells them apart.
        const auto of = [&](const Said& said) {
            return pseudonym(object_of(uid, said.id, said.issuer, said.family_names[0]),
                             study_of(said));
        };
        const std::string wrong = of(each.first);
        const std::string hers = of(each.then);
        EXPECT_NE(hers, wrong) << each.what;
        if (!each.then.id.empty()) {
            EXPECT_EQ(hers, by_key("id\n" + each.then.id + "\n" + each.then.issuer)) << each.what;
        }
        EXPECT_EQ(of(each.first), wrong) << each.what;
    }
}

TEST_F(GivingOut, TakesAStudyWithoutIdsThatIsAnothersForHers) {
    const auto born = [](const char* name, const char* birth_date) {
        dicom::DataSet object = object_of("1.1", "", "", name);
        object.set_text(tags::kPatientBirthDate, birth_date);
        return object;
    };
    EXPECT_EQ(pseudonym(born("Roe^Ann", "19600606"), study_of({"", "", "19600606", {"roe"}})),
              by_key("name\nRoe^Ann\n19600606"));
    EXPECT_EQ(pseudonym(born("Doe^Jane", "19500101"), study_of({"", "", "19500101", {"doe"}})),
              by_key("name\nDoe^Jane\n19500101"));
}

TEST_F(GivingOut, KeepsToItWhereNothingSaysThatItIsAnothers) {
    const Said roe{"", "", "19600606", {"roe", "x"}};
    const std::string first = pseudonym(object_of("1.1", ""), study_of(roe));
    EXPECT_EQ(pseudonym(object_of("1.1", "A"), study_of({"A", "", "19600606", {"roe"}})), first);
    EXPECT_EQ(pseudonym(object_of("1.1", "A"), study_of({"A", "H", "", {"rowe", "x"}})), first)
        << "one of two scripts";
    EXPECT_EQ(pseudonym(object_of("1.1", "A"), study_of({"A", "H", "", {}})), first);
    // What an object lacks its study says, and the other way round.
    PatientOfStudy study = study_of(roe);
    study.object_says = {};
    EXPECT_EQ(pseudonym(object_of("1.1", ""), study), first);
    std::swap(study.says, study.object_says);
    EXPECT_EQ(pseudonym(object_of("1.1", ""), study), first);
}

TEST_F(GivingOut, TakesNoIssuerWithoutAnId) {
    EXPECT_EQ(pseudonym(object_of("1.1", "", "G"), {"P1", "H"}), by_key("id\nP1\nH"));
}

/// As versions wrote it that noted ID and issuer alone.
std::string older_text(const vault::SecretKey& secret, const std::string& name,
                       const std::string& plain) {
    const std::string use("seal\0", 5);
    const auto key = vault::SecretKey::from(vault::hmac_sha256(secret, as_byte_view(use)));
    const vault::AesGcm::Nonce nonce{};
    Bytes sealed(nonce.size() + plain.size() + vault::AesGcm::kTagBytes);
    vault::AesGcm(key).seal(nonce, as_byte_view(name), as_byte_view(plain),
                            std::span(sealed).subspan(nonce.size()));
    return "lucerna-given/1 " + to_base64(sealed) + "\n";
}

TEST_F(GivingOut, ReadsWhatEarlierVersionsNoted) {
    const auto secret = [] { return vault::SecretKey::from(Bytes(vault::SecretKey::kBytes, 7)); };
    const auto hidden = [&](const std::string& message) {
        return to_hex(ByteView(vault::hmac_sha256(secret(), as_byte_view(message))).first(16));
    };
    const Project project("p", secret(), place_.within("p"));
    const std::string name = hidden(std::string("study\0", 6) + "1.1");
    const std::string id = hidden(std::string("id\0", 3) + "A");
    place_.within("p")->create(name, older_text(secret(), name, "P0123\n-99\n" + id + "\n\n"));
    EXPECT_FALSE(project.is_damaged(name, place_.within("p")->read(name)));
    const auto given = [&](const std::string& as, const Said& said) {
        return project.give_out(object_of("1.1", as), study_of(said));
    };
    const Pseudonymous first = given("A", {"A", "", "1950", {"doe"}});
    EXPECT_EQ(first.pseudonym, "P0123");
    EXPECT_EQ(first.shift_days, -99);
    EXPECT_EQ(given("A", {"A", "H", "1960", {"roe"}}).pseudonym, "P0123") << "of no name";
    EXPECT_EQ(given("B", {"B", "", "1950", {"doe"}}).pseudonym, project.pseudonym("id\nB\n"));
    // Eight lines are the later ones', and four the older ones'.
    const std::string other = hidden(std::string("study\0", 6) + "1.2");
    place_.within("p")->create(other, older_text(secret(), other, "P\n1\n\n\n\n\n\n\n"));
    EXPECT_TRUE(project.is_damaged(other, place_.within("p")->read(other)));
}

TEST_F(GivingOut, WritesDownNobody) {
    (void)pseudonym(object_of("1.1.42", "PATIENT", "HOSPITAL"),
                    study_of({"PATIENT", "HOSPITAL", "19600606", {"roe", "Roe"}}));
    const auto within = place_.within("p");
    ASSERT_EQ(within->names().size(), 1U);
    const std::string name = within->names().front();
    const std::string text = name + within->read(name);
    for (const char* told : {"1.1.42", "PATIENT", "HOSPITAL", "Roe", "roe", "19600606"})
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

TEST_F(GivingOut, KeepsAStudyThatCameAgainAsAnothersTogether) {
    const auto born = [](const char* id, const char* issuer, const char* name, const char* birth) {
        dicom::DataSet object = object_of("1.1", id, issuer, name);
        object.set_text(tags::kPatientBirthDate, birth);
        return object;
    };
    (void)pseudonym(born("", "", "Roe^Ann", "19600606"), study_of({"", "", "19600606", {"roe"}}));
    const auto doe = study_of({"", "", "19500101", {"doe"}});
    EXPECT_EQ(pseudonym(born("", "", "Doe^Jane", "19500101"), doe),
              pseudonym(born("", "", "DOE^JANE", "19500101"), doe))
        << "one study without an ID";
    const std::string first =
        pseudonym(born("A", "", "Doe^Jane", "19500101"), study_of({"A", "", "19500101", {"doe"}}));
    EXPECT_EQ(pseudonym(born("A", "H", "Doe^Jane", "19500101"),
                        study_of({"A", "H", "19500101", {"doe"}})),
              first)
        << "object by object, the issuer with the second";
}

TEST_F(GivingOut, TakesNoOtherSecretOverInThePlaceOfALostOne) {
    test::TemporaryFolder other;
    ProjectFolder local{other.path()};
    (void)open_project(local, "p", keys_).give_out(object_of("1.9", "B"), {});
    (void)pseudonym(object_of("1.1", "A"));
    place_.remove("p");
    try {
        take_over_project(local, place_, "p", keys_);
        ADD_FAILURE() << "it was taken over";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
    }
    EXPECT_TRUE(place_.read("p").empty());
}

TEST_F(GivingOut, TakesNobodyForWhoeverTheStudyWasOfBeforeHer) {
    const std::string roe =
        pseudonym(object_of("1.1", "", "", "Roe^Ann"), study_of({"", "", "", {"roe"}}));
    const auto is_doe = study_of({"", "", "", {"doe"}});
    const std::string doe = pseudonym(object_of("1.1", "", "", "Doe^Jane"), is_doe);
    EXPECT_NE(doe, roe) << "neither has an ID or a birth date";
    const auto third = study_of({"", "", "", {"poe"}});
    const std::string poe = pseudonym(object_of("1.1", "", "", "Poe^Ann"), third);
    EXPECT_TRUE(poe != roe && poe != doe);
    EXPECT_EQ(pseudonym(object_of("1.1", "", "", "Doe^Jane"), is_doe), doe);
    const auto with_id = [&](const Said& said) {
        return pseudonym(object_of("1.3", said.id), study_of(said));
    };
    EXPECT_EQ(with_id({"A", "", "1950", {"smith"}}), with_id({"A", "", "1960", {"doe"}}))
        << "who has a Patient ID goes by that";
}

TEST_F(GivingOut, GoesOnByNoOtherSecretThanItBeganWith) {
    test::TemporaryFolder other;
    ProjectFolder another{other.path()};
    (void)open_project(another, "p", keys_);
    (void)pseudonym(object_of("1.1", "A"));
    const std::string own = place_.read("p");
    place_.write("p", another.read("p"));
    try {
        (void)open_project(place_, "p", keys_);
        ADD_FAILURE() << "everybody would be somebody else";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kCorrupt) << error.what();
    }
    EXPECT_THROW(require_secrets(place_, keys_), Error) << "before the own one's key is ended";
    place_.write("p", own);
    require_secrets(place_, keys_);
    (void)open_project(place_, "p", keys_);
}

/// Whose notes cannot be read just now.
class WithBusyNotes final : public ProjectPlace {
  public:
    WithBusyNotes(std::unique_ptr<ProjectPlace> place, bool is_within = false)
        : place_(std::move(place)), is_within_(is_within) {}
    std::string read(const std::string& name) override {
        if (is_within_) throw Error(ErrorCode::kUnavailable, "busy");
        return place_->read(name);
    }
    void create(const std::string& name, const std::string& text) override {
        place_->create(name, text);
    }
    void write(const std::string& name, const std::string& text) override {
        place_->write(name, text);
    }
    void remove(const std::string& name) override { place_->remove(name); }
    std::vector<std::string> names() override { return place_->names(); }
    std::vector<std::string> names_within() override { return place_->names_within(); }
    std::string called(const std::string& name) const override { return place_->called(name); }
    std::unique_ptr<ProjectPlace> within(const std::string& name) const override {
        return std::make_unique<WithBusyNotes>(place_->within(name), true);
    }

  private:
    std::unique_ptr<ProjectPlace> place_;
    bool is_within_;
};

TEST_F(GivingOut, TakesTheSecretOverThatOpensWhatIsStillWhole) {
    test::TemporaryFolder other;
    ProjectFolder local{other.path()};
    (void)pseudonym(object_of("1.1", "A"));
    (void)pseudonym(object_of("1.2", "B"));
    local.create("p", place_.read("p"));
    place_.remove("p");
    WithBusyNotes busy(std::make_unique<ProjectFolder>(folder_.path()));
    try {
        take_over_project(local, busy, "p", keys_);
        ADD_FAILURE() << "nobody knows what it opens";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kUnavailable) << error.what();
    }
    const auto notes = place_.within("p");
    notes->write(notes->names().front(), "rotten");
    take_over_project(local, place_, "p", keys_);
    EXPECT_FALSE(place_.read("p").empty());
}

}  // namespace
}  // namespace lucerna::deidentify
