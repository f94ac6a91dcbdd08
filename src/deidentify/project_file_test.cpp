#include "deidentify/project_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "dicom/tags.h"
#include "vault/file_key_provider.h"

namespace lucerna::deidentify {
namespace {

namespace fs = std::filesystem;

class ProjectFile : public testing::Test {
  protected:
    ProjectFile()
        : folder_(fs::temp_directory_path() /
                  ("lucerna-project-" + std::to_string(::getpid()) + "-" +
                   testing::UnitTest::GetInstance()->current_test_info()->name())) {
        fs::remove_all(folder_);
        fs::create_directories(folder_ / "shared");
    }
    ~ProjectFile() override { fs::remove_all(folder_); }
    fs::path folder_;
    ProjectFolder place_{folder_};
    /// Which several share.
    ProjectFolder shared_{folder_ / "shared"};
};

TEST_F(ProjectFile, GivesTheSameSecretAgain) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    const std::string uid = open_project(place_, "reader-study", keys).uid("1.2.3");
    EXPECT_EQ(open_project(place_, "reader-study", keys).uid("1.2.3"), uid);
    EXPECT_NE(open_project(place_, "other", keys).uid("1.2.3"), uid);
}

TEST_F(ProjectFile, OutlivesARotationOfKeys) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    const std::string uid = open_project(place_, "a", keys).uid("1.2.3");
    ProjectKeys with_projects(keys, place_);
    with_projects.rotate();
    with_projects.forget_older(with_projects.current_key());
    EXPECT_EQ(open_project(place_, "a", keys).uid("1.2.3"), uid);
    EXPECT_EQ(rewrap_projects(place_, keys), 0U);
}

/// A place whose listings and answers are not what lies there.
class PlaceBehindFaults final : public ProjectPlace {
  public:
    explicit PlaceBehindFaults(ProjectPlace& place) : place_(place) {}
    [[nodiscard]] std::string read(const std::string& name) override { return place_.read(name); }
    void create(const std::string& name, const std::string& text) override {
        place_.create(name, text);
    }
    void write(const std::string& name, const std::string& text) override {
        if (name != swallowed) place_.write(name, text);
    }
    void remove(const std::string& name) override { place_.remove(name); }
    [[nodiscard]] std::vector<std::string> names() override {
        std::vector<std::string> all = place_.names();
        if (lacking.contains(listed++)) std::erase(all, hidden);
        return all;
    }
    [[nodiscard]] std::vector<std::string> names_within() override { return place_.names_within(); }
    [[nodiscard]] std::string called(const std::string& name) const override {
        return place_.called(name);
    }
    [[nodiscard]] std::unique_ptr<ProjectPlace> within(const std::string& name) const override {
        return place_.within(name);
    }

    std::string swallowed;
    std::string hidden;
    /// Which listings lack it.
    std::set<int> lacking;
    int listed = 0;

  private:
    ProjectPlace& place_;
};

TEST_F(ProjectFile, OutlivesARotationThatAListingLacksItIn) {
    // One listing lacks it, be it all there is or not; or all do, and it is named.
    for (const bool is_named : {false, true})
        for (const bool is_alone : {false, true}) {
            fs::remove_all(folder_ / "projects");
            vault::FileKeyProvider keys(folder_ / "kek.json");
            const std::string uid = open_project(place_, "b", keys).uid("1.2.3");
            if (!is_alone) (void)open_project(place_, "a", keys);
            PlaceBehindFaults place(place_);
            place.hidden = "b";
            place.lacking = is_named ? std::set<int>{0, 1, 2, 3, 4} : std::set<int>{0};
            using Names = std::vector<std::string>;
            ProjectKeys with_projects(keys, place, is_named ? Names{"b", "none"} : Names());
            with_projects.rotate();
            with_projects.forget_older(with_projects.current_key());
            EXPECT_EQ(open_project(place_, "b", keys).uid("1.2.3"), uid);
        }
}

TEST_F(ProjectFile, KeepsTheOlderKeyWhereItWasNotWritten) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    const std::string uid = open_project(place_, "a", keys).uid("1.2.3");
    PlaceBehindFaults place(place_);
    place.swallowed = "a";
    ProjectKeys with_projects(keys, place);
    with_projects.rotate();
    EXPECT_THROW(with_projects.forget_older(with_projects.current_key()), Error);
    EXPECT_EQ(open_project(place_, "a", keys).uid("1.2.3"), uid);
}

