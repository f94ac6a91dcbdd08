#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "base/hash.h"
#include "support/tiny_onnx.h"

namespace lucerna::test {

/// A manifest that fits TinyOnnx, of a modality that is not mammography.
inline nlohmann::json tiny_manifest() {
    return {
        {"schema", "lucerna-model-package/1"},
        {"name", "tiny"},
        {"version", "0.1.0"},
        {"manufacturer", "test"},
        {"intended_use", "tests"},
        {"input",
         {{"tensor", "image"},
          {"modality", "DX"},
          {"presentation_intents", {"FOR PRESENTATION"}},
          {"views", nlohmann::json::array()},
          {"preparation", {"modality_lut"}},
          {"spacing_mm", 0.5},
          {"multiple_of", 8},
          {"max_width", 512},
          {"max_height", 512}}},
        {"outputs",
         {{"boxes", "boxes"},
          {"presence", "presence"},
          {"suspicion", "suspicion"},
          {"image_score", "image_score"}}},
        {"finding",
         {{"kind", "nodule"}, {"min_presence", 0.4}, {"max_findings", 5}, {"max_overlap", 0.3}}},
        {"calibration",
         {{"finding", {{"method", "platt"}, {"a", 2.0}, {"b", 0.0}}},
          {"image", {{"method", "identity"}}}}},
        {"operating_points", {{{"name", "recall"}, {"threshold", 0.5}, {"description", "tests"}}}},
        {"training_data", nlohmann::json::array()},
        {"metrics", nlohmann::json::array()},
        {"cleared_in", nlohmann::json::array()},
        {"files", {{"model.onnx", std::string(64, '0')}}}};
}

/// A contract for mammograms, around the network that knows only the brightest pixel.
inline nlohmann::json tiny_mammography_manifest() {
    nlohmann::json manifest = tiny_manifest();
    manifest["input"]["modality"] = "MG";
    manifest["input"]["views"] = {"R-CC", "L-CC", "R-MLO", "L-MLO"};
    manifest["input"]["preparation"] = {"modality_lut",   "voi_lut",        "presentation_lut",
                                        "orient",         "remove_markers", "segment_breast",
                                        "crop_to_breast", "resample",       "normalise"};
    manifest["input"]["max_width"] = 1024;
    manifest["input"]["max_height"] = 1024;
    return manifest;
}

/// Writes a package whose hashes are right.
inline void write_package(const std::filesystem::path& folder, const TinyOnnx& network,
                          nlohmann::json manifest = tiny_manifest()) {
    std::filesystem::create_directories(folder);
    const std::string onnx = network.bytes();
    write_file(folder / "model.onnx", as_byte_view(onnx));
    manifest["files"]["model.onnx"] = sha256(as_byte_view(onnx));
    write_file(folder / "manifest.json", as_byte_view(manifest.dump(2)));
}

}  // namespace lucerna::test
