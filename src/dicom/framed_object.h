#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/encoding.h"
#include "dicom/data_set.h"
#include "dicom/finished.h"
#include "dicom/sparse_buffer.h"

namespace lucerna::dicom {

/// Encapsulated Pixel Data that lie elsewhere.
struct FragmentPlaces {
    Bytes basic_offset_table;
    /// The values of the items behind it, from where the head of the first one lies.
    std::vector<ByteRange> fragments;
};

/// A DICOM file of which frames are looked at, one after the other. Of a deflated one, or one that
/// lies elsewhere, no more pixels are in memory than those of one frame, whatever it inflates to;
/// frames in their order are inflated once. For one thread at a time.
class FramedObject {
  public:
    /// Throws as DataSet::parse, which gets `pixels`: kKeep or kFrames.
    explicit FramedObject(Bytes&& part10, const Limits& limits = {},
                          PixelData pixels = PixelData::kKeep, Texts texts = Texts::kAsTheyCame);
    /// What is in memory.
    FramedObject(DataSet&& object);
    /// Bytes of native Pixel Data from `at` on.
    using ReadPixels = std::function<void(std::size_t at, std::span<std::uint8_t> into)>;
    /// Of a file in little endian: all of it but the element Pixel Data, whose value has
    /// `pixel_bytes`. Throws as DataSet::parse.
    FramedObject(Bytes&& around_pixels, std::size_t pixel_bytes, ReadPixels read,
                 PixelData pixels = PixelData::kKeep, Texts texts = Texts::kAsTheyCame);
    /// The same of encapsulated ones. Requires can_tell_frames.
    FramedObject(Bytes&& around_pixels, FragmentPlaces places, ReadPixels read,
                 PixelData pixels = PixelData::kKeep, Texts texts = Texts::kAsTheyCame);
    /// Whether the header of an object and where its fragments lie say which are a frame's: else
    /// they have to be looked at.
    [[nodiscard]] static bool can_tell_frames(const DataSet& header, const FragmentPlaces& places);
    ~FramedObject();
    FramedObject(FramedObject&&) noexcept;
    FramedObject& operator=(FramedObject&&) noexcept;

    /// All attributes, and how many bytes there are of Pixel Data; whatever
    /// these are.
    [[nodiscard]] const DataSet& header() const { return object_; }
    /// With the pixels of `frame` (from 0) right, until the next call. One that there is not is
    /// left to who looks for it. Throws Error(kInvalidInput) as decode_frame for a header that does
    /// not say how frames are laid out; and of a frame that lies elsewhere as frame_memory() does,
    /// and Error(kUnsupported) where it alone is more than decoding_memory() has.
    [[nodiscard]] const DataSet& with_frame(int frame);
    /// Of the frame that is shown, what frame_memory() has no room for: for whoever takes of
    /// decoding_memory() then.
    [[nodiscard]] std::size_t bytes_not_counted() const;
    /// Its pixels are not looked at any more until the next call. Those that lie elsewhere go, and
    /// what others wait for with them.
    void forget_frame();
    /// All attributes, to be changed: what stays here is what frames are decoded from. Its Pixel
    /// Data are those that are shown, until the next call of anything else.
    [[nodiscard]] DataSet take_attributes();
    /// Bytes from `at` on of native Pixel Data, which must be there.
    void read_pixels(std::size_t at, std::span<std::uint8_t> into);

  private:
    struct Elsewhere;
    std::unique_ptr<Elsewhere> elsewhere_;
    DataSet object_;
};

}  // namespace lucerna::dicom
