#include "store/keeping.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "dicom/data_set.h"
#include "dicom/part10_head.h"
#include "store/parts.h"
#include "store/presence.h"
#include "store/rows.h"

namespace lucerna::store {
namespace {

/// Enough for any file meta.
constexpr std::size_t kMetaBytes = std::size_t{256} << 10;
constexpr std::size_t kComparedBytes = std::size_t{1} << 20;

bool is_uncompressed(const std::string& transfer_syntax_uid) {
    const dicom::TransferSyntax* syntax = dicom::find_transfer_syntax(transfer_syntax_uid);
    return syntax != nullptr && !syntax->encapsulated();
}

/// What `kept` holds from `offset` on is `bytes`. Some of it is held at a time.
bool holds_from(SealedReader& kept, std::uint64_t offset, ByteView bytes) {
    if (offset > kept.size() || kept.size() - offset != bytes.size()) return false;
    Bytes piece;
    for (std::size_t at = 0; at < bytes.size(); at += piece.size()) {
        piece.resize(std::min(kComparedBytes, bytes.size() - at));
        kept.read(offset + at, piece);
        if (!std::equal(piece.begin(), piece.end(), bytes.data() + at)) return false;
    }
    return true;
}

/// The same data set, whoever wrote the file meta, and in whichever uncompressed encoding.
bool same_content(SealedReader& kept, ByteView part10) {
    const auto range = [&](std::uint64_t bytes) {
        Bytes begin(static_cast<std::size_t>(std::min(bytes, kept.size())));
        kept.read(0, begin);
        return begin;
    };
    const auto beginning = [&]() -> dicom::Part10Parts {
        try {
            return dicom::split_part10(range(kMetaBytes));
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kInvalidInput || kept.size() <= kMetaBytes) throw;
            return dicom::split_part10(range(kept.size()));  // Private information in its meta.
        }
    };
    const dicom::Part10Parts first = beginning();
    const dicom::Part10Parts second = dicom::split_part10(part10);
    const std::string& syntax = first.head.transfer_syntax_uid;
    if (syntax == second.head.transfer_syntax_uid)
        return holds_from(kept, first.data_set_offset, part10.subspan(second.data_set_offset));
    if (!is_uncompressed(syntax) || !is_uncompressed(second.head.transfer_syntax_uid)) return false;
    const auto plain = [](const dicom::DataSet& set) {
        return set.to_part10(dicom::transfer_syntax::kExplicitVrLittleEndian);
    };
    return plain(dicom::DataSet::parse(range(kept.size()))) == plain(dicom::DataSet::parse(part10));
}

bool is_free(Connection& index, const std::string& sop_instance_uid, const std::string& data_key) {
    if (place_of(index, sop_instance_uid)) return false;
    Statement find = index.prepare("SELECT 1 FROM data_keys WHERE name = ?");
    return find.bind(data_key).step();
}

/// What could not be committed goes. After a failed flush it is not known what the device holds of
/// the index: then the next start decides (Objects::recover).
void drop_uncommitted(Parts& parts, const std::string& object, ErrorCode reason) {
    if (reason == ErrorCode::kIo) return;
    try {
        parts.objects->remove(object);
    } catch (const Error& error) {
        log_event(LogLevel::kWarning, "store.leftover-object",
                  {{"object", object}, {"why", error.what()}});
    }
}

void publish(Parts& parts, const std::string& object) {
    try {
        parts.objects->publish(object);
    } catch (const Error& error) {
        // It is kept and can be read; the next start publishes it.
        log_event(LogLevel::kWarning, "store.unpublished-object",
                  {{"object", object}, {"why", error.what()}});
    }
}

}  // namespace

std::optional<Place> place_of(Connection& index, const std::string& sop_instance_uid) {
    Statement find =
        index.prepare("SELECT object, role, head_bytes FROM instances WHERE sop_instance_uid = ?");
    if (!find.bind(sop_instance_uid).step()) return {};
    return Place{find.text(0), static_cast<Role>(find.small(1)),
                 static_cast<std::uint64_t>(find.integer(2))};
}

Place require_place(Parts& parts, const std::string& sop_instance_uid) {
    const auto place =
        parts.index.read([&](Connection& index) { return place_of(index, sop_instance_uid); });
    if (!place)
        throw Error(ErrorCode::kNotFound, "no instance " + sop_instance_uid + " in the archive");
    return *place;
}

SealedReader opened(Parts& parts, const std::string& sop_instance_uid, const std::string& object) {
    try {
        return {*parts.objects, parts.keys, object};
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        if (require_place(parts, sop_instance_uid).object != object) throw;
        throw Error(ErrorCode::kCorrupt, error.what());
    }
}

NewObject new_object(Parts& parts, const std::string& owner, Role role) {
    NewObject object{parts.keys.of_owner(owner), {}, parts.index.process()};
    object.placing.object = vault::to_text(vault::random_id());
    object.placing.data_key = object.key.name;
    object.placing.role = role;
    object.placing.received_at = parts.clock.now();
    return object;
}

bool enter(Parts& parts, const Facts& facts, const NewObject& object) {
    const Placing& placing = object.placing;
    bool kept = false;
    try {
        parts.index.write([&](Connection& index) {
            require_alive(index, object.process);
            kept = is_free(index, facts.sop_instance_uid, placing.data_key);
            if (!kept) return;
            insert_instance(index, facts, placing);
            // Whether an exam is quiet counts from when the whole of its last image was there.
            if (placing.role == Role::kReceived && facts.is_image())
                enter_image(index, facts, parts.clock.now());
        });
    } catch (const Error& error) {
        drop_uncommitted(parts, placing.object, error.code());
        throw;
    }
    if (kept) publish(parts, placing.object);
    return kept;
}

void drop(Parts& parts, const NewObject& object) {
    drop_uncommitted(parts, object.placing.object, ErrorCode::kConflict);
    parts.keys.forget(object.key.name);
}

/// Results have derived UIDs: the same one means made from the same images by the same model, and
/// a later making differs in its time stamps alone.
Kept judge_duplicate(Parts& parts, const Place& first, const std::string& uid, ByteView part10,
                     Role role) {
    if (role == Role::kResult && first.role == Role::kResult) return Kept::kAlreadyKept;
    SealedReader kept = opened(parts, uid, first.object);
    if (same_content(kept, part10)) return Kept::kAlreadyKept;
    throw Error(ErrorCode::kConflict,
                "SOP Instance UID (0008,0018) " + uid + " is kept already, with other content");
}

}  // namespace lucerna::store
