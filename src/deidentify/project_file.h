#pragma once

#include <string>
#include <utility>
#include <vector>

#include "deidentify/project.h"
#include "deidentify/project_place.h"
#include "vault/key_provider.h"

namespace lucerna::deidentify {

/// Opens a project, or makes it: its secret lies in `place`, wrapped by a key-encryption key
/// (docs/formats/project.md). Of several that make it at once, all have the same. Throws Error:
/// kInvalidInput for a name that is not 1 to 40 of a-z, 0-9, '-' and '_'; kCorrupt, also where the
/// secret of one that has given out something is missing, or another; what place and provider
/// throw.
[[nodiscard]] Project open_project(ProjectPlace& place, const std::string& name,
                                   vault::KeyProvider& keys);

/// Puts the secret of a project, if `from` has one, into `to`, where it lies from then on. Throws
/// Error and changes neither: kConflict where `to` has another secret of that project, naming both:
/// what was given out by the one and by the other would be two projects'; kCorrupt where neither
/// has it, and `from` has what was given out; what does not open.
void take_over_project(ProjectPlace& from, ProjectPlace& to, const std::string& name,
                       vault::KeyProvider& keys);

/// The projects that are not as they were written, or whose secret does not open or is missing:
/// "projects/NAME.json", and what is wrong.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> damages_of_projects(
    ProjectPlace& place, vault::KeyProvider& keys);

/// Those that `place` has the secret of, or anything that was given out.
[[nodiscard]] std::vector<std::string> names_of_projects(ProjectPlace& place);

/// Throws Error, naming it: kCorrupt where one is missing of a project that has given out
/// something, or is another than that was by; and what place and provider throw where one does not
/// open.
void require_secrets(ProjectPlace& place, vault::KeyProvider& keys);

/// Wraps the secret of every project that is listed or `named` under the provider's current key,
/// durably, and shows of each that it is so. Returns how many were not so already. Throws Error,
/// the rest as it was: what place and provider throw, kUnavailable where what was written is not
/// read, kCorrupt where the secret of one is missing that has given out something.
std::size_t rewrap_projects(ProjectPlace& place, vault::KeyProvider& keys,
                            const std::vector<std::string>& named = {});

/// A provider that takes the projects along when older keys are ended.
class ProjectKeys final : public vault::KeyProvider {
  public:
    /// Both must outlive it. `named` are projects that there may be, whatever a listing says.
    ProjectKeys(vault::KeyProvider& keys, ProjectPlace& place, std::vector<std::string> named = {})
        : keys_(keys), place_(place), named_(std::move(named)) {}

    [[nodiscard]] std::string current_key() const override { return keys_.current_key(); }
    [[nodiscard]] vault::WrappedKey wrap(const vault::SecretKey& key,
                                         std::string_view purpose) override {
        return keys_.wrap(key, purpose);
    }
    [[nodiscard]] vault::SecretKey unwrap(const vault::WrappedKey& wrapped,
                                          std::string_view purpose) override {
        return keys_.unwrap(wrapped, purpose);
    }
    void rotate() override { keys_.rotate(); }
    void forget_older(const std::string& kept) override {
        (void)rewrap_projects(place_, keys_, named_);
        keys_.forget_older(kept);
    }

  private:
    vault::KeyProvider& keys_;
    ProjectPlace& place_;
    std::vector<std::string> named_;
};

}  // namespace lucerna::deidentify
