#include "store/arrival.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "dicom/arriving_header.h"
#include "dicom/data_set.h"
#include "dicom/part10_head.h"
#include "store/facts.h"
#include "store/parts.h"
#include "store/same_patient.h"
#include "store/study_accounts.h"

namespace lucerna::store {
namespace {

/// Of one that does not say whose it is: before it takes a turn of what may be held.
constexpr std::size_t kLongEnough = std::size_t{1'500} << 10;
/// Of a data set in a transfer syntax that is not known: what comes after so much is not looked at
/// (dicom::coding_of), deflated or not.
constexpr std::size_t kTellsItsCoding = std::size_t{128} << 10;

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
    if (!header_ && file.size() >= next_look_)
        header_ = dicom::ComingHeader::begin(file, dicom::intake_memory());
    if (header_) header_->follow(file);
    // The whole of it would change nothing.
    if (header_ && header_->is_lost()) header_->refuse_lost(file);
    if (way_ == Way::kUndecided) decide(file);
    if (way_ == Way::kUndecided) return {};
    const std::vector<dicom::ByteRange> found = header_->take_needless();
    for (const dicom::ByteRange& range : found) {
        if (!values_.empty() && values_.back().end == range.begin)
            values_.back().end = range.end;
        else
            values_.push_back(range);
    }
    if (way_ == Way::kCompared)
        return values_in(comparison_->follow(file, header_->native_pixels()));
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
    if (!header_) {
        if (file.size() >= kLongEnough && file.size() >= next_look_) refuse_or_wait(file);
        return;
    }
    if (header_->is_identified())
        begin(file);
    else if (file.size() >= kLongEnough)
        seal_for_nobody();
}

/// Nothing of it has been forgotten yet.
void Arrival::begin(ByteView file) {
    Facts facts;
    try {
        facts = facts_of_arriving(header_->beginning(file), {});
    } catch (const Error&) {
        // To be refused with reasons once it is whole, or out of order.
        seal_for_nobody();
        return;
    }
    const auto first = parts_.index.read([&](Connection& index) {
        const auto place = place_of(index, facts.sop_instance_uid);
        // Refused at once: the whole of it would change nothing.
        if (!place) require_same_patient(index, facts, Role::kReceived);
        return place;
    });
    if (!first) {
        seal_for(facts.key_owner(), facts.sop_instance_uid);
        return;
    }
    comparison_ = Comparison::begin(parts_, *first, facts.sop_instance_uid, file);
    comparison_ ? void(way_ = Way::kCompared) : seal_for_nobody();
}

/// Of what does not tell how it is encoded. Throws Error(kInvalidInput) where it is no DICOM file,
/// whatever follows.
void Arrival::refuse_or_wait(ByteView file) {
    if (!dicom::file_meta_goes_on(file)) {
        const dicom::FileMeta meta = dicom::read_file_meta(file);
        const ByteView data_set = file.subspan(meta.data_set_offset);
        if (data_set.size() >= kTellsItsCoding)
            (void)dicom::head_of_data_set(data_set, meta.transfer_syntax_uid);
    }
    // All of a long file meta is read each time.
    next_look_ = file.size() + file.size() / 4;
}

void Arrival::seal_for(const std::string& owner, const std::string& sop_instance_uid) {
    seal_as(new_object(parts_, owner, Role::kReceived), owner, sop_instance_uid);
}

/// Whoever breaks it off leaves nothing that could be read.
void Arrival::seal_for_nobody() {
    NewObject object = new_object(
        parts_, {vault::to_text(vault::random_id()), vault::SecretKey::random()}, Role::kReceived);
    object.placing.is_nobodys = true;
    seal_as(std::move(object), {}, {});
}

void Arrival::seal_as(NewObject object, const std::string& owner,
                      const std::string& sop_instance_uid) {
    SealedWriter writer(*parts_.objects, object.placing, object.key);
    sealing_ = std::make_unique<Sealing>(
        Sealing{std::move(object), owner, sop_instance_uid, std::move(writer)});
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

dicom::DataSet Arrival::header(ByteView file) {
    if (!header_) return dicom::header_of_arriving(file);
    header_->follow(file);
    return header_->header(file);
}

Kept Arrival::keep(ByteView file) {
    if (way_ == Way::kCompared) {
        header_->follow(file);
        if (comparison_->can_finish(header_->native_pixels())) {
            comparison_->finish(file, header_->native_pixels());
            return Kept::kAlreadyKept;
        }
    }
    if (way_ != Way::kSealed) return parts_.archive.keep(file);
    std::uint64_t head_bytes = 0;
    const Facts facts = [&] {
        const dicom::DataSet whole = header(file);
        head_bytes = whole.pixel_data_offset();
        Facts of_whole = facts_of_arriving(whole, parts_.view_of);
        log_padding(whole, of_whole);
        return of_whole;
    }();
    // It may hold much, and has gone before others are waited for.
    header_.reset();
    NewObject& object = sealing_->object;
    object.placing.bytes = file.size();
    object.placing.head_bytes = head_bytes;
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
            const auto kept = judge_duplicate(parts_, *first, facts.sop_instance_uid,
                                              pieces_of(reader), Role::kReceived);
            if (kept) return *kept;
            continue;
        }
        NewObject object = new_object(parts_, facts.key_owner(), Role::kReceived);
        object.placing.bytes = sealed.placing.bytes;
        object.placing.head_bytes = sealed.placing.head_bytes;
        SealedWriter writer(*parts_.objects, object.placing, object.key);
        seal_again(writer, reader);
        if (enter(parts_, facts, object)) return Kept::kNew;
        drop(parts_, object);
    }
}

}  // namespace lucerna::store
