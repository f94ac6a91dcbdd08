#include "retrieve/object_parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "dicom/uids.h"

namespace lucerna::retrieve {
namespace {

class InMemory final : public store::OpenedObject {
  public:
    explicit InMemory(Bytes bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
    [[nodiscard]] Bytes read(std::uint64_t offset, std::uint64_t length) override {
        Bytes part(static_cast<std::size_t>(std::min(length, size() - offset)));
        read(offset, part);
        return part;
    }
    void read(std::uint64_t offset, std::span<std::uint8_t> into) override {
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(),
                    into.begin());
    }

  private:
    Bytes bytes_;
};

constexpr std::size_t kHead = 20;

/// What stands before, and Pixel Data in big endian: 01 02 03 04 05 06.
InMemory in_big_endian(const std::string& vr, std::uint8_t length = 6) {
    Bytes bytes(kHead, 9);
    for (const int byte : {0x7F, 0xE0, 0x00, 0x10, int{vr[0]}, int{vr[1]}, 0, 0, 0, 0, 0})
        bytes.push_back(static_cast<std::uint8_t>(byte));
    bytes.push_back(length);
    for (std::uint8_t i = 1; i <= 6; ++i) bytes.push_back(i);
    return InMemory(std::move(bytes));
}

std::optional<SwappedSpan> found(InMemory& object) {
    store::InstanceRow row;
    row.transfer_syntax_uid = dicom::transfer_syntax::kExplicitVrBigEndian;
    row.size = object.size();
    row.head_bytes = kHead;
    return pixels_in_place(object, row);
}

Bytes swapped(InMemory& object, std::uint64_t at, std::size_t count) {
    Bytes into(count);
    read_swapped(
        found(object).value(), at, into,
        [&](std::uint64_t from, std::span<std::uint8_t> bytes) { object.read(from, bytes); });
    return into;
}

TEST(PixelsInPlace, OfBigEndianAreReadInLittleEndianFromAnywhere) {
    InMemory words = in_big_endian("OW");
    EXPECT_EQ(swapped(words, 0, 6), (Bytes{2, 1, 4, 3, 6, 5}));
    EXPECT_EQ(swapped(words, 2, 2), (Bytes{4, 3}));
    EXPECT_EQ(swapped(words, 1, 3), (Bytes{1, 4, 3}));
    EXPECT_EQ(swapped(words, 3, 1), (Bytes{3}));
    EXPECT_EQ(swapped(words, 0, 5), (Bytes{2, 1, 4, 3, 6}));
    InMemory bytes = in_big_endian("OB");
    EXPECT_EQ(swapped(bytes, 1, 3), (Bytes{2, 3, 4}));
}

TEST(PixelsInPlace, AreNoneWhereTheLengthLies) {
    InMemory longer = in_big_endian("OW", 8);
    EXPECT_FALSE(found(longer));
    InMemory odd = in_big_endian("OW", 5);
    EXPECT_FALSE(found(odd));
}

}  // namespace
}  // namespace lucerna::retrieve
