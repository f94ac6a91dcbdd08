#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/encoding.h"
#include "dicom/sparse_buffer.h"
#include "store/keeping.h"
#include "store/sealed_io.h"

namespace lucerna::store {

/// A DICOM file (PS3.10) that is looked at a piece at a time. What it reads from has to outlive it.
struct Pieces {
    std::uint64_t size = 0;
    /// Requires offset + into.size() <= size.
    std::function<void(std::uint64_t offset, std::span<std::uint8_t> into)> read;
};
[[nodiscard]] Pieces pieces_of(ByteView file);
[[nodiscard]] Pieces pieces_of(SealedReader& object);

/// Whether `file` is what was kept first under its UID: the same data set, whoever wrote the file
/// meta, and in whichever uncompressed encoding. A megabyte of each is held at a time; where
/// the encodings differ, what PlainContent holds, for one caller at a time. Nothing where the first
/// was erased meanwhile: then it is to be kept anew. Of a result over a result the first stays
/// whatever it is, and the log says where they differ in more than when they were made. Throws
/// Error: kConflict if it is not,
/// kUnavailable where others are being compared, and what PlainContent and reading throw.
[[nodiscard]] std::optional<Kept> judge_duplicate(Parts& parts, const Place& first,
                                                  const std::string& uid, const Pieces& file,
                                                  Role role);

/// Where a file that is coming has its uncompressed Pixel Data (dicom::ValueScan::native_pixels).
using NativePixels = std::optional<dicom::ByteRange>;

/// The same of a file that is coming: what was compared need not be held. Of one in the other
/// little endian encoding that is Pixel Data alone; where there is much beside them, it has to be
/// whole. For one thread at a time.
class Comparison {
  public:
    /// `file` is what has come so far, all of its file meta and more. Null: it has to be whole to
    /// be compared, or the first was erased meanwhile. Throws as judge_duplicate.
    [[nodiscard]] static std::unique_ptr<Comparison> begin(Parts& parts, const Place& first,
                                                           const std::string& uid, ByteView file);

    /// What of `file` is the same for certain. Throws as judge_duplicate; kUnavailable where the
    /// first was erased meanwhile.
    [[nodiscard]] dicom::ByteRange follow(ByteView file, const NativePixels& pixels);
    /// Whether `finish` can say: else all of the file is still held, and has to be compared so.
    [[nodiscard]] bool can_finish(const NativePixels& pixels) const {
        return !kept_pixels_ || pixels.has_value();
    }
    /// That was all. Throws as `follow`.
    void finish(ByteView file, const NativePixels& pixels);

  private:
    Comparison(Parts& parts, Place first, std::string uid, SealedReader kept);
    [[nodiscard]] bool find_kept_pixels(const std::string& transfer_syntax_uid);
    void read_kept(std::uint64_t offset, std::span<std::uint8_t> into);
    void compare(ByteView file, std::size_t count);
    void compare_beside_pixels(ByteView file, const dicom::ByteRange& pixels);

    Parts& parts_;
    const Place first_;
    const std::string uid_;
    SealedReader kept_;
    std::string coming_syntax_;
    std::size_t coming_meta_ = 0;
    /// Of one that is kept in another encoding; and how much there is of it beside them.
    std::optional<dicom::ByteRange> kept_pixels_;
    std::uint64_t beside_ = 0;
    /// What lies before it in the file that is coming is compared, or need not be; and where the
    /// same lies in the one that is kept.
    std::size_t at_ = 0;
    std::uint64_t kept_at_ = 0;
    Bytes piece_;
};

}  // namespace lucerna::store
