#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "dicom/file_header.h"

namespace lucerna::dicom {

/// Whether values stay as they are from one transfer syntax to the other: both are uncompressed,
/// little endian and not deflated.
[[nodiscard]] bool is_recodable(std::string_view from, std::string_view to);

/// A DICOM file in another such syntax, what DataSet::to_part10 would write: values of some size
/// are not held, but read where they lie in the first one.
class RecodedFile {
  public:
    /// Bytes of the first file that stand behind `at` bytes of those that are held.
    struct Elsewhere {
        std::size_t at = 0;
        ByteRange place;
    };

    /// Requires is_recodable of the header's syntax and that, and all of the file in `header`,
    /// which may go then. Throws as DataSet::to_part10.
    RecodedFile(const FileHeader& header, std::string_view transfer_syntax_uid);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::size_t held_bytes() const { return held_.size(); }
    /// Bytes [at, at + into.size()), which must be there; `read` gives the first file's.
    void read(std::uint64_t at, std::span<std::uint8_t> into, const FileHeader::Read& read) const;

  private:
    Bytes held_;
    std::vector<Elsewhere> elsewhere_;
    /// Where in this file each of those begins.
    std::vector<std::uint64_t> begins_;
    std::uint64_t size_ = 0;
};

/// What DataSet::to_part10 writes, without the values that `header` says the place of and that are
/// of some size.
struct WrittenAround {
    Bytes held;
    std::vector<RecodedFile::Elsewhere> elsewhere;
};
[[nodiscard]] WrittenAround written_around(const FileHeader& header,
                                           std::string_view transfer_syntax_uid);

}  // namespace lucerna::dicom
