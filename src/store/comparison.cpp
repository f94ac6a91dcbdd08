#include "store/comparison.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/outside_wait.h"
#include "dicom/data_set.h"
#include "dicom/nested_pixels.h"
#include "dicom/part10_head.h"
#include "dicom/reader.h"
#include "dicom/tags.h"
#include "store/parts.h"
#include "store/plain_content.h"

namespace lucerna::store {
namespace {

/// Enough for any file meta.
constexpr std::uint64_t kMetaBytes = std::uint64_t{256} << 10;
constexpr std::size_t kComparedBytes = std::size_t{1} << 20;
/// Beside its pixels, of one that comes in the other little endian encoding.
constexpr std::size_t kHeldBeside = std::size_t{1} << 20;
/// What is the same in the other encoding, or in another character set, takes less than so many
/// times as much.
constexpr std::size_t kOtherEncoding = 4;
/// As long as those wait who find no room in intake_memory().
constexpr std::chrono::seconds kPatience{2};

[[noreturn]] void conflict(const std::string& uid) {
    throw Error(ErrorCode::kConflict,
                "SOP Instance UID (0008,0018) " + uid + " is kept already, with other content");
}

bool is_uncompressed(const std::string& transfer_syntax_uid) {
    const dicom::TransferSyntax* syntax = dicom::find_transfer_syntax(transfer_syntax_uid);
    return syntax != nullptr && !syntax->encapsulated();
}

Bytes first_of(const Pieces& file, std::uint64_t bytes) {
    Bytes begin(static_cast<std::size_t>(std::min(bytes, file.size)));
    file.read(0, begin);
    return begin;
}

dicom::Part10Parts beginning_of(const Pieces& file) {
    // Private information in its meta makes that long.
    for (std::uint64_t bytes = kMetaBytes;; bytes *= 4) {
        try {
            return dicom::split_part10(first_of(file, bytes));
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kInvalidInput || file.size <= bytes) throw;
        }
    }
}

/// From these offsets on.
bool same_bytes(const Pieces& a, std::uint64_t at_a, const Pieces& b, std::uint64_t at_b) {
    if (at_a > a.size || at_b > b.size || a.size - at_a != b.size - at_b) return false;
    Bytes of_a;
    Bytes of_b;
    for (; at_a < a.size; at_a += of_a.size(), at_b += of_b.size()) {
        of_a.resize(
            static_cast<std::size_t>(std::min<std::uint64_t>(kComparedBytes, a.size - at_a)));
        of_b.resize(of_a.size());
        a.read(at_a, of_a);
        b.read(at_b, of_b);
        if (of_a != of_b) return false;
    }
    return true;
}

enum class Encodings { kSame, kBothUncompressed, kOthers };

Encodings encodings_of(const dicom::Part10Parts& a, const dicom::Part10Parts& b) {
    const std::string& first = a.head.transfer_syntax_uid;
    const std::string& second = b.head.transfer_syntax_uid;
    if (first == second) return Encodings::kSame;
    return is_uncompressed(first) && is_uncompressed(second) ? Encodings::kBothUncompressed
                                                             : Encodings::kOthers;
}

bool same_content(Parts& parts, const Pieces& kept, const Pieces& file) {
    const dicom::Part10Parts first = beginning_of(kept);
    const dicom::Part10Parts second = beginning_of(file);
    switch (encodings_of(first, second)) {
        case Encodings::kSame:
            return same_bytes(kept, first.data_set_offset, file, second.data_set_offset);
        case Encodings::kOthers:
            return false;
        case Encodings::kBothUncompressed:
            break;
    }
    // What is held for it is so beside what their sender was allowed: one at a time.
    std::unique_lock one_at_a_time(parts.comparing_wholes, std::try_to_lock);
    if (!one_at_a_time) {
        const OutsideWait waits("what others compare", OutsideWait::Crowded::kWaits);
        (void)one_at_a_time.try_lock_for(kPatience);
    }
    if (!one_at_a_time)
        throw Error(ErrorCode::kUnavailable,
                    "it is kept already, in another encoding, and others are being compared: "
                    "trying later may help");
    PlainContent plain(kept, first);
    PlainContent other(file, second);
    return is_same_content(plain, other);
}

}  // namespace

Pieces pieces_of(ByteView file) {
    return {file.size(), [file](std::uint64_t offset, std::span<std::uint8_t> into) {
                std::copy_n(file.data() + offset, into.size(), into.data());
            }};
}

Pieces pieces_of(SealedReader& object) {
    return {object.size(), [&object](std::uint64_t offset, std::span<std::uint8_t> into) {
                object.read(offset, into);
            }};
}