TEST_F(ProjectFile, OpensWhatSaysThatItIsUnderTheCurrentKey) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    (void)open_project(place_, "a", keys);
    EXPECT_EQ(rewrap_projects(place_, keys), 0U);
    // Another's.
    fs::rename(folder_ / "projects" / "a.json", folder_ / "projects" / "b.json");
    EXPECT_THROW((void)rewrap_projects(place_, keys), Error);
}

TEST_F(ProjectFile, RefusesNamesThatArePathsAndFilesThatAreNone) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    for (const char* name : {"", "../a", "A", "a b", "a/b"})
        EXPECT_THROW((void)open_project(place_, name, keys), Error) << name;
    (void)open_project(place_, "a", keys);
    const fs::path path = folder_ / "projects" / "a.json";
    for (const char* text : {"{", "{}", R"({"format":"lucerna-project/1"})",
                             R"({"format":"other","provider_key":"a","secret":""})"}) {
        std::ofstream(path) << text;
        EXPECT_THROW((void)open_project(place_, "a", keys), Error) << text;
    }
}

TEST_F(ProjectFile, NamesEachInWhichAByteIsNotWhatWasWritten) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    EXPECT_TRUE(damages_of_projects(place_, keys).empty());
    for (const char* name : {"a", "b"}) (void)open_project(place_, name, keys);
    EXPECT_TRUE(damages_of_projects(place_, keys).empty());
    const fs::path path = folder_ / "projects" / "a.json";
    const Bytes whole = read_file(path);
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (unsigned bit = 0; bit < 8; ++bit) {
            Bytes altered = whole;
            altered[at] ^= static_cast<std::uint8_t>(1U << bit);
            write_file(path, altered);
            const auto damages = damages_of_projects(place_, keys);
            ASSERT_EQ(damages.size(), 1U) << "bit " << bit << " of byte " << at;
            EXPECT_EQ(damages[0].first, "projects/a.json");
        }
}

TEST_F(ProjectFile, IsTakenOverWhereThereIsNone) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    const std::string uid = open_project(place_, "a", keys).uid("1.2.3");
    take_over_project(place_, shared_, "a", keys);
    EXPECT_TRUE(place_.names().empty());
    EXPECT_EQ(open_project(shared_, "a", keys).uid("1.2.3"), uid);
    take_over_project(place_, shared_, "a", keys);
    EXPECT_EQ(open_project(shared_, "a", keys).uid("1.2.3"), uid) << "there is nothing any more";
}

TEST_F(ProjectFile, IsTakenOverOnceMoreWhereThatWasBrokenOff) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    (void)open_project(place_, "a", keys);
    const std::string text = place_.read("a");
    take_over_project(place_, shared_, "a", keys);
    place_.create("a", text);
    keys.rotate();
    EXPECT_EQ(rewrap_projects(shared_, keys), 1U);
    take_over_project(place_, shared_, "a", keys);
    EXPECT_TRUE(place_.names().empty());
}

TEST_F(ProjectFile, RefusesToBecomeAnotherProject) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    (void)open_project(place_, "a", keys);
    (void)open_project(shared_, "a", keys);
    const std::string one = place_.read("a");
    const std::string other = shared_.read("a");
    try {
        take_over_project(place_, shared_, "a", keys);
        FAIL() << "two secrets";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kConflict);
        for (const ProjectPlace* place : {&place_, &shared_})
            EXPECT_NE(std::string(error.what()).find(place->called("a")), std::string::npos);
    }
    // What an older key holds that has ended.
    place_.remove("a");
    (void)open_project(place_, "b", keys);
    const std::string ended = place_.read("b");
    keys.rotate();
    keys.forget_older(keys.current_key());
    EXPECT_THROW(take_over_project(place_, shared_, "b", keys), Error);
    EXPECT_EQ(place_.read("b"), ended);
    EXPECT_EQ(shared_.read("a"), other);
    EXPECT_TRUE(shared_.read("b").empty());
    EXPECT_NE(one, other);
}

/// Without its secret, after it gave something out.
void lose(ProjectPlace& place, const std::string& name, vault::KeyProvider& keys) {
    dicom::DataSet object;
    object.set_text(dicom::tags::kStudyInstanceUid, "1.2.3");
    (void)open_project(place, name, keys).give_out(object, {});
    place.remove(name);
}

/// The code and words of what is thrown.
std::pair<ErrorCode, std::string> refusal_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        return {error.code(), error.what()};
    }
    return {ErrorCode::kInternal, "nothing"};
}

