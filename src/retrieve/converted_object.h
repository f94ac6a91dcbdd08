#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "base/memory_budget.h"
#include "base/parts.h"
#include "dicom/converted_file.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// An image in another transfer syntax, made frame by frame while it is read. What is held of it
/// between reads is a share of dicom::converting_memory(), and is let go where somebody waits for
/// that and the reader takes its time: it is made again then. Safe from several threads.
class ConvertedObject final : public MemoryBudget::Renewable,
                              public std::enable_shared_from_this<ConvertedObject> {
  public:
    /// Null for an object without Pixel Data. Throws as dicom::ConvertedFile, and
    /// Error(kUnavailable) where it waited for memory in vain; so does reading.
    [[nodiscard]] static std::shared_ptr<ConvertedObject> of(store::Archive& archive,
                                                             const store::InstanceRow& row,
                                                             const std::string& syntax,
                                                             const RunParts& run);

    [[nodiscard]] std::uint64_t size() const { return file_->size(); }
    /// Bytes [at, at + into.size()), which must be there.
    void read(std::uint64_t at, std::span<std::uint8_t> into);

    bool let_go() noexcept override;

  private:
    ConvertedObject(store::Archive& archive, const store::InstanceRow& row,
                    const std::string& syntax, const RunParts& run, std::size_t making_bytes);

    /// For what making a frame takes; `again` where it gave way.
    void take_room(bool again = false);
    /// What is held now is all that it takes.
    void keep_room();
    void drop() noexcept;

    /// Of the file where that has to be held, and of a frame with what is made of it.
    const std::size_t file_bytes_;
    const std::size_t making_bytes_;
    /// As far as it is known: a frame, with what is read for it.
    using Clock = std::chrono::steady_clock;
    Clock::duration making_takes_{};
    /// Recursive, since the thread that reads may be told to let go of it, which is nothing yet.
    std::recursive_mutex mutex_;
    std::optional<MemoryBudget::Share> share_;
    std::optional<dicom::ConvertedFile> file_;
    /// Somebody waits for what could not be let go just then.
    std::atomic<bool> is_wanted_ = false;
};

}  // namespace lucerna::retrieve
