#include "dicom/framed_object.h"

#include <algorithm>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/memory_budget.h"
#include "dicom/coding.h"
#include "dicom/decoding_memory.h"
#include "dicom/frames.h"
#include "dicom/inflate.h"
#include "dicom/node.h"
#include "dicom/pixel_layout.h"
#include "dicom/reader.h"

namespace lucerna::dicom {
namespace {

bool is_deflated(ByteView file, const FileMeta& meta) {
    const auto coding = coding_of(meta.transfer_syntax_uid, file.subspan(meta.data_set_offset));
    return coding && coding->deflated;
}

/// Where frame `frame` lies in so many bytes of Pixel Data; nothing where it does not.
std::optional<ByteRange> frame_in(std::size_t bytes, int frame, const StoredLayout& layout) {
    const std::size_t bits = layout.frame_bits();
    const auto number = static_cast<std::size_t>(frame);
    if (frame < 0 || frame >= layout.frames || bits == 0 || number >= bytes * 8 / bits) return {};
    return ByteRange{bits * number / 8, (bits * (number + 1) + 7) / 8};
}

/// The same of encapsulated ones.
std::optional<ByteRange> frame_in(const DataSet& object, int frame, const FragmentPlaces& places) {
    if (frame < 0 || frame >= frame_count(object)) return {};
    const ByteRange fragments = fragments_of_frame(object, frame);
    return ByteRange{places.fragments[fragments.begin].begin,
                     places.fragments[fragments.end - 1].end};
}

MemoryBudget::Share share_for(std::size_t frame_bytes) {
    if (const std::size_t most = decoding_memory().limit(); frame_bytes > most)
        throw Error(ErrorCode::kUnsupported, "a frame of " + std::to_string(frame_bytes) +
                                                 " bytes is more than the limit of " +
                                                 std::to_string(most) +
                                                 " bytes (setting decoding_mib)");
    MemoryBudget& memory = frame_memory();
    return memory.take_beside(decoding_memory(), std::min(frame_bytes, memory.limit()), "a frame");
}

DataSet parsed(Bytes&& part10, const Limits& limits, PixelData pixels, Texts texts) {
    return texts == Texts::kUtf8 ? DataSet::parse(std::move(part10), limits, pixels)
                                 : parse_as_it_came(std::move(part10), limits, pixels);
}

/// Of a deflated file; `begin` is where they lie in what it inflates to.
FramedObject::ReadPixels inflating(Bytes file, std::size_t data_set_offset, std::size_t begin) {
    struct Inflating {
        Bytes file;
        std::unique_ptr<Inflater> inflater;
    };
    const auto of = std::make_shared<Inflating>(Inflating{std::move(file), nullptr});
    return [of, data_set_offset, begin](std::size_t at, std::span<std::uint8_t> into) {
        if (!of->inflater || of->inflater->position() > begin + at)
            of->inflater = std::make_unique<Inflater>(ByteView(of->file).subspan(data_set_offset));
        of->inflater->skip(begin + at - of->inflater->position());
        of->inflater->fill(into);
    };
}

}  // namespace

struct FramedObject::Elsewhere {
    /// As large as Pixel Data, of which pages that nobody writes take no memory.
    struct Pixels {
        explicit Pixels(std::size_t size) : room(bytes.grow(size)) {
            if (room.size() != size) throw std::bad_alloc();
        }
        ByteBudget budget{std::numeric_limits<std::size_t>::max()};
        SparseBuffer bytes{budget};
        std::span<std::uint8_t> room;
    };

    ReadPixels read;
    std::size_t size = 0;
    /// Of encapsulated ones.
    std::optional<FragmentPlaces> places;

    MemoryBudget::Share share;
    std::unique_ptr<Pixels> held;
    std::optional<ByteRange> frame;

    /// What is shown until now may go then.
    void show(Node& root, std::unique_ptr<Pixels> next) {
        if (places) {
            (void)root.put(tags::kPixelData, vr::kOb, fragments_in(next->room));
        } else {
            const Element& element = *root.find(tags::kPixelData);
            (void)root.put(element.tag, element.vr, ByteView(next->room));
        }
        held = std::move(next);
    }
    [[nodiscard]] std::unique_ptr<Fragments> fragments_in(ByteView pixels_shown) const {
        constexpr std::size_t kItemHead = 8;
        auto fragments = std::make_unique<Fragments>();
        fragments->basic_offset_table = places->basic_offset_table;
        for (const ByteRange& one : places->fragments) {
            fragments->pieces.push_back(pixels_shown.subspan(one.begin, one.end - one.begin));
            fragments->offsets.push_back(one.begin - kItemHead);
        }
        return fragments;
    }

