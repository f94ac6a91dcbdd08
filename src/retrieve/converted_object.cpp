#include "retrieve/converted_object.h"

#include <algorithm>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "retrieve/kept_object.h"
#include "retrieve/object_head.h"

namespace lucerna::retrieve {
namespace {

/// A frame, what is made of it, and its copy on the way. Empty for an object without Pixel Data.
std::optional<std::size_t> bytes_to_make(store::Archive& archive, const store::InstanceRow& row) {
    if (row.rows <= 0 || row.columns <= 0) return std::nullopt;
    const Head head = outline_of(archive, row);
    const dicom::DataSet& header = head.data_set();
    // Of one that is deflated or out of order it is not known where the pixels begin.
    if (row.head_bytes == 0 && !header.has(dicom::tags::kPixelData)) return std::nullopt;
    const auto within = [&](dicom::Tag tag, long long fallback, long long most) {
        return std::clamp(header.integer(tag).value_or(fallback), 1LL, most);
    };
    const auto bits = within(dicom::tags::kBitsAllocated, 16, 64);
    const auto samples = within(dicom::tags::kSamplesPerPixel, 1, 4);
    constexpr double kTimes = 3;
    return static_cast<std::size_t>(kTimes * static_cast<double>((bits + 7) / 8 * samples) *
                                    row.rows * row.columns);
}

}  // namespace

std::shared_ptr<ConvertedObject> ConvertedObject::of(store::Archive& archive,
                                                     const store::InstanceRow& row,
                                                     const std::string& syntax,
                                                     const RunParts& run) {
    const std::optional<std::size_t> making_bytes = bytes_to_make(archive, row);
    if (!making_bytes) return nullptr;
    std::shared_ptr<ConvertedObject> made(
        new ConvertedObject(archive, row, syntax, run, *making_bytes));
    made->keep_room();
    return made;
}

ConvertedObject::ConvertedObject(store::Archive& archive, const store::InstanceRow& row,
                                 const std::string& syntax, const RunParts& run,
                                 std::size_t making_bytes)
    : file_bytes_(plan_to_frame(archive, row, run, {}).bytes), making_bytes_(making_bytes) {
    if (file_bytes_ > kMostBeside)
        throw Error(ErrorCode::kUnsupported,
                    "it is too large to be looked at as a whole, and does not say where its frames "
                    "lie: ask for it as it is");
    take_room();
    const auto begun = Clock::now();
    // Those that are converted at the same time come round by a frame each.
    constexpr std::chrono::milliseconds kWorthATurn{250};
    auto since = begun;
    const dicom::ConvertedFile::GivingWay giving_way{
        [&] {
            return dicom::converting_memory().waiting() > 0 && Clock::now() - since >= kWorthATurn;
        },
        [&] {
            share_.reset();
            take_room(true);
            since = Clock::now();
        }};
    file_.emplace([&archive, row, run] { return plan_to_frame(archive, row, run, {}).make(); },
                  syntax, giving_way);
    // Of several frames all were made, and one is made again at a time.
    making_takes_ = (Clock::now() - begun) / std::max(1, row.number_of_frames);
}

void ConvertedObject::take_room(bool again) {
    MemoryBudget& memory = dicom::converting_memory();
    const std::size_t bytes = std::min(file_bytes_ + making_bytes_, memory.limit());
    const std::string what = "an object that is converted";
    share_.emplace(again ? memory.take_again(bytes, what) : memory.take(bytes, what));
}

void ConvertedObject::keep_room() {
    share_->keep_only((file_->needs_no_object() ? 0 : file_bytes_) + file_->frame_bytes());
    // This thread goes on to others while the receiver takes its time.
    share_->detach();
    MemoryBudget& memory = dicom::converting_memory();
    memory.may_ask(weak_from_this(), memory.grace_of(making_takes_));
}

void ConvertedObject::read(std::uint64_t at, std::span<std::uint8_t> into) {
    const std::lock_guard lock(mutex_);
    const bool had_room = share_.has_value();
    try {
        if (!had_room) take_room();
    } catch (const Error& error) {
        // What was begun is ended, with room or without: half of it helps nobody.
        if (error.code() != ErrorCode::kUnavailable) throw;
    }
    try {
        file_->read(at, into);
    } catch (...) {
        drop();
        throw;
    }
    if (is_wanted_.exchange(false) || !share_)
        drop();
    else if (!had_room)
        keep_room();
}

void ConvertedObject::drop() noexcept {
    file_->let_go();
    share_.reset();
}

bool ConvertedObject::let_go() noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    is_wanted_ = !lock;
    if (lock) drop();
    return lock.owns_lock();
}

}  // namespace lucerna::retrieve
