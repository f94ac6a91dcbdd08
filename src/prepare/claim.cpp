#include "prepare/claim.h"

#include <algorithm>

#include "dicom/tags.h"
#include "prepare/header.h"
#include "prepare/plain_view.h"

namespace lucerna::prepare {
namespace {

/// Without the separators of old (PS3.5 6.2: 2026.03.01, 10:15:00).
std::string without(char separator, std::string text) {
    std::erase(text, separator);
    return text;
}

Moment moment_in(const std::string& date_time) {
    constexpr std::size_t kDateDigits = 8;
    // The images of a view come from one clock: its offset from UTC tells nothing.
    const std::string local = date_time.substr(0, date_time.find_first_of("+-"));
    if (local.size() < kDateDigits) return {};
    return {local.substr(0, kDateDigits), local.substr(kDateDigits)};
}

/// The first that says both day and time, else the first that says a day.
Moment acquired_at(const dicom::DataSet& data_set) {
    using namespace dicom;
    const auto pair = [&](Tag date, Tag time) {
        return Moment{without('.', data_set.text_or(date, "")),
                      without(':', data_set.text_or(time, ""))};
    };
    const Moment said[] = {moment_in(data_set.text_or(kAcquisitionDateTime, "")),
                           pair(kAcquisitionDate, kAcquisitionTime),
                           pair(kContentDate, kContentTime)};
    for (const Moment& each : said)
        if (!each.date.empty() && !each.time.empty()) return each;
    for (const Moment& each : said)
        if (!each.date.empty()) return {each.date, ""};
    return {};
}

}  // namespace

Claim claim_of(const dicom::DataSet& head, const exam::InputContract& contract) {
    Claim claim;
    claim.is_refused = refusal_by_head(head, contract).has_value();
    claim.quality_control = where_for_quality_control(head);
    claim.is_an_exposure = !is_made_of_tomosynthesis(head);
    claim.is_surely_an_exposure = !may_be_made_of_tomosynthesis(head);
    claim.acquired = acquired_at(head);
    claim.is_of_a_patient = !claim.quality_control && head.has_value(dicom::kRows);
    return claim;
}

std::weak_ordering by_kind(const Claim& one, const Claim& other) {
    if (one.is_refused != other.is_refused) return one.is_refused <=> other.is_refused;
    const bool is_a_phantom = one.quality_control.has_value();
    if (is_a_phantom != other.quality_control.has_value())
        return is_a_phantom <=> other.quality_control.has_value();
    if (one.is_an_exposure != other.is_an_exposure)
        return other.is_an_exposure <=> one.is_an_exposure;
    return other.is_surely_an_exposure <=> one.is_surely_an_exposure;
}

bool outranks(const Claim& one, const Claim& other) {
    const std::weak_ordering kind = by_kind(one, other);
    return kind != 0 ? kind < 0 : one.acquired > other.acquired;
}

}  // namespace lucerna::prepare
