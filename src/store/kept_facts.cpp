#include "store/kept_facts.h"

#include <cstdint>
#include <span>
#include <utility>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/file_header.h"
#include "store/parts.h"

namespace lucerna::store {

Facts facts_of_kept(const Parts& parts, Archive& archive, const InstanceRow& row) {
    const auto object = archive.open(row);
    const auto read = [&](std::uint64_t at, std::span<std::uint8_t> into) {
        object->read(at, into);
    };
    const auto size = static_cast<std::uint64_t>(row.head_bytes > 0 ? row.head_bytes : row.size);
    const auto header = dicom::FileHeader::of(read, size, dicom::ValueScan::Items::kPassed);
    return facts_of(header.data_set(), parts.view_of);
}

std::vector<Described> described_beside(Parts& parts, Archive& archive, const StudyPart& part) {
    std::vector<Described> all;
    for (const InstanceRow& row : archive.instances_of(part.study_instance_uid)) {
        if (row.series_instance_uid == part.series_instance_uid &&
            (part.sop_instance_uid.empty() || row.sop_instance_uid == part.sop_instance_uid))
            continue;
        Described one;
        one.placing.received_at = row.received_at;
        one.placing.role = row.role;
        try {
            one.facts = facts_of_kept(parts, archive, row);
        } catch (const Error& error) {
            // A bad sector stays one.
            if (error.code() != ErrorCode::kNotFound && error.code() != ErrorCode::kCorrupt &&
                error.code() != ErrorCode::kIo)
                throw;
            one.is_readable = false;
            one.facts.study_instance_uid = row.study_instance_uid;
            one.facts.series_instance_uid = row.series_instance_uid;
            one.facts.sop_instance_uid = row.sop_instance_uid;
        }
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace lucerna::store
