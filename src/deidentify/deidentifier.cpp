#include "deidentify/deidentifier.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "deidentify/own_capture.h"
#include "deidentify/pixels.h"
#include "deidentify/slide_label.h"
#include "deidentify/sound.h"
#include "deidentify/walk.h"
#include "deidentify/waveforms.h"
#include "deidentify/whose_date.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
namespace tags = dicom::tags;

constexpr Tag kDeidentificationMethodCodeSequence{0x0012, 0x0064};
constexpr Tag kLongitudinalTemporalInformationModified{0x0028, 0x0303};

struct Code {
    std::string_view value;
    std::string_view meaning;
};

void add_code(DataSet& object, const Code& code) {
    DataSet& item = object.add_item(kDeidentificationMethodCodeSequence);
    item.set_text(tags::kCodeValue, code.value);
    item.set_text(tags::kCodingSchemeDesignator, "DCM");
    item.set_text(tags::kCodeMeaning, code.meaning);
}

/// A document that is carried as it is: nobody can look into it here (PS3.4 B.5, Encapsulated ...).
bool is_document(const DataSet& object) {
    return object.has(tags::kEncapsulatedDocument);
}

/// Overlays in the unused bits of the pixels, as before 2004 (PS3.3 C.9.2).
bool has_overlay_in_pixels(const DataSet& object) {
    for (std::uint16_t group = 0x6000; group <= 0x601E;
         group = static_cast<std::uint16_t>(group + 2))
        if (object.integer({group, 0x0100}).value_or(1) > 1) return true;
    return false;
}

exam::Refusal refused(exam::RefusalReason reason, std::string what, Tag where, std::string remedy) {
    return {reason, std::move(what), dicom::describe(where), std::move(remedy), "", ""};
}

/// The same where Bits Stored leaves it no unused bit: it is drawn into the values.
bool has_overlay_in_values(const DataSet& object) {
    const auto stored = object.integer(tags::kBitsStored);
    const auto high = object.integer(tags::kHighBit);
    if (!stored) return false;
    for (std::uint16_t group = 0x6000; group <= 0x601E;
         group = static_cast<std::uint16_t>(group + 2)) {
        if (object.integer({group, 0x0100}).value_or(1) <= 1 || object.has_value({group, 0x3000}))
            continue;
        const auto bit = object.integer({group, 0x0102});
        const long long top = high.value_or(*stored - 1);
        if (bit && *bit <= top && *bit > top - *stored) return true;
    }
    return false;
}

/// Kept in one study with the others, and read with none (pipeline/reading.h): of neither person's
/// pseudonym can be said that it is this one's.
std::optional<exam::Refusal> refuse_another_patients(const PatientOfStudy& study) {
    if (!exam::may_be_two_people(study.object_says, study.says)) return {};
    return refused(exam::RefusalReason::kAnotherPatient,
                   "the object has no Patient ID in common with its study's patient, and another "
                   "birth date or family name",
                   tags::kPatientId,
                   "correct whichever header is wrong, or send it as a study of its own");
}

/// What no profile makes safe.
std::optional<exam::Refusal> refuse_early(const DataSet& object, const Profile& profile,
                                          const PatientOfStudy& study) {
    if (!dicom::is_valid_uid(object.text_or(tags::kSopInstanceUid, "")) ||
        !dicom::is_valid_uid(object.text_or(tags::kSopClassUid, "")))
        return refused(exam::RefusalReason::kUnreadable, "the object has no valid UID",
                       tags::kSopInstanceUid, "mend the object");
    if (is_document(object))
        return refused(exam::RefusalReason::kUnsupportedEncoding,
                       "an encapsulated document cannot be cleaned", tags::kEncapsulatedDocument,
                       "leave it out");
    if (auto refusal = refuse_sound(object)) return refusal;
    if (auto refusal = refuse_slide_label(object)) return refusal;
    if (auto refusal = refuse_own_capture(object)) return refusal;
    if (auto refusal = refuse_another_patients(study)) return refusal;
    if (has_overlay_in_values(object))
        return refused(exam::RefusalReason::kBadPixelDescription,
                       "an overlay lies among the stored bits of the pixels",
                       tags::kOverlayBitPosition, "mend Bits Stored or leave it out");
    if (profile.has(Option::kCleanPixelData)) return {};
    if (object.text_or(tags::kBurnedInAnnotation, "") == "YES")
        return refused(exam::RefusalReason::kUnreadable,
                       "the object says that its pixels hold identifying text",
                       tags::kBurnedInAnnotation, "ask for +clean-pixel-data");
    if (has_overlay_in_pixels(object))
        return refused(exam::RefusalReason::kUnsupportedEncoding,
                       "an overlay lies in the unused bits of the pixels",
                       tags::kOverlayBitsAllocated, "ask for +clean-pixel-data");
    return {};
}

