#pragma once

#include <cstddef>

#include "base/memory_budget.h"
#include "base/parts.h"
#include "dicom/framed_object.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// The object, to look at its frames; of a large one of uncompressed frames only those are read.
[[nodiscard]] dicom::FramedObject framed_object(
    store::Archive& archive, const store::InstanceRow& row, const RunParts& run,
    dicom::PixelData pixel_data = dicom::PixelData::kKeep);

/// Of the file, while there is such an object: all, or nothing worth counting.
[[nodiscard]] std::size_t bytes_held_of(const store::InstanceRow& row);

/// What files may take that are kept between the frames of an answer. One that is larger is kept
/// alone.
[[nodiscard]] MemoryBudget& kept_files();

/// For the file that framed_object holds, or archive.object gives, while it waits to be decoded and
/// is: of kept_files(), but for small ones. Throws as MemoryBudget::take.
[[nodiscard]] MemoryBudget::Share room_for_file(const store::InstanceRow& row);

/// The same where all of it is held, whatever it is.
[[nodiscard]] MemoryBudget::Share room_for_whole(const store::InstanceRow& row);

/// The same for what Archive::head gives, or so many bytes of the object.
[[nodiscard]] MemoryBudget::Share room_for_head(const store::InstanceRow& row);

}  // namespace lucerna::retrieve
