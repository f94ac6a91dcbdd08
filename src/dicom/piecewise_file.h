#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/memory_budget.h"
#include "dicom/bare_pixels.h"
#include "dicom/data_set.h"
#include "dicom/framed_object.h"
#include "dicom/frames.h"
#include "dicom/vr.h"

namespace lucerna::dicom {

/// The value of Pixel Data in pieces that are made when they are asked for.
struct PixelPieces {
    struct Made {
        Bytes bytes;
        /// Of decoding_memory(), for those.
        std::shared_ptr<MemoryBudget::Share> share = {};
    };

    /// Not a deflated one.
    std::string transfer_syntax_uid;
    Vr vr;
    bool is_native = true;
    /// What an encapsulated one begins with, without its item.
    Bytes basic_offset_table;
    /// The values of its fragments, from where the head of the first one lies.
    std::vector<ByteRange> fragments;
    /// Where each piece begins, and the last one ends. Of encapsulated ones: behind that table.
    std::vector<std::uint64_t> begins{0};
    std::function<Made(std::size_t piece)> make;
};

/// Those of an object with Pixel Data, as look_beside_pixels found them.
[[nodiscard]] PixelPieces bare_pieces(const std::shared_ptr<FramedObject>& object,
                                      const BarePixels& bare);
/// Frames of one layout, uncompressed and in their order.
[[nodiscard]] PixelPieces frame_pieces(const PixelLayout& layout,
                                       std::function<DecodedFrame(int frame)> make);

/// A DICOM file of which little more is held than one piece of its pixels, whatever their size.
/// For one thread at a time.
class PiecewiseFile {
  public:
    /// As DataSet::to_part10, with those in place of the Pixel Data of `attributes`. Throws as it
    /// does.
    PiecewiseFile(const DataSet& attributes, PixelPieces pixels);
    /// What has no pixels.
    explicit PiecewiseFile(const DataSet& attributes);

    [[nodiscard]] std::uint64_t size() const;
    /// All of its File Meta Information, at least.
    [[nodiscard]] ByteView beginning() const { return before_; }
    /// Bytes [at, at + into.size()), which must be there. Throws what making a piece throws, and
    /// Error(kCorrupt) where one is of another length than was said.
    void read(std::uint64_t at, std::span<std::uint8_t> into);
    [[nodiscard]] Bytes whole();
    /// The object that is in `file`, its pixels read from there; nothing where it has none, or
    /// which fragments are a frame's would have to be looked for.
    [[nodiscard]] static std::optional<FramedObject> object_in(
        const std::shared_ptr<PiecewiseFile>& file);

  private:
    [[nodiscard]] ByteView piece_at(std::uint64_t at, std::uint64_t& begin);

    Bytes before_;
    /// Where in it the element Pixel Data begins.
    std::size_t element_begin_ = 0;
    PixelPieces pixels_;
    Bytes after_;
    std::size_t piece_ = 0;
    std::optional<PixelPieces::Made> made_;
};

}  // namespace lucerna::dicom
