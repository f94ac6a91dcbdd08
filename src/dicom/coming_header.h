#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "dicom/byte_budget.h"
#include "dicom/coding.h"
#include "dicom/data_set.h"
#include "dicom/inflate.h"
#include "dicom/limits.h"
#include "dicom/reader.h"
#include "dicom/sparse_buffer.h"
#include "dicom/value_scan.h"

namespace lucerna::dicom {

/// Reads the header of a DICOM file while it comes, in whichever encoding, so that most of the file
/// need not be held for it: large values and what describes frames one by one (value_scan.h), and
/// of a deflated data set all that is inflated, of which the same is held instead. For one thread
/// at a time.
class ComingHeader {
  public:
    /// `file` is what has come, its file meta and some of its data set. Null where that does not
    /// tell how it is encoded. `memory` is what holds what is inflated; it must outlive this and
    /// what is read. Values of fewer bytes than `large` are held.
    [[nodiscard]] static std::unique_ptr<ComingHeader> begin(ByteView file, ByteBudget& memory,
                                                             std::size_t large = kSomeSize);

    /// `file` is all that has come. Throws Error of what is deflated: kInvalidInput where it is
    /// damaged or passes a limit, kUnavailable where there is no memory for its header.
    void follow(ByteView file);
    /// What of the file needs to be there no more, whatever is asked here. In order, each byte
    /// once; it may reach beyond what has come.
    [[nodiscard]] std::vector<ByteRange> take_needless();

    /// What comes first, and says whose object it is and which, has come.
    [[nodiscard]] bool is_identified() const { return scan().identified().has_value(); }
    /// That alone. Requires is_identified(). Views look into `file`; throws as DataSet::header_in.
    [[nodiscard]] DataSet beginning(ByteView file) const;
    /// As header_of_arriving, of a file of which all has come, and been followed.
    [[nodiscard]] DataSet header(ByteView file) const;

    /// ValueScan's, in the file: of a deflated one there are none.
    [[nodiscard]] std::optional<ByteRange> native_pixels() const;
    /// Nothing that follows can be read.
    [[nodiscard]] bool is_lost() const { return scan().is_lost(); }
    /// Requires is_lost(). Throws Error(kInvalidInput), saying why.
    [[noreturn]] void refuse_lost(ByteView file) const;

  private:
    ComingHeader(FileMeta meta, const Coding& coding, ByteBudget& memory, std::size_t large);
    [[nodiscard]] const ValueScan& scan() const { return inflation_ ? inflation_->scan() : scan_; }

    const FileMeta meta_;
    const Encoding encoding_;
    const Limits limits_;
    ValueScan scan_;
    /// Of a deflated one: followed by the scan instead of the file.
    std::unique_ptr<HeadInflation> inflation_;
    /// Of the deflated bytes, what was named.
    std::size_t needless_end_ = 0;
    std::size_t named_end_ = 0;
};

}  // namespace lucerna::dicom
