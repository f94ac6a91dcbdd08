#include "dicom/part10_head.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "support/small_object.h"

namespace lucerna::dicom {
namespace {

const ObjectHead kHead{"1.2.840.10008.5.1.4.1.1.1.2", "1.2.3.4.5", "1.2.840.10008.1.2.1"};

TEST(Part10Head, ComesBackFromItsBytes) {
    Bytes file = part10_head(kHead, "MODALITY");
    const std::size_t size = file.size();
    const Bytes data_set = test::small_data_set(kHead.sop_class_uid, kHead.sop_instance_uid);
    file.insert(file.end(), data_set.begin(), data_set.end());
    const Part10Parts parts = split_part10(file);
    EXPECT_EQ(parts.head, kHead);
    EXPECT_EQ(parts.data_set_offset, size);
}

TEST(Part10Head, RefusesWhatIsNoDicomFile) {
    EXPECT_THROW((void)split_part10({}), Error);
    EXPECT_THROW((void)split_part10(Bytes(200, 0)), Error);
    EXPECT_THROW((void)split_part10(part10_head({"", "1.2", "1.2"}, "")), Error);
}

TEST(Part10Head, RefusesEveryTruncationWithinTheMeta) {
    const Bytes file = part10_head(kHead, "");
    // Transfer Syntax UID, the last of the three, ends at byte 240.
    for (std::size_t length = 0; length < 240; ++length)
        EXPECT_THROW((void)split_part10(ByteView(file).first(length)), Error) << length;
}

/// A file of long meta information.
struct LongMeta {
    Bytes file = part10_head(kHead, "");
    std::size_t data_set_offset = 0;