namespace {

bool is_still_kept(Parts& parts, const Place& first, const std::string& uid) {
    const auto still = parts.index.read([&](Connection& index) { return place_of(index, uid); });
    return still && still->object == first.object;
}

/// And could be opened by another program, too: who is told that it is kept may let go of his own.
/// Throws Error(kUnavailable) where it could not.
bool is_kept_for_good(Parts& parts, const Place& first, const std::string& uid) {
    if (!is_still_kept(parts, first, uid)) return false;
    try {
        parts.keys.require_kept_lately(first.data_key);
        return true;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        return false;
    }
}

[[noreturn]] void erased_meanwhile(const std::string& uid) {
    throw Error(ErrorCode::kUnavailable, "instance " + uid +
                                             " was kept, and erased while it came again: "
                                             "sending it once more will help");
}

Bytes whole_of(const Pieces& file) {
    Bytes bytes(static_cast<std::size_t>(file.size));
    file.read(0, bytes);
    return bytes;
}

Bytes without_times(Bytes part10) {
    dicom::DataSet result = dicom::DataSet::parse(std::move(part10));
    for (const dicom::Tag time :
         {dicom::kInstanceCreationDate, dicom::kInstanceCreationTime, dicom::kSeriesDate,
          dicom::kSeriesTime, dicom::kContentDate, dicom::kContentTime})
        result.remove(time);
    return result.to_part10();
}

/// UIDs of results follow from what they say: the same one means that a later making differs in its
/// time stamps alone, after a crash say. Where it does not, a reading is better off with the first
/// than with none.
Kept judge_result(Parts& parts, const Place& first, const std::string& uid, const Pieces& file) {
    const char* problem = "another result of this UID is kept, with other content, and stays";
    try {
        SealedReader kept = opened(parts, uid, first.object, first.bytes);
        if (without_times(whole_of(pieces_of(kept))) == without_times(whole_of(file)))
            return Kept::kAlreadyKept;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kCorrupt) throw;
        problem = "what is kept of it is damaged";
    }
    log_event(LogLevel::kError, "store.result-differs", {{"instance", uid}, {"problem", problem}});
    return Kept::kAlreadyKept;
}

}  // namespace

std::optional<Kept> judge_duplicate(Parts& parts, const Place& first, const std::string& uid,
                                    const Pieces& file, Role role) {
    try {
        if (role == Role::kResult && first.role == Role::kResult) {
            const Kept judged = judge_result(parts, first, uid, file);
            if (!is_kept_for_good(parts, first, uid)) return {};
            return judged;
        }
        SealedReader kept = opened(parts, uid, first.object, first.bytes);
        if (!same_content(parts, pieces_of(kept), file)) conflict(uid);
    } catch (const Error&) {
        if (!is_still_kept(parts, first, uid)) return {};
        throw;
    }
    if (!is_kept_for_good(parts, first, uid)) return {};
    return Kept::kAlreadyKept;
}

Comparison::Comparison(Parts& parts, Place first, std::string uid, SealedReader kept)
    : parts_(parts), first_(std::move(first)), uid_(std::move(uid)), kept_(std::move(kept)) {}

std::unique_ptr<Comparison> Comparison::begin(Parts& parts, const Place& first,
                                              const std::string& uid, ByteView file) {
    std::unique_ptr<Comparison> one;
    dicom::Part10Parts kept;
    try {
        one.reset(new Comparison(parts, first, uid, opened(parts, uid, first.object, first.bytes)));
        kept = beginning_of(pieces_of(one->kept_));
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kNotFound) throw;
        return nullptr;  // Erased meanwhile.
    }
    const dicom::Part10Parts coming = dicom::split_part10(file);
    one->coming_syntax_ = coming.head.transfer_syntax_uid;
    one->coming_meta_ = coming.data_set_offset;
    switch (encodings_of(kept, coming)) {
        case Encodings::kOthers:
            conflict(uid);
        case Encodings::kBothUncompressed:
            if (!one->find_kept_pixels(kept.head.transfer_syntax_uid)) return nullptr;
            break;
        case Encodings::kSame:
            one->at_ = coming.data_set_offset;
            one->kept_at_ = kept.data_set_offset;
            break;
    }
    return one;
}

