#include "dicom/patient_issuer.h"

#include <string_view>

#include "dicom/tags.h"

namespace lucerna::dicom {
namespace {

/// A null byte or a space pads to even length.
std::string value_of(const DataSet& data_set, Tag tag) {
    constexpr std::string_view kPadding("\0 ", 2);
    const std::string text = data_set.text_or(tag, "");
    const std::size_t begin = text.find_first_not_of(kPadding);
    if (begin == std::string::npos) return {};
    return text.substr(begin, text.find_last_not_of(kPadding) - begin + 1);
}

}  // namespace

std::string issuer_of_patient_id(const DataSet& data_set) {
    std::string issuer = value_of(data_set, kIssuerOfPatientId);
    if (!issuer.empty()) return issuer;
    const Items& qualifiers = data_set.items(kIssuerOfPatientIdQualifiersSequence);
    return qualifiers.empty() ? std::string() : value_of(qualifiers.front(), kUniversalEntityId);
}

}  // namespace lucerna::dicom
