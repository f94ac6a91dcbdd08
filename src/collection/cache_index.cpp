#include "collection/cache_index.h"

#include "base/error.h"

namespace lucerna::collection {
namespace {

using Json = nlohmann::json;

constexpr int kLargestSide = 16384;

Json to_json(const exam::Box& box) {
    return {box.left, box.top, box.width, box.height};
}
exam::Box box_from(const Json& json) {
    return {json.at(0).get<double>(), json.at(1).get<double>(), json.at(2).get<double>(),
            json.at(3).get<double>()};
}

Json to_json(const std::vector<Lesion>& lesions) {
    Json list = Json::array();
    for (const Lesion& lesion : lesions)
        list.push_back({{"box", to_json(lesion.box)}, {"pathology", name_of(lesion.pathology)}});
    return list;
}

std::vector<Lesion> lesions_from(const Json& list) {
    std::vector<Lesion> lesions;
    for (const Json& json : list) {
        const auto pathology = pathology_from(json.at("pathology").get<std::string>());
        if (!pathology)
            throw Error(ErrorCode::kCorrupt, "training cache: a lesion has an unknown pathology");
        lesions.push_back({box_from(json.at("box")), *pathology});
    }
    return lesions;
}

Json spacing_of(const ImageRecord& record) {
    if (!record.row_spacing_mm || !record.column_spacing_mm) return nullptr;
    return {*record.row_spacing_mm, *record.column_spacing_mm};
}

}  // namespace

Json contract_json(const exam::InputContract& contract) {
    return {{"modality", contract.modality},
            {"presentation_intents", contract.presentation_intents},
            {"views", contract.views},
            {"preparation", contract.steps},
            {"spacing_mm", contract.spacing_mm},
            {"multiple_of", contract.multiple_of},
            {"max_width", contract.max_width},
            {"max_height", contract.max_height}};
}

exam::InputContract contract_from(const Json& json) {
    exam::InputContract contract;
    contract.modality = json.at("modality").get<std::string>();
    contract.presentation_intents = json.at("presentation_intents").get<std::vector<std::string>>();
    contract.views = json.at("views").get<std::vector<std::string>>();
    contract.steps = json.at("preparation").get<std::vector<std::string>>();
    contract.spacing_mm = json.at("spacing_mm").get<double>();
    contract.multiple_of = json.at("multiple_of").get<int>();
    contract.max_width = json.at("max_width").get<int>();
    contract.max_height = json.at("max_height").get<int>();
    return contract;
}

Json image_json(const TrainingImage& image, std::size_t packed_size) {
    const ImageRecord& record = image.record;
    return {{"file", record.file},
            {"patient", record.patient},
            {"view", to_string(record.view)},
            {"malignant", record.malignant},
            {"split", record.split},
            {"exam", record.exam},
            {"breast", breast_key(record)},
            {"subgroups", record.subgroups},
            {"stored_spacing_mm", spacing_of(record)},
            {"stored_lesions", to_json(record.lesions)},
            {"lesions", to_json(image.lesions)},
            {"width", image.pixels.width},
            {"height", image.pixels.height},
            {"placement",
             {image.placement.scale_x, image.placement.scale_y, image.placement.offset_x,
              image.placement.offset_y}},
            {"bytes", packed_size}};
}

TrainingImage image_from(const Json& entry) {
    TrainingImage image;
    ImageRecord& record = image.record;
    record.file = entry.at("file").get<std::string>();
    record.patient = entry.at("patient").get<std::string>();
    const auto view = exam::view_name_from(entry.at("view").get<std::string>());
    if (!view) throw Error(ErrorCode::kCorrupt, "training cache: an image has no view");
    record.view = *view;
    record.malignant = entry.at("malignant").get<bool>();
    record.split = entry.at("split").get<std::string>();
    record.exam = entry.at("exam").get<std::string>();
    record.subgroups = entry.at("subgroups").get<std::map<std::string, std::string>>();
    if (const Json& spacing = entry.at("stored_spacing_mm"); !spacing.is_null()) {
        record.row_spacing_mm = spacing.at(0).get<double>();
        record.column_spacing_mm = spacing.at(1).get<double>();
    }
    record.lesions = lesions_from(entry.at("stored_lesions"));
    image.lesions = lesions_from(entry.at("lesions"));
    image.pixels.width = entry.at("width").get<int>();
    image.pixels.height = entry.at("height").get<int>();
    if (image.pixels.width < 1 || image.pixels.height < 1 || image.pixels.width > kLargestSide ||
        image.pixels.height > kLargestSide)
        throw Error(ErrorCode::kCorrupt, "training cache: an image has an absurd size");
    const Json& placement = entry.at("placement");
    image.placement = {placement.at(0).get<double>(), placement.at(1).get<double>(),
                       placement.at(2).get<double>(), placement.at(3).get<double>()};
    return image;
}

}  // namespace lucerna::collection
