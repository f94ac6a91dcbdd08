#pragma once

#include <memory>

#include "store/archive.h"

namespace lucerna::retrieve {

/// An object whose values are looked at where they lie.
struct PlainObject {
    /// Of a deflated one, as if it had been kept in Explicit VR Little Endian.
    store::InstanceRow row;
    /// Of that: what is deflated is inflated while it is read (dicom/inflated_file.h).
    std::unique_ptr<store::OpenedObject> object;
    /// It is deflated: `row` and `object` are not those that the archive has.
    bool is_inflated = false;
    /// Of one that is inflated: zeros may stand behind its last element.
    bool may_be_padded = false;
};
/// It says that it is deflated.
[[nodiscard]] bool is_inflatable(const store::InstanceRow& row);
/// Throws as the archive and dicom::InflatedFile. Whether there are pixels in a deflated one, and
/// where, is left open (InstanceRow::head_bytes).
[[nodiscard]] PlainObject plain_object(store::Archive& archive, const store::InstanceRow& row);
/// The same with where its pixels begin.
[[nodiscard]] PlainObject plain_object_with_pixels(store::Archive& archive,
                                                   const store::InstanceRow& row);

}  // namespace lucerna::retrieve
