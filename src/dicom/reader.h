#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/encoding.h"
#include "dicom/limits.h"
#include "dicom/node.h"

namespace lucerna::dicom {

/// How a data set is encoded, as far as its elements go.
struct Encoding {
    bool explicit_vr = true;
    bool little_endian = true;
};

/// Where File Meta Information (PS3.10 7.1) ends and what it says of the rest.
struct FileMeta {
    std::string transfer_syntax_uid;
    std::size_t data_set_offset = 0;
};
/// Throws Error(kInvalidInput) as DataSet::parse does.
[[nodiscard]] FileMeta read_file_meta(ByteView file);

/// The data set in `bytes` from `from` to its end. Views look into `bytes`; sets neither backing
/// nor transfer syntax of the nodes. Throws Error(kInvalidInput) as DataSet::parse does.
/// With `kToPixelData` reading stops at that element, which is left empty.
enum class Extent { kWhole, kToPixelData };
[[nodiscard]] std::unique_ptr<Node> read_data_set(ByteView bytes, std::size_t from,
                                                  const Encoding& encoding, const Limits& limits,
                                                  Extent extent = Extent::kWhole);

/// Raw deflate (PS3.5 A.5, RFC 1951). Throws Error(kInvalidInput) where it is damaged or more than
/// `limit` bytes come out.
[[nodiscard]] Bytes inflated(ByteView deflated, std::size_t limit);
/// How many bytes come out; throws as `inflated` does, and needs no memory for them.
[[nodiscard]] std::size_t inflated_size(ByteView deflated, std::size_t limit);
/// The first `most` bytes that come out, or all. Throws where what it read of it is damaged.
[[nodiscard]] Bytes inflated_begin(ByteView deflated, std::size_t most);
[[nodiscard]] Bytes deflated(ByteView bytes);

}  // namespace lucerna::dicom