/// False where those of the two cannot be compared byte by byte.
bool Comparison::find_kept_pixels(const std::string& transfer_syntax_uid) {
    for (const std::string& uid : {transfer_syntax_uid, coming_syntax_}) {
        const dicom::TransferSyntax* const syntax = dicom::find_transfer_syntax(uid);
        if (syntax->deflated || !syntax->little_endian) return false;
    }
    if (first_.head_bytes == 0 || first_.head_bytes >= kept_.size()) return false;
    Bytes begin(static_cast<std::size_t>(
        std::min<std::uint64_t>(dicom::kLongestHeader, kept_.size() - first_.head_bytes)));
    kept_.read(first_.head_bytes, begin);
    const bool is_explicit = dicom::find_transfer_syntax(transfer_syntax_uid)->explicit_vr;
    const dicom::ElementHeader header =
        dicom::read_element_header(begin, 0, begin.size(), {is_explicit, true}, false);
    if (header.length == dicom::kUndefinedLength) return false;
    const std::uint64_t value = first_.head_bytes + header.value;
    if (header.length > kept_.size() - value) return false;
    beside_ = kept_.size() - header.length;
    if (beside_ > kHeldBeside) return false;
    kept_pixels_ = dicom::ByteRange{static_cast<std::size_t>(value),
                                    static_cast<std::size_t>(value + header.length)};
    return true;
}

dicom::ByteRange Comparison::follow(ByteView file, const NativePixels& pixels) {
    if (!kept_pixels_) {
        while (file.size() - at_ >= kComparedBytes) compare(file, kComparedBytes);
        return {0, at_};
    }
    const std::size_t of_pixels =
        pixels ? std::min(file.size(), pixels->end) - std::min(file.size(), pixels->begin) : 0;
    // It is held, and more than the same can be.
    if (file.size() - of_pixels - coming_meta_ > kOtherEncoding * beside_ + kHeldBeside)
        conflict(uid_);
    if (!pixels) return {};
    if (at_ == 0) {
        at_ = pixels->begin;
        kept_at_ = kept_pixels_->begin;
        if (pixels->end - at_ != kept_pixels_->end - kept_at_) conflict(uid_);
    }
    const std::size_t end = std::min(file.size(), pixels->end);
    while (end - at_ >= kComparedBytes) compare(file, kComparedBytes);
    return {pixels->begin, at_};
}

/// A bucket has nothing more of an object that was erased.
void Comparison::read_kept(std::uint64_t offset, std::span<std::uint8_t> into) {
    try {
        kept_.read(offset, into);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kNotFound) erased_meanwhile(uid_);
        throw;
    }
}

void Comparison::compare(ByteView file, std::size_t count) {
    if (count > kept_.size() - kept_at_) conflict(uid_);
    piece_.resize(count);
    read_kept(kept_at_, piece_);
    if (!std::equal(piece_.begin(), piece_.end(), file.data() + at_)) conflict(uid_);
    at_ += count;
    kept_at_ += count;
}

/// Whatever the VR of an element is said to be: implicit VR does not.
void Comparison::compare_beside_pixels(ByteView file, const dicom::ByteRange& pixels) {
    const bool is_explicit = dicom::find_transfer_syntax(coming_syntax_)->explicit_vr;
    const std::size_t header = is_explicit ? dicom::kLongestHeader : 8;
    const auto plain = [this](const Pieces& one, std::size_t begin, std::size_t end) {
        Bytes rest(static_cast<std::size_t>(one.size) - (end - begin));
        one.read(0, std::span(rest).first(begin));
        one.read(end, std::span(rest).subspan(begin));
        constexpr std::string_view kPlain = dicom::transfer_syntax::kImplicitVrLittleEndian;
        const auto set = dicom::DataSet::parse(std::move(rest));
        // Encapsulated pixels in an item, against the transfer syntax, would be left out of that.
        if (dicom::with_native_items(set, kPlain)) conflict(uid_);
        return set.to_part10(kPlain);
    };
    const Bytes coming = plain(pieces_of(file), pixels.begin - header, pixels.end);
    const Pieces kept_pieces{
        kept_.size(),
        [this](std::uint64_t offset, std::span<std::uint8_t> into) { read_kept(offset, into); }};
    const Bytes kept =
        plain(kept_pieces, static_cast<std::size_t>(first_.head_bytes), kept_pixels_->end);
    if (coming != kept) conflict(uid_);
}

void Comparison::finish(ByteView file, const NativePixels& pixels) {
    (void)follow(file, pixels);
    const std::size_t end = kept_pixels_ ? pixels->end : file.size();
    const std::uint64_t kept_end = kept_pixels_ ? kept_pixels_->end : kept_.size();
    if (end > file.size() || end - at_ != kept_end - kept_at_) conflict(uid_);
    compare(file, end - at_);
    if (kept_pixels_) compare_beside_pixels(file, *pixels);
    if (!is_kept_for_good(parts_, first_, uid_)) erased_meanwhile(uid_);
}

}  // namespace lucerna::store
