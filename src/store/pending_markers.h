#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "store/s3.h"

namespace lucerna::store {

/// Of what this process has in hand in a bucket: an empty `<prefix><writer>/<name>` from before
/// something is written until the index knows it. Safe from several threads.
class PendingMarkers {
  public:
    /// `prefix` ends in a slash.
    PendingMarkers(std::shared_ptr<S3> bucket, std::string prefix);

    void write_as(const std::string& writer);
    /// The key under which its marker is to be put.
    [[nodiscard]] std::string take(const std::string& name);
    /// Removes the marker, if this process has it in hand. One that cannot be removed goes with
    /// the next that can: a marker that stays is all that would tell a later start, on an older
    /// index, that what it names may go. Throws Error as S3::ask.
    void drop(const std::string& name);

  private:
    void drop_a_left_one();

    struct InHand {
        std::string writer = "alone";
        /// By what they stand for.
        std::map<std::string, std::string> markers;
        /// Of which the removal failed.
        std::vector<std::string> left;
    };

    /// Shared with whose markers they are.
    std::shared_ptr<S3> bucket_;
    const std::string prefix_;
    Guarded<InHand> in_hand_;
};

}  // namespace lucerna::store
