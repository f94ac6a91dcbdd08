#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/parts.h"
#include "dicom/data_set.h"
#include "http/media_type.h"
#include "http/message.h"
#include "http/pieces.h"
#include "retrieve/held_bytes.h"
#include "retrieve/left_out.h"
#include "retrieve/negotiate.h"
#include "store/archive.h"

namespace lucerna::retrieve {

inline constexpr const char* kOctetStream = "application/octet-stream";

[[nodiscard]] bool is_pixel_data(std::string_view path);
/// The Content-Type of pixels in that form.
[[nodiscard]] std::string type_of(const Representation& form);
/// Compressed, or of a syntax that is not known.
[[nodiscard]] bool is_encapsulated(const store::InstanceRow& row);
/// Little endian and not deflated: a value is what lies in the file.
[[nodiscard]] bool is_as_it_stands(const store::InstanceRow& row);
/// The value that bulk_data_paths names so; of pixels that are not compressed, and of what is
/// large, it is read as it is sent where it lies in one piece. Throws Error(kNotFound) where there
/// is none, and as the archive.
[[nodiscard]] http::Pieces bulk_value(store::Archive& archive, const store::InstanceRow& row,
                                      const std::string& path);

/// Compressed pixels in a sequence of `object`, an icon's, in that form: of small ones. Empty where
/// that path names none. Throws as dicom::decoded_pixels_of_item.
[[nodiscard]] std::optional<HeldBytes::Made> item_pixels_in(const dicom::DataSet& object,
                                                            const store::InstanceRow& row,
                                                            const std::string& path,
                                                            const Representation& form);
/// The same of the kept object. Throws Error(kNotFound) where there are none.
[[nodiscard]] HeldBytes::Made item_pixels(store::Archive& archive, const store::InstanceRow& row,
                                          const std::string& path, const Representation& form);

/// A copy of a value of `object`, with a share of dicom::decoding_memory() from before it is there
/// where it is not small. Empty where there is none.
[[nodiscard]] std::optional<HeldBytes::Made> value_in(const dicom::DataSet& object,
                                                      const std::string& path);
/// Of what `read` gives, whenever it is called.
[[nodiscard]] http::Pieces pieces_of_value(HeldBytes::Make read);

/// GET .../bulkdata/{path...}: what a BulkDataURI of the metadata names, application/octet-stream
/// or one part of it; of compressed pixels the frames, as all_frames gives them, and of an icon's
/// the one it has. Range is of the value itself, also where that comes as a part (PS3.18 6.5.5.2 of
/// 2016).
[[nodiscard]] http::Response bulk_data(const http::Request& request, store::Archive& archive,
                                       const RunParts& run);

/// Whether Accept asks for the bulk data of a study, series or instance rather than its objects
/// (PS3.18 B.10).
[[nodiscard]] bool prefers_bulk_data(std::span<const http::MediaRange> accepted);

/// GET .../bulkdata of a study, series or instance: all that the metadata has a BulkDataURI for, a
/// part each, with it as Content-Location (PS3.18 10.4.3.3.5). Of compressed pixels each frame is a
/// part; of several its location is {BulkDataURI}/frames/{n}. What cannot be read, or not given as
/// asked for, is left out: 206 and a Warning say so, or as with `objects`. 404 where there is none,
/// 406 where Accept takes none of it.
[[nodiscard]] http::Response all_bulk_data(const http::Request& request, store::Archive& archive,
                                           const RunParts& run,
                                           const std::shared_ptr<Suspects>& suspects);
/// GET .../pixeldata: of those the pixels alone (PS3.18 10.4.3.3.6).
[[nodiscard]] http::Response all_pixel_data(const http::Request& request, store::Archive& archive,
                                            const RunParts& run,
                                            const std::shared_ptr<Suspects>& suspects);

}  // namespace lucerna::retrieve
