#include "retrieve/identifier.h"

#include <algorithm>

#include "dicom/dimse_status.h"

namespace lucerna::retrieve {
namespace {

using store::Level;

constexpr Level kLevels[] = {Level::kPatient, Level::kStudy, Level::kSeries, Level::kInstance};

IdentifierRefusal mismatch(std::string why) {
    return {dicom::status::kDoesNotMatchClass, std::move(why)};
}

}  // namespace

dicom::Tag unique_key_of(Level level) {
    switch (level) {
        case Level::kPatient:
            return dicom::tags::kPatientId;
        case Level::kStudy:
            return dicom::tags::kStudyInstanceUid;
        case Level::kSeries:
            return dicom::tags::kSeriesInstanceUid;
        case Level::kInstance:
            break;
    }
    return dicom::tags::kSopInstanceUid;
}

const char* name_of(Level level) {
    switch (level) {
        case Level::kPatient:
            return "PATIENT";
        case Level::kStudy:
            return "STUDY";
        case Level::kSeries:
            return "SERIES";
        case Level::kInstance:
            break;
    }
    return "IMAGE";
}

std::variant<Level, IdentifierRefusal> level_of(const dicom::DataSet& identifier, Root root,
                                                Naming naming) {
    const std::string asked = identifier.text_or(dicom::tags::kQueryRetrieveLevel, "");
    if (asked.empty()) return mismatch("QueryRetrieveLevel (0008,0052) is missing");
    const auto is_of_model = [&](Level level) {
        return level != Level::kPatient || root == Root::kPatient;
    };
    if (std::none_of(std::begin(kLevels), std::end(kLevels),
                     [&](Level level) { return is_of_model(level) && asked == name_of(level); }))
        return mismatch("QueryRetrieveLevel (0008,0052) is none of the model's");
    for (const Level level : kLevels) {
        if (!is_of_model(level)) continue;
        if (asked == name_of(level)) return level;
        if (naming == Naming::kRelational) continue;
        const dicom::Tag key = unique_key_of(level);
        const std::string value = key_value(identifier, key);
        if (value.empty() || value.find_first_of("*?\\") != std::string::npos)
            return mismatch(dicom::describe(key) + " must be one value");
    }
    return mismatch("QueryRetrieveLevel (0008,0052) is none of the model's");
}

std::string key_value(const dicom::DataSet& identifier, dicom::Tag tag) {
    std::string joined;
    for (const std::string& value : identifier.texts(tag))
        joined += (joined.empty() ? "" : "\\") + value;
    return joined;
}

}  // namespace lucerna::retrieve
