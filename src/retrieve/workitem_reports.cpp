#include "retrieve/workitem_reports.h"

#include <utility>

#include "base/error.h"
#include "retrieve/workitem_tags.h"

namespace lucerna::retrieve {
namespace {

using namespace workitem_tags;

// PS3.4 CC.2.4.3: of UPS Push, whatever asked for the report.
constexpr const char* kUpsPush = "1.2.840.10008.5.1.4.34.6.1";

constexpr const char* kReadiness = "00404041";
constexpr const char* kStations = "00404025";
constexpr const char* kPerformers = "00404034";
constexpr const char* kReason = "00741238";

enum class Event { kStateReport = 1, kCancel, kProgressReport, kScpStatus, kAssigned };

Json report_of(Event event) {
    Json report;
    put(report, "00001002", "US", static_cast<int>(event));
    return report;
}

Json element(const Json& set, const char* tag) {
    const auto found = set.find(tag);
    return found == set.end() ? Json() : *found;
}

/// The first item of a sequence; an empty one where there is none.
Json first_item(const Json& set, const char* tag) {
    const Json sequence = element(set, tag);
    const auto values = sequence.find("Value");
    if (values == sequence.end() || values->empty() || !values->front().is_object())
        return Json::object();
    return values->front();
}

bool is_populated(const Json& set, const char* tag) {
    const Json found = element(set, tag);
    return found.contains("Value") && !found["Value"].empty();
}

void take(Json& report, const Json& set, const char* tag) {
    if (is_populated(set, tag)) report[tag] = set[tag];
}

std::string assignment_report(const Json& set) {
    Json report = report_of(Event::kAssigned);
    take(report, set, kStations);
    take(report, set, kPerformers);
    // The table has these by themselves, the text above it the sequence.
    const Json performer = first_item(set, kPerformers);
    take(report, performer, "00404009");
    take(report, performer, "00404036");
    return report.dump();
}

bool is_other(const Json& before, const Json& after, const char* tag) {
    return element(before, tag) != element(after, tag);
}

}  // namespace

std::string state_report(const Json& set) {
    Json report = report_of(Event::kStateReport);
    for (const char* tag : {kState, kReadiness}) report[tag] = element(set, tag);
    if (first_text(set, kState) == "CANCELED") {
        const Json progress = first_item(set, kProgress);
        take(report, progress, kReason);
        take(report, progress, kDiscontinuationReason);
    }
    return report.dump();
}

std::string cancel_report(const Json& reasons, const std::string& requesting_ae) {
    Json report = report_of(Event::kCancel);
    put(report, "00741236", "AE", requesting_ae);
    for (const char* tag : {"00741236", kReason, kDiscontinuationReason, "0074100A", "0074100C"})
        take(report, reasons, tag);
    return report.dump();
}

std::string status_report(const std::string& status) {
    Json report = report_of(Event::kScpStatus);
    put(report, "00741242", "CS", status);
    put(report, "00741244", "CS", "WARM START");
    put(report, "00741246", "CS", "WARM START");
    return report.dump();
}

std::vector<std::string> reports_of_new(const Json& set) {
    std::vector<std::string> reports = {state_report(set)};
    if (is_populated(set, kStations) || is_populated(set, kPerformers))
        reports.push_back(assignment_report(set));
    return reports;
}

std::vector<std::string> reports_of_change(const Json& before, const Json& after) {
    std::vector<std::string> reports;
    if (is_other(before, after, kState) || is_other(before, after, kReadiness))
        reports.push_back(state_report(after));
    if (is_other(before, after, kStations) || is_other(before, after, kPerformers))
        reports.push_back(assignment_report(after));
    const Json was = first_item(before, kProgress);
    const Json is = first_item(after, kProgress);
    bool progressed = false;
    for (const char* tag : {"00741004", "00741006", "00741008"})
        progressed = progressed || is_other(was, is, tag);
    if (progressed) {
        Json report = report_of(Event::kProgressReport);
        report[kProgress] = after[kProgress];
        reports.push_back(report.dump());
    }
    return reports;
}

std::vector<std::string> short_enough(std::vector<std::string> reports) {
    constexpr std::size_t kMost = std::size_t{64} << 10;
    for (const std::string& report : reports)
        if (report.size() > kMost)
            throw Error(ErrorCode::kInvalidInput,
                        "subscribers would be told more of it than 64 KiB: reasons, stations, "
                        "performers or progress are too many");
    return reports;
}

std::string event_text(const std::string& report, std::string_view sop_instance_uid,
                       std::uint16_t message_id) {
    Json event = Json::parse(report);
    put(event, "00000002", "UI", kUpsPush);
    put(event, "00000110", "US", message_id);
    put(event, "00001000", "UI", sop_instance_uid);
    return event.dump();
}

}  // namespace lucerna::retrieve
