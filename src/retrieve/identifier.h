#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "dicom/data_set.h"
#include "dicom/tags.h"
#include "store/query.h"

namespace lucerna::retrieve {

/// Query/Retrieve information models (PS3.4 C.6.1, C.6.2).
enum class Root { kPatient, kStudy };
/// How a request may name what it wants: by the unique keys of all levels above its own, or by any
/// keys, where relational queries or retrieval were negotiated (PS3.4 C.4.1.2, C.4.2.2).
enum class Naming { kHierarchical, kRelational };

/// Why a request's identifier cannot be served.
struct IdentifierRefusal {
    std::uint16_t status = 0;
    std::string why;
};

/// PatientID, StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID.
[[nodiscard]] dicom::Tag unique_key_of(store::Level level);

/// "PATIENT", "STUDY", "SERIES", "IMAGE".
[[nodiscard]] const char* name_of(store::Level level);

/// What Query/Retrieve Level (0008,0052) says; A900 where it is missing, none of the model's
/// levels, or where a unique key above it is missing or is no single value.
[[nodiscard]] std::variant<store::Level, IdentifierRefusal> level_of(
    const dicom::DataSet& identifier, Root root, Naming naming);

/// All values of a key as `store::Key` takes them: with backslashes between.
[[nodiscard]] std::string key_value(const dicom::DataSet& identifier, dicom::Tag tag);

}  // namespace lucerna::retrieve
