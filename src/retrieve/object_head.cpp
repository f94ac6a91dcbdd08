#include "retrieve/object_head.h"

#include <memory>
#include <optional>

#include "retrieve/kept_object.h"
#include "retrieve/object_parts.h"
#include "retrieve/plain_object.h"

namespace lucerna::retrieve {
namespace {

using Items = dicom::ValueScan::Items;

Head read_head(const PlainObject& plain, std::uint64_t size, Items items, dicom::Texts texts) {
    const auto pixels =
        size > plain.row.head_bytes ? native_pixels(*plain.object, plain.row) : std::nullopt;
    MemoryBudget::Share room = room_for_bytes(size - (pixels ? pixels->size : 0), read_heads());
    Head head{std::move(room), dicom::FileHeader::of(reader_of(*plain.object), size, items, texts)};
    // Of one that is inflated it was not known how much is pixels.
    if (plain.is_inflated) head.room.keep_only(head.file.held_bytes());
    return head;
}

/// Of all, or of what is before its pixels.
Head read_head(store::Archive& archive, const store::InstanceRow& row, bool is_of_all, Items items,
               dicom::Texts texts = dicom::Texts::kUtf8) {
    const PlainObject plain = plain_object(archive, row);
    const bool is_known = plain.row.head_bytes != 0;
    return read_head(plain, is_known && !is_of_all ? plain.row.head_bytes : plain.row.size, items,
                     texts);
}

}  // namespace

Head head_of(store::Archive& archive, const store::InstanceRow& row) {
    return read_head(archive, row, false, Items::kHeld);
}

Head outline_of(store::Archive& archive, const store::InstanceRow& row) {
    return read_head(archive, row, false, Items::kPassed);
}

Head head_of_all(store::Archive& archive, const store::InstanceRow& row, dicom::Texts texts) {
    return read_head(archive, row, true, Items::kHeld, texts);
}

dicom::FileHeader::Read reader_of(store::OpenedObject& object) {
    return [&object](std::uint64_t at, std::span<std::uint8_t> into) { object.read(at, into); };
}

}  // namespace lucerna::retrieve
