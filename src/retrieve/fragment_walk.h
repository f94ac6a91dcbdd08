#pragma once

#include <cstdint>
#include <optional>

#include "base/encoding.h"
#include "dicom/framed_object.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// The items of encapsulated Pixel Data (PS3.5 A.4) where they lie in a file, found by their heads
/// alone. One thread at a time.
class FragmentWalk {
  public:
    /// `object` is that of `row`, and must outlive it.
    FragmentWalk(store::OpenedObject& object, const store::InstanceRow& row)
        : object_(object), head_bytes_(row.head_bytes) {}

    /// Where the value of an item lies.
    struct Item {
        std::uint64_t begin = 0;
        std::uint64_t size = 0;
        [[nodiscard]] std::uint64_t end() const { return begin + size; }
    };
    static constexpr std::uint64_t kHead = 8;

    /// The Basic Offset Table, which may be empty. Nothing where there are no pixels. Throws
    /// Error(kInvalidInput) where they are not encapsulated; so do others.
    [[nodiscard]] std::optional<Item> table();
    /// The item whose head lies there; nothing for the delimiter.
    [[nodiscard]] std::optional<Item> item_at(std::uint64_t at);
    /// Holds nothing from here on, until the next is looked at.
    void forget() { window_ = Bytes(); }

  private:
    [[nodiscard]] ByteView read(std::uint64_t offset, std::size_t count);

    store::OpenedObject& object_;
    const std::uint64_t head_bytes_;
    /// What lies close together is read once.
    std::uint64_t window_begin_ = 0;
    Bytes window_;
};

/// Of an object whose frames are to be read where they lie.
struct FragmentsInFile {
    dicom::FragmentPlaces places;
    /// In the file: where those count from, and where what is behind the pixels begins.
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};
/// Nothing where there are none, or so many that the file is not much more.
[[nodiscard]] std::optional<FragmentsInFile> fragments_in(store::OpenedObject& object,
                                                          const store::InstanceRow& row);

}  // namespace lucerna::retrieve
