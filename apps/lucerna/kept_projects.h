#pragma once

#include <memory>
#include <string>

#include "deidentify/project_file.h"
#include "settings.h"

namespace lucerna {

/// The secrets of de-identification projects where the settings have the wrapped data keys, beside
/// those: in the data folder or, for all servers that share it, in the bucket.
class KeptProjects {
  public:
    /// Throws Error: kInvalidInput naming a setting; kConflict (the folder belongs to other back
    /// ends); kUnavailable.
    explicit KeptProjects(const ServeSettings& settings);

    [[nodiscard]] deidentify::ProjectPlace& place() { return *place_; }
    /// As deidentify::open_project, after what this folder had of it by itself was taken over.
    [[nodiscard]] deidentify::Project open(const std::string& name, vault::KeyProvider& keys);
    /// Takes over all that this folder had by itself. Throws what deidentify::take_over_project
    /// does for the first that cannot be.
    void gather(vault::KeyProvider& keys);
    /// The same, but what cannot be is a warning: whoever needs it is refused.
    void gather_what_goes(vault::KeyProvider& keys);

  private:
    deidentify::ProjectFolder folder_;
    std::unique_ptr<deidentify::ProjectPlace> bucket_;
    deidentify::ProjectPlace* place_;
};

}  // namespace lucerna
