#include "store/arrival.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "dicom/coding.h"
#include "dicom/data_set.h"
#include "dicom/part10_head.h"
#include "store/facts.h"
#include "store/parts.h"
#include "store/same_patient.h"

namespace lucerna::store {
namespace {

/// Where the data set begins is within these, and which object it is.
constexpr std::size_t kMostOfMeta = std::size_t{3} << 19;

/// Where its data set begins and how it is encoded; nothing for one that has to be whole to be
/// read. Throws Error(kInvalidInput) where that cannot be said.
std::optional<dicom::ValueScan> scan_of(ByteView file) {
    const dicom::FileMeta meta = dicom::read_file_meta(file);
    const ByteView data_set = file.subspan(meta.data_set_offset);
    // Gives the reason where there is no coding.
    (void)dicom::head_of_data_set(data_set, meta.transfer_syntax_uid);
    const auto coding = dicom::coding_of(meta.transfer_syntax_uid, data_set);
    if (!coding || coding->deflated || !coding->elements.little_endian) return {};
    return dicom::ValueScan(meta.data_set_offset, coding->elements);
}

/// All that `reader` has, a chunk at a time.
void seal_again(SealedWriter& writer, SealedReader& reader) {
    Bytes chunk;
    std::uint64_t at = 0;
    do {
        chunk.resize(static_cast<std::size_t>(
            std::min<std::uint64_t>(vault::kChunkBytes, reader.size() - at)));
        reader.read(at, chunk);
        at += chunk.size();
        writer.seal(chunk, at == reader.size() ? vault::Chunk::kLast : vault::Chunk::kMore);
    } while (at < reader.size());
    writer.finish();
}

}  // namespace

std::vector<dicom::ByteRange> Arrival::take(ByteView file) {
    if (way_ == Way::kUndecided) decide(file);
    if (way_ != Way::kSealed && way_ != Way::kCompared) return {};
    scan_->follow(file);
    const std::vector<dicom::ByteRange> found = scan_->take_large();
    values_.insert(values_.end(), found.begin(), found.end());
    if (way_ == Way::kCompared) return values_in(comparison_->follow(file, scan_->native_pixels()));
    seal_most_of(file);
    return values_in({0, sealing_->sealed});
}

void Arrival::seal_most_of(ByteView file) {
    // The last chunk is sealed as such, so one always stays behind.
    while (file.size() - sealing_->sealed > vault::kChunkBytes) {
        sealing_->writer.seal(file.subspan(sealing_->sealed, vault::kChunkBytes),
                              vault::Chunk::kMore);
        sealing_->sealed += vault::kChunkBytes;
    }
}

void Arrival::decide(ByteView file) {
    try {
        if (!scan_) scan_ = scan_of(file);
    } catch (const Error&) {
        // What comes after so much would not change it.
        if (file.size() >= kMostOfMeta) throw;
        return;
    }
    if (scan_) scan_->follow(file);
    if (!scan_ || scan_->is_lost())
        way_ = Way::kHeld;
    else if (scan_->identified())
        begin(file, *scan_->identified());
}

/// Nothing of it has been forgotten yet.
void Arrival::begin(ByteView file, std::size_t identified) {
    way_ = Way::kHeld;
    Facts facts;
    try {
        facts = facts_of(dicom::DataSet::header_in(file.first(identified)), {});
    } catch (const Error&) {
        seal_for_nobody();
        return;
    }
    const auto first = parts_.index.read([&](Connection& index) {
        const auto place = place_of(index, facts.sop_instance_uid);
        // Refused at once: the whole of it would change nothing.
        if (!place) require_same_patient(index, facts);
        return place;
    });
    if (first) {
        if (role_ == Role::kReceived)
            comparison_ = Comparison::begin(parts_, *first, facts.sop_instance_uid, file);
        if (comparison_) way_ = Way::kCompared;
        return;
    }
    const std::string owner = facts.key_owner();
    NewObject object = new_object(parts_, owner, role_);
    SealedWriter writer(*parts_.objects, object.placing, object.key);
    sealing_ = std::make_unique<Sealing>(
        Sealing{std::move(object), owner, facts.sop_instance_uid, std::move(writer)});
    way_ = Way::kSealed;
}

/// One that says not which object it is: it is refused, with reasons, once it is whole, or its
/// elements are out of order. Until then its pixels need not be in memory, and nobody needs a key
/// for them.
void Arrival::seal_for_nobody() {
    NewObject object =
        new_object(parts_, {vault::to_text(vault::random_id()), vault::SecretKey::random()}, role_);
    SealedWriter writer(*parts_.objects, object.placing, object.key);
    sealing_ = std::make_unique<Sealing>(Sealing{std::move(object), {}, {}, std::move(writer)});
    way_ = Way::kSealed;
}

/// Large values, as far as they lie in it; each once. What lies before it is held for good.
std::vector<dicom::ByteRange> Arrival::values_in(const dicom::ByteRange& done) {
    std::vector<dicom::ByteRange> within;
    while (!values_.empty() && values_.front().begin < done.end) {
        dicom::ByteRange& value = values_.front();
        if (value.begin >= done.begin)
            within.push_back({value.begin, std::min(value.end, done.end)});
        if (value.end > done.end) {
            value.begin = done.end;
            break;
        }
        values_.pop_front();
    }
    return within;
}

Kept Arrival::keep(ByteView file) {
    if (way_ == Way::kCompared && comparison_->can_finish(scan_->native_pixels())) {
        comparison_->finish(file, scan_->native_pixels());
        return Kept::kAlreadyKept;
    }
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
    try {
        const Kept kept = keep_again(facts);
        drop(parts_, object);
        return kept;
    } catch (...) {
        drop(parts_, object);
        throw;
    }
}

/// It was kept by another sender meanwhile, or erased, or is not whose it began to be: from the
/// start, from what was sealed.
Kept Arrival::keep_again(const Facts& facts) {
    const NewObject& sealed = sealing_->object;
    SealedReader reader(*parts_.objects, sealed.key, sealed.placing.object);
    for (;;) {
        const auto first = parts_.index.read(
            [&](Connection& index) { return place_of(index, facts.sop_instance_uid); });
        if (first) {
            const auto kept =
                judge_duplicate(parts_, *first, facts.sop_instance_uid, pieces_of(reader), role_);
            if (kept) return *kept;
            continue;
        }
        NewObject object = new_object(parts_, facts.key_owner(), role_);
        object.placing.bytes = sealed.placing.bytes;
        object.placing.head_bytes = sealed.placing.head_bytes;
        SealedWriter writer(*parts_.objects, object.placing, object.key);
        seal_again(writer, reader);
        if (enter(parts_, facts, object)) return Kept::kNew;
        drop(parts_, object);
    }
}

}  // namespace lucerna::store
