#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "dicom/coming_header.h"
#include "dicom/sparse_buffer.h"
#include "store/archive.h"
#include "store/comparison.h"
#include "store/facts.h"
#include "store/keeping.h"
#include "store/sealed_io.h"

namespace lucerna::store {

/// A DICOM file (PS3.10) that is coming. As soon as it is known whose it is it is sealed as it
/// comes, so that its pixels need not be in memory; one whose UID is kept already is compared with
/// what is kept instead. One that does not say whose it is before much of it has come (its elements
/// are out of order), or has to be whole to be compared (kept in another encoding, one of the two
/// deflated or big endian), is sealed under a key that nobody else has, and from there compared or
/// sealed again. What makes no sense is refused as soon as that is seen. For one thread at a time;
/// the archive must outlive it.
class Arrival {
  public:
    explicit Arrival(Parts& parts) : parts_(parts) {}

    /// `file` is what has come so far. Returns what need not be held any more, each byte once.
    /// Throws Error: kOutOfSpace, kIo, kInvalidInput where it cannot become a DICOM file any more,
    /// as dicom::ComingHeader, and as judge_duplicate where it is not what is kept.
    [[nodiscard]] std::vector<dicom::ByteRange> take(ByteView file);
    /// Of all of `file`. What was named above may read as anything. Throws as header_of_arriving.
    [[nodiscard]] dicom::DataSet header(ByteView file);
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
    enum class Way { kUndecided, kSealed, kCompared };

    void decide(ByteView file);
    void begin(ByteView file);
    void refuse_or_wait(ByteView file);
    void seal_for(const std::string& owner, const std::string& sop_instance_uid);
    void seal_for_nobody();
    void seal_as(NewObject object, const std::string& owner, const std::string& sop_instance_uid);
    void seal_most_of(ByteView file);
    [[nodiscard]] std::vector<dicom::ByteRange> values_in(const dicom::ByteRange& done);
    [[nodiscard]] Kept keep_again(const Facts& facts);

    Parts& parts_;
    Way way_ = Way::kUndecided;
    /// Before so much has come it is not asked again how it is encoded.
    std::size_t next_look_ = 0;
    std::unique_ptr<dicom::ComingHeader> header_;
    std::unique_ptr<Sealing> sealing_;
    std::unique_ptr<Comparison> comparison_;
    std::deque<dicom::ByteRange> values_;
};

}  // namespace lucerna::store