/// PS3.15 E.1.1, steps 6 and 7; E.3.1, E.3.6.
void mark(DataSet& object, const Profile& profile, const std::string& program,
          const ObjectReport& report) {
    object.set_text(tags::kPatientIdentityRemoved, "YES");
    std::vector<std::string> method{program, std::string(confidentiality_edition())};
    object.set_texts(tags::kDeidentificationMethod, method);
    object.remove(kDeidentificationMethodCodeSequence);
    add_code(object, {"113100", "Basic Application Confidentiality Profile"});
    for (const OptionKind& kind : option_kinds()) {
        // What nobody has looked at does not say so.
        if (kind.option == Option::kCleanPixelData && report.is_not_looked_at) continue;
        if (profile.has(kind.option)) add_code(object, {kind.code_value, kind.code_meaning});
    }
    object.set_text(kLongitudinalTemporalInformationModified,
                    profile.has(Option::kRetainFullDates)       ? "UNMODIFIED"
                    : profile.has(Option::kRetainModifiedDates) ? "MODIFIED"
                                                                : "REMOVED");
    if (report.frames_looked_at > 0) object.set_text(tags::kBurnedInAnnotation, "NO");
}

}  // namespace

Deidentifier::Deidentifier(Profile profile, Project project, std::string program,
                           std::vector<SafePrivate> safe_privates)
    : profile_(std::move(profile)),
      project_(std::move(project)),
      program_(std::move(program)),
      safe_privates_(std::move(safe_privates)) {}

std::string Deidentifier::name_of(const std::string& sop_instance_uid) const {
    const bool stays = sop_instance_uid.empty() || profile_.has(Option::kRetainUids);
    return stays ? sop_instance_uid : project_.uid(sop_instance_uid);
}

std::variant<Deidentified, exam::Refusal> Deidentifier::run(dicom::FramedObject framed,
                                                            const PatientOfStudy& study) const {
    const auto object = std::make_shared<dicom::FramedObject>(std::move(framed));
    const std::string original = object->header().text_or(tags::kSopInstanceUid, "");
    ObjectReport report;
    report.sop_class_uid = object->header().text_or(tags::kSopClassUid, "");
    CleanPixels pixels;
    DataSet attributes;
    std::optional<exam::Refusal> refusal = refuse_early(object->header(), profile_, study);
    if (!refusal) refusal = clear_beside_pixels(*object, pixels);
    if (!refusal) refusal = clear_unused_bits(*object, pixels);
    if (!refusal && profile_.has(Option::kCleanPixelData))
        refusal = blank_pixels(*object, pixels, report);
    if (!refusal) refusal = take_attributes(*object, pixels, attributes, report);
    if (!refusal) refusal = cut_waveforms(attributes, report.steps);
    if (refusal) {
        refusal->sop_class_uid = report.sop_class_uid;
        refusal->sop_instance_uid = name_of(original);
        return *std::move(refusal);
    }
    const SafePrivates safe_privates(attributes, safe_privates_);
    const Pseudonymous patient = project_.give_out(attributes, study);
    const auto last_day = is_own_result(attributes)
                              ? std::optional(attributes.text_or(tags::kStudyDate, ""))
                              : std::nullopt;
    apply_table(attributes,
                {profile_, project_, safe_privates, report.sop_class_uid, patient.pseudonym,
                 patient.shift_days, last_day},
                report.steps);
    mark(attributes, profile_, program_, report);
    report.sop_instance_uid = attributes.text_or(tags::kSopInstanceUid, "");
    return Deidentified{file_of(attributes, object, pixels),
                        attributes.text_or(tags::kStudyInstanceUid, ""), std::move(report)};
}

}  // namespace lucerna::deidentify
