#pragma once

#include <filesystem>
#include <future>

#include "infer/model_package.h"

namespace lucerna::pipeline {

/// A package whose network is loaded beside what the caller does meanwhile: that takes as long as
/// preparing a view or two, and preparing needs the manifest alone.
class ModelOpening {
  public:
    /// Returns when the manifest is read. Throws as infer::read_manifest.
    ModelOpening(const std::filesystem::path& folder, const infer::Trust& trust, int threads,
                 infer::Scratch scratch);

    [[nodiscard]] const exam::InputContract& contract() const { return contract_; }
    /// Waits for the rest. Throws as infer::ModelPackage::load.
    [[nodiscard]] const infer::ModelPackage& model() const { return opening_.get(); }

  private:
    exam::InputContract contract_;
    std::shared_future<infer::ModelPackage> opening_;
};

}  // namespace lucerna::pipeline
