#include "retrieve/rendered_document.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "dicom/document.h"
#include "dicom/tags.h"
#include "retrieve/address.h"
#include "retrieve/negotiate.h"

namespace lucerna::retrieve {
namespace {

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

std::string report_as(const dicom::DataSet& object, std::string_view media_type) {
    const auto form = std::find_if(kForms.begin(), kForms.end(),
                                   [&](const Form& one) { return one.media_type == media_type; });
    return dicom::render_document(object, form->form);
}

using Accepted = std::span<const http::MediaRange>;

http::Response report(const http::Request& request, store::Archive& archive,
                      const store::InstanceRow& row, Accepted accepted) {
    std::array<std::string_view, kForms.size()> offered;
    std::transform(kForms.begin(), kForms.end(), offered.begin(),
                   [](const Form& one) { return one.media_type; });
    const auto type = choose_plain(accepted, offered);
    if (!type) return not_acceptable(request, "text/html, text/plain and text/xml");
    const std::string etag = etag_of({row}, "rendered " + *type);
    if (http::has_already(request, etag)) return http::not_modified(etag);
    try {
        const auto object = dicom::DataSet::parse(archive.object(row.sop_instance_uid));
        http::Response response =
            http::Response::of(200, *type + "; charset=utf-8", report_as(object, *type));
        set_cache_headers(response, etag);
        return response;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kUnsupported) throw;
        return http::refusal(406, "not-acceptable", error.what(), request.id);
    }
}

http::Response encapsulated(const http::Request& request, store::Archive& archive,
                            const store::InstanceRow& row, Accepted accepted) {
    const auto object = dicom::DataSet::parse(archive.object(row.sop_instance_uid));
    const auto said =
        http::parse_media_type(object.text_or(dicom::tags::kMimeTypeOfEncapsulatedDocument, ""));
    if (!said) return not_acceptable(request, "nothing: the document does not say what it is");
    const std::string& type = said->type;
    const std::array<std::string_view, 1> offered{type};
    if (!choose_plain(accepted, offered)) return not_acceptable(request, type);
    const std::string etag = etag_of({row}, "rendered " + type);
    if (http::has_already(request, etag)) return http::not_modified(etag);
    const ByteView document = object.bytes(dicom::tags::kEncapsulatedDocument);
    http::Response response =
        http::Response::of(200, type, Bytes(document.begin(), document.end()));
    set_cache_headers(response, etag);
    return response;
}

}  // namespace

bool is_document(const store::InstanceRow& row) {
    return row.sop_class_uid.starts_with(kReports) || row.sop_class_uid.starts_with(kEncapsulated);
}

http::Response rendered_document(const http::Request& request, store::Archive& archive,
                                 const store::InstanceRow& row, Accepted accepted) {
    return row.sop_class_uid.starts_with(kReports) ? report(request, archive, row, accepted)
                                                   : encapsulated(request, archive, row, accepted);
}

}  // namespace lucerna::retrieve
