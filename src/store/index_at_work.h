#pragma once

#include <filesystem>

namespace lucerna::store {

/// A file beside the index while a server is at work on it, by which a copy is told that was made
/// meanwhile, wherever it is put: what it has of the index may be of different moments.
class IndexAtWork {
  public:
    explicit IndexAtWork(const std::filesystem::path& index);

    /// Before the index is opened: somebody was at work when its files came to be where they are.
    /// Of a server that was killed here they are as it left them.
    [[nodiscard]] bool may_be_a_copy() const;
    /// Before anything is written. What cannot be noted, on a full disk say, is logged.
    void begin() const;
    /// After everything was.
    void end() const;

  private:
    std::filesystem::path path_;
    std::filesystem::path log_;
};

}  // namespace lucerna::store
