#include "retrieve/rendered_document.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/memory_budget.h"
#include "dicom/document.h"
#include "dicom/limits.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "http/multipart_writer.h"
#include "http/range.h"
#include "retrieve/address.h"
#include "retrieve/bulk_data.h"
#include "retrieve/object_head.h"
#include "retrieve/objects.h"

namespace lucerna::retrieve {
namespace {

using Accepted = std::span<const http::MediaRange>;

/// Of a report, as it is kept or inflated. One of CAD with hundreds of findings has a tenth of it.
constexpr std::size_t kMostReportBytes = std::size_t{2} << 20;
constexpr std::size_t kMostElements = 100'000;
/// What rendering one takes, for each of its bytes: DCMTK's trees of it, and its text twice.
constexpr std::size_t kTimes = 40;

/// Of two large ones there is one at a time.
MemoryBudget& rendering_memory() {
    static MemoryBudget budget("what reports may take that are rendered", std::size_t{64} << 20);
    return budget;
}

constexpr std::string_view kReports = "1.2.840.10008.5.1.4.1.1.88.";
constexpr std::string_view kEncapsulated = "1.2.840.10008.5.1.4.1.1.104.";

struct Form {
    std::string_view media_type;
    dicom::DocumentForm form;
};

// PS3.18 Table 8.7.4-1, the default first.
constexpr std::array<Form, 3> kForms{{
    {"text/html", dicom::DocumentForm::kHtml},
    {"text/plain", dicom::DocumentForm::kPlain},
    {"text/xml", dicom::DocumentForm::kXml},
}};

bool may_grow(const store::InstanceRow& row) {
    const auto* syntax = dicom::find_transfer_syntax(row.transfer_syntax_uid);
    return syntax != nullptr && syntax->deflated;
}

/// Small ones do not wait for large ones.
MemoryBudget::Share room_to_render(const store::InstanceRow& row) {
    constexpr std::size_t kSmall = std::size_t{64} << 10;
    const auto bytes = may_grow(row) ? kMostReportBytes : static_cast<std::size_t>(row.size);
    if (bytes <= kSmall) return {};
    return rendering_memory().take(std::min(kTimes * bytes, rendering_memory().limit()),
                                   "a report that is rendered");
}

dicom::DataSet report_in(store::Archive& archive, const store::InstanceRow& row) {
    dicom::Limits limits;
    limits.max_inflated_bytes = kMostReportBytes;
    limits.max_elements = kMostElements;
    Bytes file = archive.object(row.sop_instance_uid);
    try {
        return dicom::DataSet::parse(std::move(file), limits);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kInvalidInput) throw;
        // It was taken within wider limits.
        throw Error(ErrorCode::kUnsupported,
                    std::string("the report is too large to be rendered: ask for the object; ") +
                        error.what());
    }
}

http::Part report_as(store::Archive& archive, const store::InstanceRow& row, Accepted accepted) {
    std::array<std::string_view, kForms.size()> offered;
    std::transform(kForms.begin(), kForms.end(), offered.begin(),
                   [](const Form& one) { return one.media_type; });
    const auto type = http::choose(accepted, offered);
    if (!type)
        throw Error(ErrorCode::kUnsupported, "a report is text/html, text/plain or text/xml");
    const auto form = std::find_if(kForms.begin(), kForms.end(),
                                   [&](const Form& one) { return one.media_type == *type; });
    if (row.size > kMostReportBytes)
        throw Error(ErrorCode::kUnsupported,
                    "the report is too large to be rendered: ask for the object");
    const MemoryBudget::Share room = room_to_render(row);
    const std::string text =
        dicom::render_document(report_in(archive, row), form->form, [&](const std::string& uid) {
            const auto there = archive.instance(uid);
            return there ? url_of(*there, kRoot) + "/rendered" : std::string();
        });
    return {*type + "; charset=utf-8", {}, Bytes(text.begin(), text.end())};
}

/// As it lies in the object: it is sent from there where it is large.
http::Part encapsulated_in(store::Archive& archive, const store::InstanceRow& row,
                           Accepted accepted) {
    const auto said = [&] {
        const Head head = outline_of(archive, row);
        return http::parse_media_type(
            head.data_set().text_or(dicom::tags::kMimeTypeOfEncapsulatedDocument, ""));
    }();
    if (!said) throw Error(ErrorCode::kUnsupported, "the document does not say what it is");
    const std::array<std::string_view, 1> offered{said->type};
    if (!http::choose(accepted, offered))
        throw Error(ErrorCode::kUnsupported, "the document is " + said->type);
    http::Part part{said->type, {}};
    http::Pieces document = bulk_value(archive, row, "00420011");
    if (document.size <= http::kPieceBytes)
        part.body = document.read(0, document.size);
    else
        part.pieces = std::move(document);
    return part;
}

bool is_report(const store::InstanceRow& row) {
    return row.sop_class_uid.starts_with(kReports);
}

}  // namespace

bool is_document(const store::InstanceRow& row) {
    return is_report(row) || row.sop_class_uid.starts_with(kEncapsulated);
}

http::Part document_as(store::Archive& archive, const store::InstanceRow& row, Accepted accepted) {
    if (!is_report(row)) return encapsulated_in(archive, row, accepted);
    return report_as(archive, row, accepted);
}

http::Response rendered_document(const http::Request& request, store::Archive& archive,
                                 const store::InstanceRow& row, const RenderedWishes& wishes,
                                 const std::string& location, const RunParts& run) {
    try {
        http::Part document = document_as(archive, row, wishes.types());
        const std::string type = document.content_type.substr(0, document.content_type.find(';'));
        const bool in_parts = wishes.in_parts(type);
        // Links of a report depend on what else is kept.
        const std::string etag = etag_of({row}, document.content_type + (in_parts ? " m " : " ") +
                                                    (document.pieces ? "" : sha256(document.body)));
        if (auto same = unmodified(request, etag)) return *std::move(same);
        // What is sent as it is read cannot be taken back; of a range no more is read than that.
        if (document.pieces && (in_parts || !request.headers.has("Range")))
            check_whole(archive, row, run);
        http::Response response;
        if (in_parts) {
            document.location = location;
            response = http::multipart_response(type, std::move(document));
        } else {
            response.headers.set("Content-Type", document.content_type);
        }
        // Ranges are of what has a tag.
        set_cache_headers(response, etag);
        if (!in_parts && document.pieces)
            response = http::ranged(request, std::move(response), *std::move(document.pieces));
        else if (!in_parts)
            response.body = std::move(document.body);
        // A stored page is not this server's; a browser's viewer of PDF needs to be free of it.
        if (type != "application/pdf")
            response.headers.set("Content-Security-Policy",
                                 "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
                                 "form-action 'none'; sandbox");
        return response;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kUnsupported) throw;
        return http::refusal(406, "not-acceptable", error.what(), request.id);
    }
}

}  // namespace lucerna::retrieve
