#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/encoding.h"
#include "dicom/data_set.h"
#include "dicom/finished.h"
#include "dicom/sparse_buffer.h"
#include "dicom/value_scan.h"

namespace lucerna::dicom {

/// The attributes of a DICOM file that lies elsewhere. Of a little endian one no value of mere
/// bytes (value_scan.h) of kLargeValue or more is read, nor are its pixels: what is held is what is
/// left.
class FileHeader {
  public:
    static constexpr std::size_t kLargeValue = std::size_t{1} << 20;
    /// Bytes from `at` on, which are there.
    using Read = std::function<void(std::uint64_t at, std::span<std::uint8_t> into)>;

    /// Of the first `size` bytes of the file: all, or those before its pixels. With kPassed, the
    /// items of Per-Frame Functional Groups are left out, as DataSet::outline_in has it. Of what is
    /// deflated, or in an unknown syntax, texts are in UTF-8 in any case. Throws as
    /// DataSet::header_in, and what `read` throws.
    [[nodiscard]] static FileHeader of(const Read& read, std::uint64_t size,
                                       ValueScan::Items items = ValueScan::Items::kHeld,
                                       Texts texts = Texts::kUtf8);

    /// As DataSet::header_in; it looks into this.
    [[nodiscard]] const DataSet& data_set() const { return data_set_; }
    [[nodiscard]] DataSet& data_set() { return data_set_; }
    /// Where in the file a value of it lies, of whatever size; nothing where it is not there as it
    /// stands: one that was turned over, inflated or converted to UTF-8.
    [[nodiscard]] std::optional<ByteRange> place_of(ByteView value) const;
    /// The same of its Pixel Data, native ones.
    [[nodiscard]] std::optional<ByteRange> native_pixels() const { return native_pixels_; }
    /// What is held of the file.
    [[nodiscard]] std::size_t held_bytes() const;

  private:
    struct Held;
    explicit FileHeader(std::shared_ptr<Held> held) : held_(std::move(held)) {}

    std::shared_ptr<Held> held_;
    DataSet data_set_;
    bool is_as_it_stands_ = false;
    std::optional<ByteRange> native_pixels_;
};

}  // namespace lucerna::dicom
