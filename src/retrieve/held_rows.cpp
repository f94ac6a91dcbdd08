#include "retrieve/held_rows.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "retrieve/address.h"

namespace lucerna::retrieve {
namespace {

/// Gives the same instances again, or throws.
HeldList<PackedRows>::Make again(store::Archive& archive,
                                 const std::vector<store::InstanceRow>& rows) {
    if (rows.size() < 2) return {};
    const std::string& first = rows.front().series_instance_uid;
    bool is_one_series = true;
    Instant newest = rows.front().received_at;
    for (const store::InstanceRow& row : rows) {
        is_one_series = is_one_series && row.series_instance_uid == first;
        newest = std::max(newest, row.received_at);
    }
    return [&archive, study = rows.front().study_instance_uid,
            series = is_one_series ? first : std::string(), newest, etag = etag_of(rows, "")] {
        std::vector<store::InstanceRow> now = archive.instances_of(study);
        std::erase_if(now, [&](const auto& row) {
            return row.received_at > newest ||
                   (!series.empty() && row.series_instance_uid != series);
        });
        if (!is_of(etag, now))
            throw Error(ErrorCode::kConflict,
                        "instances of study " + study + " were erased while they were sent");
        return PackedRows(now);
    };
}

}  // namespace

PackedRows::PackedRows(const std::vector<store::InstanceRow>& rows) {
    const auto kind_of = [](const store::InstanceRow& row) {
        return std::tie(row.study_instance_uid, row.series_instance_uid, row.sop_class_uid,
                        row.transfer_syntax_uid, row.modality, row.role, row.view);
    };
    // Of rows that stay where they are.
    std::map<decltype(kind_of(rows.front())), std::uint32_t> known;
    ones_.reserve(rows.size());
    for (const store::InstanceRow& row : rows) {
        const auto kind =
            known.emplace(kind_of(row), static_cast<std::uint32_t>(known.size())).first->second;
        if (kind == kinds_.size()) {
            kinds_.push_back(row);
            kinds_.back().sop_instance_uid.clear();
            kinds_.back().object.clear();
        }
        ones_.push_back({row.size, row.head_bytes, row.received_at, row.number_of_frames, row.rows,
                         row.columns, kind});
        sop_instance_uids_.add(row.sop_instance_uid);
        objects_.add(row.object);
    }
    sop_instance_uids_.end();
    objects_.end();
}

store::InstanceRow PackedRows::operator[](std::size_t index) const {
    const One& one = ones_[index];
    store::InstanceRow row = kinds_[one.kind];
    row.sop_instance_uid = sop_instance_uids_[index];
    row.object = objects_[index];
    row.size = one.size;
    row.head_bytes = one.head_bytes;
    row.received_at = one.received_at;
    row.number_of_frames = one.number_of_frames;
    row.rows = one.rows;
    row.columns = one.columns;
    return row;
}

std::size_t PackedRows::bytes() const {
    // With their UIDs, and what was copied before it was cleared.
    constexpr std::size_t kOfKind = sizeof(store::InstanceRow) + 6 * 72;
    return kinds_.capacity() * kOfKind + ones_.capacity() * sizeof(One) +
           sop_instance_uids_.bytes() + objects_.bytes();
}

HeldList<PackedRows> HeldRows::list_of(store::Archive& archive,
                                       std::vector<store::InstanceRow> rows) {
    return {PackedRows(rows), again(archive, rows)};
}

HeldRows::HeldRows(store::Archive& archive, std::vector<store::InstanceRow> rows,
                   std::vector<bool> is_out)
    : is_out_(std::move(is_out)), rows_(list_of(archive, std::move(rows))) {}

std::optional<store::InstanceRow> HeldRows::next() {
    constexpr std::size_t kAhead = 32;
    if (ahead_at_ == ahead_.size()) {
        ahead_.clear();
        ahead_at_ = 0;
        std::shared_ptr<const PackedRows> rows;
        for (; at_ < is_out_.size() && ahead_.size() < kAhead; ++at_) {
            if (is_out_[at_]) continue;
            if (!rows) rows = rows_.get();
            ahead_.push_back((*rows)[at_]);
        }
        if (ahead_.empty()) return std::nullopt;
    }
    return std::move(ahead_[ahead_at_++]);
}

}  // namespace lucerna::retrieve
