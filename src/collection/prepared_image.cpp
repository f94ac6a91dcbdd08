#include "collection/prepared_image.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"
#include "collection/manifest.h"
#include "collection/picture_file.h"
#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/grayscale.h"
#include "prepare/picture.h"
#include "prepare/view.h"
#include "prepare/view_codes.h"

namespace lucerna::collection {
namespace {

using Outcome = std::variant<exam::PreparedView, exam::Refusal>;

constexpr std::array<dicom::Tag, 3> kSpacings{dicom::kImagerPixelSpacing, dicom::kPixelSpacing,
                                              dicom::kNominalScannedPixelSpacing};

/// PS3.10 7.1.
bool is_dicom(ByteView file) {
    return file.size() > 132 && as_text(file.subspan(128, 4)) == "DICM";
}

bool is_mammogram(const dicom::DataSet& data_set) {
    const std::string uid = data_set.text_or(dicom::kSopClassUid, "");
    return uid == dicom::sop_class::kDigitalMammographyForPresentation ||
           uid == dicom::sop_class::kDigitalMammographyForProcessing;
}

/// "MLO" of a view name.
std::string position_of(exam::ViewName name) {
    return to_string(name).substr(2);
}

/// What the header says must not contradict the row; what it lacks the row supplies.
void reconcile_view(dicom::DataSet& data_set, const ImageRecord& record) {
    const auto laterality = prepare::laterality_of(data_set);
    const bool right = record.view.laterality == exam::Laterality::kRight;
    if (!laterality)
        data_set.set_text(dicom::kImageLaterality, right ? "R" : "L");
    else if (*laterality != record.view.laterality)
        refuse_row(record, std::string("the header says that it is the ") +
                               (right ? "left" : "right") + " breast");
    const auto position = prepare::view_position_of(data_set);
    if (!position)
        data_set.set_text(dicom::kViewPosition, position_of(record.view));
    else if (*position != record.view.position)
        refuse_row(record, "the header says that the view is " +
                               position_of({record.view.laterality, *position}));
}

/// The header's, where it is one.
std::optional<AssumedSpacing> spacing_in(const dicom::DataSet& data_set) {
    for (const dicom::Tag tag : kSpacings) {
        const std::vector<double> numbers = data_set.numbers(tag);
        if (numbers.size() == 2 && numbers[0] > 0 && numbers[1] > 0)
            return AssumedSpacing{numbers[0], numbers[1]};
    }
    return {};
}

AssumedSpacing spacing_of(const ImageRecord& record, const AssumedSpacing& assumed) {
    return {record.row_spacing_mm.value_or(assumed.row_mm),
            record.column_spacing_mm.value_or(assumed.column_mm)};
}

Outcome prepare_mammogram(dicom::DataSet data_set, const ImageRecord& record,
                          const exam::InputContract& contract) {
    reconcile_view(data_set, record);
    const auto rows = data_set.integer(dicom::kRows).value_or(0);
    const auto columns = data_set.integer(dicom::kColumns).value_or(0);
    check_boxes(record, static_cast<int>(std::clamp(columns, 0LL, 65535LL)),
                static_cast<int>(std::clamp(rows, 0LL, 65535LL)));
    if (!spacing_in(data_set) && record.row_spacing_mm && record.column_spacing_mm)
        data_set.set_numbers(dicom::kImagerPixelSpacing,
                             std::array{*record.row_spacing_mm, *record.column_spacing_mm});
    return prepare::prepare_view(data_set, contract);
}

/// What is 0 becomes that of the nominal film.
AssumedSpacing with_nominal(AssumedSpacing spacing, const exam::Raster<float>& pixels) {
    constexpr double kFilmHeightMm = 240;
    constexpr double kFilmWidthMm = 150;
    const double row = kFilmHeightMm / pixels.height;
    if (spacing.row_mm <= 0) spacing.row_mm = row;
    if (spacing.column_mm <= 0)
        spacing.column_mm =
            pixels.width == pixels.height ? kFilmWidthMm / pixels.width : spacing.row_mm;
    return spacing;
}

Outcome prepare_display_values(exam::Raster<float> pixels, const ImageRecord& record,
                               AssumedSpacing spacing, const exam::InputContract& contract) {
    check_boxes(record, pixels.width, pixels.height);
    spacing = with_nominal(spacing, pixels);
    exam::ViewSource source;
    source.name = record.view;
    source.rows = pixels.height;
    source.columns = pixels.width;
    source.row_spacing_mm = spacing.row_mm;
    source.column_spacing_mm = spacing.column_mm;
    prepare::Picture picture;
    picture.pixels = std::move(pixels);
    picture.row_spacing_mm = spacing.row_mm;
    picture.column_spacing_mm = spacing.column_mm;
    return prepare::prepare_picture(std::move(picture), source, contract);
}

exam::Raster<float> displayed(const dicom::DataSet& data_set) {
    const dicom::DecodedFrame frame = dicom::decode_frame(data_set, 0);
    exam::Raster<float> raster(frame.columns, frame.rows);
    raster.pixels = dicom::presentation_values(data_set, frame);
    return raster;
}

Outcome prepare_file(const ImageRecord& record, ByteView file, const AssumedSpacing& assumed,
                     const exam::InputContract& contract) {
    if (!is_dicom(file))
        return prepare_display_values(read_picture(file, "'" + record.file + "'"), record,
                                      spacing_of(record, assumed), contract);
    dicom::DataSet data_set = dicom::DataSet::parse(file);
    if (is_mammogram(data_set)) return prepare_mammogram(std::move(data_set), record, contract);
    return prepare_display_values(displayed(data_set), record,
                                  spacing_in(data_set).value_or(spacing_of(record, assumed)),
                                  contract);
}

exam::Raster<std::uint8_t> as_bytes(const exam::Raster<float>& pixels) {
    exam::Raster<std::uint8_t> out(pixels.width, pixels.height);
    std::transform(pixels.pixels.begin(), pixels.pixels.end(), out.pixels.begin(), [](float v) {
        return static_cast<std::uint8_t>(std::lround(255 * std::clamp(v, 0.0F, 1.0F)));
    });
    return out;
}

/// An error that says what is wrong with the picture, but not in which row it stands.
bool lacks_place(const Error& error, const ImageRecord& record) {
    return (error.code() == ErrorCode::kInvalidInput || error.code() == ErrorCode::kUnsupported) &&
           !std::string_view(error.what()).starts_with(record.manifest + ", line");
}

}  // namespace

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
    // 41 cm: more than any detector.
    contract.max_width = static_cast<int>(std::lround(409.6 / spacing_mm));
    contract.max_height = contract.max_width;
    return contract;
}

