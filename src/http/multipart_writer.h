#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/pieces.h"

namespace lucerna::http {

/// What the header of a part says of its body.
struct PartName {
    /// With its parameters, such as transfer-syntax.
    std::string content_type;
    /// Content-Location; may be empty.
    std::string location;
};

/// One part of a multipart/related answer (RFC 2387).
struct Part : PartName {
    Bytes body = {};
    /// Where it is set it is the body.
    std::optional<Pieces> pieces = {};
    /// For `body`, as long as it is there.
    std::shared_ptr<const void> room = {};

    [[nodiscard]] std::uint64_t size() const { return pieces ? pieces->size : body.size(); }
};

/// "multipart/related; type=\"application/dicom\"; boundary=..." for a random boundary.
[[nodiscard]] std::string multipart_content_type(std::string_view type, std::string_view boundary);
/// 32 random hexadecimal digits: long enough not to occur in what is sent.
[[nodiscard]] std::string new_boundary();

/// What stands before a part's body, the line break that ends the part before it included.
/// Throws Error(kInternal) if content type or location hold a control character.
[[nodiscard]] std::string part_head(const PartName& name, std::uint64_t size,
                                    std::string_view boundary, bool first);
/// What stands after the last part.
[[nodiscard]] std::string multipart_end(std::string_view boundary);

/// 200 multipart/related, streamed: `next` gives part after part, and nothing at the end; one part
/// is held at a time, and some 256 KiB of those before it. `type` is the media type of the parts,
/// without parameters. The first part is asked for at once, so that what it throws is still an
/// answer of its own; what later ones throw ends the answer behind all that were before.
[[nodiscard]] Response multipart_response(std::string_view type,
                                          std::function<std::optional<Part>()> next);
/// The same of one part. One that is not in pieces comes with its length.
[[nodiscard]] Response multipart_response(std::string_view type, Part only);
[[nodiscard]] Response multipart_response(std::string_view type, const PartName& name, Buffer body,
                                          std::shared_ptr<const void> held = {});

}  // namespace lucerna::http
