#include "retrieve/object_head.h"

#include <memory>
#include <optional>

#include "retrieve/kept_object.h"
#include "retrieve/object_parts.h"

namespace lucerna::retrieve {
namespace {

using Items = dicom::ValueScan::Items;

Head read_head(store::Archive& archive, const store::InstanceRow& row, std::uint64_t size,
               Items items, dicom::Texts texts = dicom::Texts::kUtf8) {
    const auto object = archive.open(row);
    const auto pixels = size > row.head_bytes ? native_pixels(*object, row) : std::nullopt;
    MemoryBudget::Share room = room_for_bytes(size - (pixels ? pixels->size : 0), read_heads());
    return {std::move(room), dicom::FileHeader::of(reader_of(*object), size, items, texts)};
}

std::uint64_t bytes_of_head(const store::InstanceRow& row) {
    return row.head_bytes != 0 ? row.head_bytes : row.size;
}

}  // namespace

Head head_of(store::Archive& archive, const store::InstanceRow& row) {
    return read_head(archive, row, bytes_of_head(row), Items::kHeld);
}

Head outline_of(store::Archive& archive, const store::InstanceRow& row) {
    return read_head(archive, row, bytes_of_head(row), Items::kPassed);
}

Head head_of_all(store::Archive& archive, const store::InstanceRow& row, dicom::Texts texts) {
    return read_head(archive, row, row.size, Items::kHeld, texts);
}

dicom::FileHeader::Read reader_of(store::OpenedObject& object) {
    return [&object](std::uint64_t at, std::span<std::uint8_t> into) { object.read(at, into); };
}

}  // namespace lucerna::retrieve
