#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/encoding.h"
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
/// meta, and in whichever uncompressed encoding. A megabyte of each is held at a time; all of both,
/// for one caller at a time, where the encodings differ. Throws Error: kConflict if it is not, and
/// what reading throws.
[[nodiscard]] Kept judge_duplicate(Parts& parts, const Place& first, const std::string& uid,
                                   const Pieces& file, Role role);

/// The same of a file that is coming: what was compared need not be held. For one thread at a time.
class Comparison {
  public:
    /// `file` is what has come so far, all of its file meta and more. Null: it has to be whole to
    /// be compared. Throws as judge_duplicate.
    [[nodiscard]] static std::unique_ptr<Comparison> begin(Parts& parts, const Place& first,
                                                           const std::string& uid, ByteView file);

    /// Up to where `file` is the same for certain. Throws as judge_duplicate.
    [[nodiscard]] std::size_t follow(ByteView file);
    /// That was all. Throws as judge_duplicate; kUnavailable where the first was erased meanwhile.
    void finish(ByteView file);

  private:
    Comparison(Parts& parts, Place first, std::string uid, SealedReader kept);
    void compare(ByteView file, std::size_t count);

    Parts& parts_;
    const Place first_;
    const std::string uid_;
    SealedReader kept_;
    /// What lies before it in the file that is coming is compared, or file meta; and where the same
    /// lies in the one that is kept.
    std::size_t at_ = 0;
    std::uint64_t kept_at_ = 0;
    Bytes piece_;
};

}  // namespace lucerna::store
