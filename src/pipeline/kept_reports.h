#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "deidentify/report_log.h"
#include "store/archive.h"

namespace lucerna::pipeline {

/// The logs of what was done to objects that were sent de-identified, one a project, in a folder of
/// this process alone. What they say of an object goes with it: each line says under which name the
/// archive keeps the original, and stays as long as that is so. Safe from several threads.
class KeptReports {
  public:
    KeptReports(store::Archive& archive, std::filesystem::path folder)
        : archive_(archive), folder_(std::move(folder)) {}

    [[nodiscard]] std::shared_ptr<deidentify::ReportLog> of_project(const std::string& name);
    /// Takes out, of the logs of every project that there ever was, the lines of what is not kept
    /// any more; nothing where nothing was ever erased. Throws Error: kOutOfSpace, kIo,
    /// kUnavailable; what it did not come to goes by the next call.
    void forget_erased();

  private:
    store::Archive& archive_;
    const std::filesystem::path folder_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<deidentify::ReportLog>> logs_;
};

}  // namespace lucerna::pipeline
