#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/buffer.h"
#include "base/encoding.h"

namespace lucerna::dicom {

/// What is known of an object without reading its data set.
struct ObjectHead {
    std::string sop_class_uid;
    std::string sop_instance_uid;
    std::string transfer_syntax_uid;
    friend bool operator==(const ObjectHead&, const ObjectHead&) = default;
};

/// Preamble, prefix and File Meta Information (PS3.10 7.1) of an object; the data set, encoded in
/// `transfer_syntax_uid`, follows it. Source AE title may be empty.
[[nodiscard]] Bytes part10_head(const ObjectHead& head, const std::string& source_aet);

/// A DICOM file split without touching its data set.
struct Part10Parts {
    ObjectHead head;
    /// Where the data set begins.
    std::size_t data_set_offset = 0;
};
/// Throws Error(kInvalidInput) if there is no prefix, the File Meta Information is malformed or
/// one of the three UIDs is missing.
[[nodiscard]] Part10Parts split_part10(ByteView file);
/// The same of a file of which no more is read into `beginning` than it takes; throws what `read`
/// throws as well. `read` gives the bytes from `at` on.
[[nodiscard]] Part10Parts split_part10(
    std::uint64_t size, const std::function<void(std::uint64_t at, std::span<std::uint8_t>)>& read,
    Buffer& beginning);

/// The SOP Class and Instance UIDs (0008,0016), (0008,0018) that the data set itself carries;
/// empty where it has none. Reads only as far as group 0008 (a deflated one is inflated so far).
/// Throws Error(kInvalidInput) where the elements before them are malformed, or in an unknown
/// transfer syntax read as none (coding.h).
[[nodiscard]] ObjectHead head_of_data_set(ByteView data_set,
                                          const std::string& transfer_syntax_uid);

}  // namespace lucerna::dicom
