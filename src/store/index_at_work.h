#pragma once

#include <filesystem>

namespace lucerna::store {

/// A file beside the index that says of which file: by it a copy is told, wherever it is put. What
/// it has of the index may be of different moments, if a server was at work when it was made.
class IndexAtWork {
  public:
    explicit IndexAtWork(const std::filesystem::path& index);

    /// Before the index is opened: it is not the file that was last opened here, or not known to
    /// be. What a server left that was killed here is.
    [[nodiscard]] bool may_be_a_copy() const;
    /// Before anything is written. What cannot be noted, on a full disk say, is logged.
    void begin() const;

  private:
    std::filesystem::path index_;
    std::filesystem::path path_;
};

}  // namespace lucerna::store
