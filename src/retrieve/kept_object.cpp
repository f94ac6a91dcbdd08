#include "retrieve/kept_object.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "dicom/file_header.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "retrieve/fragment_walk.h"
#include "retrieve/held_bytes.h"
#include "retrieve/held_list.h"
#include "retrieve/left_out.h"
#include "retrieve/object_head.h"
#include "retrieve/object_parts.h"
#include "retrieve/plain_object.h"

namespace lucerna::retrieve {
namespace {

/// A plan that holds no more than it may. `bytes` are those beside the pixels.
FramedPlan within_limits(std::uint64_t bytes, std::function<dicom::FramedObject()> make) {
    if (bytes > kMostBeside)
        throw Error(ErrorCode::kUnsupported,
                    "it has more than 64 MiB beside its pixels: ask for the object as it is");
    return {static_cast<std::size_t>(bytes), std::move(make)};
}

constexpr std::uint64_t kReadWhole = 32 * 1024 * 1024;

bool is_read_whole(const store::InstanceRow& row) {
    return row.head_bytes == 0 || row.size <= kReadWhole;
}

/// Of several frames in some megabytes the one that is looked at is found without the others.
bool is_worth_looking_for_a_frame(const store::InstanceRow& row) {
    return row.head_bytes != 0 && row.number_of_frames > 1 && row.size > kHeldFreely;
}

/// All of an object but its pixels, with which it goes on at `end`.
struct AroundPixels {
    std::vector<dicom::ByteRange> parts;

    [[nodiscard]] std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (const dicom::ByteRange& part : parts) sum += part.end - part.begin;
        return sum;
    }
    [[nodiscard]] Bytes read_from(store::OpenedObject& object) const {
        Bytes around(static_cast<std::size_t>(bytes()));
        std::span<std::uint8_t> into(around);
        for (const dicom::ByteRange& part : parts) {
            object.read(part.begin, into.first(part.end - part.begin));
            into = into.subspan(part.end - part.begin);
        }
        return around;
    }
};

/// An attribute that may be large and tells how pixels look: look-up tables, overlays.
bool is_drawn(dicom::Tag tag) {
    return tag.group == 0x0028 || (tag.group & 0xFF01) == 0x6000;
}

/// To look at frames, values of some megabytes that nobody draws are left out, and what is behind
/// the pixels, as it comes to nothing.
AroundPixels around_pixels(store::OpenedObject& object, const store::InstanceRow& row,
                           std::uint64_t end, Beside beside) {
    const auto head = static_cast<std::size_t>(row.head_bytes);
    if (beside == Beside::kAll)
        return {{{0, head}, {static_cast<std::size_t>(end), static_cast<std::size_t>(row.size)}}};
    AroundPixels around;
    std::size_t from = 0;
    if (head >= dicom::FileHeader::kLargeValue) {
        const std::size_t element_head =
            row.transfer_syntax_uid == dicom::transfer_syntax::kImplicitVrLittleEndian ? 8 : 12;
        const MemoryBudget::Share room = room_for_bytes(head, read_heads());
        const auto header =
            dicom::FileHeader::of(reader_of(object), head, dicom::ValueScan::Items::kPassed);
        const dicom::DataSet& attributes = header.data_set();
        for (const dicom::Tag tag : attributes.tags()) {
            if (is_drawn(tag) || attributes.vr(tag) == "SQ") continue;
            const ByteView value = attributes.bytes(tag);
            if (value.size() < dicom::FileHeader::kLargeValue) continue;
            const auto place = header.place_of(value);
            if (!place || place->begin < from + element_head) continue;
            around.parts.push_back({from, place->begin - element_head});
            from = place->end;
        }
    }
    around.parts.push_back({from, head});
    return around;
}

std::optional<FramedPlan> plan_of_native(store::Archive& archive, const store::InstanceRow& row,
                                         const RunParts& run, const Opening& opening) {
    const auto object = archive.open(row);
    const auto pixels = pixels_in_place(*object, row);
    if (!pixels) return std::nullopt;
    const AroundPixels around =
        around_pixels(*object, row, pixels->begin + pixels->size, opening.beside);
    return within_limits(around.bytes(), [&archive, row, run, opening, pixels = *pixels, around] {
        const auto read = [&archive, row, run](std::uint64_t at, std::span<std::uint8_t> into) {
            read_in_parts(archive, row, at, into, run);
        };
        return dicom::FramedObject(
            around.read_from(*archive.open(row)), static_cast<std::size_t>(pixels.size),
            [read, pixels](std::size_t at, std::span<std::uint8_t> into) {
                read_swapped(pixels, at, into, read);
            },
            opening.pixel_data, opening.texts);
    });
}

/// Frames are inflated when they are asked for, in their order best.
std::optional<FramedPlan> plan_of_inflated(store::Archive& archive, const store::InstanceRow& row,
                                           const Opening& opening) {
    PlainObject plain = plain_object_with_pixels(archive, row);
    if (!plain.is_inflated) return std::nullopt;
    const std::shared_ptr<store::OpenedObject> object = std::move(plain.object);
    const auto pixels = native_pixels(*object, plain.row);
    if (!pixels)
        return within_limits(plain.row.size, [object, opening] {
            return dicom::FramedObject(object->read(0, object->size()), {}, opening.pixel_data,
                                       opening.texts);
        });
    const AroundPixels around =
        around_pixels(*object, plain.row, pixels->begin + pixels->size, opening.beside);
    return within_limits(around.bytes(), [object, opening, pixels = *pixels, around] {
        return dicom::FramedObject(
            around.read_from(*object), static_cast<std::size_t>(pixels.size),
            [object, begin = pixels.begin](std::size_t at, std::span<std::uint8_t> into) {
                object->read(begin + at, into);
            },
            opening.pixel_data, opening.texts);
    });
}

std::optional<FramedPlan> plan_of_encapsulated(store::Archive& archive,
                                               const store::InstanceRow& row, const RunParts& run,
                                               const Opening& opening) {
    const auto object = archive.open(row);
    const auto fragments = fragments_in(*object, row);
    if (!fragments || !dicom::FramedObject::can_tell_frames(outline_of(archive, row).data_set(),
                                                            fragments->places))
        return std::nullopt;
    const AroundPixels around = around_pixels(*object, row, fragments->end, opening.beside);
    // Where each lies, and what shows it as a fragment.
    constexpr std::size_t kOfFragment = 64;
    return within_limits(around.bytes() + kOfFragment * fragments->places.fragments.size(),
                         [&archive, row, run, opening, fragments = *fragments, around] {
                             return dicom::FramedObject(
                                 around.read_from(*archive.open(row)), fragments.places,
                                 [&archive, row, run, begin = fragments.begin](
                                     std::size_t at, std::span<std::uint8_t> into) {
                                     read_in_parts(archive, row, begin + at, into, run);
                                 },
                                 opening.pixel_data, opening.texts);
                         });
}

}  // namespace

