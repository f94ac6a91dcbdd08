#pragma once

#include <span>
#include <string>

#include "base/parts.h"
#include "http/media_type.h"
#include "http/message.h"
#include "http/multipart_writer.h"
#include "retrieve/negotiate.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Is a report or holds a document of another kind: the category Text of PS3.18 Table 8.7.2-1.
[[nodiscard]] bool is_document(const store::InstanceRow& row);

/// A report as text/html (the default), text/plain or text/xml; an encapsulated document as what it
/// is. Throws Error(kUnsupported), naming what there is where `accepted` has none of it, or why it
/// cannot be shown, as a report of more than 2 MiB; and as MemoryBudget::take for one.
[[nodiscard]] http::Part document_as(store::Archive& archive, const store::InstanceRow& row,
                                     std::span<const http::MediaRange> accepted);

/// The same as an answer, as the one part of multipart/related, with `location` as its
/// Content-Location, where `wishes` have it so; 406 says the same.
[[nodiscard]] http::Response rendered_document(const http::Request& request,
                                               store::Archive& archive,
                                               const store::InstanceRow& row,
                                               const RenderedWishes& wishes,
                                               const std::string& location, const RunParts& run);

}  // namespace lucerna::retrieve
