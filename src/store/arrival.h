#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/encoding.h"
#include "dicom/sparse_buffer.h"
#include "dicom/value_scan.h"
#include "store/archive.h"
#include "store/keeping.h"
#include "store/sealed_io.h"

namespace lucerna::store {

/// A DICOM file (PS3.10) that is coming. As soon as it is known whose it is it is sealed as it
/// comes, so that its pixels need not be in memory. What cannot be judged before it is whole (one
/// whose UID is kept already, one whose elements are out of order) is held and kept by
/// Archive::keep. For one thread at a time; the archive must outlive it.
class Arrival {
  public:
    Arrival(Parts& parts, Role role) : parts_(parts), role_(role) {}

    /// `file` is what has come so far. Returns what need not be held any more, each byte once.
    /// Throws Error: kOutOfSpace, kIo.
    [[nodiscard]] std::vector<dicom::ByteRange> take(ByteView file);
    /// As Archive::keep. What was named above may read as anything.
    Kept keep(ByteView file);

  private:
    /// The object that it is sealed into.
    struct Sealing {
        NewObject object;
        std::string owner;
        std::string sop_instance_uid;
        SealedWriter writer;
        std::size_t sealed = 0;
    };
    enum class Way { kUndecided, kSealed, kHeld };

    void decide(ByteView file);
    void begin(ByteView identifying);
    [[nodiscard]] std::vector<dicom::ByteRange> sealed_values();
    [[nodiscard]] Kept keep_again();

    Parts& parts_;
    const Role role_;
    Way way_ = Way::kUndecided;
    std::optional<dicom::ValueScan> scan_;
    std::unique_ptr<Sealing> sealing_;
    std::deque<dicom::ByteRange> values_;
};

}  // namespace lucerna::store
