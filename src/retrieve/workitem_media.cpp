#include "retrieve/workitem_media.h"

#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "dicom/native_model.h"
#include "http/multipart.h"

namespace lucerna::retrieve {
namespace {

constexpr const char* kParts = "multipart/related";

/// Of `media`, or of its parts; JSON where it does not say.
std::string form_of(const http::MediaType& media) {
    if (media.type != kParts) return media.type;
    const auto inner = http::parse_media_type(media.parameter("type"));
    return inner ? inner->type : kDicomJson;
}

Json read(std::string_view form, std::string_view text) {
    return form == kDicomXml ? dicom::from_native_xml(text) : data_set_from(std::string(text));
}

/// The one part of a body.
class OnlyPart final : public http::PartTaker {
  public:
    void begin(const Headers& headers) override {
        if (began_)
            throw Error(ErrorCode::kInvalidInput, "there is more than one part in the body");
        began_ = true;
        const auto type = headers.find("content-type");
        if (type != headers.end()) type_ = http::parse_media_type(type->second);
    }
    void more(ByteView bytes) override { body_.append(as_text(bytes)); }
    void end() override {}

    [[nodiscard]] Json read_as(const std::string& form) const {
        if (!began_) throw Error(ErrorCode::kInvalidInput, "there is no part in the body");
        return read(type_ ? type_->type : form, body_);
    }

  private:
    bool began_ = false;
    std::optional<http::MediaType> type_;
    std::string body_;
};

Json only_part(const http::MediaType& media, const Bytes& body) {
    OnlyPart part;
    http::MultipartParser parser(media.parameter("boundary"), {}, part);
    parser.feed(body);
    parser.finish();
    return part.read_as(form_of(media));
}

}  // namespace

std::optional<http::Response> refusal_of_form(const http::Request& request) {
    const auto header = request.headers.get("Content-Type");
    if (!header || request.body.length() == std::uint64_t{0}) return std::nullopt;
    const auto media = http::parse_media_type(*header);
    const std::string form = media ? form_of(*media) : std::string();
    if (form == kDicomJson || form == kPlainJson || form == kDicomXml) return std::nullopt;
    return http::refusal(415, "unsupported-media-type",
                         std::string("a work item comes as ") + kDataSetForms, request.id);
}

Json data_set_in(http::Request& request, EmptyBody empty) {
    const Bytes body = request.body.read_all();
    if (body.empty() && empty == EmptyBody::kIsEmptySet) return Json::object();
    const auto media = http::parse_media_type(request.headers.get_or("Content-Type", kDicomJson));
    if (media && media->type == kParts) return only_part(*media, body);
    return read(media ? media->type : kDicomJson, as_text(body));
}

}  // namespace lucerna::retrieve
