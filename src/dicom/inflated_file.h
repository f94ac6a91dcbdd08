#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/encoding.h"
#include "dicom/file_header.h"

namespace lucerna::dicom {

class Inflater;

/// The file in Explicit VR Little Endian that a deflated one (PS3.5 A.5) is, inflated while it is
/// read and held nowhere: from its front on once, from there again for what lies before what was
/// read last. One thread at a time.
class InflatedFile {
  public:
    using Read = FileHeader::Read;

    /// Of a file of `size` bytes, which are read through once. Null where what it says is deflated
    /// is not. Throws Error(kInvalidInput) where it is no DICOM file, is damaged, or inflates to
    /// more than Limits allow, and what `read` throws.
    [[nodiscard]] static std::unique_ptr<InflatedFile> of(Read read, std::uint64_t size);
    ~InflatedFile();
    InflatedFile(const InflatedFile&) = delete;
    InflatedFile& operator=(const InflatedFile&) = delete;

    [[nodiscard]] std::uint64_t size() const { return head_.size() + inflated_bytes_; }
    /// It may have zeros behind its last element (DataSet::padding_bytes), which are read with it.
    [[nodiscard]] bool ends_in_zero() const { return ends_in_zero_; }
    /// Bytes [at, at + into.size()), which must be there. Throws as `of`.
    void read(std::uint64_t at, std::span<std::uint8_t> into);

  private:
    InflatedFile(Read read, std::uint64_t size, std::uint64_t data_set_offset, Bytes head);
    void rewind();
    [[nodiscard]] ByteView next_piece();
    void count();

    const Read read_;
    const std::uint64_t deflated_size_;
    const std::uint64_t data_set_offset_;
    /// Preamble and File Meta Information, which name the other transfer syntax.
    const Bytes head_;
    std::uint64_t inflated_bytes_ = 0;
    bool ends_in_zero_ = false;
    std::unique_ptr<Inflater> inflater_;
    /// Of what is deflated, and where in the file the next begins.
    Bytes piece_;
    std::uint64_t at_ = 0;
};

}  // namespace lucerna::dicom
