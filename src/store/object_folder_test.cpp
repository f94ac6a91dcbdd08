#include "store/object_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "store/store_test_support.h"
#include "support/no_descriptors.h"

namespace lucerna::store {
namespace {

using test::error_of;

constexpr const char* kName = "00112233445566778899aabbccddeeff";
constexpr const char* kOther = "ff112233445566778899aabbccddeeff";

class ObjectFolderTest : public testing::Test {
  protected:
    void write(const std::string& name, std::string_view text) {
        const auto writer = objects.create(name);
        writer->append(as_byte_view(text));
        writer->finish();
    }
    std::string read(const std::string& name) {
        const auto reader = objects.open(name);
        Bytes bytes(static_cast<std::size_t>(reader->size()));
        EXPECT_EQ(reader->read(0, bytes), bytes.size());
        return std::string(as_text(bytes));
    }
    std::size_t files() const {
        std::size_t count = 0;
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(folder.path() / "objects"))
            count += entry.is_regular_file() ? 1 : 0;
        return count;
    }

    test::TemporaryFolder folder;
    ObjectFolder objects{folder.path() / "objects"};
};

TEST_F(ObjectFolderTest, ReadsBeforeAndAfterAnObjectIsPublished) {
    write(kName, "hello");
    objects.settle();
    EXPECT_EQ(read(kName), "hello");
    objects.publish(kName);
    EXPECT_EQ(read(kName), "hello");
    objects.remove(kName);
    objects.remove(kName);
    EXPECT_EQ(error_of([&] { (void)objects.open(kName); }), "not-found");
}

TEST_F(ObjectFolderTest, IsToBeAskedLaterWhereThereAreNoDescriptors) {
    write(kName, "hello");
    {
        const test::NoDescriptors none;
        EXPECT_EQ(error_of([&] { (void)objects.create(kOther); }), "unavailable");
        EXPECT_EQ(error_of([&] { (void)objects.open(kName); }), "unavailable");
        EXPECT_EQ(error_of([&] { objects.for_each([](const std::string&) {}); }), "unavailable");
    }
    EXPECT_EQ(read(kName), "hello");
}

TEST_F(ObjectFolderTest, GivesNothingMoreOfWhatIsOpenAndWasRemoved) {
    write(kName, "hello");
    const auto unpublished = objects.open(kName);
    objects.publish(kName);
    const auto reader = objects.open(kName);
    Bytes two(2);
    for (ObjectReader* one : {unpublished.get(), reader.get()}) EXPECT_EQ(one->read(0, two), 2u);
    objects.remove(kName);
    for (ObjectReader* one : {unpublished.get(), reader.get()})
        EXPECT_EQ(error_of([&] { (void)one->read(2, two); }), "not-found");
}

TEST_F(ObjectFolderTest, AnUnfinishedObjectLeavesNothing) {
    {
        const auto writer = objects.create(kName);
        writer->append(as_byte_view("half"));
        EXPECT_EQ(files(), 1U);
    }
    EXPECT_EQ(files(), 0U);
}

TEST_F(ObjectFolderTest, RecoveringPublishesWhatIsKnownAndRemovesTheRest) {
    write(kName, "known");
    write(kOther, "unknown");
    write_file(folder.path() / "objects" / "incoming" / "stray.tmp", Bytes(3));
    EXPECT_EQ(objects.recover([](const std::string& name) { return name == kName; }, {}).removed,
              2U);
    EXPECT_EQ(files(), 1U);
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "objects" / "00" / kName));
    EXPECT_EQ(read(kName), "known");
}

// Something else lies where its folder would be made, say, or `incoming` is on another file system.
TEST_F(ObjectFolderTest, ReadsWhatCannotBePublishedAndPublishesItOnceItCan) {
    const std::filesystem::path in_the_way = folder.path() / "objects" / "00";
    write_file(in_the_way, Bytes(1));
    write(kName, "hello");
    write(kOther, "other");
    EXPECT_EQ(error_of([&] { objects.publish(kName); }), "io");
    EXPECT_EQ(read(kName), "hello");
    EXPECT_EQ(error_of([&] { (void)objects.open("00ff2233445566778899aabbccddeeff"); }),
              "not-found");
    objects.remove("00ff2233445566778899aabbccddeeff");
    const auto known = [](const std::string&) { return true; };
    EXPECT_EQ(objects.recover(known, {}).unpublished, 1U);
    EXPECT_EQ(read(kName), "hello");
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "objects" / "ff" / kOther));
    std::filesystem::remove(in_the_way);
    EXPECT_EQ(objects.recover(known, {}).unpublished, 0U);
    EXPECT_TRUE(std::filesystem::exists(in_the_way / kName));
    write_file(folder.path() / "objects" / "ab", Bytes(1));
    write("ab112233445566778899aabbccddeeff", "x");
    objects.remove("ab112233445566778899aabbccddeeff");
    EXPECT_EQ(error_of([&] { (void)objects.open("ab112233445566778899aabbccddeeff"); }),
              "not-found");
}

TEST_F(ObjectFolderTest, VisitsWhatIsPublishedAndWhatIsNot) {
    write(kName, "a");
    objects.publish(kName);
    write(kOther, "b");
    std::vector<std::string> seen;
    objects.for_each([&](const std::string& name) { seen.push_back(name); });
    EXPECT_THAT(seen, testing::UnorderedElementsAre(kName, kOther));
}

