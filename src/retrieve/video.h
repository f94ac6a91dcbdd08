#pragma once

#include <string>

#include "base/parts.h"
#include "http/message.h"
#include "http/pieces.h"
#include "retrieve/negotiate.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Compressed by a codec of the MPEG family: all of its frames are one stream (PS3.5 8.2.5
/// to 8.2.8).
[[nodiscard]] bool is_video(const store::InstanceRow& row);

/// The stream, without the heads of its fragments; read as it is sent. Throws Error(kNotFound)
/// where there is none, kInvalidInput where its fragments are no fragments, and as the archive.
[[nodiscard]] http::Pieces video_stream(store::Archive& archive, const store::InstanceRow& row);

/// 200 with the stream, or the range of it that is asked for; alone, or as the one part, which
/// `location` is the address of. Its media type is one of video, or application/octet-stream; 406
/// where none of those is accepted.
[[nodiscard]] http::Response video(const http::Request& request, store::Archive& archive,
                                   const store::InstanceRow& row, const RunParts& run,
                                   const std::string& location);

/// The same, as what it is rendered as: alone, too, where anything is accepted, which is what
/// players say.
[[nodiscard]] http::Response rendered_video(const http::Request& request, store::Archive& archive,
                                            const store::InstanceRow& row, const RunParts& run,
                                            const std::string& location);

}  // namespace lucerna::retrieve
