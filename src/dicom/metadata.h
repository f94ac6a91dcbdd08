#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "dicom/data_set.h"

namespace lucerna::dicom {

/// A value that comes apart from its data set (PS3.18 8.7.3.3). What the pieces look into has to
/// stay as long as what is made of them.
struct BulkData {
    /// One; of compressed Pixel Data one a frame.
    std::vector<ByteView> pieces;
    /// In small letters, without parameters. Counts for Pixel Data alone.
    std::string media_type = {};
    /// What the media type's parameter says; empty where it has none.
    std::string transfer_syntax_uid = {};
};

/// An object as its attributes in the DICOM JSON model (PS3.18 F.2), some of whose values are bulk
/// data that come apart.
class Metadata {
  public:
    /// Throws Error(kInvalidInput), naming the attribute, for what is no such data set: a tag that
    /// is not eight digits and capital letters, a value that its VR cannot hold, more than one of
    /// Value, InlineBinary and BulkDataURI. File Meta Information and group lengths are passed
    /// over.
    explicit Metadata(const nlohmann::json& set, const Limits& limits = {});

    /// Without the values that are bulk data: those are empty.
    [[nodiscard]] const DataSet& attributes() const { return set_; }
    /// Of bulk data, each once, sorted.
    [[nodiscard]] const std::vector<std::string>& uris() const { return uris_; }
    /// What its attributes take, values and all.
    [[nodiscard]] std::size_t memory_bytes() const { return memory_bytes_; }
    /// That of Pixel Data; empty if they are no bulk data.
    [[nodiscard]] std::string_view pixels_uri() const;

    /// The whole of it; `found` is asked for the bulk data of each URI. Compressed Pixel Data
    /// decide its transfer syntax: what their media type says, else what their codestream is;
    /// anything else is explicit VR little endian. Of the Image Pixel module what is missing is
    /// taken from the codestream. Throws Error(kInvalidInput) for bulk data that do not fit, and
    /// what `found` throws.
    [[nodiscard]] DataSet with_bulk_data(
        const std::function<BulkData(const std::string& uri)>& found) &&;

  private:
    struct Hole {
        Node* of;
        Tag tag;
        std::string uri;
    };
    class Reader;

    void put_pixels(const BulkData& pixels);

    DataSet set_;
    std::vector<Hole> holes_;
    std::vector<std::string> uris_;
    /// Of the set itself to begin with.
    std::size_t memory_bytes_ = 1024;
};

/// What DataSet::to_part10 gives, piece by piece; large values are given from where they lie, so
/// that there is no copy of them.
void write_part10(const DataSet& data_set, const std::function<void(ByteView)>& take);

/// The data sets in `text`, one or an array of them (PS3.18 F.2.1), one at a time. Throws
/// Error(kInvalidInput) where it is none, or for one of more than half a million values; and what
/// `take` throws.
void each_data_set(std::string_view text,
                   const std::function<void(const nlohmann::json& set)>& take);

}  // namespace lucerna::dicom