    /// Of one element of Private Information for each, which comes last.
    explicit LongMeta(const std::vector<std::size_t>& private_bytes) {
        for (const std::size_t length : private_bytes) {
            const Bytes header = {2, 0, 2, 1, 'O', 'B', 0, 0};
            file.insert(file.end(), header.begin(), header.end());
            for (int shift = 0; shift < 32; shift += 8)
                file.push_back(static_cast<std::uint8_t>(length >> shift));
            file.resize(file.size() + length);
        }
        data_set_offset = file.size();
        const Bytes data_set = test::small_data_set(kHead.sop_class_uid, kHead.sop_instance_uid);
        file.insert(file.end(), data_set.begin(), data_set.end());
        file.resize(file.size() + 300'000);
    }
    Part10Parts split(Buffer& beginning) {
        return split_part10(
            file.size(),
            [&](std::uint64_t at, std::span<std::uint8_t> into) {
                std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at), into.size(),
                            into.begin());
            },
            beginning);
    }
};

TEST(Part10Head, IsReadOfAFileWithoutMuchMore) {
    const std::size_t own = part10_head(kHead, "").size();
    const std::size_t to_the_first_end = 16 * 1024 - own - 12;
    for (const std::vector<std::size_t>& lengths : std::vector<std::vector<std::size_t>>{
             {},
             {1000},
             {15'000},
             {70'000},
             {299'000},
             // What is read first ends where an element does: more of them follow, or none.
             {to_the_first_end, 1000, 20},
             {to_the_first_end},
             {to_the_first_end - 2}}) {
        LongMeta one(lengths);
        Buffer beginning;
        const Part10Parts parts = one.split(beginning);
        EXPECT_EQ(parts.head, kHead);
        EXPECT_EQ(parts.data_set_offset, one.data_set_offset);
        EXPECT_LE(beginning.size(), std::max<std::size_t>(16 * 1024, 4 * (one.data_set_offset + 4)))
            << one.data_set_offset;
    }
}

TEST(Part10Head, OfAFileSaysWhatIsWrongWithAllOfIt) {
    Buffer beginning;
    const Bytes file(40'000, 0);
    EXPECT_THROW((void)split_part10(
                     file.size(),
                     [&](std::uint64_t at, std::span<std::uint8_t> into) {
                         std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at), into.size(),
                                     into.begin());
                     },
                     beginning),
                 Error);
}

TEST(DataSetHead, FindsBothUidsExplicitAndImplicit) {
    const Bytes data_set = test::small_data_set(kHead.sop_class_uid, kHead.sop_instance_uid);
    EXPECT_EQ(head_of_data_set(data_set, kHead.transfer_syntax_uid), kHead);
    // A private syntax is explicit little endian, as every encapsulated one.
    EXPECT_EQ(head_of_data_set(data_set, "1.2.999.1").sop_instance_uid, "1.2.3.4.5");

    Bytes implicit = {0x08, 0,    0x16, 0,    6, 0, 0, 0, '1', '.', '2', '.', '3',
                      0,    0x08, 0,    0x18, 0, 4, 0, 0, 0,   '1', '.', '9', 0};
    const ObjectHead head = head_of_data_set(implicit, "1.2.840.10008.1.2");
    EXPECT_EQ(head.sop_class_uid, "1.2.3");
    EXPECT_EQ(head.sop_instance_uid, "1.9");
}

TEST(DataSetHead, StepsOverSequencesOfUndefinedLength) {
    Bytes data_set = {0x08, 0, 0x06, 0, 'S', 'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
                      // an item of undefined length with one element, then one of defined length
                      0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF, 0x08, 0, 0x00, 0x01, 'S', 'H',
                      2, 0, 'e', 'n', 0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0x00, 0xE0, 0,
                      0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0};
    const Bytes rest = test::small_data_set("1.2", "1.2.3");
    data_set.insert(data_set.end(), rest.begin(), rest.end());
    EXPECT_EQ(head_of_data_set(data_set, test::kExplicitLittle).sop_instance_uid, "1.2.3");
}

TEST(DataSetHead, RefusesNestingWithoutEnd) {
    Bytes data_set;
    for (int depth = 0; depth < 10'000; ++depth) {
        const std::uint8_t level[] = {0x08, 0,    0x06, 0,    'S',  'Q',  0,    0,    0xFF, 0xFF,
                                      0xFF, 0xFF, 0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF};
        data_set.insert(data_set.end(), std::begin(level), std::end(level));
    }
    EXPECT_THROW((void)head_of_data_set(data_set, test::kExplicitLittle), Error);
}

TEST(Part10Head, IsWhatFileMetaSaysFirst) {
    Bytes file = part10_head(kHead, "");
    const std::size_t end = file.size();
    test::put_element(file, 0x0002, 0x0003, "UI", "9.9.9.9");
    test::put_element(file, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.4.50");
    EXPECT_EQ(split_part10(file).head, kHead);
    EXPECT_GT(split_part10(file).data_set_offset, end);
}

TEST(DataSetHead, RefusesFileMetaInformation) {
    Bytes data_set;
    test::put_element(data_set, 0x0002, 0x0010, "UI", "1.2.840.10008.1.2.4.50");
    const Bytes rest = test::small_data_set("1.2", "1.2.3");
    data_set.insert(data_set.end(), rest.begin(), rest.end());
    EXPECT_THROW((void)head_of_data_set(data_set, test::kExplicitLittle), Error);
}

TEST(DataSetHead, IsEmptyWhereTheUidsAreMissing) {
    Bytes data_set;
    test::put_element(data_set, 0x0010, 0x0020, "LO", "P1");
    const ObjectHead head = head_of_data_set(data_set, test::kExplicitLittle);
    EXPECT_EQ(head.sop_class_uid, "");
    EXPECT_EQ(head.sop_instance_uid, "");
    EXPECT_EQ(head_of_data_set({}, test::kExplicitLittle).sop_instance_uid, "");
}

TEST(DataSetHead, RefusesLengthsBeyondTheData) {
    Bytes data_set = test::small_data_set("1.2", "1.2.3");
    data_set[6] = 0xFF;
    data_set[7] = 0xFF;
    EXPECT_THROW((void)head_of_data_set(data_set, test::kExplicitLittle), Error);
    EXPECT_THROW((void)head_of_data_set(Bytes(40, 0xFF), "1.2.840.10008.1.2.1.99"), Error);
}

}  // namespace
}  // namespace lucerna::dicom
