#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compose/compose.h"
#include "dicom/data_set.h"

namespace lucerna::compose {

/// Which object of a reading is written.
struct ResultIdentity {
    ResultKind kind = ResultKind::kCadReport;
    std::string_view sop_class_uid;
    std::string_view modality;
    std::string_view series_description;
    int series_number = 0;
    int instance_number = 1;
};

/// UIDs follow from the study, the model's hash, `kind`, `rest` and what tells the reading apart.
[[nodiscard]] std::string result_uid(const exam::ExamReading& reading, std::string_view kind,
                                     const std::vector<std::string>& rest = {});

/// Hash of all that an object says of this reading, but for when it was made, and whatever the
/// order of its views: which very images, whose, what was found and refused, by which model and
/// program.
[[nodiscard]] std::string said_by(const exam::ExamReading& reading);

/// An image as what UIDs follow from: its own, and what tells the very object.
[[nodiscard]] std::string which_object(const exam::ExamReading& reading,
                                       const std::string& sop_instance_uid);

/// Tells a finding from every other, in all reports of it.
[[nodiscard]] std::string finding_uid(const exam::ExamReading& reading,
                                      const exam::Finding& finding, const exam::ViewSource& source);

/// An object with the modules that all results share (PS3.3 C.7.1.1, C.7.2.1, C.7.3.1, C.7.5.1,
/// C.7.5.2, C.12.1): patient and study as the images have them, a series and equipment of our own.
/// Its SOP Instance UID follows from `reading`, which is all that the object says (said_by), its
/// kind and its number: the same again has the same, another content another (PS3.5 9).
[[nodiscard]] dicom::DataSet start_object(const exam::ExamReading& reading,
                                          const ResultIdentity& identity);

/// The modules of every structured report (PS3.3 C.17.1, C.17.2), the content tree apart: complete,
/// preliminary, unverified, and which images it refers to.
void add_document_modules(dicom::DataSet& object, const exam::ExamReading& reading);

[[nodiscard]] Result finish(const dicom::DataSet& object, ResultKind kind, std::string view = {});

/// One image that a report can refer to.
struct ExamImage {
    exam::ViewSource source;
    /// False when it was refused.
    bool read = false;
};

/// The images read, then the refused ones whose class and series are known, each once.
[[nodiscard]] std::vector<ExamImage> images_of(const exam::ExamReading& reading);
/// Each by which_object, sorted.
[[nodiscard]] std::vector<std::string> objects_of(const exam::ExamReading& reading,
                                                  const std::vector<ExamImage>& images);

/// At most `characters` of UTF-8, without controls and backslashes: what an LO or SH can hold. A
/// longer text is cut to as many bytes.
[[nodiscard]] std::string fitting(std::string_view text, std::size_t characters);

}  // namespace lucerna::compose
