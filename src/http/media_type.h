#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lucerna::http {

/// "multipart/related; type=\"application/dicom\"; boundary=xyz" taken apart (RFC 9110 8.3.1):
/// type and parameter names in lower case, quoted strings unquoted. A slash in an unquoted value is
/// accepted, since DICOMweb clients send type=application/dicom.
struct MediaType {
    std::string type;
    std::map<std::string, std::string, std::less<>> parameters;

    /// Empty if it is not there.
    [[nodiscard]] std::string_view parameter(std::string_view name) const;
    friend bool operator==(const MediaType&, const MediaType&) = default;
};
/// Empty if the text is no media type.
[[nodiscard]] std::optional<MediaType> parse_media_type(std::string_view text);

/// One entry of an Accept header; `media.type` may be "*/*" or "image/*". "q" is not among the
/// parameters.
struct MediaRange {
    MediaType media;
    double quality = 1;
    /// What more specific entries of the same header want less than this one or, with q=0, not at
    /// all (RFC 9110 12.5.1): it is theirs to say how much.
    std::vector<MediaType> exceptions = {};

    /// `type` in lower case, without parameters.
    [[nodiscard]] bool covers(std::string_view type) const;
    /// The same of one that may be multipart with a type ("multipart/related; type=\"image/jls\""),
    /// which is covered by entries that have that type or none. Other parameters count in
    /// exceptions alone.
    [[nodiscard]] bool covers(const MediaType& one) const;
    /// What it says of the parts of multipart/related, each by itself, transfer-syntax being among
    /// their parameters; "*/*" where it says nothing of them. Empty for what is not that.
    [[nodiscard]] std::optional<MediaRange> parts() const;
    friend bool operator==(const MediaRange&, const MediaRange&) = default;
};

/// The entries in the order in which the client prefers them (RFC 9110 12.5.1): by quality, among
/// equals in their order. What has q=0 is left out, but for `exceptions`. An empty header is one
/// entry, "*/*". Throws Error(kInvalidInput), quoting the entry, if one is malformed or there are
/// more than 64.
[[nodiscard]] std::vector<MediaRange> parse_accept(std::string_view header);

/// The first of `offered` that the most preferred entry covers; empty if none is.
[[nodiscard]] std::optional<std::string> choose(std::span<const MediaRange> accepted,
                                                std::span<const std::string_view> offered);

/// Splits at `separator` outside of quoted strings, and trims blanks.
[[nodiscard]] std::vector<std::string_view> split_outside_quotes(std::string_view text,
                                                                 char separator);

}  // namespace lucerna::http
