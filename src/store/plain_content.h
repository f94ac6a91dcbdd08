#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/encoding.h"
#include "dicom/part10_head.h"
#include "store/comparison.h"

namespace lucerna::store {

/// An uncompressed DICOM file, in whichever encoding, as it is in explicit VR little endian: a hash
/// of what is beside its pixels, and these a piece at a time. Held are its elements and what is no
/// large value (dicom::ValueScan) of them.
class PlainContent {
  public:
    /// `file` and what it reads from have to stay. Throws Error: kInvalidInput as DataSet::parse,
    /// kConflict where there is too much beside its pixels to be compared, and what reading throws.
    PlainContent(const Pieces& file, const dicom::Part10Parts& beginning);
    ~PlainContent();

    /// SHA-256. Files with the same content have the same, and others another one.
    [[nodiscard]] const std::string& beside_pixels() const { return beside_pixels_; }
    /// Of native Pixel Data, where it has any.
    [[nodiscard]] std::optional<std::uint64_t> pixel_bytes() const { return pixel_bytes_; }
    /// The next of them, as many as there is room for, and no more than there are. Pieces are of a
    /// multiple of 8 bytes, the last one excepted. Throws as the constructor.
    void next_pixels(std::span<std::uint8_t> into);

  private:
    class Source;
    class Stored;
    class Deflated;
    class BesidePixels;

    std::unique_ptr<Source> pixels_;
    std::string beside_pixels_;
    std::optional<std::uint64_t> pixel_bytes_;
    /// Bytes of one of their values that is turned over; 1 where none is.
    std::size_t unit_ = 1;
};

/// Of two files in the same or other encodings.
[[nodiscard]] bool is_same_content(PlainContent& a, PlainContent& b);

}  // namespace lucerna::store