// A device that was not mounted again: nothing of it is gone.
TEST_F(ObjectFolderTest, TakesNothingForGoneWhereAnotherFolderIsInItsPlace) {
    write(kName, "hello");
    objects.publish(kName);
    const std::filesystem::path place = folder.path() / "objects", away = folder.path() / "away";
    std::filesystem::rename(place, away);
    for (const bool is_empty : {false, true}) {
        if (is_empty) std::filesystem::create_directories(place / "incoming");
        EXPECT_EQ(error_of([&] { objects.remove(kName); }), "unavailable");
        EXPECT_EQ(error_of([&] { (void)objects.open(kName); }), "unavailable");
        EXPECT_EQ(error_of([&] { objects.for_each([](const std::string&) {}); }), "unavailable");
    }
    std::filesystem::remove_all(place);
    std::filesystem::rename(away, place);
    EXPECT_EQ(read(kName), "hello");
    objects.remove(kName);
    EXPECT_EQ(error_of([&] { objects.remove(kName); }), "none") << "it is gone";
}

TEST_F(ObjectFolderTest, MakesFilesAheadThatAreNoObjects) {
    const auto visited = [&] {
        std::vector<std::string> seen;
        objects.for_each([&](const std::string& name) { seen.push_back(name); });
        return seen;
    };
    const std::string first = objects.new_name();
    const std::size_t made = files();
    EXPECT_GT(made, 1U) << "with one flush";
    std::set<std::string> names{first};
    for (std::size_t more = 1; more < made; ++more) names.insert(objects.new_name());
    EXPECT_EQ(names.size(), made) << "each once";
    EXPECT_EQ(files(), made) << "none was made meanwhile";
    names.insert(objects.new_name());
    EXPECT_GT(files(), made);
    EXPECT_EQ(names.size(), made + 1);

    EXPECT_TRUE(visited().empty());
    write(first, "hello");
    EXPECT_THAT(visited(), testing::ElementsAre(first));
    objects.settle();
    objects.publish(first);
    EXPECT_EQ(read(first), "hello");
    std::vector<std::string> strays;
    objects.for_each_stray([&](const std::string& place) { strays.push_back(place); });
    EXPECT_TRUE(strays.empty());
}

TEST_F(ObjectFolderTest, WhatWasMadeAheadGoesAtTheEndAndAfterACrash) {
    {
        ObjectFolder others(folder.path() / "others");
        (void)others.new_name();
        const std::string used = others.new_name();
        others.create(used)->finish();
    }
    EXPECT_EQ(
        std::distance(std::filesystem::directory_iterator(folder.path() / "others/incoming"), {}),
        2)
        << "the names that were taken; all others are gone";
    write(objects.new_name(), "half there");
    EXPECT_EQ(objects.recover([](const std::string&) { return false; }, {}).removed, 1U)
        << "one was being written, the others were empty";
    EXPECT_EQ(files(), 0U);
}

TEST_F(ObjectFolderTest, TakesNoNameThatCouldBeAPath) {
    for (const char* name : {"", "../../../../etc/passwd", "00112233445566778899AABBCCDDEEFF",
                             "0011223344556677/899aabbccddeef", "00112233445566778899aabbccddeef"})
        EXPECT_EQ(error_of([&] { (void)objects.create(name); }), "internal") << name;
}

TEST(RecordFolder, RecoveringPublishesWhatIsKnownAndRemovesTheRest) {
    const test::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "keys";
    const std::string published(32, '1');
    const std::string known(32, '2');
    const std::string unknown(32, '3');
    const std::string removed(32, '4');
    {
        RecordFolder records(path);
        for (const std::string& name : {published, known, unknown, removed})
            records.write_new(name, as_byte_view(name));
        records.publish(published);
        records.remove(removed);
        for (const std::string& name : {published, known, unknown})
            EXPECT_EQ(as_text(records.read(name)), name);
        records.publish(removed);
        EXPECT_THROW((void)records.read(removed), Error);
    }
    RecordFolder records(path);
    records.recover([&](const std::string& name) { return name == known; }, {});
    std::set<std::string> left;
    records.for_each([&](const std::string& name) { left.insert(name); });
    EXPECT_EQ(left, (std::set<std::string>{published, known}));
    EXPECT_THROW((void)records.read(unknown), Error);
    EXPECT_EQ(as_text(records.read(known)), known);
}

TEST(RecordFolder, ReplacesWholeRecordsAndSweepsHalfWrittenOnes) {
    const test::TemporaryFolder folder;
    {
        RecordFolder records(folder.path() / "keys");
        records.write(kName, as_byte_view("one"));
        records.write(kName, as_byte_view("two"));
        EXPECT_EQ(as_text(records.read(kName)), "two");
    }
    write_file(folder.path() / "keys" / (std::string(kOther) + ".1-0.tmp"), Bytes(3));
    RecordFolder records(folder.path() / "keys");
    std::vector<std::string> seen;
    records.for_each([&](const std::string& name) { seen.push_back(name); });
    EXPECT_THAT(seen, testing::ElementsAre(kName));
    EXPECT_FALSE(
        std::filesystem::exists(folder.path() / "keys" / (std::string(kOther) + ".1-0.tmp")));
    records.remove(kName);
    EXPECT_EQ(error_of([&] { (void)records.read(kName); }), "not-found");
}

}  // namespace
}  // namespace lucerna::store
