#pragma once

#include <filesystem>
#include <span>
#include <utility>
#include <vector>

#include "exam/reading.h"
#include "infer/manifest.h"
#include "infer/session.h"
#include "infer/signature.h"

namespace lucerna::infer {

/// The manifest of a package: its schema, and its signature by `trust`. Throws as
/// ModelPackage::open. Enough to prepare pictures with while the network is still being loaded.
[[nodiscard]] Manifest read_manifest(const std::filesystem::path& folder, const Trust& trust = {});

/// A model as a folder: manifest.json, model.onnx and what else the manifest lists
/// (docs/formats/model-package.md). It knows pictures and scores, nothing of a body part.
class ModelPackage {
  public:
    /// Opens and checks a package: schema, signature by `trust`, SHA-256 of each listed file,
    /// tensors against the contract. Throws Error(kInvalidInput, kNotFound, kCorrupt) whose
    /// message begins with the folder and says what does not match. `threads`: to read an exam
    /// with; 0 = one a core.
    [[nodiscard]] static ModelPackage open(const std::filesystem::path& folder,
                                           const Trust& trust = {}, int threads = 0);
    /// The rest of it, where read_manifest gave the manifest.
    [[nodiscard]] static ModelPackage load(const std::filesystem::path& folder, Manifest manifest,
                                           int threads, Scratch scratch = Scratch::kArena);

    [[nodiscard]] const exam::ModelIdentity& identity() const { return manifest_.identity; }
    [[nodiscard]] const exam::InputContract& contract() const { return manifest_.contract; }

    /// Reads one prepared picture: boxes and scores in stored pixels, calibrated, best first.
    /// Safe from several threads. Throws Error(kInternal) if the network fails.
    [[nodiscard]] exam::ViewReading read(const exam::PreparedView& view) const;
    /// As above by another rule than the package's own: evaluation asks for marks that serving
    /// does not show.
    [[nodiscard]] exam::ViewReading read(const exam::PreparedView& view,
                                         const FindingRule& rule) const;
    /// Of the views of one exam, in any order: where the manifest says that the image score is of a
    /// side, the views of each side get the same one, the mean of their raw scores on the logit
    /// scale, calibrated. Raw scores stay each view's own, as do views without a name.
    void share_scores(std::span<exam::ViewReading* const> views) const;
    [[nodiscard]] const FindingRule& finding_rule() const { return manifest_.finding; }
    /// From how many threads `read` is best called.
    [[nodiscard]] int pictures_at_once() const { return pictures_at_once_; }

  private:
    ModelPackage(Manifest manifest, Session session, int pictures_at_once)
        : manifest_(std::move(manifest)),
          session_(std::move(session)),
          pictures_at_once_(pictures_at_once) {}

    Manifest manifest_;
    Session session_;
    int pictures_at_once_;
};

/// Candidates that `rule` keeps: sure enough, best first, none overlapping a better one too much.
[[nodiscard]] std::vector<Candidate> select_candidates(std::vector<Candidate> candidates,
                                                       const FindingRule& rule);

}  // namespace lucerna::infer
