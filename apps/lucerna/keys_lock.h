#pragma once

#include <filesystem>

namespace lucerna {

/// Holds what key-encryption keys a data folder has while one of them is opened and something new
/// is sealed by it: who ends keys meanwhile would know nothing of that. Until it goes, or the
/// process ends.
class KeysLock {
  public:
    enum class For {
        /// With others. Throws Error(kUnavailable) where the keys are being changed.
        kUse,
        /// Alone: waits for those who use them, who do so for a moment.
        kChange,
    };
    /// In `data_folder`, which is there. Throws Error(kIo).
    KeysLock(const std::filesystem::path& data_folder, For what);
    ~KeysLock();
    KeysLock(const KeysLock&) = delete;
    KeysLock& operator=(const KeysLock&) = delete;

  private:
    int file_;
};

}  // namespace lucerna
