#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/encoding.h"
#include "base/memory_budget.h"
#include "dicom/data_set.h"
#include "dicom/sparse_buffer.h"

namespace lucerna::dicom {

/// One frame, uncompressed.
struct DecodedFrame {
    int rows = 0;
    int columns = 0;
    int samples_per_pixel = 1;
    /// Of each sample in `samples`: 8, 16 or 32. Single-bit pixels come as 8, packed ones of 12
    /// as 16.
    int bits_allocated = 8;
    /// How many of them the value has, from the lowest up; the rest is sign or zero.
    int bits_stored = 8;
    bool is_signed = false;
    /// decode_cells left something beside the values; `bits_stored` are all that may be anything.
    bool has_more_than_values = false;
    /// Of `samples`: what JPEG codecs turn into RGB says so. YBR_FULL_422 comes as YBR_FULL, and so
    /// does uncompressed YBR_PARTIAL_422.
    std::string photometric_interpretation;
    /// Row by row from the top left, samples of a pixel side by side, little endian.
    Bytes samples;
    /// Of decoding_memory(), until the last copy goes.
    std::shared_ptr<MemoryBudget::Share> share{};

    [[nodiscard]] std::size_t count() const {
        return samples.size() / static_cast<std::size_t>(bits_allocated / 8);
    }
    /// Sample `index` of `count()`.
    [[nodiscard]] std::int64_t value(std::size_t index) const;
    /// The least that a sample of this layout can be, and the greatest.
    [[nodiscard]] std::int64_t lowest() const;
    [[nodiscard]] std::int64_t highest() const;
};

/// Number of Frames, 1 where an image does not say, 0 without pixel data. Throws
/// Error(kInvalidInput) where the pixel data cannot hold that many.
[[nodiscard]] int frame_count(const DataSet& data_set);

/// Which fragments of encapsulated Pixel Data, [begin, end), a frame is, which there must be.
/// Throws Error(kInvalidInput) where that cannot be told. Looks at no fragment where there are as
/// many as frames, one frame, or an offset for each.
[[nodiscard]] ByteRange fragments_of_frame(const DataSet& data_set, int frame);

/// Frame `frame` (from 0), decoded. Dimensions in the codestream are compared with Rows and Columns
/// before anything is decoded. Throws Error: kNotFound if there is no such frame, kInvalidInput if
/// header and pixels contradict each other or a codestream is damaged, kUnsupported for a transfer
/// syntax or pixel layout that is not read here (video, float), and as decoding_memory() does:
/// `beside_bytes` are of its share, too, for what the caller makes of the frame.
[[nodiscard]] DecodedFrame decode_frame(const DataSet& data_set, int frame,
                                        const Limits& limits = {}, std::size_t beside_bytes = 0);

/// The same for writing it anew, where nothing may be lost: with what lies beside the values, where
/// the header speaks of an overlay there (PS3.3 C.9.2 before 2004) or something but zero and sign
/// does. Bits Stored and High Bit then still say which bits are the value's. Throws as above.
[[nodiscard]] DecodedFrame decode_cells(const DataSet& data_set, int frame,
                                        const Limits& limits = {});

/// Something but zero and sign lies beside the values of Bits Stored bits, or passes them. Throws
/// as above.
[[nodiscard]] bool has_bits_beside_values(const DataSet& data_set, int frame,
                                          const Limits& limits = {});

/// decode_frame by the codestream's lowest resolution of at least `least_columns` x `least_rows`,
/// each a half of the next one's sides, in as much less memory (JPEG 2000). Nothing where there is
/// none but the whole. Throws as above.
[[nodiscard]] std::optional<DecodedFrame> decode_smaller(const DataSet& data_set, int frame,
                                                         int least_columns, int least_rows,
                                                         const Limits& limits = {},
                                                         std::size_t beside_bytes = 0);

/// One frame of uncompressed samples that lie elsewhere: with `low_bit` 0, as DecodedFrame has
/// them.
struct FrameView {
    int rows = 0;
    int columns = 0;
    int samples_per_pixel = 1;
    int bits_allocated = 8;
    /// The value is in so many bits from `low_bit` up; what lies beside them counts for nothing.
    int bits_stored = 8;
    int low_bit = 0;
    bool is_signed = false;
    std::string photometric_interpretation;
    ByteView samples;

    FrameView() = default;
    /// Of `frame`, which has to stay.
    explicit FrameView(const DecodedFrame& frame);
};

/// Frame `frame` (from 0) where it lies in `data_set`, if it is uncompressed and laid out as
/// FrameView has it; nothing where it has to be decoded. Throws as decode_frame.
[[nodiscard]] std::optional<FrameView> native_view(const DataSet& data_set, int frame,
                                                   const Limits& limits = {});

/// A compressed frame row by row, in no more memory than rows take (RLE).
struct FrameRows {
    /// Of each row, but for its samples.
    FrameView row;
    int rows = 0;
    /// The next row's samples, from the top down, into as many bytes as they are. Throws
    /// Error(kInvalidInput) where they are damaged.
    std::function<void(std::span<std::uint8_t> samples)> next;
};

/// Nothing where frame `frame` (from 0) is compressed otherwise, or not at all. `data_set` must
/// outlive it. Throws as decode_frame.
[[nodiscard]] std::optional<FrameRows> compressed_rows(const DataSet& data_set, int frame,
                                                       const Limits& limits = {});

/// The first frame of an image, found (and decoded, where need be) when it is first asked for and
/// kept for whoever asks next. The image is borrowed. For one thread at a time.
class FirstFrame {
  public:
    explicit FirstFrame(const DataSet& data_set) : data_set_(&data_set) {}
    /// Native pixels are looked at where they lie. Throws as decode_frame, whenever it is asked.
    [[nodiscard]] const FrameView& view();

  private:
    const DataSet* data_set_;
    std::optional<DecodedFrame> decoded_;
    std::optional<FrameView> view_;
};

/// Frame `frame` (from 0) as it is stored: the codestream of an encapsulated one without fragment
/// headers (a padding byte may follow it), else the frame's bytes, little endian, floating point
/// among them. Throws as above.
[[nodiscard]] Bytes stored_frame(const DataSet& data_set, int frame);

}  // namespace lucerna::dicom
