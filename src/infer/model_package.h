#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "exam/reading.h"
#include "infer/manifest.h"
#include "infer/session.h"
#include "infer/signature.h"

namespace lucerna::infer {

/// A model as a folder: manifest.json, model.onnx and what else the manifest lists
/// (docs/formats/model-package.md). It knows pictures and scores, nothing of a body part.
class ModelPackage {
  public:
    /// Opens and checks a package: schema, signature by `trust`, SHA-256 of each listed file,
    /// tensors against the contract. Throws Error(kInvalidInput, kNotFound, kCorrupt) whose
    /// message begins with the folder and says what does not match.
    [[nodiscard]] static ModelPackage open(const std::filesystem::path& folder,
                                           const Trust& trust = {}, int threads = 0);

    [[nodiscard]] const exam::ModelIdentity& identity() const { return manifest_.identity; }
    [[nodiscard]] const exam::InputContract& contract() const { return manifest_.contract; }

    /// Reads one prepared picture: boxes and scores in stored pixels, calibrated, best first.
    /// Safe from several threads. Throws Error(kInternal) if the network fails.
    [[nodiscard]] exam::ViewReading read(const exam::PreparedView& view) const;
    /// As above by another rule than the package's own: evaluation asks for marks that serving
    /// does not show.
    [[nodiscard]] exam::ViewReading read(const exam::PreparedView& view,
                                         const FindingRule& rule) const;
    [[nodiscard]] const FindingRule& finding_rule() const { return manifest_.finding; }

  private:
    ModelPackage(Manifest manifest, Session session)
        : manifest_(std::move(manifest)), session_(std::move(session)) {}

    Manifest manifest_;
    Session session_;
};

/// Candidates that `rule` keeps: sure enough, best first, none overlapping a better one too much.
[[nodiscard]] std::vector<Candidate> select_candidates(std::vector<Candidate> candidates,
                                                       const FindingRule& rule);

}  // namespace lucerna::infer
