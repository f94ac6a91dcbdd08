#include "dicom/inflated_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/part10_head.h"
#include "dicom/reader.h"
#include "dicom/tags.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

/// With a value of many different bytes.
DataSet object_of(std::size_t bytes) {
    DataSet set;
    set.set_text(tags::kSopClassUid, "1.2.840.10008.5.1.4.1.1.66");
    set.set_text(tags::kSopInstanceUid, "1.2.3");
    set.set_bytes({0x0009, 0x0010}, "LO", {'M', 'I', 'N', 'E'});
    Bytes value(bytes);
    std::uint32_t state = 1;
    for (std::uint8_t& byte : value)
        byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
    set.set_bytes({0x0009, 0x1001}, "OB", std::move(value));
    return set;
}

InflatedFile::Read reader_of(const Bytes& file) {
    return [&file](std::uint64_t at, std::span<std::uint8_t> into) {
        ASSERT_LE(at + into.size(), file.size());
        std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(at), into.size(), into.begin());
    };
}

Bytes part_of(InflatedFile& file, std::uint64_t at, std::size_t count) {
    Bytes part(count);
    file.read(at, part);
    return part;
}

TEST(InflatedFile, IsTheOneInExplicitVrLittleEndian) {
    const DataSet set = object_of(200'000);
    const Bytes deflated = set.to_part10(transfer_syntax::kDeflatedExplicitVrLittleEndian);
    const Bytes plain = set.to_part10(transfer_syntax::kExplicitVrLittleEndian);
    const auto file = InflatedFile::of(reader_of(deflated), deflated.size());
    ASSERT_TRUE(file);
    const Bytes all = part_of(*file, 0, static_cast<std::size_t>(file->size()));
    const auto data_set_in = [](ByteView whole) {
        const ByteView data_set = whole.subspan(split_part10(whole).data_set_offset);
        return Bytes(data_set.begin(), data_set.end());
    };
    EXPECT_EQ(split_part10(all).head.transfer_syntax_uid, transfer_syntax::kExplicitVrLittleEndian);
    EXPECT_EQ(split_part10(all).head.sop_instance_uid, "1.2.3");
    EXPECT_EQ(data_set_in(all), data_set_in(plain));
}

TEST(InflatedFile, IsReadFromAnywhere) {
    const Bytes deflated =
        object_of(200'000).to_part10(transfer_syntax::kDeflatedExplicitVrLittleEndian);
    const auto file = InflatedFile::of(reader_of(deflated), deflated.size());
    ASSERT_TRUE(file);
    const Bytes all = part_of(*file, 0, static_cast<std::size_t>(file->size()));
    for (const std::uint64_t at : {0, 100, 150'000, 150'010, 199'000, 140, 3, 17'000}) {
        const Bytes part = part_of(*file, at, 900);
        EXPECT_TRUE(
            std::equal(part.begin(), part.end(), all.begin() + static_cast<std::ptrdiff_t>(at)))
            << at;
    }
}

TEST(InflatedFile, IsNoneOfWhatIsNotDeflated) {
    const Bytes plain = object_of(100).to_part10(transfer_syntax::kExplicitVrLittleEndian);
    EXPECT_FALSE(InflatedFile::of(reader_of(plain), plain.size()));
}

TEST(InflatedFile, RefusesWhatIsDamagedOrEndsEarly) {
    const Bytes whole =
        object_of(200'000).to_part10(transfer_syntax::kDeflatedExplicitVrLittleEndian);
    Bytes cut(whole.begin(), whole.end() - 1000);
    EXPECT_THROW((void)InflatedFile::of(reader_of(cut), cut.size()), Error);
    Bytes no_dicom(500, 7);
    EXPECT_THROW((void)InflatedFile::of(reader_of(no_dicom), no_dicom.size()), Error);
}

TEST(InflatedFile, RefusesABomb) {
    DataSet set = object_of(10);
    set.set_bytes({0x0009, 0x1002}, "OB", Bytes(std::size_t{80} << 20));
    const Bytes bomb = set.to_part10(transfer_syntax::kDeflatedExplicitVrLittleEndian);
    EXPECT_THROW((void)InflatedFile::of(reader_of(bomb), bomb.size()), Error);
}

}  // namespace
}  // namespace lucerna::dicom
