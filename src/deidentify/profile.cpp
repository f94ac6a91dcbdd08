#include "deidentify/profile.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"

namespace lucerna::deidentify {
namespace {

// PS3.16 CID 7050.
constexpr OptionKind kOptions[] = {
    {Option::kCleanPixelData, "clean-pixel-data", "113101", "Clean Pixel Data Option"},
    {Option::kCleanStructuredContent, "clean-structured-content", "113104",
     "Clean Structured Content Option"},
    {Option::kCleanDescriptors, "clean-descriptors", "113105", "Clean Descriptors Option"},
    {Option::kRetainFullDates, "full-dates", "113106",
     "Retain Longitudinal Temporal Information Full Dates Option"},
    {Option::kRetainModifiedDates, "modified-dates", "113107",
     "Retain Longitudinal Temporal Information Modified Dates Option"},
    {Option::kRetainPatientCharacteristics, "patient-characteristics", "113108",
     "Retain Patient Characteristics Option"},
    {Option::kRetainDeviceIdentity, "device-identity", "113109", "Retain Device Identity Option"},
    {Option::kRetainUids, "uids", "113110", "Retain UIDs Option"},
    {Option::kRetainSafePrivate, "safe-private", "113111", "Retain Safe Private Option"},
    {Option::kRetainInstitutionIdentity, "institution-identity", "113112",
     "Retain Institution Identity Option"},
};

/// A profile by a name of its own.
struct Named {
    std::string_view name;
    std::string_view means;
};
constexpr Named kNamed[] = {
    // What a reader study or a training set of screening exams needs.
    {"screening",
     "basic+modified-dates+patient-characteristics+clean-pixel-data+safe-private+"
     "clean-descriptors+clean-structured-content"},
};

[[noreturn]] void refuse(std::string_view part) {
    std::string message = "there is no de-identification \"" + std::string(part) + "\"; there are ";
    for (const Named& one : kNamed) message.append(one.name).append(", ");
    message += "and basic, to which can be added";
    for (const OptionKind& kind : kOptions) message.append(" +").append(kind.name);
    throw Error(ErrorCode::kInvalidInput, message);
}

}  // namespace

std::span<const OptionKind> option_kinds() {
    return kOptions;
}

Profile Profile::from(std::string_view text) {
    Profile made;
    made.name_ = text;
    const auto* const named = std::find_if(std::begin(kNamed), std::end(kNamed),
                                           [&](const Named& one) { return one.name == text; });
    std::string_view rest = named == std::end(kNamed) ? text : named->means;
    for (bool first = true; first || !rest.empty(); first = false) {
        const std::size_t end = std::min(rest.find('+'), rest.size());
        const std::string_view part = rest.substr(0, end);
        if (end + 1 == rest.size()) refuse("");
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (first) {
            if (part != "basic") refuse(part);
            continue;
        }
        const auto* const kind =
            std::find_if(std::begin(kOptions), std::end(kOptions),
                         [&](const OptionKind& one) { return one.name == part; });
        if (kind == std::end(kOptions)) refuse(part);
        made.options_ |= 1U << static_cast<unsigned>(kind->option);
    }
    if (made.has(Option::kRetainFullDates) && made.has(Option::kRetainModifiedDates))
        throw Error(ErrorCode::kInvalidInput,
                    "full-dates and modified-dates exclude each other (PS3.15 E.3.6)");
    return made;
}

}  // namespace lucerna::deidentify
