#pragma once

#include "base/memory_budget.h"
#include "dicom/file_header.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Of an object all before its pixels, and the room for it; large values are not read.
struct Head {
    MemoryBudget::Share room;
    dicom::FileHeader file;

    [[nodiscard]] const dicom::DataSet& data_set() const { return file.data_set(); }
};
/// Throws as the archive, dicom::FileHeader::of, and MemoryBudget::take.
[[nodiscard]] Head head_of(store::Archive& archive, const store::InstanceRow& row);
/// Without the items of Per-Frame Functional Groups.
[[nodiscard]] Head outline_of(store::Archive& archive, const store::InstanceRow& row);
/// With what stands behind its pixels, which are not read.
[[nodiscard]] Head head_of_all(store::Archive& archive, const store::InstanceRow& row,
                               dicom::Texts texts = dicom::Texts::kUtf8);

/// Reads the object, which is held open.
[[nodiscard]] dicom::FileHeader::Read reader_of(store::OpenedObject& object);

}  // namespace lucerna::retrieve
