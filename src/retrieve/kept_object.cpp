#include "retrieve/kept_object.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "dicom/tags.h"
#include "dicom/uids.h"
#include "retrieve/fragment_walk.h"
#include "retrieve/left_out.h"
#include "retrieve/object_head.h"
#include "retrieve/object_parts.h"

namespace lucerna::retrieve {
namespace {

bool is_read_whole(const store::InstanceRow& row) {
    constexpr std::uint64_t kReadWhole = 32 * 1024 * 1024;
    return row.head_bytes == 0 || row.size <= kReadWhole;
}

/// All of a file but its pixels, which are in [begin, end) with what is around them.
Bytes around_pixels(store::OpenedObject& object, const store::InstanceRow& row, std::uint64_t end) {
    const auto head = static_cast<std::size_t>(row.head_bytes);
    Bytes around(head + static_cast<std::size_t>(row.size - end));
    object.read(0, std::span(around).first(head));
    // What is behind them may be much, too.
    object.read(end, std::span(around).subspan(head));
    return around;
}

std::optional<FramedPlan> plan_of_native(store::Archive& archive, const store::InstanceRow& row,
                                         const RunParts& run, dicom::PixelData pixel_data) {
    const auto pixels = native_pixels(*archive.open(row), row);
    if (!pixels) return std::nullopt;
    const std::uint64_t end = pixels->begin + pixels->size;
    return FramedPlan{static_cast<std::size_t>(row.head_bytes + row.size - end),
                      [&archive, row, run, pixel_data, pixels = *pixels, end] {
                          return dicom::FramedObject(
                              around_pixels(*archive.open(row), row, end),
                              static_cast<std::size_t>(pixels.size),
                              [&archive, row, run, begin = pixels.begin](
                                  std::size_t at, std::span<std::uint8_t> into) {
                                  read_in_parts(archive, row, begin + at, into, run);
                              },
                              pixel_data);
                      }};
}

std::optional<FramedPlan> plan_of_encapsulated(store::Archive& archive,
                                               const store::InstanceRow& row, const RunParts& run,
                                               dicom::PixelData pixel_data) {
    const auto fragments = fragments_in(*archive.open(row), row);
    if (!fragments || !dicom::FramedObject::can_tell_frames(outline_of(archive, row).data_set(),
                                                            fragments->places))
        return std::nullopt;
    return FramedPlan{static_cast<std::size_t>(row.head_bytes + row.size - fragments->end),
                      [&archive, row, run, pixel_data, fragments = *fragments] {
                          return dicom::FramedObject(
                              around_pixels(*archive.open(row), row, fragments.end),
                              fragments.places,
                              [&archive, row, run, begin = fragments.begin](
                                  std::size_t at, std::span<std::uint8_t> into) {
                                  read_in_parts(archive, row, begin + at, into, run);
                              },
                              pixel_data);
                      }};
}

}  // namespace

bool pixels_lie_elsewhere(const store::InstanceRow& row) {
    return !is_read_whole(row) &&
           (row.transfer_syntax_uid == dicom::transfer_syntax::kExplicitVrLittleEndian ||
            row.transfer_syntax_uid == dicom::transfer_syntax::kImplicitVrLittleEndian);
}

FramedPlan plan_to_frame(store::Archive& archive, const store::InstanceRow& row,
                         const RunParts& run, dicom::PixelData pixel_data) {
    const dicom::TransferSyntax* const known = dicom::find_transfer_syntax(row.transfer_syntax_uid);
    std::optional<FramedPlan> plan;
    if (pixels_lie_elsewhere(row))
        plan = plan_of_native(archive, row, run, pixel_data);
    else if (!is_read_whole(row) && known != nullptr && known->encapsulated())
        plan = plan_of_encapsulated(archive, row, run, pixel_data);
    if (plan) return *std::move(plan);
    return {static_cast<std::size_t>(row.size), [&archive, row, run, pixel_data] {
                return dicom::FramedObject(read_in_parts(archive, row, 0, row.size, run), {},
                                           pixel_data);
            }};
}

dicom::FramedObject framed_object(store::Archive& archive, const store::InstanceRow& row,
                                  const RunParts& run, dicom::PixelData pixel_data) {
    return plan_to_frame(archive, row, run, pixel_data).make();
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
    constexpr std::size_t kSmall = 256 * 1024;
    if (bytes <= kSmall) return {};
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

KeptObject::Use::Use(KeptObject& object) : of(object), lock(object.mutex_) {
    if (!of.object_) of.read();
    of.is_used_ = true;
}

KeptObject::Use::~Use() {
    of.is_used_ = false;
    const bool is_last = of.for_ == For::kOneFrame || of.has_one_frame_;
    if (of.is_wanted_.exchange(false) || (ends_with_a_frame && is_last)) of.drop();
}

void KeptObject::read() {
    MemoryBudget::Share share;
    looking_at(row_.sop_instance_uid, [&] {
        const FramedPlan plan = plan_to_frame(archive_, row_, run_, pixel_data_);
        share = room_for_bytes(plan.bytes, kept_files());
        object_.emplace(plan.make());
    });
    kept_ = std::move(share);
    has_one_frame_ = object_->header().integer(dicom::tags::kNumberOfFrames).value_or(1) <= 1;
    if (std::exchange(is_asked_, true)) return;
    dicom::parsing_memory().may_ask(weak_from_this());
    kept_files().may_ask(weak_from_this());
}

void KeptObject::drop() {
    object_.reset();
    kept_ = {};
    is_asked_ = false;
}

bool KeptObject::let_go() noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    const bool can = lock && !is_used_;
    is_wanted_ = !can;
    if (can) drop();
    return can;
}

}  // namespace lucerna::retrieve
