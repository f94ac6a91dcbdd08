#include "retrieve/held_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "retrieve/archive_for_test.h"
#include "retrieve/held_rows.h"
#include "retrieve/left_out.h"

namespace lucerna::retrieve {
namespace {

using testing::HasSubstr;

constexpr std::size_t kAll = std::size_t{16} << 20;
const std::string kStudy = "/dicom-web/studies/1.2.1";
constexpr int kMore = 200;

/// Whatever answers hold has to go.
void drop_all_lists() {
    const std::uint64_t name = held_lists().new_name();
    held_lists().keep(name, std::make_shared<const int>(0), kAll);
    held_lists().forget(name);
    ASSERT_EQ(held_lists().held(), 0U);
}

void keep_one(TestArchive& archive, const std::string& uid, std::size_t value = 1000,
              const std::string& number = "2") {
    archive.store.clock.advance(std::chrono::milliseconds(1));
    dicom::DataSet set = dicom::DataSet::parse(archive.store.archive().object("1.2.1.2.1"));
    set.set_text(dicom::tags::kSopInstanceUid, uid);
    set.set_text(dicom::tags::kInstanceNumber, number);
    set.set_bytes({0x0009, 0x1002}, "UN", Bytes(value, 'p'));
    archive.store.archive().keep(set.to_part10());
}

/// Study 1.2.1 with so many more that their list is not held freely.
class HeldListTest : public testing::Test {
  protected:
    HeldListTest() {
        for (int i = 0; i < kMore; ++i) keep_one(archive, "1.2.1.2.1" + std::to_string(100 + i));
    }
    store::Archive& kept() { return archive.store.archive(); }
    std::vector<std::string> uids() {
        std::vector<std::string> all;
        for (const auto& row : kept().instances_of("1.2.1")) all.push_back(row.sop_instance_uid);
        return all;
    }
    HeldRows rows() {
        auto all = kept().instances_of("1.2.1");
        std::vector<bool> is_out(all.size());
        return {kept(), std::move(all), std::move(is_out)};
    }
    void erase(const std::string& uid) {
        const auto row = kept().instance(uid);
        (void)kept().erase_part({row->study_instance_uid, row->series_instance_uid, uid});
    }

    TestArchive archive;
};

TEST(HeldLists, LetThoseGoThatWereUsedLongestAgo) {
    HeldLists lists(100);
    const auto list = std::make_shared<const int>(7);
    lists.keep(1, list, 40);
    lists.keep(2, list, 40);
    EXPECT_TRUE(lists.find(1));
    lists.keep(3, list, 40);
    EXPECT_FALSE(lists.find(2));
    EXPECT_TRUE(lists.find(1) && lists.find(3));
    EXPECT_EQ(lists.held(), 80U);
    lists.keep(4, list, 1000);
    EXPECT_TRUE(lists.find(4)) << "one alone";
    EXPECT_FALSE(lists.find(1) || lists.find(3));
    lists.keep(4, list, 10);
    EXPECT_EQ(lists.held(), 10U);
    lists.forget(4);
    lists.forget(4);
    EXPECT_EQ(lists.held(), 0U);
    EXPECT_EQ(list.use_count(), 1);
}

TEST_F(HeldListTest, RowsGoOnBehindTheOneThatWasGivenLast) {
    const std::vector<std::string> expected = uids();
    HeldRows all = rows();
    EXPECT_GT(held_lists().held(), 0U);
    std::vector<std::string> given;
    while (const auto row = all.next()) {
        given.push_back(row->sop_instance_uid);
        if (given.size() % 20 != 0) continue;
        drop_all_lists();
        // In the middle of them, and none of those that were asked for.
        keep_one(archive, "1.2.1.2.20" + std::to_string(given.size()), 10, "0");
    }
    EXPECT_EQ(given, expected);
}

TEST_F(HeldListTest, RowsOfAFewAreHeldWhateverOthersHold) {
    auto few = kept().instances_of("1.2.2");
    HeldRows one(kept(), std::move(few), {false});
    EXPECT_EQ(held_lists().held(), 0U);
    EXPECT_TRUE(one.next());
    EXPECT_FALSE(one.next());
}

TEST_F(HeldListTest, RowsEndWithAnErrorWhereOneWasErased) {
    HeldRows all = rows();
    EXPECT_TRUE(all.next());
    erase("1.2.1.2.1130");
    EXPECT_TRUE(all.next()) << "the list is there";
    drop_all_lists();
    const auto rest = [&] {
        while (all.next()) {
        }
    };
    EXPECT_THROW(rest(), Error) << "behind those that are held in any case";
    // Nor does one that came in its place go for it.
    keep_one(archive, "1.2.1.2.1130");
    EXPECT_THROW((void)all.next(), Error);
}

/// Chunk by chunk, with nothing held between them.
std::string body_without_lists(const http::Response& response) {
    std::string all;
    for (const auto& next = std::get<http::Stream>(response.body).next;;) {
        drop_all_lists();
        const http::Chunk chunk = next();
        all.append(chunk.bytes.begin(), chunk.bytes.end());
        if (chunk.last) return all;
    }
}

TEST_F(HeldListTest, AnswersAreTheSameWithoutIt) {
    // Longer than what is made before the head.
    for (int i = 0; i < 4; ++i) keep_one(archive, "1.2.1.2.9" + std::to_string(i), 900'000);
    for (const auto& [path, accept] :
         {std::pair("", "multipart/related; type=\"application/dicom\""),
          {"/bulkdata", "multipart/related; type=\"application/octet-stream\""},
          {"/metadata", ""},
          {"/rendered", "multipart/related; type=\"image/jpeg\""}}) {
        // The boundary is another one each time, as long as this.
        const std::string whole = TestArchive::body(archive.get(kStudy + path, accept));
        const std::string again = body_without_lists(archive.get(kStudy + path, accept));
        EXPECT_EQ(again.size(), whole.size()) << path;
        EXPECT_EQ(held_lists().held(), 0U) << path;
    }
}

TEST_F(HeldListTest, AnswersBreakOffWhereOneWasErasedMeanwhile) {
    for (int i = 0; i < 4; ++i) keep_one(archive, "1.2.1.2.9" + std::to_string(i), 900'000);
    const http::Response response =
        archive.get(kStudy, "multipart/related; type=\"application/dicom\"");
    ASSERT_EQ(response.status, 200);
    erase("1.2.1.2.93");
    EXPECT_THROW((void)body_without_lists(response), Error);
}

TEST_F(HeldListTest, LittleIsMadeBeforeTheHeadWhereOthersHoldMuch) {
    MadeBeforeHead others;
    EXPECT_TRUE(MadeBeforeHead::has_room());
    const auto made = [&] {
        const auto left_out = std::make_shared<LeftOut>("");
        int count = 0;
        auto items = begun<std::string>(
            [&]() -> std::optional<std::string> {
                ++count;
                return std::string(1000, 'x');
            },
            left_out);
        return count;
    };
    EXPECT_GT(made(), 900);
    others.add(kMadeBeforeHeads);
    EXPECT_EQ(made(), 1);
    others.give_back();
    EXPECT_GT(made(), 900) << "those before hold nothing any more";
}

}  // namespace
}  // namespace lucerna::retrieve
