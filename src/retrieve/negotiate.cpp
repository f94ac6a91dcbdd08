#include "retrieve/negotiate.h"

#include <algorithm>
#include <utility>

#include "dicom/encoders.h"
#include "dicom/uids.h"
#include "http/headers.h"

namespace lucerna::retrieve {
namespace {

namespace syntax = dicom::transfer_syntax;
constexpr std::string_view kDicom = "application/dicom";
constexpr std::string_view kOctets = "application/octet-stream";
constexpr std::string_view kH265 = "video/H265";

/// What a range says of the things themselves, whether or not they come in parts.
struct Wish {
    bool multipart;
    /// "*/*" where it says nothing.
    http::MediaRange type;
    /// Empty where it says nothing.
    std::string_view transfer_syntax;
};

/// Media types that clients use for the same codestreams.
std::string_view registered_name(std::string_view type) {
    if (type == "image/x-jls") return "image/jls";
    if (type == "image/x-dicom-rle") return "image/dicom-rle";
    return type;
}

/// Of one of `parts`, or of what comes by itself.
http::MediaRange registered(http::MediaRange range) {
    range.media.type = registered_name(range.media.type);
    for (http::MediaType& exception : range.exceptions)
        exception.type = registered_name(exception.type);
    return range;
}

/// In the order in which they are tried: none for what cannot be met, single parts where there are
/// many things; what takes anything is met in parts, or else without.
std::vector<Wish> wishes_of(const http::MediaRange& range, Count count) {
    const std::string_view transfer_syntax = range.media.parameter("transfer-syntax");
    const auto parts = range.parts();
    std::vector<Wish> wishes;
    if (parts) wishes.push_back({true, registered(*parts), transfer_syntax});
    if (count == Count::kOne && (!parts || range.media.type == "*/*"))
        wishes.push_back({false, registered(range), transfer_syntax});
    return wishes;
}

bool is_native(std::string_view uid) {
    const dicom::TransferSyntax* known = dicom::find_transfer_syntax(uid);
    return known && !known->encapsulated();
}

/// What DataSet::to_part10 can write.
bool is_writable(std::string_view uid) {
    const dicom::TransferSyntax* known = dicom::find_transfer_syntax(uid);
    return known && !known->encapsulated() && known->little_endian;
}

bool is_readable(std::string_view uid) {
    return is_native(uid) || dicom::is_decodable(uid);
}

/// `wanted` is a compressed syntax that what is stored can be encoded in.
bool can_become(std::string_view wanted, std::string_view stored,
                const HasEncodablePixels& has_encodable_pixels) {
    return dicom::find_encoder(wanted) && is_readable(stored) && has_encodable_pixels();
}

std::optional<Representation> object_for(const Wish& wish, std::string_view stored,
                                         const HasEncodablePixels& has_encodable_pixels) {
    if (!wish.type.covers(kDicom)) return std::nullopt;
    const auto answer = [&](bool as_stored, std::string_view uid) {
        return Representation{wish.multipart, as_stored, std::string(uid), std::string(kDicom)};
    };
    if (wish.transfer_syntax == "*" || wish.transfer_syntax == stored) return answer(true, stored);
    if (wish.transfer_syntax.empty()) {
        if (stored == syntax::kExplicitVrLittleEndian || !is_readable(stored))
            return answer(true, stored);
        return answer(false, syntax::kExplicitVrLittleEndian);
    }
    if ((is_writable(wish.transfer_syntax) && is_readable(stored)) ||
        can_become(wish.transfer_syntax, stored, has_encodable_pixels))
        return answer(false, wish.transfer_syntax);
    return std::nullopt;
}

/// HEVC/H.265, whose streams have a media type of their own beside that of their container.
bool is_hevc(std::string_view uid) {
    return uid == "1.2.840.10008.1.2.4.107" || uid == "1.2.840.10008.1.2.4.108";
}

/// The transfer syntax that frames of a media type have where Accept names none (PS3.18 Table
/// 8.7.3-5), that of any image first; types that are not encoded here are not among them.
constexpr std::pair<std::string_view, std::string_view> kDefaultSyntaxes[] = {
    {"image/jpeg", syntax::kJpegLosslessSv1},
    {"image/jls", syntax::kJpegLsLossless},
    {"image/jp2", syntax::kJpeg2000Lossless},
    {"image/jphc", syntax::kHtj2kLossless},
    {"image/dicom-rle", syntax::kRleLossless}};

/// What frames would have to be encoded in to be as wished; empty where that is not done here.
std::string_view syntax_to_encode(const Wish& wish) {
    const std::string_view wanted = wish.transfer_syntax;
    if (wanted.empty() || wanted == "*") {
        // Whoever takes just anything is not told apart from who cannot read it.
        if (!wish.type.media.type.starts_with("image/")) return {};
        for (const auto& [type, default_syntax] : kDefaultSyntaxes)
            if (wish.type.covers(type)) return default_syntax;
        return {};
    }
    const dicom::TransferSyntax* known = dicom::find_transfer_syntax(wanted);
    const bool fits = known && (wish.type.media.type == kOctets ||
                                wish.type.covers(registered_name(known->frame_media_type)));
    return fits ? wanted : std::string_view{};
}

std::optional<Representation> frames_for(const Wish& wish, std::string_view stored,
                                         const HasEncodablePixels& has_encodable_pixels) {
    const auto answer = [&](bool as_stored, std::string_view uid, std::string_view type) {
        return Representation{wish.multipart, as_stored, std::string(uid), std::string(type)};
    };
    const dicom::TransferSyntax* known = dicom::find_transfer_syntax(stored);
    const bool native = is_native(stored);
    // Of uncompressed frames every syntax has the same bytes, once they are little endian.
    const std::string_view as_stored = native ? syntax::kExplicitVrLittleEndian : stored;
    const std::string_view codestream = known && !native ? known->frame_media_type : kOctets;
    const std::string_view wanted = wish.transfer_syntax;
    const bool any = wanted.empty() || wanted == "*" || wanted == stored;

    const http::MediaRange& type = wish.type;
    const bool takes_codestream = type.covers(registered_name(codestream));
    if (type.covers(kOctets)) {
        if (wanted == "*" || wanted == stored) return answer(true, as_stored, kOctets);
        if ((wanted.empty() || is_writable(wanted)) && is_readable(stored))
            return answer(native, syntax::kExplicitVrLittleEndian, kOctets);
        if (wanted.empty() && type.media.type == "*/*" && takes_codestream)
            return answer(true, stored, codestream);
        // There is nothing else of them (PS3.18 8.7.3.3).
        if (wanted.empty() && codestream.starts_with("video/"))
            return answer(true, stored, kOctets);
    }
    if (is_hevc(stored) && any && type.media.type == "video/h265")
        return answer(true, stored, kH265);
    if (!native && any && takes_codestream) return answer(true, stored, codestream);
    const std::string_view other = syntax_to_encode(wish);
    if (can_become(other, stored, has_encodable_pixels)) {
        const bool as_octets = type.media.type == kOctets;
        return answer(false, other,
                      as_octets ? kOctets : dicom::find_transfer_syntax(other)->frame_media_type);
    }
    return std::nullopt;
}

template <typename Choose>
std::optional<Representation> first_of(std::span<const http::MediaRange> accepted, Count count,
                                       Choose&& choose) {
    for (const http::MediaRange& range : accepted)
        for (const Wish& wish : wishes_of(range, count)) {
            std::optional<Representation> chosen = choose(wish);
            // Another entry may want less of that transfer syntax alone.
            if (chosen &&
                wish.type.covers(http::MediaType{std::string(registered_name(chosen->media_type)),
                                                 {{"transfer-syntax", chosen->transfer_syntax}}}))
                return chosen;
        }
    return std::nullopt;
}

}  // namespace

std::optional<Representation> choose_object(std::span<const http::MediaRange> accepted,
                                            std::string_view stored_syntax, Count count,
                                            const HasEncodablePixels& has_encodable_pixels) {
    return first_of(accepted, count, [&](const Wish& wish) {
        return object_for(wish, stored_syntax, has_encodable_pixels);
    });
}

std::optional<Representation> choose_stored_object(std::span<const http::MediaRange> accepted,
                                                   std::string_view stored_syntax, Count count) {
    return first_of(accepted, count, [&](const Wish& wish) -> std::optional<Representation> {
        const bool any = wish.transfer_syntax.empty() || wish.transfer_syntax == "*";
        if (!wish.type.covers(kDicom) || (!any && wish.transfer_syntax != stored_syntax))
            return std::nullopt;
        return Representation{wish.multipart, true, std::string(stored_syntax),
                              std::string(kDicom)};
    });
}

std::vector<std::string> object_syntaxes(std::string_view stored_syntax) {
    std::vector<std::string> syntaxes{std::string(stored_syntax)};
    if (!is_readable(stored_syntax)) return syntaxes;
    for (const dicom::TransferSyntax& syntax : dicom::transfer_syntaxes())
        if ((is_writable(syntax.uid) || dicom::find_encoder(syntax.uid)) &&
            syntax.uid != stored_syntax)
            syntaxes.emplace_back(syntax.uid);
    return syntaxes;
}

std::optional<Representation> choose_frames(std::span<const http::MediaRange> accepted,
                                            std::string_view stored_syntax, Count count,
                                            const HasEncodablePixels& has_encodable_pixels) {
    return first_of(accepted, count, [&](const Wish& wish) {
        return frames_for(wish, stored_syntax, has_encodable_pixels);
    });
}

RenderedWishes::RenderedWishes(std::span<const http::MediaRange> accepted, Count count) {
    const auto add = [this](const http::MediaRange& range, bool in_parts) {
        types_.push_back(range);
        in_parts_.push_back(in_parts);
    };
    for (const http::MediaRange& range : accepted) {
        const auto parts = range.parts();
        if (count == Count::kOne && (!parts || range.media.type == "*/*")) add(range, false);
        if (parts) add(*parts, true);
    }
}

bool RenderedWishes::in_parts(std::string_view type) const {
    for (std::size_t i = 0; i < types_.size(); ++i)
        if (types_[i].covers(type)) return in_parts_[i];
    return false;
}

std::vector<http::MediaRange> accepted_by(const http::Request& request) {
    if (const auto asked = request.query.get("accept")) return http::parse_accept(*asked);
    return http::parse_accept(request.headers.get_or("Accept", ""));
}

}  // namespace lucerna::retrieve
