#include <algorithm>
#include <cmath>
#include <variant>

#include "base/encoding.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "collection/cache.h"
#include "collection/collection.h"
#include "collection/manifest.h"
#include "collection/picture_file.h"
#include "prepare/picture.h"

namespace lucerna::collection {
namespace {

exam::InputContract mammography_contract(double spacing_mm) {
    exam::InputContract contract;
    contract.modality = "MG";
    contract.presentation_intents = {"FOR PRESENTATION"};
    contract.views = {"R-CC", "L-CC", "R-MLO", "L-MLO"};
    contract.steps = {"modality_lut",   "voi_lut",        "presentation_lut",
                      "orient",         "remove_markers", "segment_breast",
                      "crop_to_breast", "resample",       "normalise"};
    contract.spacing_mm = spacing_mm;
    contract.multiple_of = 32;
    contract.max_width = static_cast<int>(std::lround(409.6 / spacing_mm));
    contract.max_height = contract.max_width;
    return contract;
}

exam::Raster<std::uint8_t> as_bytes(const exam::Raster<float>& pixels) {
    exam::Raster<std::uint8_t> out(pixels.width, pixels.height);
    std::transform(pixels.pixels.begin(), pixels.pixels.end(), out.pixels.begin(), [](float v) {
        return static_cast<std::uint8_t>(std::lround(255 * std::clamp(v, 0.0F, 1.0F)));
    });
    return out;
}

std::variant<TrainingImage, exam::Refusal> prepare_record(const ImageRecord& record,
                                                          const PrepareOptions& options,
                                                          const exam::InputContract& contract) {
    prepare::Picture picture;
    picture.pixels = read_picture_file(options.manifest.parent_path() / record.file);
    check_boxes(record, picture.pixels.width, picture.pixels.height);
    picture.row_spacing_mm = record.row_spacing_mm.value_or(options.row_spacing_mm);
    picture.column_spacing_mm = record.column_spacing_mm.value_or(options.column_spacing_mm);
    exam::ViewSource source;
    source.name = record.view;
    source.rows = picture.pixels.height;
    source.columns = picture.pixels.width;
    source.row_spacing_mm = picture.row_spacing_mm;
    source.column_spacing_mm = picture.column_spacing_mm;
    // Films are mounted either way round: the pixels say where the chest wall is.
    auto prepared = prepare::prepare_picture(std::move(picture), source, contract);
    if (auto* refusal = std::get_if<exam::Refusal>(&prepared)) return std::move(*refusal);
    const auto& view = std::get<exam::PreparedView>(prepared);
    TrainingImage image;
    image.record = record;
    image.pixels = as_bytes(view.pixels);
    image.placement = view.placement;
    for (const Lesion& lesion : record.lesions)
        image.lesions.push_back({view.placement.to_prepared(lesion.box), lesion.pathology});
    return image;
}

}  // namespace

void run_prepare(const PrepareOptions& options, const Progress& progress) {
    const std::vector<ImageRecord> records = read_manifest(options.manifest);
    const exam::InputContract contract = mammography_contract(options.spacing_mm);
    CacheWriter writer(contract, options.loss);
    std::vector<std::string> refused;
    for (const ImageRecord& record : records) {
        auto prepared = prepare_record(record, options, contract);
        if (const auto* refusal = std::get_if<exam::Refusal>(&prepared)) {
            refused.push_back(record.file + ": " + refusal->what);
            progress("refused " + refused.back());
        } else {
            writer.add(std::get<TrainingImage>(prepared));
        }
        if ((writer.count() + refused.size()) % 100 == 0)
            progress("prepared " + std::to_string(writer.count()) + " of " +
                     std::to_string(records.size()) + " images");
    }
    const Bytes bytes = writer.finish(sha256_of_file(options.manifest), refused);
    write_file(options.cache, bytes);
    progress("wrote " + std::to_string(bytes.size() >> 20) + " MiB with " +
             std::to_string(writer.count()) + " images, " + std::to_string(refused.size()) +
             " refused");
}

}  // namespace lucerna::collection
