#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "base/memory_budget.h"
#include "base/parts.h"
#include "dicom/framed_object.h"
#include "dicom/json.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// What is wanted of an object beside its pixels.
enum class Beside {
    kAll,
    /// Values of a megabyte or more that do not tell how pixels look are not there.
    kWhatIsDrawn,
};
struct Opening {
    Beside beside = Beside::kAll;
    dicom::PixelData pixel_data = dicom::PixelData::kKeep;
    dicom::Texts texts = dicom::Texts::kAsTheyCame;
};
/// How an object is opened to look at its frames: of a large one only those are read that are
/// looked at, where it says where they lie.
struct FramedPlan {
    /// Of the file, held while there is such an object.
    std::size_t bytes = 0;
    std::function<dicom::FramedObject()> make;
};
/// Of what an object has beside the pixels of the frame that is looked at, or of all of it where it
/// does not say where its frames lie: images have some megabytes, overlays and tables.
inline constexpr std::size_t kMostBeside = std::size_t{64} << 20;
/// Throws as the archive and dicom::FileHeader::of, and Error(kUnsupported) where there is more
/// than that. Of an object that does not say where its frames lie, and is wanted with all of it,
/// whoever asks has to look at the plan's bytes.
[[nodiscard]] FramedPlan plan_to_frame(store::Archive& archive, const store::InstanceRow& row,
                                       const RunParts& run, const Opening& opening);

/// Whether there are any, of whatever kind, as far as the object says so without being read as a
/// whole.
[[nodiscard]] bool may_have_pixels(store::Archive& archive, const store::InstanceRow& row);

/// Whether uncompressed pixels of such an object are read frame by frame where they lie.
[[nodiscard]] bool pixels_lie_elsewhere(const store::InstanceRow& row);

/// What files may take that are kept between the frames of an answer. One that is larger is kept
/// alone.
[[nodiscard]] MemoryBudget& kept_files();
/// So that an object's attributes as JSON are not many megabytes: their longest lists are bulk data
/// then. Throws Error(kUnsupported) where that does not help.
[[nodiscard]] dicom::JsonOptions json_options_for(const dicom::DataSet& header,
                                                  dicom::JsonOptions options);
/// What attributes of objects may take while they are looked at, as they lie in their files and as
/// JSON. Larger ones are looked at one at a time.
[[nodiscard]] MemoryBudget& read_heads();
/// For that JSON, where it is a megabyte or more: of read_heads(). `options` are what
/// json_options_for gave. Throws as MemoryBudget::take.
[[nodiscard]] MemoryBudget::Share room_for_json(const dicom::JsonOptions& options);

/// For all of a file while it is held: of kept_files(), but for small ones. Throws as
/// MemoryBudget::take.
[[nodiscard]] MemoryBudget::Share room_for_whole(const store::InstanceRow& row);

/// Of which nobody waits for room.
inline constexpr std::size_t kSmallFile = std::size_t{256} << 10;
/// For so many bytes of it, but for few, of that budget.
[[nodiscard]] MemoryBudget::Share room_for_bytes(std::uint64_t bytes, MemoryBudget& memory);

/// The object, for frames that are taken one after another: it is read when it is first looked at
/// and kept for the next frame, unless somebody waits for that memory (kept_files(),
/// dicom::parsing_memory()), or, of a small one, others have taken its place (held_lists()): then
/// it is read again. Safe from several threads, which wait for each other.
class KeptObject final : public MemoryBudget::Renewable,
                         public std::enable_shared_from_this<KeptObject> {
  public:
    /// Of kOneFrame nothing is kept once that is taken.
    enum class For { kOneFrame, kFrames };
    [[nodiscard]] static std::shared_ptr<KeptObject> of(store::Archive& archive,
                                                        const store::InstanceRow& row, RunParts run,
                                                        For wanted, dicom::PixelData pixel_data);

    /// What `work` makes of it, which takes no frame. Throws as framed_object, looking_at the
    /// instance, and as `work`.
    template <typename Work>
    auto look(Work&& work) {
        const Use use(*this);
        return std::forward<Work>(work)(*object_);
    }
    /// The same of a frame, after which it may be let go.
    template <typename Work>
    auto take_frame(Work&& work) {
        Use use(*this);
        use.ends_with_a_frame = true;
        return std::forward<Work>(work)(*object_);
    }
    /// The next look reads it again.
    bool let_go() noexcept override;
    ~KeptObject() override;
    KeptObject(const KeptObject&) = delete;
    KeptObject& operator=(const KeptObject&) = delete;

  private:
    KeptObject(store::Archive& archive, store::InstanceRow row, RunParts run, For wanted,
               dicom::PixelData pixel_data)
        : archive_(archive),
          row_(std::move(row)),
          run_(std::move(run)),
          for_(wanted),
          pixel_data_(pixel_data) {}
    /// The object is there, and no other thread's, while there is one.
    struct Use {
        explicit Use(KeptObject& object);
        ~Use();
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;

        KeptObject& of;
        const std::lock_guard<std::recursive_mutex> lock;
        bool ends_with_a_frame = false;
    };
    void read();
    /// Until the next look.
    void rest(bool has_given_a_frame) noexcept;
    void drop();

    store::Archive& archive_;
    const store::InstanceRow row_;
    const RunParts run_;
    const For for_;
    const dicom::PixelData pixel_data_;
    /// Of what follows. Recursive, since the thread that uses it may be told to let go of it.
    std::recursive_mutex mutex_;
    /// By one thread, from within what it makes of it.
    int uses_ = 0;
    bool has_one_frame_ = false;
    std::shared_ptr<dicom::FramedObject> object_;
    /// Of a small one, under which it is among held_lists() while it is not used.
    std::uint64_t name_ = 0;
    std::size_t file_bytes_ = 0;
    /// Of kept_files(), where one has been taken for `object_`.
    MemoryBudget::Share kept_;
    /// Whoever waits knows of it.
    bool is_asked_ = false;
    /// Somebody waited while a frame was being taken of it.
    std::atomic<bool> is_wanted_ = false;
};

}  // namespace lucerna::retrieve
