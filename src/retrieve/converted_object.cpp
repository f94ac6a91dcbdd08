#include "retrieve/converted_object.h"

#include <algorithm>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "retrieve/frames.h"

namespace lucerna::retrieve {
namespace {

/// A frame, what is made of it, and its copy on the way. Samples may be three, of 8 bits, or one of
/// 16: what the row does not say.
std::size_t bytes_to_make(const store::InstanceRow& row) {
    constexpr double kBytesAPixel = 3;
    constexpr double kTimes = 3;
    return static_cast<std::size_t>(kTimes * kBytesAPixel * row.rows * row.columns);
}

}  // namespace

std::shared_ptr<ConvertedObject> ConvertedObject::of(store::Archive& archive,
                                                     const store::InstanceRow& row,
                                                     const std::string& syntax,
                                                     const RunParts& run) {
    // Of a deflated one it is not known where the pixels begin.
    const bool has_pixels =
        row.head_bytes > 0 ||
        row.transfer_syntax_uid == dicom::transfer_syntax::kDeflatedExplicitVrLittleEndian;
    if (row.rows <= 0 || row.columns <= 0 || !has_pixels) return nullptr;
    if (row.head_bytes == 0) {
        const Bytes head = archive.head(row.sop_instance_uid);
        if (!dicom::DataSet::header_in(head).has(dicom::tags::kPixelData)) return nullptr;
    }
    std::shared_ptr<ConvertedObject> made(new ConvertedObject(archive, row, syntax, run));
    made->keep_room();
    return made;
}

ConvertedObject::ConvertedObject(store::Archive& archive, const store::InstanceRow& row,
                                 const std::string& syntax, const RunParts& run)
    : file_bytes_(bytes_held_of(row)), making_bytes_(bytes_to_make(row)) {
    take_room();
    file_.emplace([&archive, row, run] { return framed_object(archive, row, run); }, syntax);
}

void ConvertedObject::take_room() {
    MemoryBudget& memory = dicom::converting_memory();
    share_.emplace(memory.take(std::min(file_bytes_ + making_bytes_, memory.limit()),
                               "an object that is converted"));
}

void ConvertedObject::keep_room() {
    share_->keep_only((file_->needs_no_object() ? 0 : file_bytes_) + file_->frame_bytes());
    // This thread goes on to others while the receiver takes its time.
    share_->detach();
    dicom::converting_memory().may_ask(weak_from_this());
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