bool pixels_lie_elsewhere(const store::InstanceRow& row) {
    return !is_read_whole(row) &&
           (row.transfer_syntax_uid == dicom::transfer_syntax::kExplicitVrLittleEndian ||
            row.transfer_syntax_uid == dicom::transfer_syntax::kImplicitVrLittleEndian ||
            row.transfer_syntax_uid == dicom::transfer_syntax::kExplicitVrBigEndian);
}

FramedPlan plan_to_frame(store::Archive& archive, const store::InstanceRow& row,
                         const RunParts& run, const Opening& opening) {
    const dicom::TransferSyntax* const known = dicom::find_transfer_syntax(row.transfer_syntax_uid);
    std::optional<FramedPlan> plan;
    if (is_inflatable(row))
        plan = plan_of_inflated(archive, row, opening);
    else if (pixels_lie_elsewhere(row))
        plan = plan_of_native(archive, row, run, opening);
    else if (known != nullptr && known->encapsulated() &&
             (!is_read_whole(row) || is_worth_looking_for_a_frame(row)))
        plan = plan_of_encapsulated(archive, row, run, opening);
    if (plan) return *std::move(plan);
    const auto whole = [&archive, row, run, opening] {
        return dicom::FramedObject(read_in_parts(archive, row, 0, row.size, run), {},
                                   opening.pixel_data, opening.texts);
    };
    if (opening.beside == Beside::kAll) return {static_cast<std::size_t>(row.size), whole};
    if (!may_have_pixels(archive, row)) throw Error(ErrorCode::kUnsupported, "it has no pixels");
    return within_limits(row.size, whole);
}

bool may_have_pixels(store::Archive& archive, const store::InstanceRow& row) {
    // Of less the whole is read, and looked at.
    if (row.size <= kReadWhole || row.head_bytes != 0 || is_inflatable(row)) return true;
    const Head head = outline_of(archive, row);
    const auto has = [&](dicom::Tag tag) { return head.data_set().has(tag); };
    return has(dicom::tags::kPixelData) || has(dicom::tags::kFloatPixelData) ||
           has(dicom::tags::kDoubleFloatPixelData);
}

MemoryBudget& kept_files() {
    // To read one again takes less than that, and a slow client does not need it meanwhile.
    static MemoryBudget budget("what files of several frames may take while they are sent",
                               std::size_t{64} << 20, std::chrono::seconds(20),
                               std::chrono::milliseconds(300));
    return budget;
}

MemoryBudget::Share room_for_whole(const store::InstanceRow& row) {
    return room_for_bytes(row.size, kept_files());
}

