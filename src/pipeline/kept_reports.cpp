#include "pipeline/kept_reports.h"

#include "base/log.h"

namespace lucerna::pipeline {

std::shared_ptr<deidentify::ReportLog> KeptReports::of_project(const std::string& name) {
    const std::lock_guard lock(mutex_);
    auto& log = logs_[name];
    if (!log) log = std::make_shared<deidentify::ReportLog>(folder_, name);
    return log;
}

void KeptReports::forget_erased() {
    if (archive_.erasures() == 0) return;
    for (const std::string& name : deidentify::ReportLog::names_in(folder_)) {
        const std::size_t lines = of_project(name)->keep_only(
            [&](const std::string& kept_as) { return archive_.keeps_object(kept_as); });
        if (lines > 0)
            log_event(LogLevel::kInfo, "deidentify.reports-erased",
                      {{"project", name}, {"lines", lines}});
    }
}

}  // namespace lucerna::pipeline
