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
#include "dicom/framed_object.h"

namespace lucerna::dicom {

/// A DICOM file in another transfer syntax, what DataSet::to_part10 would write, read in any parts:
/// frames are made when they are asked for, one at a time, so that little is held of an object of
/// many. For one thread at a time.
class ConvertedFile {
  public:
    /// The object as it is now; asked again after `let_go`.
    using Open = std::function<FramedObject()>;

    /// For whom others wait while all frames are made, which may take minutes: between two of them
    /// it is asked whether to give way, and if so, does that while nothing is held but what stands
    /// around the pixels; it may throw.
    struct GivingWay {
        std::function<bool()> is_asked;
        std::function<void()> give_way;
    };
    /// Makes every frame once, to know how long each is and that all can be made. Throws as
    /// DataSet::to_part10, and Error(kUnsupported) for an object without pixels.
    ConvertedFile(Open open, std::string_view transfer_syntax_uid, GivingWay giving_way = {});
    ~ConvertedFile();
    ConvertedFile(const ConvertedFile&) = delete;
    ConvertedFile& operator=(const ConvertedFile&) = delete;

    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Bytes [at, at + into.size()), which must be there; those of a deflated file in their order
    /// are deflated once. Throws what opening and making a frame throw, and Error(kCorrupt) where
    /// one is another than it was.
    void read(std::uint64_t at, std::span<std::uint8_t> into);
    /// Of the object nothing is held then but what stands around its pixels.
    void let_go();
    /// The object is not held, or only what was made of its one frame.
    [[nodiscard]] bool needs_no_object() const { return !object_; }
    /// Of a frame that was made.
    [[nodiscard]] std::size_t frame_bytes() const { return frame_bytes_.size(); }

  private:
    enum class Way { kAsTheyLie, kDecoded, kEncoded };
    struct Deflating;

    void lay_out(std::string_view syntax);
    void measure_frames(std::string_view syntax, int frames);
    void give_way_where_asked();
    [[nodiscard]] FramedObject& object();
    /// The next that is asked for: with what stands around it in Pixel Data.
    void put(int frame, Bytes made);
    void read_plain(std::uint64_t at, std::span<std::uint8_t> into);
    std::size_t read_frame(std::uint64_t at, std::span<std::uint8_t> into);
    [[nodiscard]] std::uint64_t plain_size() const;

    const Open open_;
    /// While all frames are made.
    GivingWay giving_way_;
    std::optional<FramedObject> object_;
    const struct Encoder* encoder_ = nullptr;
    Way way_ = Way::kAsTheyLie;
    Bytes before_;
    Bytes after_;
    /// Where each frame begins, and the last one ends, behind `before_`; of pixels as they lie
    /// there is one.
    std::vector<std::uint64_t> begins_{0};
    /// The frame that was made last.
    int frame_ = -1;
    Bytes frame_bytes_;
    std::uint64_t size_ = 0;
    std::unique_ptr<Deflating> deflating_;
};

}  // namespace lucerna::dicom
