#include "store/columns.h"

namespace lucerna::store {
namespace {

using enum Level;
using enum Matching;

/// Over the studies of the patient whose study is s. A macro, as literals are joined.
#define PATIENT_TOTAL(what)                                                                   \
    "(SELECT " what                                                                           \
    " FROM studies p WHERE p.patient_id = s.patient_id AND p.issuer_of_patient_id = "         \
    "s.issuer_of_patient_id AND (s.patient_id <> '' OR (p.patient_name = s.patient_name AND " \
    "p.patient_birth_date = s.patient_birth_date)))"

constexpr Column kColumns[] = {
    {{0x0008, 0x0016}, "UI", kInstance, kUid, "i.sop_class_uid"},
    {{0x0008, 0x0018}, "UI", kInstance, kUid, "i.sop_instance_uid"},
    {{0x0008, 0x0020}, "DA", kStudy, kDate, "s.study_date"},
    {{0x0008, 0x0021}, "DA", kSeries, kDate, "e.series_date"},
    {{0x0008, 0x0030}, "TM", kStudy, kTime, "s.study_time"},
    {{0x0008, 0x0031}, "TM", kSeries, kTime, "e.series_time"},
    {{0x0008, 0x0050}, "SH", kStudy, kText, "s.accession_number"},
    {{0x0008, 0x0060}, "CS", kSeries, kCode, "e.modality"},
    {{0x0008, 0x0061}, "CS", kStudy, kModalities, "s.modalities"},
    {{0x0008, 0x0090}, "PN", kStudy, kName, "s.referring_physician_name"},
    {{0x0008, 0x0201}, "SH", kStudy, kCode, "s.timezone_offset_from_utc", kStudy},
    {{0x0008, 0x0201}, "SH", kSeries, kCode, "e.timezone_offset_from_utc"},
    {{0x0008, 0x1030}, "LO", kStudy, kText, "s.study_description"},
    {{0x0008, 0x103E}, "LO", kSeries, kText, "e.series_description"},
    {{0x0008, 0x3002}, "UI", kInstance, kUid, "i.transfer_syntax_uid"},
    {{0x0010, 0x0010}, "PN", kPatient, kName, "s.patient_name"},
    {{0x0010, 0x0020}, "LO", kPatient, kText, "s.patient_id"},
    {{0x0010, 0x0021}, "LO", kPatient, kText, "s.issuer_of_patient_id"},
    {{0x0010, 0x0030}, "DA", kPatient, kDate, "s.patient_birth_date"},
    {{0x0010, 0x0040}, "CS", kPatient, kCode, "s.patient_sex"},
    {{0x0018, 0x0015}, "CS", kSeries, kCode, "e.body_part_examined"},
    {{0x0018, 0x5101}, "CS", kInstance, kCode, "i.view_position"},
    {{0x0020, 0x000D}, "UI", kStudy, kUid, "s.study_instance_uid"},
    {{0x0020, 0x000E}, "UI", kSeries, kUid, "e.series_instance_uid"},
    {{0x0020, 0x0010}, "SH", kStudy, kText, "s.study_id"},
    {{0x0020, 0x0011}, "IS", kSeries, kNumber, "e.series_number"},
    {{0x0020, 0x0013}, "IS", kInstance, kNumber, "i.instance_number"},
    {{0x0020, 0x0060}, "CS", kSeries, kCode, "e.laterality"},
    {{0x0020, 0x0062}, "CS", kInstance, kCode, "i.image_laterality"},
    {{0x0020, 0x1200}, "IS", kPatient, kPatientCount, PATIENT_TOTAL("count(*)")},
    {{0x0020, 0x1202}, "IS", kPatient, kPatientCount, PATIENT_TOTAL("sum(p.series_count)")},
    {{0x0020, 0x1204}, "IS", kPatient, kPatientCount, PATIENT_TOTAL("sum(p.instance_count)")},
    {{0x0020, 0x1206}, "IS", kStudy, kCount, "s.series_count"},
    {{0x0020, 0x1208}, "IS", kStudy, kCount, "s.instance_count"},
    {{0x0020, 0x1209}, "IS", kSeries, kCount, "e.instance_count"},
    {{0x0028, 0x0008}, "IS", kInstance, kNumber, "i.number_of_frames"},
    {{0x0028, 0x0010}, "US", kInstance, kNumber, "i.rows"},
    {{0x0028, 0x0011}, "US", kInstance, kNumber, "i.columns"},
    {{0x0028, 0x0100}, "US", kInstance, kNumber, "i.bits_allocated"},
    {{0x0040, 0x0244}, "DA", kSeries, kDate, "e.step_start_date"},
    {{0x0040, 0x0245}, "TM", kSeries, kTime, "e.step_start_time"},
    {{0x0040, 0x0275},
     "SQ",
     kSeries,
     kItems,
     "(SELECT group_concat(r.scheduled_procedure_step_id || char(31) || r.requested_procedure_id, "
     "char(30)) FROM request_attributes r WHERE r.series = e.id)"},
};

}  // namespace

std::span<const Column> columns() {
    return kColumns;
}

const Column* column_of(dicom::Tag tag, Level level) {
    const Column* found = nullptr;
    for (const Column& column : kColumns)
        if (column.tag == tag && (found == nullptr || column.is_given_at(level))) found = &column;
    return found;
}

}  // namespace lucerna::store
