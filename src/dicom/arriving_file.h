#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "dicom/data_set.h"
#include "dicom/sparse_buffer.h"

namespace lucerna::dicom {

/// Whoever keeps a file, while it comes in: what they took over already need not be held for them.
/// For one thread at a time.
class Arrival {
  public:
    virtual ~Arrival() = default;
    /// `file` is what has come so far, from its first byte on. Returns what of it is in safe hands
    /// and will not be looked at again: those bytes may read as anything from then on. Each byte is
    /// named once. Throws Error: kOutOfSpace, kIo, kConflict, and what header_of_arriving does, and
    /// kUnavailable where there is no memory for its header; then, and where `keep` is never
    /// called, nothing is kept.
    [[nodiscard]] virtual std::vector<ByteRange> take(ByteView file) = 0;
    /// The header of `file`, of which all has come, with what was named above forgotten; as
    /// header_of_arriving of what came. Throws as that, and as `take`.
    [[nodiscard]] virtual DataSet header(ByteView file) = 0;
    /// That was all; `file` with what was named above forgotten. On return it is kept. Throws Error
    /// as to why it is not.
    virtual void keep(ByteView file) = 0;
};

/// A DICOM file on its way in. One of some size is offered to whoever keeps it as it comes, so that
/// it need not be in memory as a whole.
class ArrivingFile {
  public:
    /// May return null: then the file is held.
    using Begin = std::function<std::unique_ptr<Arrival>()>;

    explicit ArrivingFile(ByteBudget& budget) : buffer_(budget) {}

    /// Begins anew.
    void start(Begin begin);
    /// As SparseBuffer::grow.
    [[nodiscard]] std::span<std::uint8_t> grow(std::size_t count) { return buffer_.grow(count); }
    /// To be called once what was grown is written. Throws what Arrival::take does.
    void offer();
    [[nodiscard]] ByteView bytes() const { return buffer_.bytes(); }
    [[nodiscard]] std::size_t held() const { return buffer_.held(); }
    [[nodiscard]] const ByteBudget::Holding& holding() const { return buffer_.holding(); }
    /// Of one of which all has come. Throws as Arrival::header.
    [[nodiscard]] DataSet header() const;
    /// Null for one that was held; it is good until the next start or clear.
    [[nodiscard]] Arrival* arrival() const { return arrival_.get(); }
    /// Nothing of it is kept that `Arrival::keep` has not kept.
    void clear();

  private:
    SparseBuffer buffer_;
    Begin begin_;
    std::unique_ptr<Arrival> arrival_;
    std::size_t next_offer_ = 0;
};

}  // namespace lucerna::dicom
