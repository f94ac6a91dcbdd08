#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compose/compose.h"
#include "exam/reading.h"

namespace lucerna {

/// Where `read` writes what it made of a study. Of two studies the results do not lie in one.
class ResultFolder {
  public:
    /// Throws Error(kConflict), naming it, where a result of another study is there already, or one
    /// that does not tell.
    ResultFolder(std::filesystem::path folder, std::string study_instance_uid);

    [[nodiscard]] const std::filesystem::path& path() const { return folder_; }

    /// In place of what earlier runs left of the study: their findings.json goes first, and the new
    /// one comes last, so that whoever waits for it finds the objects beside it. Throws Error as
    /// the constructor, kOutOfSpace or kIo.
    void write(const exam::ExamReading& reading, const std::vector<compose::Result>& results) const;

  private:
    /// Of this study.
    [[nodiscard]] std::vector<std::filesystem::path> earlier_results() const;

    const std::filesystem::path folder_;
    const std::string study_;
};

}  // namespace lucerna
