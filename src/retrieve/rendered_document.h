#pragma once

#include <span>

#include "http/media_type.h"
#include "http/message.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Is a report or holds a document of another kind: the category Text of PS3.18 Table 8.7.2-1.
[[nodiscard]] bool is_document(const store::InstanceRow& row);

/// A report as text/html (the default), text/plain or text/xml; an encapsulated document as what it
/// is. 406 naming what there is, or why a report cannot be shown.
[[nodiscard]] http::Response rendered_document(const http::Request& request,
                                               store::Archive& archive,
                                               const store::InstanceRow& row,
                                               std::span<const http::MediaRange> accepted);

}  // namespace lucerna::retrieve