TEST_F(ProjectFile, IsNotMadeAnewWhereItsSecretIsLost) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    (void)open_project(place_, "b", keys);
    lose(place_, "a", keys);
    const auto [code, what] = refusal_of([&] { (void)open_project(place_, "a", keys); });
    EXPECT_EQ(code, ErrorCode::kCorrupt);
    EXPECT_NE(what.find(place_.called("a")), std::string::npos) << what;
    EXPECT_TRUE(place_.read("a").empty());
    const auto damages = damages_of_projects(place_, keys);
    ASSERT_EQ(damages.size(), 1U);
    EXPECT_EQ(damages[0].first, "projects/a.json");
    // Once it is known that there is no backup.
    fs::rename(folder_ / "projects" / "a", folder_ / "a");
    EXPECT_TRUE(damages_of_projects(place_, keys).empty());
    (void)open_project(place_, "a", keys);
}

TEST_F(ProjectFile, KeepsTheOlderKeyWhereASecretIsLost) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    (void)open_project(place_, "a", keys);
    const std::string backup = place_.read("a");
    const std::string uid = open_project(place_, "a", keys).uid("1.2.3");
    lose(place_, "a", keys);
    ProjectKeys with_projects(keys, place_);
    with_projects.rotate();
    const auto [code, what] =
        refusal_of([&] { with_projects.forget_older(with_projects.current_key()); });
    EXPECT_EQ(code, ErrorCode::kCorrupt);
    EXPECT_NE(what.find(place_.called("a")), std::string::npos) << what;
    place_.create("a", backup);
    with_projects.forget_older(with_projects.current_key());
    EXPECT_EQ(open_project(place_, "a", keys).uid("1.2.3"), uid);
}

TEST_F(ProjectFile, IsNotMadeInAnotherPlaceWhereItsSecretIsLost) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    lose(place_, "a", keys);
    const auto [code, what] = refusal_of([&] { take_over_project(place_, shared_, "a", keys); });
    EXPECT_EQ(code, ErrorCode::kCorrupt);
    EXPECT_NE(what.find(place_.called("a")), std::string::npos) << what;
    (void)open_project(shared_, "a", keys);
    take_over_project(place_, shared_, "a", keys);
}

/// Another server makes the project, and gives something out, between one look and the next.
class PlaceOfAnother final : public ProjectPlace {
  public:
    PlaceOfAnother(ProjectPlace& place, std::function<void()> meanwhile)
        : place_(place), meanwhile_(std::move(meanwhile)) {}
    [[nodiscard]] std::string read(const std::string& name) override {
        std::string text = place_.read(name);
        if (meanwhile_) std::exchange(meanwhile_, nullptr)();
        return text;
    }
    void create(const std::string& name, const std::string& text) override {
        place_.create(name, text);
    }
    void write(const std::string& name, const std::string& text) override {
        place_.write(name, text);
    }
    void remove(const std::string& name) override { place_.remove(name); }
    [[nodiscard]] std::vector<std::string> names() override { return place_.names(); }
    [[nodiscard]] std::vector<std::string> names_within() override { return place_.names_within(); }
    [[nodiscard]] std::string called(const std::string& name) const override {
        return place_.called(name);
    }
    [[nodiscard]] std::unique_ptr<ProjectPlace> within(const std::string& name) const override {
        return place_.within(name);
    }

  private:
    ProjectPlace& place_;
    std::function<void()> meanwhile_;
};

TEST_F(ProjectFile, IsNotLostWhileAnotherMakesIt) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    std::string uid;
    PlaceOfAnother place(place_, [&] {
        const Project other = open_project(place_, "a", keys);
        uid = other.uid("1.2.3");
        dicom::DataSet object;
        object.set_text(dicom::tags::kStudyInstanceUid, "1.2.3");
        (void)other.give_out(object, {});
    });
    EXPECT_EQ(open_project(place, "a", keys).uid("1.2.3"), uid);
}

TEST_F(ProjectFile, IsBoundToItsName) {
    vault::FileKeyProvider keys(folder_ / "kek.json");
    EXPECT_TRUE(place_.names().empty());
    (void)open_project(place_, "a", keys);
    EXPECT_EQ(place_.names(), std::vector<std::string>{"a"});
    fs::rename(folder_ / "projects" / "a.json", folder_ / "projects" / "b.json");
    EXPECT_THROW((void)open_project(place_, "b", keys), Error);
}

}  // namespace
}  // namespace lucerna::deidentify