MemoryBudget& read_heads() {
    static MemoryBudget budget("what attributes may take while they are looked at",
                               std::size_t{32} << 20, std::chrono::seconds(20),
                               std::chrono::milliseconds(300));
    return budget;
}

MemoryBudget::Share room_for_bytes(std::uint64_t bytes, MemoryBudget& memory) {
    if (bytes <= kSmallFile) return {};
    return memory.take(std::min(static_cast<std::size_t>(bytes), memory.limit()),
                       "a file that is read");
}

dicom::JsonOptions json_options_for(const dicom::DataSet& header, dicom::JsonOptions options) {
    // As many megabytes as a viewer may want to read, and as there may be at most.
    constexpr std::size_t kMuch = std::size_t{8} << 20;
    constexpr std::size_t kMost = std::size_t{32} << 20;
    std::size_t bytes = 0;
    for (const std::size_t list_limit : {options.list_limit, std::size_t{256}, std::size_t{16}}) {
        options.list_limit = std::min(options.list_limit, list_limit);
        bytes = dicom::json_bytes(header, options);
        options.expected_bytes = bytes;
        if (bytes <= kMuch) return options;
    }
    if (bytes > kMost)
        throw Error(
            ErrorCode::kUnsupported,
            "its attributes have more values than are given apart from it: ask for the object");
    return options;
}

MemoryBudget::Share room_for_json(const dicom::JsonOptions& options) {
    constexpr std::size_t kFreely = std::size_t{1} << 20;
    if (options.expected_bytes <= kFreely) return {};
    MemoryBudget& memory = read_heads();
    return memory.take(std::min(options.expected_bytes, memory.limit()),
                       "the attributes of an object");
}

std::shared_ptr<KeptObject> KeptObject::of(store::Archive& archive, const store::InstanceRow& row,
                                           RunParts run, For wanted, dicom::PixelData pixel_data) {
    return std::shared_ptr<KeptObject>(
        new KeptObject(archive, row, std::move(run), wanted, pixel_data));
}

KeptObject::~KeptObject() {
    if (name_ != 0) held_lists().forget(name_);
}

KeptObject::Use::Use(KeptObject& object) : of(object), lock(object.mutex_) {
    if (!of.object_ && of.name_ != 0)
        of.object_ = std::const_pointer_cast<dicom::FramedObject>(
            std::static_pointer_cast<const dicom::FramedObject>(held_lists().find(of.name_)));
    if (!of.object_) of.read();
    ++of.uses_;
}

KeptObject::Use::~Use() {
    if (--of.uses_ > 0) return;
    const bool is_last = of.for_ == For::kOneFrame || of.has_one_frame_;
    if (of.is_wanted_.exchange(false) || (ends_with_a_frame && is_last)) {
        of.drop();
        return;
    }
    of.rest(ends_with_a_frame);
}

void KeptObject::read() {
    MemoryBudget::Share share;
    looking_at(row_.sop_instance_uid, [&] {
        const FramedPlan plan =
            plan_to_frame(archive_, row_, run_, {Beside::kWhatIsDrawn, pixel_data_});
        file_bytes_ = plan.bytes;
        share = room_for_bytes(plan.bytes, kept_files());
        object_ = std::make_shared<dicom::FramedObject>(plan.make());
    });
    kept_ = std::move(share);
    has_one_frame_ = object_->header().integer(dicom::tags::kNumberOfFrames).value_or(1) <= 1;
    if (std::exchange(is_asked_, true)) return;
    dicom::parsing_memory().may_ask(weak_from_this());
    kept_files().may_ask(weak_from_this());
}

void KeptObject::rest(bool has_given_a_frame) noexcept try {
    if (has_given_a_frame) object_->forget_frame();
    if (file_bytes_ > kSmallFile) return;
    // Its elements, of a few bytes each, are counted nowhere else where they are not very many.
    constexpr std::size_t kTimes = 10;
    constexpr std::size_t kInflater = std::size_t{64} << 10;
    const std::size_t bytes = file_bytes_ +
                              std::min(kTimes * file_bytes_, dicom::kFreelyParsedBytes) +
                              (is_inflatable(row_) ? kInflater : 0);
    if (name_ == 0) name_ = held_lists().new_name();
    held_lists().keep(name_, std::exchange(object_, nullptr), bytes);
} catch (const std::exception&) {
    drop();
}

void KeptObject::drop() {
    if (name_ != 0) held_lists().forget(name_);
    object_.reset();
    kept_ = {};
    is_asked_ = false;
}

bool KeptObject::let_go() noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    const bool can = lock && uses_ == 0;
    is_wanted_ = !can;
    if (can) drop();
    return can;
}

}  // namespace lucerna::retrieve
