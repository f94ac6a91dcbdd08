#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "dicom/data_set.h"

namespace lucerna::dicom {

struct JsonOptions {
    /// Pixel data, and binary values larger than `inline_limit`, become
    /// {"BulkDataURI": bulk_data_uri + "/" + path}; the path is eight hexadecimal digits, and for
    /// what lies in a sequence "<sequence>/<item from 1>/<attribute>". Empty: they are left without
    /// a value.
    std::string bulk_data_uri = {};
    /// Binary values (OB, OD, OF, OL, OV, OW, UN) up to here are written as InlineBinary.
    std::size_t inline_limit = 256;
    /// What is larger is bulk data, whatever its VR: nobody reads it among attributes.
    std::size_t value_limit = std::size_t{1} << 20;
    /// Lists of more numbers than this are bulk data, too (PS3.18 F.2.2).
    std::size_t list_limit = SIZE_MAX;
    /// Room that is had at once for what is written: else it is held twice where it is much.
    std::size_t expected_bytes = 0;
};

/// The DICOM JSON model of a data set (PS3.18 Annex F): one object, UTF-8, without file meta. FL
/// and FD values that are no JSON number are the texts "NaN", "Infinity" and "-Infinity".
[[nodiscard]] std::string to_dicom_json(const DataSet& data_set, const JsonOptions& options = {});
/// The same behind what stands in `out`.
void append_dicom_json(std::string& out, const DataSet& data_set, const JsonOptions& options);

/// About how many bytes that comes to, at most: the brackets around a value may be ten times as
/// many as what stands in it.
[[nodiscard]] std::size_t json_bytes(const DataSet& data_set, const JsonOptions& options = {});

/// The paths of those values that get a BulkDataURI, in the order of the JSON.
[[nodiscard]] std::vector<std::string> bulk_data_paths(const DataSet& data_set,
                                                       const JsonOptions& options = {});

/// What a BulkDataURI's path names, little endian. Empty if there is no such attribute or it is
/// encapsulated pixel data, whose frames have their own way.
[[nodiscard]] std::optional<ByteView> bulk_data_at(const DataSet& data_set, std::string_view path);
/// The item whose encapsulated pixel data that path names (nested_pixels.h), null where it names
/// none. Valid as long as `data_set`.
[[nodiscard]] const DataSet* item_with_fragments(const DataSet& data_set, std::string_view path);

}  // namespace lucerna::dicom
