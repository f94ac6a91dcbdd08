#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/media_type.h"
#include "http/message.h"

namespace lucerna::retrieve {

/// How something goes out.
struct Representation {
    bool multipart = true;
    /// As it is stored; else it is decoded, encoded or written anew, in `transfer_syntax`.
    bool as_stored = true;
    std::string transfer_syntax;
    /// Of a part, without parameters.
    std::string media_type;
    friend bool operator==(const Representation&, const Representation&) = default;
};

/// Whether single parts are possible: there is one thing to send.
enum class Count { kOne, kMany };

/// Whether what is stored has pixels that can be encoded (dicom/encoders.h). Asked only where a
/// compressed syntax is wished for that they are not stored in.
using HasEncodablePixels = std::function<bool()>;
[[nodiscard]] inline bool nothing_encodable() {
    return false;
}

/// Of an object (PS3.18 8.7.3.5): without transfer-syntax in Accept it is explicit VR little
/// endian, or as stored where it cannot be decoded; with "*" as stored; with a UID exactly that.
/// Empty: none of it is acceptable.
[[nodiscard]] std::optional<Representation> choose_object(
    std::span<const http::MediaRange> accepted, std::string_view stored_syntax, Count count,
    const HasEncodablePixels& has_encodable_pixels = nothing_encodable);

/// The same of one that cannot be decoded, although its transfer syntax can: as stored, or nothing.
[[nodiscard]] std::optional<Representation> choose_stored_object(
    std::span<const http::MediaRange> accepted, std::string_view stored_syntax, Count count);

/// In which transfer syntaxes choose_object can give an image stored in this one, itself first.
[[nodiscard]] std::vector<std::string> object_syntaxes(std::string_view stored_syntax);

/// Of frames: without wishes uncompressed application/octet-stream; as stored for
/// transfer-syntax=*, for the syntax's UID, and for the media type of its codestreams (image/jls).
/// Encoded for the UID of another, or for its media type where it is that type's default (PS3.18
/// Table 8.7.3-5); for any image (image/*) what is uncompressed as image/jpeg.
[[nodiscard]] std::optional<Representation> choose_frames(
    std::span<const http::MediaRange> accepted, std::string_view stored_syntax, Count count,
    const HasEncodablePixels& has_encodable_pixels = nothing_encodable);

/// What Accept has for things that come rendered (PS3.18 8.7.4). One thing comes by itself, or as
/// the only part of multipart/related where that is wished for more. Several come in parts alone: a
/// type without multipart/related around it is passed over (PS3.18 10.4.4, note 3).
class RenderedWishes {
  public:
    RenderedWishes(std::span<const http::MediaRange> accepted, Count count);
    /// What each may be, for http::choose.
    [[nodiscard]] std::span<const http::MediaRange> types() const { return types_; }
    /// Whether what http::choose took of types() is to come as a part.
    [[nodiscard]] bool in_parts(std::string_view type) const;

  private:
    std::vector<http::MediaRange> types_;
    /// Of each of them.
    std::vector<bool> in_parts_;
};

/// Request's Accept, with the query parameter `accept` in its place if it is there
/// (PS3.18 8.3.3.1). Throws Error(kInvalidInput).
[[nodiscard]] std::vector<http::MediaRange> accepted_by(const http::Request& request);

}  // namespace lucerna::retrieve
