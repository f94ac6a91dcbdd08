#include "retrieve/data_set_form.h"

#include <utility>

#include "http/multipart_writer.h"
#include "retrieve/native_model.h"

namespace lucerna::retrieve {
namespace {

constexpr const char* kParts = "multipart/related";

}  // namespace

std::optional<DataSetForm> choose_form(std::span<const http::MediaRange> accepted, Count count) {
    using Kind = DataSetForm::Kind;
    for (const http::MediaRange& range : accepted) {
        for (const char* json : {kDicomJson, kPlainJson})
            if (range.covers(json)) return DataSetForm{Kind::kJson, json};
        if (count == Count::kOne && range.covers(kDicomXml))
            return DataSetForm{Kind::kXml, kDicomXml};
        const std::string_view type = range.media.parameter("type");
        if (range.covers(kParts) && (type.empty() || http::same_name(type, kDicomXml)))
            return DataSetForm{Kind::kXmlParts, {}};
    }
    return std::nullopt;
}

http::Response in_form(const DataSetForm& form, std::vector<std::string> items) {
    using Kind = DataSetForm::Kind;
    if (form.kind == Kind::kJson) {
        std::string json = "[";
        for (const std::string& item : items) json += (json.size() > 1 ? "," : "") + item;
        return http::Response::of(200, form.content_type, json + "]");
    }
    if (items.empty()) return http::Response::empty();
    if (form.kind == Kind::kXml)
        return http::Response::of(200, form.content_type,
                                  to_native_xml(Json::parse(items.front())));
    return xml_parts([items = std::move(items), at = std::size_t{0}]() mutable {
        return at == items.size() ? std::optional<std::string>()
                                  : std::exchange(items[at++], std::string());
    });
}

http::Response xml_parts(std::function<std::optional<std::string>()> next) {
    return http::multipart_response(
        kDicomXml, [next = std::move(next)]() mutable -> std::optional<http::Part> {
            const auto item = next();
            if (!item) return std::nullopt;
            const std::string xml = to_native_xml(Json::parse(*item));
            return http::Part{kDicomXml, {}, Bytes(xml.begin(), xml.end())};
        });
}

}  // namespace lucerna::retrieve
