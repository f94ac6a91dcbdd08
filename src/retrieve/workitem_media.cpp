#include "retrieve/workitem_media.h"

#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/json_depth.h"
#include "dicom/metadata.h"
#include "dicom/native_model.h"
#include "dicom/parsing_room.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "http/multipart.h"
#include "retrieve/date_time.h"
#include "store/matching.h"

namespace lucerna::retrieve {
namespace {

/// Each level of sequences is four of JSON.
constexpr std::size_t kDeepest = 128;
constexpr const char* kParts = "multipart/related";

/// Of `media`, or of its parts; JSON where it does not say.
std::string form_of(const http::MediaType& media) {
    if (media.type != kParts) return media.type;
    const auto inner = http::parse_media_type(media.parameter("type"));
    return inner ? inner->type : kDicomJson;
}

Json parsed(std::string_view text) {
    // A parser with a callback looks through all of an object whenever one within it ends.
    if (json_depth(text) > kDeepest)
        throw Error(ErrorCode::kInvalidInput,
                    "the body nests more than " + std::to_string(kDeepest) + " deep");
    Json only;
    std::size_t count = 0;
    dicom::each_data_set(text, [&](const Json& set) {
        if (++count == 1) only = set;
    });
    return count == 1 ? only : Json();
}

bool is_of_vr(std::string_view vr, std::string_view value) {
    if (vr == "DA") return is_date_time(store::date_key(value));
    if (vr == "TM") {
        const std::string time = store::time_key(value);
        return !time.empty() && is_date_time("20000101" + time);
    }
    if (vr == "DT") return is_date_time(value);
    return vr != "UI" || dicom::is_valid_uid(value);
}

/// What the model of the JSON does not say of values. Whoever finds or erases it goes by them.
void require_values(const dicom::DataSet& set) {
    for (const dicom::Tag tag : set.tags()) {
        for (const dicom::DataSet& item : set.items(tag)) require_values(item);
        const std::string vr = set.vr(tag);
        if (vr == "SQ") continue;
        for (const std::string& text : set.texts(tag))
            if (const auto value = store::trimmed(text); !value.empty() && !is_of_vr(vr, value))
                throw Error(ErrorCode::kInvalidInput,
                            dicom::describe(tag) + " has a value that VR " + vr + " cannot hold");
    }
}

void require_one_patient(const dicom::DataSet& set) {
    namespace tags = dicom::tags;
    for (const dicom::Tag tag : {tags::kPatientId, tags::kIssuerOfPatientId, tags::kPatientName,
                                 tags::kPatientBirthDate, tags::kStudyInstanceUid})
        if (set.value_count(tag) > 1)
            throw Error(ErrorCode::kInvalidInput, dicom::describe(tag) + " has several values");
}

/// UIDs without what fills them up to an even length (PS3.5 9.1): whatever names the same study
/// names it alike.
void unpad_uids(Json& set) {
    for (auto& [tag, element] : set.items()) {
        const auto values = element.find("Value");
        if (values == element.end()) continue;
        for (Json& value : *values) {
            if (element["vr"] == "SQ" && value.is_object()) unpad_uids(value);
            if (element["vr"] != "UI" || !value.is_string()) continue;
            auto& uid = value.get_ref<std::string&>();
            uid.erase(uid.find_last_not_of(std::string_view("\0 ", 2)) + 1);
        }
    }
}

/// Also of each item within, so that whoever looks into it later finds what the model has.
bool is_data_set(const Json& json) {
    if (!json.is_object()) return false;
    for (const auto& [tag, element] : json.items()) {
        const bool is_element =
            tag.size() == 8 && tag.find_first_not_of("0123456789ABCDEF") == std::string::npos &&
            element.is_object() && element.contains("vr") && element["vr"].is_string() &&
            (!element.contains("Value") || element["Value"].is_array());
        if (!is_element) return false;
        if (element["vr"] != "SQ" || !element.contains("Value")) continue;
        for (const Json& item : element["Value"])
            if (!item.is_null() && !is_data_set(item)) return false;
    }
    return true;
}

SetInBody read(const http::MediaType& form, std::string_view text) {
    require_moderate(text);
    MemoryBudget::Share room = dicom::room_to_parse(text);
    Json set = form.type == kDicomXml ? dicom::from_native_xml(text, dicom::XmlNumbers::kNumbers,
                                                               form.parameter("charset"))
                                      : parsed(text);
    if (!is_data_set(set))
        throw Error(ErrorCode::kInvalidInput,
                    "the body is not one data set in the DICOM JSON model (PS3.18 F.2)");
    // Names what a VR cannot hold.
    const dicom::Metadata metadata(set);
    require_values(metadata.attributes());
    require_one_patient(metadata.attributes());
    unpad_uids(set);
    return {std::move(room), std::move(set)};
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

    [[nodiscard]] SetInBody read_as(const std::string& form) const {
        if (!began_) throw Error(ErrorCode::kInvalidInput, "there is no part in the body");
        return read(type_.value_or(http::MediaType{form, {}}), body_);
    }

  private:
    bool began_ = false;
    std::optional<http::MediaType> type_;
    std::string body_;
};

SetInBody only_part(const http::MediaType& media, const Bytes& body) {
    OnlyPart part;
    http::MultipartParser parser(media.parameter("boundary"), {}, part);
    parser.feed(body);
    parser.finish();
    return part.read_as(form_of(media));
}

}  // namespace

void require_moderate(std::string_view json) {
    constexpr std::size_t kMostBytes = std::size_t{4} << 20;
    constexpr std::size_t kMostParsedBytes = std::size_t{20} << 20;
    if (json.size() > kMostBytes || dicom::most_parsed_bytes(json) > kMostParsedBytes)
        throw Error(ErrorCode::kInvalidInput, "there is more than a work item may have in it");
}

std::optional<http::Response> refusal_of_form(const http::Request& request) {
    const auto header = request.headers.get("Content-Type");
    if (!header || request.body.length() == std::uint64_t{0}) return std::nullopt;
    const auto media = http::parse_media_type(*header);
    const std::string form = media ? form_of(*media) : std::string();
    if (form == kDicomJson || form == kPlainJson || form == kDicomXml) return std::nullopt;
    return http::refusal(415, "unsupported-media-type",
                         std::string("a work item comes as ") + kDataSetForms, request.id);
}

SetInBody data_set_in(http::Request& request, EmptyBody empty) {
    const Bytes body = request.body.read_all();
    if (body.empty() && empty == EmptyBody::kIsEmptySet) return {{}, Json::object()};
    const auto media = http::parse_media_type(request.headers.get_or("Content-Type", kDicomJson));
    if (media && media->type == kParts) return only_part(*media, body);
    return read(media.value_or(http::MediaType{kDicomJson, {}}), as_text(body));
}

}  // namespace lucerna::retrieve