    /// Nobody looks at what has gone: as many bytes are shown, of no memory.
    void forget(Node& root) {
        show(root, std::make_unique<Pixels>(size));
        frame.reset();
        share = {};
    }
    void fetch(const ByteRange& wanted, Node& root) {
        if (frame) forget(root);
        MemoryBudget::Share of_next = share_for(wanted.end - wanted.begin);
        auto next = std::make_unique<Pixels>(size);
        read(wanted.begin, next->room.subspan(wanted.begin, wanted.end - wanted.begin));
        show(root, std::move(next));
        frame = wanted;
        share = std::move(of_next);
    }
};

FramedObject::FramedObject(Bytes&& part10, const Limits& limits, PixelData pixels, Texts texts) {
    const FileMeta meta = read_file_meta(part10);
    if (!is_deflated(part10, meta)) {
        object_ = parsed(std::move(part10), limits, pixels, texts);
        return;
    }
    object_ = texts == Texts::kUtf8 ? DataSet::parse(ByteView(part10), limits, PixelData::kSkip)
                                    : head_as_it_came(part10, limits);
    Node& root = object_.node();
    if (root.skipped.begin == root.skipped.end) return;
    elsewhere_ = std::make_unique<Elsewhere>();
    elsewhere_->read = inflating(std::move(part10), meta.data_set_offset, root.skipped.begin);
    elsewhere_->size = root.skipped.end - root.skipped.begin;
    root.pixels_skipped = false;
    elsewhere_->show(root, std::make_unique<Elsewhere::Pixels>(elsewhere_->size));
}

FramedObject::FramedObject(DataSet&& object) : object_(std::move(object)) {}

FramedObject::FramedObject(Bytes&& around_pixels, std::size_t pixel_bytes, ReadPixels read,
                           PixelData pixels, Texts texts)
    : elsewhere_(std::make_unique<Elsewhere>()),
      object_(parsed(std::move(around_pixels), {}, pixels, texts)) {
    elsewhere_->read = std::move(read);
    elsewhere_->size = pixel_bytes;
    Node& root = object_.node();
    (void)root.put(tags::kPixelData, vr::kOw, ByteView());
    elsewhere_->show(root, std::make_unique<Elsewhere::Pixels>(pixel_bytes));
}

FramedObject::FramedObject(Bytes&& around_pixels, FragmentPlaces places, ReadPixels read,
                           PixelData pixels, Texts texts)
    : elsewhere_(std::make_unique<Elsewhere>()),
      object_(parsed(std::move(around_pixels), {}, pixels, texts)) {
    elsewhere_->read = std::move(read);
    elsewhere_->size = places.fragments.back().end;
    elsewhere_->places = std::move(places);
    elsewhere_->show(object_.node(), std::make_unique<Elsewhere::Pixels>(elsewhere_->size));
}

bool FramedObject::can_tell_frames(const DataSet& header, const FragmentPlaces& places) {
    const std::size_t pieces = places.fragments.size();
    const long long said = header.integer(tags::kNumberOfFrames).value_or(1);
    if (pieces == 0 || said < 1 || said > static_cast<long long>(pieces)) return false;
    const auto frames = static_cast<std::size_t>(said);
    const std::size_t basic = places.basic_offset_table.size();
    const std::size_t extended = header.bytes(tags::kExtendedOffsetTable).size();
    return frames == 1 || frames == pieces || basic == 4 * frames ||
           (basic == 0 && extended == 8 * frames);
}

FramedObject::~FramedObject() = default;
FramedObject::FramedObject(FramedObject&&) noexcept = default;
FramedObject& FramedObject::operator=(FramedObject&&) noexcept = default;

const DataSet& FramedObject::with_frame(int frame) {
    if (!elsewhere_) return object_;
    const auto wanted = elsewhere_->places
                            ? frame_in(object_, frame, *elsewhere_->places)
                            : frame_in(elsewhere_->size, frame, stored_layout_of(object_));
    if (wanted && wanted != elsewhere_->frame) elsewhere_->fetch(*wanted, object_.node());
    return object_;
}

std::size_t FramedObject::bytes_not_counted() const {
    if (!elsewhere_ || !elsewhere_->frame) return 0;
    const std::size_t bytes = elsewhere_->frame->end - elsewhere_->frame->begin;
    return bytes - std::min(bytes, frame_memory().limit());
}

void FramedObject::forget_frame() {
    if (elsewhere_ && elsewhere_->frame) elsewhere_->forget(object_.node());
}

DataSet FramedObject::take_attributes() {
    constexpr std::uint16_t kImagePresentation = 0x0028;
    const Node& all = object_.node();
    auto kept = std::make_unique<Node>();
    kept->backing = all.backing;
    kept->transfer_syntax_uid = all.transfer_syntax_uid;
    kept->pixels_skipped = all.pixels_skipped;
    for (const Element& element : all.elements) {
        const bool is_kept =
            element.tag.group == kImagePresentation || element.tag.group == tags::kPixelData.group;
        if (!is_kept || element.is_sequence()) continue;
        if (const Fragments* const fragments = element.fragments())
            kept->elements.push_back(
                {element.tag, element.vr, std::make_unique<Fragments>(*fragments)});
        else if (const auto* const bytes = std::get_if<Bytes>(&element.content))
            kept->elements.push_back({element.tag, element.vr, *bytes});
        else
            kept->elements.push_back({element.tag, element.vr, element.value()});
    }
    return std::exchange(object_, DataSet(std::move(kept)));
}

void FramedObject::read_pixels(std::size_t at, std::span<std::uint8_t> into) {
    if (elsewhere_) return elsewhere_->read(at, into);
    const ByteView part = object_.bytes(tags::kPixelData).subspan(at, into.size());
    std::copy(part.begin(), part.end(), into.begin());
}

}  // namespace lucerna::dicom