std::variant<exam::PreparedView, exam::Refusal> prepare_record(
    const ImageRecord& record, ByteView file, const AssumedSpacing& assumed,
    const exam::InputContract& contract) {
    try {
        return prepare_file(record, file, assumed, contract);
    } catch (const Error& error) {
        if (!lacks_place(error, record)) throw;
        refuse_row(record, error.what());
    }
}

exam::Raster<float> display_picture(ByteView file, const std::string& name) {
    if (is_dicom(file)) return displayed(dicom::DataSet::parse(file));
    return read_picture(file, "'" + name + "'");
}

std::variant<TrainingImage, exam::Refusal> prepare_image(const ImageRecord& record, ByteView file,
                                                         const AssumedSpacing& assumed,
                                                         const exam::InputContract& contract) {
    Outcome prepared = prepare_record(record, file, assumed, contract);
    if (auto* refusal = std::get_if<exam::Refusal>(&prepared)) return std::move(*refusal);
    const auto& view = std::get<exam::PreparedView>(prepared);
    TrainingImage image;
    image.record = record;
    image.record.row_spacing_mm = view.source.row_spacing_mm;
    image.record.column_spacing_mm = view.source.column_spacing_mm;
    image.pixels = as_bytes(view.pixels);
    image.placement = view.placement;
    for (const Lesion& lesion : record.lesions)
        image.lesions.push_back({view.placement.to_prepared(lesion.box), lesion.pathology});
    return image;
}

}  // namespace lucerna::collection
