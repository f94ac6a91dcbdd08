#include "retrieve/wado.h"

#include <array>
#include <memory>
#include <set>
#include <utility>

#include "base/error.h"
#include "dicom/json.h"
#include "dicom/uids.h"
#include "http/multipart_writer.h"
#include "http/range.h"
#include "retrieve/address.h"
#include "retrieve/data_set_form.h"
#include "retrieve/frames.h"
#include "retrieve/negotiate.h"
#include "retrieve/rendered.h"
#include "retrieve/wado_uri.h"

namespace lucerna::retrieve {
namespace {

using Rows = std::vector<store::InstanceRow>;

struct Sending {
    store::InstanceRow row;
    Representation representation;
};

std::string with_syntax(const Representation& representation) {
    return representation.media_type + "; transfer-syntax=" + representation.transfer_syntax;
}

std::string kept_syntaxes(const Rows& rows) {
    std::set<std::string> syntaxes;
    for (const store::InstanceRow& row : rows)
        for (std::string& syntax : object_syntaxes(row.transfer_syntax_uid))
            syntaxes.insert(std::move(syntax));
    std::string text = "application/dicom in transfer syntax";
    for (const std::string& syntax : syntaxes) text += " " + syntax;
    return text + (rows.size() > 1 ? "; several objects come as multipart/related" : "");
}

/// One part, sent as it is read.
http::Response in_pieces(const http::Request& request, std::string_view type,
                         const std::string& etag, http::Pieces pieces) {
    http::Response head;
    head.headers.set("Content-Type", type);
    set_cache_headers(head, etag);
    return http::ranged(request, std::move(head), std::move(pieces));
}

http::Response objects(const http::Request& request, store::Archive& archive,
                       const WadoOptions& options) {
    const Rows rows = instances_named(request, archive);
    const auto accepted = accepted_by(request);
    const Count count = rows.size() == 1 ? Count::kOne : Count::kMany;
    std::vector<Sending> sending;
    std::string variant = "objects";
    for (const store::InstanceRow& row : rows) {
        auto chosen = choose_object(accepted, row.transfer_syntax_uid, count,
                                    encodable_pixels_of(archive, row));
        if (!chosen) return not_acceptable(request, kept_syntaxes(rows));
        variant += chosen->transfer_syntax + (chosen->multipart ? "m" : "s");
        sending.push_back({row, std::move(*chosen)});
    }
    const std::string etag = etag_of(rows, variant);
    if (http::has_already(request, etag)) return http::not_modified(etag);
    http::Response response;
    if (const Representation& first = sending.front().representation; !first.multipart) {
        if (auto pieces = object_in_pieces(archive, rows.front(), first))
            return in_pieces(request, with_syntax(first), etag, *std::move(pieces));
        response =
            http::Response::of(200, with_syntax(first), object_as(archive, rows.front(), first));
    } else {
        response = http::multipart_response(
            "application/dicom",
            [&archive, sending = std::move(sending), base = base_of(request, options.base_url),
             at = std::size_t{0}]() mutable -> std::optional<http::Part> {
                if (at == sending.size()) return std::nullopt;
                const Sending& next = sending[at++];
                http::Part part{with_syntax(next.representation), url_of(next.row, base), {}};
                part.pieces = object_in_pieces(archive, next.row, next.representation);
                if (!part.pieces) part.body = object_as(archive, next.row, next.representation);
                return part;
            });
    }
    set_cache_headers(response, etag);
    return response;
}

/// One instance as an object of the DICOM JSON model.
std::string metadata_of(store::Archive& archive, const store::InstanceRow& row,
                        const std::string& base) {
    const Bytes head = archive.head(row.sop_instance_uid);
    const dicom::DataSet header = dicom::DataSet::header_in(head);
    const std::string bulk_data = url_of(row, base) + "/bulkdata";
    std::string json = dicom::to_dicom_json(header, {.bulk_data_uri = bulk_data});
    json.pop_back();
    const char* comma = json.size() > 1 ? "," : "";
    // The header ends before the pixels; what is told of them here stands for the element.
    if (row.head_bytes != 0 && !header.has(dicom::tags::kPixelData)) {
        const dicom::TransferSyntax* known = dicom::find_transfer_syntax(row.transfer_syntax_uid);
        const bool is_native = known && !known->encapsulated();
        const bool is_words = is_native && header.integer(dicom::tags::kBitsAllocated) > 8;
        json += std::string(std::exchange(comma, ",")) + "\"7FE00010\":{\"vr\":\"" +
                (is_words ? "OW" : "OB") +
                "\",\"BulkDataURI\":" + json_quoted(bulk_data + "/7FE00010") + "}";
    }
    json += std::string(comma) + "\"00083002\":{\"vr\":\"UI\",\"Value\":[" +
            json_quoted(row.transfer_syntax_uid) + "]}";
    return json + "}";
}

http::Response metadata(const http::Request& request, store::Archive& archive,
                        const WadoOptions& options) {
    // Also of one instance XML is a part (PS3.18 10.4.1.1.2).
    const auto form = choose_form(accepted_by(request), Count::kMany);
    if (!form) return not_acceptable(request, kDataSetForms);
    Rows rows = instances_named(request, archive);
    const std::string base = base_of(request, options.base_url);
    const std::string etag = etag_of(rows, "metadata " + form->content_type + base);
    if (http::has_already(request, etag)) return http::not_modified(etag);
    if (form->kind == DataSetForm::Kind::kXmlParts) {
        http::Response response =
            xml_parts([&archive, rows = std::move(rows), base,
                       at = std::size_t{0}]() mutable -> std::optional<std::string> {
                if (at == rows.size()) return std::nullopt;
                return metadata_of(archive, rows[at++], base);
            });
        set_cache_headers(response, etag);
        return response;
    }
    // The first is read before the head is sent, so that what is wrong with it is an answer.
    const auto first = std::make_shared<std::string>(metadata_of(archive, rows.front(), base));
    http::Stream stream{[&archive, rows = std::move(rows), base, first,
                         at = std::size_t{0}]() mutable -> http::Chunk {
        const std::string json =
            at == 0 ? "[" + *first : "," + metadata_of(archive, rows[at], base);
        const bool last = ++at == rows.size();
        http::Chunk chunk{.bytes = Bytes(json.begin(), json.end()), .last = last};
        if (last) chunk.bytes.push_back(']');
        return chunk;
    }};
    http::Response response{200, {}, std::move(stream)};
    response.headers.set("Content-Type", form->content_type);
    set_cache_headers(response, etag);
    return response;
}

http::Response bulk_data(http::Request& request, store::Archive& archive, const RunParts& run) {
    static constexpr std::array<std::string_view, 2> kOffered = {"application/octet-stream",
                                                                 "multipart/related"};
    const Rows rows = instances_named(request, archive);
    const std::string path = request.parameter("path");
    const auto row = rows.front();
    const dicom::TransferSyntax* known = dicom::find_transfer_syntax(row.transfer_syntax_uid);
    const bool encapsulated = !known || known->encapsulated();
    if (encapsulated && (path == "7FE00010" || path == "7fe00010"))
        return all_frames(request, archive, row, run);
    const auto accepted = accepted_by(request);
    const auto type = http::choose(accepted, kOffered);
    if (!type) return not_acceptable(request, "application/octet-stream");
    const std::string etag = etag_of(rows, "bulkdata " + *type + path);
    if (http::has_already(request, etag)) return http::not_modified(etag);
    if ((path == "7FE00010" || path == "7fe00010") && *type == kOffered[0]) {
        std::shared_ptr<store::OpenedObject> object = archive.open(row);
        if (const auto pixels = native_pixels(*object, row))
            return in_pieces(request, *type, etag,
                             pieces_of(std::move(object), pixels->begin, pixels->size));
    }
    // Most bulk data but pixels lies before them.
    dicom::DataSet object;
    std::optional<ByteView> value;
    if (row.head_bytes != 0) {
        object =
            dicom::DataSet::parse(archive.head(row.sop_instance_uid), {}, dicom::PixelData::kSkip);
        value = dicom::bulk_data_at(object, path);
    }
    if (!value) {
        object = dicom::DataSet::parse(archive.object(row.sop_instance_uid));
        value = dicom::bulk_data_at(object, path);
    }
    if (!value) throw Error(ErrorCode::kNotFound, "that instance has no such bulk data");
    Bytes bytes(value->begin(), value->end());
    http::Response response;
    if (*type == kOffered[0]) {
        response = http::Response::of(200, *type, std::move(bytes));
    } else {
        response = http::multipart_response(
            kOffered[0], http::Part{std::string(kOffered[0]), "", std::move(bytes)});
    }
    set_cache_headers(response, etag);
    return response;
}

}  // namespace

void add_wado(http::Router& router, store::Archive& archive, const WadoOptions& options) {
    const RunParts& run = options.run;
    const std::string study = std::string(kRoot) + "/studies/{study}";
    const std::string series = study + "/series/{series}";
    const std::string instance = series + "/instances/{instance}";
    for (const std::string& level : {study, series, instance}) {
        router.add("GET", level, [&archive, options](http::Request& request) {
            return objects(request, archive, options);
        });
        router.add("GET", level + "/metadata", [&archive, options](http::Request& request) {
            return metadata(request, archive, options);
        });
        router.add("GET", level + "/thumbnail", [&archive, run](http::Request& request) {
            return thumbnail(request, archive, run);
        });
    }
    for (const std::string& level : {study, series})
        router.add("GET", level + "/rendered", [&archive, options](http::Request& request) {
            return rendered_together(request, archive, base_of(request, options.base_url),
                                     options.run);
        });
    router.add("GET", instance + "/frames/{frames}",
               [&archive, run](http::Request& request) { return frames(request, archive, run); });
    router.add("GET", instance + "/frames/{frames}/rendered",
               [&archive, run](http::Request& request) { return rendered(request, archive, run); });
    router.add(
        "GET", instance + "/frames/{frames}/thumbnail",
        [&archive, run](http::Request& request) { return thumbnail(request, archive, run); });
    router.add("GET", instance + "/rendered",
               [&archive, run](http::Request& request) { return rendered(request, archive, run); });
    router.add("GET", instance + "/bulkdata/{path...}", [&archive, run](http::Request& request) {
        return bulk_data(request, archive, run);
    });
    router.add("GET", "/wado",
               [&archive, run](http::Request& request) { return wado_uri(request, archive, run); });
}

}  // namespace lucerna::retrieve
