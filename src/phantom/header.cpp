#include "phantom/header.h"

#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "dicom/tags.h"
#include "dicom/uids.h"

namespace lucerna::phantom {
namespace {

using namespace dicom::tags;
using dicom::DataSet;

constexpr std::string_view kNotice = "Synthetic phantom. Not a patient, not for diagnosis.";
// Nobody was examined: the date says so, and stays the same.
constexpr std::string_view kDate = "20000101";
constexpr std::string_view kTime = "080000";
constexpr int kBitsStored = 12;
constexpr double kDisplayCenter = 1680;
constexpr double kDisplayWidth = 3200;

struct Code {
    std::string_view value;
    std::string_view meaning;
};

DataSet& add_snomed_code(DataSet& holder, dicom::Tag sequence, const Code& code) {
    DataSet& item = holder.add_item(sequence);
    item.set_text(kCodeValue, code.value);
    item.set_text(kCodingSchemeDesignator, "SCT");
    item.set_text(kCodeMeaning, code.meaning);
    return item;
}

/// Everything that has to differ between phantoms; what identifiers are derived from.
std::string identity(const PhantomOptions& options) {
    return "lucerna phantom 1, seed " + std::to_string(options.seed) + ", findings " +
           std::to_string(options.findings) + ", " + std::to_string(options.columns) + " x " +
           std::to_string(options.rows) + " x " +
           std::to_string(std::lround(options.spacing_mm * 1e6)) + " nm";
}

void set_patient_and_study(DataSet& data_set, const PhantomOptions& options) {
    const std::string name = identity(options);
    data_set.set_text(kPatientName, "Synthetic^Phantom");
    data_set.set_text(kPatientId, "SYNTHETIC-" + std::to_string(options.seed));
    data_set.set_empty(kPatientBirthDate);
    data_set.set_text(kPatientSex, "F");
    data_set.set_text(kPatientComments, kNotice);
    data_set.set_text(kStudyInstanceUid, dicom::derived_uid(name + ", study"));
    data_set.set_text(kStudyDate, kDate);
    data_set.set_text(kStudyTime, kTime);
    data_set.set_empty(kReferringPhysicianName);
    data_set.set_text(kStudyId, "PHANTOM");
    data_set.set_empty(kAccessionNumber);
    data_set.set_text(kStudyDescription, "Synthetic mammography phantom");
    data_set.set_text(kModality, "MG");
    data_set.set_text(kPresentationIntentType, "FOR PRESENTATION");
    data_set.set_text(kSeriesInstanceUid, dicom::derived_uid(name + ", series"));
    data_set.set_integer(kSeriesNumber, 1);
    data_set.set_text(kSeriesDescription, "Synthetic phantom, not a patient");
    data_set.set_text(kManufacturer, "Lucerna");
    data_set.set_text(kManufacturerModelName, "Synthetic mammography phantom");
    data_set.set_text(kDeviceSerialNumber, "0");
    data_set.set_text(kSoftwareVersions, "1");
}

void set_view(DataSet& data_set, const exam::ViewName& name) {
    const bool right = name.laterality == exam::Laterality::kRight;
    const bool oblique = name.position == exam::ViewPosition::kMlo;
    data_set.set_text(kImageLaterality, right ? "R" : "L");
    data_set.set_text(kViewPosition, oblique ? "MLO" : "CC");
    const std::array<std::string, 2> orientation{
        right ? "P" : "A", std::string(oblique ? "F" : "") + (right ? "L" : "R")};
    data_set.set_texts(kPatientOrientation, orientation);
    add_snomed_code(data_set, kAnatomicRegionSequence, {"76752008", "Breast"});
    DataSet& view = add_snomed_code(
        data_set, kViewCodeSequence,
        oblique ? Code{"399368009", "medio-lateral oblique"} : Code{"399162004", "cranio-caudal"});
    view.set_empty(kViewModifierCodeSequence);
    data_set.set_text(kOrganExposed, "BREAST");
    data_set.set_text(kPositionerType, "MAMMOGRAPHIC");
    data_set.set_number(kPositionerPrimaryAngle, oblique ? (right ? -45 : 45) : 0);
    data_set.set_text(kBreastImplantPresent, "NO");
    data_set.set_text(kPartialView, "NO");
}

void set_image(DataSet& data_set, const DrawnView& view, const PhantomOptions& options) {
    data_set.set_texts(kImageType, std::array<std::string, 2>{"ORIGINAL", "PRIMARY"});
    data_set.set_text(kContentDate, kDate);
    data_set.set_text(kContentTime, kTime);
    data_set.set_text(kAcquisitionDate, kDate);
    data_set.set_text(kAcquisitionTime, kTime);
    data_set.set_text(kImageComments, kNotice);
    data_set.set_text(kQualityControlImage, "YES");
    data_set.set_text(kBurnedInAnnotation, "NO");
    data_set.set_text(kLossyImageCompression, "00");
    data_set.set_text(kDetectorType, "DIRECT");
    const std::array<double, 2> spacing{options.spacing_mm, options.spacing_mm};
    data_set.set_numbers(kImagerPixelSpacing, spacing);
    data_set.set_empty(kAcquisitionContextSequence);
    data_set.set_text(kPixelIntensityRelationship, "LOG");
    data_set.set_integer(kPixelIntensityRelationshipSign, -1);
    data_set.set_number(kRescaleIntercept, 0);
    data_set.set_number(kRescaleSlope, 1);
    data_set.set_text(kRescaleType, "US");
    data_set.set_text(kPresentationLutShape, "IDENTITY");
    data_set.set_number(dicom::kWindowCenter, kDisplayCenter);
    data_set.set_number(dicom::kWindowWidth, kDisplayWidth);

    dicom::PixelLayout layout;
    layout.rows = view.pixels.height;
    layout.columns = view.pixels.width;
    layout.bits_allocated = 16;
    layout.bits_stored = kBitsStored;
    Bytes samples;
    samples.reserve(view.pixels.pixels.size() * 2);
    for (const std::uint16_t value : view.pixels.pixels) {
        samples.push_back(static_cast<std::uint8_t>(value & 0xFF));
        samples.push_back(static_cast<std::uint8_t>(value >> 8));
    }
    data_set.set_pixels(layout, std::move(samples));
}

}  // namespace

DataSet stored_view(const DrawnView& view, const PhantomOptions& options, int number) {
    DataSet data_set;
    data_set.set_text(kSopClassUid, dicom::sop_class::kDigitalMammographyForPresentation);
    data_set.set_text(kSopInstanceUid,
                      dicom::derived_uid(identity(options) + ", view " + to_string(view.name)));
    data_set.set_integer(kInstanceNumber, number);
    set_patient_and_study(data_set, options);
    set_view(data_set, view.name);
    set_image(data_set, view, options);
    return data_set;
}

}  // namespace lucerna::phantom
