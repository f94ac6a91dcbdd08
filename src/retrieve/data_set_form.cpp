#include "retrieve/data_set_form.h"

#include <array>
#include <utility>

#include "dicom/native_model.h"
#include "dicom/parsing_room.h"
#include "http/multipart_writer.h"
#include "retrieve/search_room.h"
#include "retrieve/workitem.h"

namespace lucerna::retrieve {
namespace {

constexpr std::string_view kXmlInParts = "multipart/related; type=\"application/dicom+xml\"";

/// They go as they are copied: together they may be many megabytes.
std::string array_of(std::vector<std::string> items) {
    std::size_t size = 2;
    for (const std::string& item : items) size += item.size() + 1;
    std::string json;
    json.reserve(size);
    json += '[';
    for (std::string& item : items) {
        if (json.size() > 1) json += ',';
        json += item;
        std::string().swap(item);
    }
    json += ']';
    return json;
}

}  // namespace

std::optional<DataSetForm> choose_form(std::span<const http::MediaRange> accepted, Count count) {
    using Kind = DataSetForm::Kind;
    static constexpr std::array<std::string_view, 4> kOffered = {kDicomJson, kPlainJson,
                                                                 kXmlInParts, kDicomXml};
    const std::span offered(kOffered);
    auto type = http::choose(accepted, count == Count::kOne ? offered : offered.first(3));
    if (!type) return std::nullopt;
    if (*type == kXmlInParts) return DataSetForm{Kind::kXmlParts, {}};
    return DataSetForm{*type == kDicomXml ? Kind::kXml : Kind::kJson, std::move(*type)};
}

http::Response in_form(const DataSetForm& form, std::vector<std::string> items) {
    using Kind = DataSetForm::Kind;
    if (form.kind == Kind::kJson) {
        return http::Response::of(200, form.content_type, array_of(std::move(items)));
    }
    if (items.empty()) return http::Response::empty();
    if (form.kind == Kind::kXml) {
        const MemoryBudget::Share room = dicom::room_for_xml(items.front());
        return http::Response::of(200, form.content_type,
                                  dicom::to_native_xml(Json::parse(items.front())));
    }
    return xml_parts([found = FoundItems::hold(std::move(items))] { return found->next(); });
}

http::Response xml_parts(std::function<std::optional<std::string>()> next) {
    return http::multipart_response(
        kDicomXml, [next = std::move(next)]() mutable -> std::optional<http::Part> {
            const auto item = next();
            if (!item) return std::nullopt;
            const MemoryBudget::Share room = dicom::room_for_xml(*item);
            const std::string xml = dicom::to_native_xml(Json::parse(*item));
            return http::Part{kDicomXml, {}, Bytes(xml.begin(), xml.end())};
        });
}

}  // namespace lucerna::retrieve
