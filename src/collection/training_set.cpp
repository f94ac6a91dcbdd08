#include "collection/training_set.h"

#include <zlib.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/hash.h"

namespace lucerna::collection {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kMagic = "LUCERNA-TRAIN-1\n";
constexpr std::size_t kHashLength = 64;

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
        const auto pathology = json.at("pathology").get<std::string>();
        lesions.push_back(
            {box_from(json.at("box")), pathology == "MALIGNANT" ? Pathology::kMalignant
                                       : pathology == "BENIGN"  ? Pathology::kBenign
                                                                : Pathology::kUnknown});
    }
    return lesions;
}

/// What the pixels to the left and above let expect (the predictor of JPEG-LS, ITU-T T.87 A.4.1):
/// film is smooth, so the differences deflate well.
int expected(const exam::Raster<std::uint8_t>& raster, int x, int y) {
    const int left = x > 0 ? raster.at(x - 1, y) : 0;
    const int above = y > 0 ? raster.at(x, y - 1) : 0;
    const int corner = x > 0 && y > 0 ? raster.at(x - 1, y - 1) : 0;
    if (corner >= std::max(left, above)) return std::min(left, above);
    if (corner <= std::min(left, above)) return std::max(left, above);
    return left + above - corner;
}

Bytes differences(const exam::Raster<std::uint8_t>& raster) {
    Bytes out(raster.pixels.size());
    for (int y = 0; y < raster.height; ++y)
        for (int x = 0; x < raster.width; ++x)
            out[raster.index(x, y)] =
                static_cast<std::uint8_t>(raster.at(x, y) - expected(raster, x, y));
    return out;
}

void add_up(exam::Raster<std::uint8_t>& raster) {
    for (int y = 0; y < raster.height; ++y)
        for (int x = 0; x < raster.width; ++x)
            raster.at(x, y) = static_cast<std::uint8_t>(raster.at(x, y) + expected(raster, x, y));
}

Bytes deflated(const Bytes& plain) {
    uLongf size = compressBound(static_cast<uLong>(plain.size()));
    Bytes out(size);
    if (compress2(out.data(), &size, plain.data(), static_cast<uLong>(plain.size()), 6) != Z_OK)
        throw Error(ErrorCode::kInternal, "the pixels of a training image do not deflate");
    out.resize(size);
    return out;
}

void append_number(Bytes& bytes, std::uint64_t number) {
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

std::uint64_t number_at(ByteView bytes, std::size_t at) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < 8; ++i) number |= std::uint64_t{bytes[at + i]} << (8 * i);
    return number;
}

Json index_entry(const TrainingImage& image, std::size_t packed_size) {
    const ImageRecord& record = image.record;
    return {{"file", record.file},
            {"patient", record.patient},
            {"view", to_string(record.view)},
            {"malignant", record.malignant},
            {"split", record.split},
            {"exam", record.exam},
            {"subgroups", record.subgroups},
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
    record.lesions = lesions_from(entry.at("stored_lesions"));
    image.lesions = lesions_from(entry.at("lesions"));
    const int width = entry.at("width").get<int>();
    const int height = entry.at("height").get<int>();
    if (width < 1 || height < 1 || width > 16384 || height > 16384)
        throw Error(ErrorCode::kCorrupt, "training cache: an image has an absurd size");
    image.pixels = exam::Raster<std::uint8_t>(width, height);
    const Json& placement = entry.at("placement");
    image.placement = {placement.at(0).get<double>(), placement.at(1).get<double>(),
                       placement.at(2).get<double>(), placement.at(3).get<double>()};
    return image;
}

Json to_json(const exam::InputContract& contract) {
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

/// Unpacks the image at the front of `rest` and steps over it.
void unpack(TrainingImage& image, ByteView& rest, std::size_t packed_size) {
    if (packed_size > rest.size())
        throw Error(ErrorCode::kCorrupt, "training cache: the pixels end too early");
    uLongf size = static_cast<uLongf>(image.pixels.pixels.size());
    if (uncompress(image.pixels.pixels.data(), &size, rest.data(),
                   static_cast<uLong>(packed_size)) != Z_OK ||
        size != image.pixels.pixels.size())
        throw Error(ErrorCode::kCorrupt, "training cache: the pixels of an image do not inflate");
    add_up(image.pixels);
    rest = rest.subspan(packed_size);
}

}  // namespace

Bytes encode_training_set(const TrainingSet& set) {
    Json images = Json::array();
    Bytes pixels;
    for (const TrainingImage& image : set.images) {
        const Bytes packed = deflated(differences(image.pixels));
        images.push_back(index_entry(image, packed.size()));
        pixels.insert(pixels.end(), packed.begin(), packed.end());
    }
    const std::string index = Json{
        {"contract", to_json(set.contract)},
        {"manifest_sha256", set.manifest_sha256},
        {"refused", set.refused},
        {"images",
         std::move(images)}}.dump();
    Bytes out(kMagic.begin(), kMagic.end());
    append_number(out, index.size());
    out.insert(out.end(), index.begin(), index.end());
    out.insert(out.end(), pixels.begin(), pixels.end());
    const std::string hash = sha256(out);
    out.insert(out.end(), hash.begin(), hash.end());
    return out;
}

TrainingSet decode_training_set(ByteView bytes) {
    if (bytes.size() < kMagic.size() + 8 + kHashLength ||
        as_text(bytes.first(kMagic.size())) != kMagic)
        throw Error(ErrorCode::kUnsupported, "not a training cache of version 1");
    const ByteView body = bytes.first(bytes.size() - kHashLength);
    if (sha256(body) != as_text(bytes.subspan(body.size())))
        throw Error(ErrorCode::kCorrupt, "training cache: its hash does not match its content");
    const std::uint64_t index_size = number_at(body, kMagic.size());
    ByteView rest = body.subspan(kMagic.size() + 8);
    if (index_size > rest.size())
        throw Error(ErrorCode::kCorrupt, "training cache: the index is longer than the file");
    TrainingSet set;
    try {
        const Json index = Json::parse(as_text(rest.first(index_size)));
        rest = rest.subspan(index_size);
        set.contract = contract_from(index.at("contract"));
        set.manifest_sha256 = index.at("manifest_sha256").get<std::string>();
        set.refused = index.at("refused").get<std::vector<std::string>>();
        for (const Json& entry : index.at("images")) {
            set.images.push_back(image_from(entry));
            unpack(set.images.back(), rest, entry.at("bytes").get<std::size_t>());
        }
    } catch (const Json::exception& cause) {
        throw Error(ErrorCode::kCorrupt, "training cache: the index is broken", cause);
    }
    return set;
}

}  // namespace lucerna::collection
