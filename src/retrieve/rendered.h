#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/parts.h"
#include "dicom/render.h"
#include "http/media_type.h"
#include "http/message.h"
#include "retrieve/held_bytes.h"
#include "retrieve/kept_object.h"
#include "retrieve/left_out.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// viewport=WIDTH,HEIGHT[,LEFT,TOP,WIDTH,HEIGHT]: as large as fits into it, of a region if one is
/// named, which is flipped where its width or height is negative (PS3.18 8.3.5.1.3).
/// window=CENTER,WIDTH[,FUNCTION] with linear, linear-exact or sigmoid (PS3.18 8.3.5.1.4).
/// quality=1..100. Throws Error(kInvalidInput), naming the parameter.
[[nodiscard]] dicom::RenderOptions render_options(const http::Query& query);

struct PictureAsked {
    store::InstanceRow row;
    /// From 0; nothing: what the address names, else the representative one.
    std::optional<int> frame = {};
    dicom::RenderOptions options;
    /// "image/jpeg", "image/png" or "image/gif".
    std::string type;
    /// Where it is not empty, the picture comes as the one part of multipart/related, with this
    /// Content-Location.
    std::string part = {};
};

inline constexpr std::string_view kPicturesThereAre = "image/jpeg, image/png and image/gif";
/// Which of them `accepted` asks for most; nothing for none.
[[nodiscard]] std::optional<std::string> choose_picture(std::span<const http::MediaRange> accepted);

/// One frame, that which `number_of` says for the object's header, from 0. Throws Error:
/// kInvalidInput for options that do not fit that picture, kUnsupported where there is none or it
/// cannot be drawn, kConflict for what is malformed in it, kNotFound for a frame beyond the last;
/// and as MemoryBudget::take.
[[nodiscard]] HeldBytes::Made drawn(
    KeptObject& object, const PictureAsked& asked, const RunParts& run,
    const std::function<int(const dicom::DataSet& header)>& number_of);
/// What that takes, to draw one picture of it or several.
[[nodiscard]] std::shared_ptr<KeptObject> object_to_draw(store::Archive& archive,
                                                         const store::InstanceRow& row,
                                                         const RunParts& run,
                                                         KeptObject::For wanted);

/// 406 if nothing of the instance can be rendered. Strips of a large one are read and encoded as
/// `run` does parts.
[[nodiscard]] http::Response picture(const http::Request& request, store::Archive& archive,
                                     const PictureAsked& asked, const RunParts& run);

/// GET .../rendered; of an instance with several frames the representative one, of a document
/// the document (retrieve/rendered_document.h).
[[nodiscard]] http::Response rendered(http::Request& request, store::Archive& archive,
                                      const RunParts& run);
/// GET .../rendered of a study or series: multipart/related, a part for each instance that can be
/// rendered as asked for, with its address. 406 if none can, or nothing in Accept is
/// multipart/related or any type (PS3.18 10.4.4, note 3); 206 and a Warning where
/// one is left out because it cannot be read, or as with `objects`.
[[nodiscard]] http::Response rendered_together(const http::Request& request,
                                               store::Archive& archive, const RunParts& run,
                                               const std::shared_ptr<Suspects>& suspects);
/// GET .../thumbnail; of a study or series that of its first image that can be drawn, of eight.
[[nodiscard]] http::Response thumbnail(http::Request& request, store::Archive& archive,
                                       const RunParts& run);

}  // namespace lucerna::retrieve
