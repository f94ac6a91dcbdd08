#include "retrieve/bulk_data.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "dicom/json.h"
#include "dicom/nested_pixels.h"
#include "dicom/uids.h"
#include "http/answer_memory.h"
#include "http/multipart_writer.h"
#include "http/range.h"
#include "retrieve/address.h"
#include "retrieve/frames.h"
#include "retrieve/held_bytes.h"
#include "retrieve/kept_object.h"
#include "retrieve/left_out.h"
#include "retrieve/negotiate.h"
#include "retrieve/object_head.h"
#include "retrieve/object_parts.h"
#include "retrieve/objects.h"
#include "retrieve/plain_object.h"
#include "retrieve/video.h"

namespace lucerna::retrieve {
namespace {

constexpr std::array<std::string_view, 2> kOffered = {
    kOctetStream, "multipart/related; type=\"application/octet-stream\""};

http::Pieces pieces_of_bytes(Bytes value) {
    const auto bytes = std::make_shared<const Bytes>(std::move(value));
    return {bytes->size(), [bytes](std::uint64_t offset, std::uint64_t length) {
                const ByteView part = ByteView(*bytes).subspan(static_cast<std::size_t>(offset),
                                                               static_cast<std::size_t>(length));
                return Bytes(part.begin(), part.end());
            }};
}

/// What `take` gives of such an object: of all before its pixels, or else with what is behind them.
template <typename Take>
auto from_header(store::Archive& archive, const store::InstanceRow& row, const Take& take)
    -> decltype(take(std::declval<const dicom::FileHeader&>())) {
    if (auto value = take(head_of(archive, row).file)) return value;
    if (row.head_bytes == 0) return std::nullopt;
    return take(head_of_all(archive, row).file);
}

/// Of a megabyte or more, where it lies as it stands.
std::optional<dicom::ByteRange> place_of_large_value(store::Archive& archive,
                                                     const store::InstanceRow& row,
                                                     const std::string& path) {
    const bool is_small = row.size < dicom::FileHeader::kLargeValue && !is_inflatable(row);
    if (is_small || !is_as_it_stands(row)) return std::nullopt;
    return from_header(archive, row,
                       [&](const dicom::FileHeader& header) -> std::optional<dicom::ByteRange> {
                           const auto value = dicom::bulk_data_at(header.data_set(), path);
                           if (!value || value->size() < dicom::FileHeader::kLargeValue)
                               return std::nullopt;
                           return header.place_of(*value);
                       });
}

HeldBytes::Made read_value(store::Archive& archive, const store::InstanceRow& row,
                           const std::string& path) {
    if (!is_pixel_data(path) && is_as_it_stands(row)) {
        auto value = from_header(archive, row, [&](const dicom::FileHeader& header) {
            return value_in(header.data_set(), path);
        });
        if (value) return *std::move(value);
    } else {
        if (row.size > kMostBeside)
            throw Error(ErrorCode::kUnsupported,
                        "it is too large to be looked at as a whole: ask for the object as it is");
        const MemoryBudget::Share room = room_for_whole(row);
        const auto whole = dicom::DataSet::parse(archive.object(row.sop_instance_uid));
        if (auto value = value_in(whole, path)) return *std::move(value);
    }
    throw Error(ErrorCode::kNotFound, "that instance has no such bulk data");
}

http::Part part_of(const http::Pieces& value, const std::string& type, std::uint64_t begin,
                   std::uint64_t end) {
    http::Part part{type, {}, {}};
    if (end - begin <= http::kPieceBytes)
        part.body = value.read(begin, end - begin);
    else
        part.pieces = http::Pieces{
            end - begin, [read = value.read, begin](std::uint64_t offset, std::uint64_t length) {
                return read(begin + offset, length);
            }};
    return part;
}

/// The range of the value that is asked for, as the one part.
http::Response in_a_part(const http::Request& request, http::Response head,
                         const http::Pieces& value, const http::PartName& called) {
    const auto span = http::span_asked(request, head, static_cast<std::size_t>(value.size));
    if (!span) return head;
    http::Part part = part_of(value, called.content_type, span->begin, span->end);
    part.location = called.location;
    const std::string media_type = called.content_type.substr(0, called.content_type.find(';'));
    http::Response response = http::multipart_response(media_type, std::move(part));
    response.status = head.status;
    for (const auto& [name, text] : head.headers.all()) response.headers.add(name, text);
    return response;
}

/// Of compressed pixels in a sequence, which an icon's are.
bool names_item_pixels(store::Archive& archive, const store::InstanceRow& row,
                       const std::string& path) {
    constexpr std::size_t kTag = 8;
    if (path.size() <= kTag || !is_pixel_data(std::string_view(path).substr(path.size() - kTag)) ||
        !is_encapsulated(row))
        return false;
    const auto found =
        from_header(archive, row, [&](const dicom::FileHeader& header) -> std::optional<bool> {
            if (dicom::item_with_fragments(header.data_set(), path) == nullptr) return {};
            return true;
        });
    return found.has_value();
}

/// As choose_frames says for one frame.
http::Response answer_item_pixels(const http::Request& request, store::Archive& archive,
                                  const store::InstanceRow& row, const std::string& path) {
    const auto form = choose_frames(accepted_by(request), row.transfer_syntax_uid, Count::kOne);
    if (!form)
        return not_acceptable(request, std::string(kOctetStream) +
                                           ", or what is stored in transfer syntax " +
                                           row.transfer_syntax_uid);
    const std::string type = type_of(*form);
    const std::string etag =
        etag_of({row}, "bulkdata " + type + (form->multipart ? "m" : "s") + path);
    if (auto same = unmodified(request, etag)) return *std::move(same);
    http::Response head;
    set_cache_headers(head, etag);
    return looking_at(row.sop_instance_uid, [&] {
        const http::Pieces value =
            pieces_of_value([&] { return item_pixels(archive, row, path, *form); });
        if (form->multipart)
            return in_a_part(request, std::move(head), value,
                             {type, url_of(row, base_of(request)) + "/bulkdata/" + path});
        head.headers.set("Content-Type", type);
        return http::ranged(request, std::move(head), value);
    });
}

}  // namespace

http::Pieces pieces_of_value(HeldBytes::Make read) {
    HeldBytes::Made value = read();
    if (!value.share) return pieces_of_bytes(std::move(value.bytes));
    return HeldBytes::pieces_of(std::move(value), std::move(read));
}

std::optional<HeldBytes::Made> value_in(const dicom::DataSet& object, const std::string& path) {
    const auto value = dicom::bulk_data_at(object, path);
    if (!value) return {};
    std::shared_ptr<MemoryBudget::Share> share;
    if (value->size() > http::AnswerMemory::kFreely) {
        MemoryBudget& memory = dicom::decoding_memory();
        share = std::make_shared<MemoryBudget::Share>(
            memory.take(std::min(value->size(), memory.limit()), "a large value"));
    }
    return HeldBytes::Made{Bytes(value->begin(), value->end()), std::move(share)};
}

bool is_pixel_data(std::string_view path) {
    return path == "7FE00010" || path == "7fe00010";
}

std::string type_of(const Representation& form) {
    return form.media_type + "; transfer-syntax=" + form.transfer_syntax;
}

std::optional<HeldBytes::Made> item_pixels_in(const dicom::DataSet& object,
                                              const store::InstanceRow& row,
                                              const std::string& path, const Representation& form) {
    const dicom::DataSet* const item = dicom::item_with_fragments(object, path);
    if (item == nullptr) return {};
    return HeldBytes::Made{form.as_stored
                               ? dicom::codestream_of_item(*item, row.transfer_syntax_uid)
                               : dicom::decoded_pixels_of_item(*item, row.transfer_syntax_uid)};
}

HeldBytes::Made item_pixels(store::Archive& archive, const store::InstanceRow& row,
                            const std::string& path, const Representation& form) {
    auto pixels = from_header(archive, row, [&](const dicom::FileHeader& header) {
        return item_pixels_in(header.data_set(), row, path, form);
    });
    if (!pixels) throw Error(ErrorCode::kNotFound, "that instance has no such bulk data");
    return *std::move(pixels);
}

bool is_encapsulated(const store::InstanceRow& row) {
    const dicom::TransferSyntax* known = dicom::find_transfer_syntax(row.transfer_syntax_uid);
    return !known || known->encapsulated();
}

bool is_as_it_stands(const store::InstanceRow& row) {
    const dicom::TransferSyntax* known = dicom::find_transfer_syntax(row.transfer_syntax_uid);
    return known != nullptr && known->little_endian;
}

http::Pieces bulk_value(store::Archive& archive, const store::InstanceRow& row,
                        const std::string& path) {
    if (is_pixel_data(path)) {
        PlainObject plain = plain_object_with_pixels(archive, row);
        if (const auto span = native_pixels(*plain.object, plain.row))
            return pieces_of(std::move(plain.object), span->begin, span->size);
    } else if (const auto place = place_of_large_value(archive, row, path)) {
        return pieces_of(plain_object(archive, row).object, place->begin,
                         place->end - place->begin);
    }
    return pieces_of_value([&archive, row, path] { return read_value(archive, row, path); });
}

http::Response bulk_data(const http::Request& request, store::Archive& archive,
                         const RunParts& run) {
    const store::InstanceRow row = instances_named(request, archive).front();
    const std::string& path = request.parameter("path");
    if (is_pixel_data(path) && is_video(row))
        return video(request, archive, row, run,
                     url_of(row, base_of(request)) + "/bulkdata/" + path);
    if (is_pixel_data(path) && is_encapsulated(row)) return all_frames(request, archive, row, run);
    if (names_item_pixels(archive, row, path))
        return answer_item_pixels(request, archive, row, path);
    std::vector<http::MediaRange> accepted = accepted_by(request);
    // What is wished for in other forms is not bytes either.
    std::erase_if(accepted, [](const http::MediaRange& range) {
        return !choose_frames({&range, 1}, dicom::transfer_syntax::kExplicitVrLittleEndian,
                              Count::kOne);
    });
    const auto type = http::choose(accepted, kOffered);
    if (!type) return not_acceptable(request, kOctetStream);
    const std::string etag = etag_of({row}, "bulkdata " + *type + path);
    if (auto same = unmodified(request, etag)) return *std::move(same);
    http::Response head;
    set_cache_headers(head, etag);
    return looking_at(row.sop_instance_uid, [&] {
        http::Pieces value = bulk_value(archive, row, path);
        // Of a range no more is read than is asked for.
        if (value.size > http::kPieceBytes && !request.headers.has("Range"))
            check_whole(archive, row, run);
        if (*type == kOffered[1])
            return in_a_part(request, std::move(head), value,
                             {kOctetStream, url_of(row, base_of(request)) + "/bulkdata/" + path});
        head.headers.set("Content-Type", kOctetStream);
        return http::ranged(request, std::move(head), std::move(value));
    });
}

}  // namespace lucerna::retrieve
