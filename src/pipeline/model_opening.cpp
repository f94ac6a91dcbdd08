#include "pipeline/model_opening.h"

#include <utility>

namespace lucerna::pipeline {

ModelOpening::ModelOpening(const std::filesystem::path& folder, const infer::Trust& trust,
                           int threads, infer::Scratch scratch) {
    infer::Manifest manifest = infer::read_manifest(folder, trust);
    contract_ = manifest.contract;
    opening_ =
        std::async(std::launch::async, [folder, manifest = std::move(manifest), threads, scratch] {
            return infer::ModelPackage::load(folder, manifest, threads, scratch);
        });
}

}  // namespace lucerna::pipeline
