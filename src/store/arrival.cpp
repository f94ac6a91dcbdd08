#include "store/arrival.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/uids.h"
#include "store/facts.h"
#include "store/parts.h"

namespace lucerna::store {
namespace {

/// Where its data set begins and how it is encoded; nothing for one that has to be whole to be
/// read.
std::optional<dicom::ValueScan> scan_of(ByteView file) {
    try {
        const dicom::FileMeta meta = dicom::read_file_meta(file);
        const dicom::TransferSyntax* syntax = dicom::find_transfer_syntax(meta.transfer_syntax_uid);
        // As DataSet reads it: one that is not known is explicit little endian (PS3.5 A.4).
        if (syntax == nullptr) return dicom::ValueScan(meta.data_set_offset, {});
        if (syntax->deflated || !syntax->little_endian) return {};
        return dicom::ValueScan(meta.data_set_offset, {syntax->explicit_vr, true});
    } catch (const Error&) {
        return {};
    }
}

}  // namespace

std::vector<dicom::ByteRange> Arrival::take(ByteView file) {
    if (way_ == Way::kUndecided) decide(file);
    if (way_ != Way::kSealed) return {};
    scan_->follow(file);
    const std::vector<dicom::ByteRange> found = scan_->take_large();
    values_.insert(values_.end(), found.begin(), found.end());
    // The last chunk is sealed as such, so one always stays behind.
    while (file.size() - sealing_->sealed > vault::kChunkBytes) {
        sealing_->writer.seal(file.subspan(sealing_->sealed, vault::kChunkBytes),
                              vault::Chunk::kMore);
        sealing_->sealed += vault::kChunkBytes;
    }
    return sealed_values();
}

void Arrival::decide(ByteView file) {
    if (!scan_) scan_ = scan_of(file);
    if (scan_) scan_->follow(file);
    if (!scan_ || scan_->is_lost())
        way_ = Way::kHeld;
    else if (scan_->identified())
        begin(file.first(*scan_->identified()));
}

/// Nothing of it has been forgotten yet.
void Arrival::begin(ByteView identifying) {
    way_ = Way::kHeld;
    Facts facts;
    try {
        facts = facts_of(dicom::DataSet::header_in(identifying), {});
    } catch (const Error&) {
        return;  // To be refused with reasons once it is whole, or out of order.
    }
    const bool is_kept = parts_.index.read(
        [&](Connection& index) { return place_of(index, facts.sop_instance_uid).has_value(); });
    if (is_kept) return;
    const std::string owner = facts.key_owner();
    NewObject object = new_object(parts_, owner, role_);
    SealedWriter writer(*parts_.objects, object.placing, object.key);
    sealing_ = std::make_unique<Sealing>(
        Sealing{std::move(object), owner, facts.sop_instance_uid, std::move(writer)});
    way_ = Way::kSealed;
}

/// Values, as far as they are sealed.
std::vector<dicom::ByteRange> Arrival::sealed_values() {
    std::vector<dicom::ByteRange> sealed;
    while (!values_.empty() && values_.front().begin < sealing_->sealed) {
        dicom::ByteRange& value = values_.front();
        sealed.push_back({value.begin, std::min(value.end, sealing_->sealed)});
        if (value.end > sealing_->sealed) {
            value.begin = sealing_->sealed;
            break;
        }
        values_.pop_front();
    }
    return sealed;
}

Kept Arrival::keep(ByteView file) {
    if (way_ != Way::kSealed) return parts_.archive.keep(file, role_);
    const dicom::DataSet header = dicom::DataSet::header_in(file);
    const Facts facts = facts_of(header, parts_.view_of);
    NewObject& object = sealing_->object;
    object.placing.bytes = file.size();
    object.placing.head_bytes = header.pixel_data_offset();
    seal_rest(sealing_->writer, file.subspan(sealing_->sealed));
    const bool is_as_it_began = facts.key_owner() == sealing_->owner &&
                                facts.sop_instance_uid == sealing_->sop_instance_uid;
    if (is_as_it_began && enter(parts_, facts, object)) return Kept::kNew;
    return keep_again();
}

/// It was kept by another sender meanwhile, or erased, or is not whose it began to be: from the
/// start, with what was sealed in place of what was forgotten.
Kept Arrival::keep_again() {
    const NewObject& object = sealing_->object;
    // Held as a whole, beside what its sender was allowed: one at a time.
    const std::lock_guard one_at_a_time(parts_.keeping_again);
    Bytes whole;
    try {
        SealedReader reader(*parts_.objects, object.key, object.placing.object);
        whole.resize(static_cast<std::size_t>(reader.size()));
        reader.read(0, whole);
    } catch (...) {
        drop(parts_, object);
        throw;
    }
    drop(parts_, object);
    return parts_.archive.keep(whole, role_);
}

}  // namespace lucerna::store
