#include "compose/result_object.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/hash.h"
#include "compose/codes.h"
#include "compose/content_item.h"
#include "compose/terms.h"
#include "compose/wording.h"
#include "dicom/uids.h"

namespace lucerna::compose {
namespace {

using dicom::DataSet;
using dicom::Tag;

constexpr Tag kPerformedProcedureCodeSequence{0x0040, 0xA372};

bool all_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// A DA (PS3.5 6.2), or empty: what old or careless equipment wrote there must not make the result
/// unreadable.
std::string date_or_nothing(const std::string& text) {
    if (text.size() != 8 || !all_digits(text)) return "";
    const int month = std::stoi(text.substr(4, 2));
    const int day = std::stoi(text.substr(6, 2));
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 ? text : "";
}

std::string time_or_nothing(const std::string& text) {
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string_view whole = std::string_view(text).substr(0, point);
    if (!all_digits(whole) || (point != 2 && point != 4 && point != 6)) return "";
    if (point < text.size()) {
        const std::string_view part = std::string_view(text).substr(point + 1);
        if (point != 6 || part.size() > 6 || !all_digits(part)) return "";
    }
    constexpr int kLimits[] = {24, 60, 61};
    for (std::size_t i = 0; i < point / 2; ++i)
        if (std::stoi(std::string(whole.substr(2 * i, 2))) >= kLimits[i]) return "";
    return text;
}

std::string sex_or_nothing(const std::string& text) {
    return text == "F" || text == "M" || text == "O" ? text : "";
}

/// "+0130" is 90; empty for what Timezone Offset From UTC cannot be (PS3.3 C.12.1.1.8).
std::optional<int> minutes_east(const std::string& offset) {
    if (offset.size() != 5 || (offset[0] != '+' && offset[0] != '-') ||
        !all_digits(std::string_view(offset).substr(1)))
        return std::nullopt;
    const int minutes = 60 * std::stoi(offset.substr(1, 2)) + std::stoi(offset.substr(3, 2));
    if (minutes > 14 * 60) return std::nullopt;
    return offset[0] == '-' ? -minutes : minutes;
}

/// The whole of it: cut off, it would be another one. What Issuer of Patient ID cannot hold came as
/// a Universal Entity ID (dicom/patient_issuer.h); of its types three can be so long (PS3.3 Table
/// 10-18).
void add_issuer(DataSet& object, const std::string& issuer) {
    if (issuer.empty()) return;
    if (issuer.find('\\') == std::string::npos && fitting(issuer, 64) == issuer)
        return object.set_text(dicom::kIssuerOfPatientId, issuer);
    const auto has = [&](char letter) { return issuer.find(letter) != std::string::npos; };
    DataSet& qualifiers = object.add_item(dicom::kIssuerOfPatientIdQualifiersSequence);
    qualifiers.set_text(dicom::kUniversalEntityId, issuer);
    qualifiers.set_text(dicom::kUniversalEntityIdType, has(':')   ? "URI"
                                                       : has('=') ? "X500"
                                                                  : "DNS");
}

/// As it stands in the objects: what the archive learns of a study from its results changes
/// nothing.
std::vector<std::pair<Tag, std::string>> patient_and_study(const exam::ExamSubject& subject) {
    const std::string& offset = subject.timezone_offset_from_utc;
    return {{dicom::kPatientName, subject.patient_name.reveal()},
            {dicom::kPatientId, subject.patient_id.reveal()},
            {dicom::kPatientBirthDate, date_or_nothing(subject.patient_birth_date.reveal())},
            {dicom::kPatientSex, sex_or_nothing(subject.patient_sex)},
            {dicom::kStudyInstanceUid, subject.study_instance_uid},
            {dicom::kStudyId, fitting(subject.study_id, 16)},
            {dicom::kStudyDate, date_or_nothing(subject.study_date)},
            {dicom::kStudyTime, time_or_nothing(subject.study_time)},
            {dicom::kAccessionNumber, subject.accession_number.reveal()},
            {dicom::kReferringPhysicianName, subject.referring_physician_name},
            {dicom::kStudyDescription, fitting(subject.study_description, 64)},
            {dicom::kTimezoneOffsetFromUtc, minutes_east(offset) ? offset : "+0000"}};
}

void add_patient_and_study(DataSet& object, const exam::ExamSubject& subject) {
    for (const auto& [tag, text] : patient_and_study(subject))
        if (tag != dicom::kStudyDescription || !text.empty()) object.set_text(tag, text);
    add_issuer(object, subject.issuer_of_patient_id);
}

/// This program is the equipment; the model, as what contributed, is the processing equipment.
void add_equipment(DataSet& object, const exam::ExamReading& reading) {
    const exam::ModelIdentity& model = reading.model;
    const std::vector<std::string> versions = {"Lucerna " LUCERNA_VERSION,
                                               fitting(model.name + " " + model.version, 64)};
    object.set_text(dicom::kManufacturer, "Lucerna");
    object.set_text(dicom::kManufacturerModelName, "Lucerna");
    object.set_text(dicom::kDeviceSerialNumber, model.sha256);
    object.set_texts(dicom::kSoftwareVersions, versions);
    DataSet& contribution = object.add_item(dicom::kContributingEquipmentSequence);
    set_code(contribution, dicom::kPurposeOfReferenceCodeSequence, codes::kProcessingEquipment);
    contribution.set_text(dicom::kManufacturer,
                          model.manufacturer.empty() ? "unknown" : fitting(model.manufacturer, 64));
    contribution.set_text(dicom::kManufacturerModelName, fitting(model.name, 64));
    contribution.set_text(dicom::kDeviceSerialNumber, model.sha256);
    contribution.set_text(dicom::kSoftwareVersions, fitting(model.version, 64));
    contribution.set_text(dicom::kContributionDescription,
                          fitting("AI model. " + use_statement(model, reading.jurisdiction), 1024));
}

std::string series_description(const exam::ExamReading& reading, const ResultIdentity& identity) {
    std::string text = std::string(identity.series_description) + " by " + reading.model.name;
    if (reading.synthetic) text = "SYNTHETIC " + text;
    // The end is what a long name may not cost.
    const std::string end =
        reading.model.research_only_in(reading.jurisdiction) ? ", research use only" : "";
    return fitting(text, 64 - end.size()) + end;
}

void add_reference_items(DataSet& object, const std::vector<ExamImage>& images,
                         const std::string& study_instance_uid) {
    if (images.empty()) return;
    DataSet& study = object.add_item(dicom::kCurrentRequestedProcedureEvidenceSequence);
    study.set_text(dicom::kStudyInstanceUid, study_instance_uid);
    std::map<std::string, DataSet*> series;
    for (const ExamImage& image : images) {
        DataSet*& known = series[image.source.series_instance_uid];
        if (known == nullptr) {
            known = &study.add_item(dicom::kReferencedSeriesSequence);
            known->set_text(dicom::kSeriesInstanceUid, image.source.series_instance_uid);
        }
        DataSet& reference = known->add_item(dicom::kReferencedSopSequence);
        reference.set_text(dicom::kReferencedSopClassUid, image.source.sop_class_uid);
        reference.set_text(dicom::kReferencedSopInstanceUid, image.source.sop_instance_uid);
    }
}

}  // namespace

std::string fitting(std::string_view text, std::size_t characters) {
    const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    if (static_cast<std::size_t>(std::ranges::count_if(text, begins)) > characters) {
        // What is cut anyway is cut so that readers which count bytes take it, too.
        std::size_t end = characters;
        while (end > 0 && !begins(text[end])) --end;
        text = text.substr(0, end);
    }
    std::string result(text);
    for (char& c : result)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\') c = ' ';
    return result;
}

std::string result_uid(const exam::ExamReading& reading, std::string_view kind,
                       const std::vector<std::string>& rest) {
    // The line feed is in none of the parts, so different parts give different seeds.
    std::string seed = "lucerna-result/1\n" + reading.subject.study_instance_uid + "\n" +
                       reading.model.sha256 + "\n" + std::string(kind);
    for (const std::string& part : rest) seed += "\n" + part;
    if (!reading.told_apart_by.empty()) seed += "\n\n" + reading.told_apart_by;
    return dicom::derived_uid(seed);
}

std::string which_object(const exam::ExamReading& reading, const std::string& sop_instance_uid) {
    const auto found = reading.kept_as.find(sop_instance_uid);
    return found == reading.kept_as.end() ? sop_instance_uid
                                          : sop_instance_uid + " " + found->second;
}

std::string said_by(const exam::ExamReading& reading) {
    exam::ExamReading said = reading;
    said.read_at = {};
    // Not the order of the views, but which they are, makes a result.
    std::ranges::sort(said.views, {},
                      [](const exam::ViewReading& view) { return view.source.sop_instance_uid; });
    std::ranges::sort(said.refusals, {}, [](const exam::Refusal& refusal) {
        return std::tuple(refusal.sop_instance_uid, refusal.view, refusal.reason, refusal.what);
    });
    Sha256 hash;
    // So that different parts give different hashes.
    const auto add = [&hash](std::string part) { hash.add(as_byte_view(part += '\0')); };
    add(LUCERNA_VERSION);
    add(findings_json(said));
    for (const exam::ViewReading& view : said.views)
        add(which_object(reading, view.source.sop_instance_uid));
    for (const exam::Refusal& refusal : said.refusals)
        add(which_object(reading, refusal.sop_instance_uid));
    add(reading.subject.issuer_of_patient_id);
    for (const auto& [tag, text] : patient_and_study(reading.subject)) add(text);
    return hash.finish();
}

std::string finding_uid(const exam::ExamReading& reading, const exam::Finding& finding,
                        const exam::ViewSource& source) {
    return result_uid(reading, "finding",
                      {which_object(reading, source.sop_instance_uid), finding.id});
}

std::vector<std::string> objects_of(const exam::ExamReading& reading,
                                    const std::vector<ExamImage>& images) {
    std::vector<std::string> objects;
    for (const ExamImage& image : images)
        objects.push_back(which_object(reading, image.source.sop_instance_uid));
    std::ranges::sort(objects);
    return objects;
}

DataSet start_object(const exam::ExamReading& reading, const ResultIdentity& identity) {
    const std::optional<int> east = minutes_east(reading.subject.timezone_offset_from_utc);
    const Instant local = reading.read_at + std::chrono::minutes(east.value_or(0));
    const std::string date = to_dicom_date(local);
    const std::string time = to_dicom_time(local);
    const std::string kind(name_of(identity.kind));
    DataSet object;
    object.set_text(dicom::kSpecificCharacterSet, "ISO_IR 192");
    object.set_text(dicom::kSopClassUid, identity.sop_class_uid);
    object.set_text(
        dicom::kSopInstanceUid,
        result_uid(reading, kind, {said_by(reading), std::to_string(identity.instance_number)}));
    object.set_text(dicom::kInstanceCreationDate, date);
    object.set_text(dicom::kInstanceCreationTime, time);
    object.set_text(dicom::kContentDate, date);
    object.set_text(dicom::kContentTime, time);
    add_patient_and_study(object, reading.subject);
    object.set_text(dicom::kModality, identity.modality);
    object.set_text(dicom::kSeriesInstanceUid, result_uid(reading, kind + "-series"));
    object.set_integer(dicom::kSeriesNumber, identity.series_number);
    object.set_text(dicom::kSeriesDate, date);
    object.set_text(dicom::kSeriesTime, time);
    object.set_text(dicom::kSeriesDescription, series_description(reading, identity));
    object.set_integer(dicom::kInstanceNumber, identity.instance_number);
    add_equipment(object, reading);
    return object;
}

void add_document_modules(DataSet& object, const exam::ExamReading& reading) {
    object.set_empty(dicom::kReferencedPerformedProcedureStepSequence);
    object.set_empty(kPerformedProcedureCodeSequence);
    object.set_text(dicom::kPreliminaryFlag, "PRELIMINARY");
    object.set_text(dicom::kCompletionFlag, "COMPLETE");
    object.set_text(dicom::kVerificationFlag, "UNVERIFIED");
    add_reference_items(object, images_of(reading), reading.subject.study_instance_uid);
}

Result finish(const DataSet& object, ResultKind kind, std::string view) {
    Result result;
    result.kind = kind;
    result.sop_class_uid = object.text_or(dicom::kSopClassUid, "");
    result.sop_instance_uid = object.text_or(dicom::kSopInstanceUid, "");
    result.series_instance_uid = object.text_or(dicom::kSeriesInstanceUid, "");
    result.view = std::move(view);
    result.part10 = object.to_part10(dicom::transfer_syntax::kExplicitVrLittleEndian);
    return result;
}

std::vector<ExamImage> images_of(const exam::ExamReading& reading) {
    std::vector<ExamImage> images;
    const auto known = [&images](const std::string& uid) {
        return std::ranges::any_of(images, [&uid](const ExamImage& image) {
            return image.source.sop_instance_uid == uid;
        });
    };
    for (const exam::ViewReading& view : reading.views) images.push_back({view.source, true});
    for (const exam::Refusal& refusal : reading.refusals) {
        if (!dicom::is_valid_uid(refusal.sop_instance_uid) ||
            !dicom::is_valid_uid(refusal.sop_class_uid) ||
            !dicom::is_valid_uid(refusal.series_instance_uid) || known(refusal.sop_instance_uid))
            continue;
        exam::ViewSource source;
        source.sop_instance_uid = refusal.sop_instance_uid;
        source.sop_class_uid = refusal.sop_class_uid;
        source.series_instance_uid = refusal.series_instance_uid;
        source.name = exam::view_name_from(refusal.view);
        images.push_back({std::move(source), false});
    }
    return images;
}

}  // namespace lucerna::compose
