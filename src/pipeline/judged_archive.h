#pragma once

#include "collection/image_archive.h"
#include "store/store.h"

namespace lucerna::pipeline {

/// The store as collections see it. Borrows it.
class JudgedArchive final : public collection::ImageArchive {
  public:
    explicit JudgedArchive(store::Store& store) : store_(store) {}

    bool has_image(const std::string& sop_instance_uid) override;
    Bytes image(const std::string& sop_instance_uid) override;
    /// Of each exam the newest reading counts, and of each of its findings the newest decision.
    std::vector<collection::JudgedExam> judged_exams(const std::string& query) override;

  private:
    store::Store& store_;
};

}  // namespace lucerna::pipeline
