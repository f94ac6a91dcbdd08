#include "dicom/framed_object.h"

#include <algorithm>
#include <limits>
#include <new>
#include <optional>
#include <utility>

#include "base/memory_budget.h"
#include "dicom/coding.h"
#include "dicom/decoding_memory.h"
#include "dicom/finished.h"
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

    // A deflated file, or what reads another's pixels, encapsulated ones perhaps.
    Bytes file;
    std::optional<FragmentPlaces> places;
    std::size_t data_set_offset = 0;
    ReadPixels read;

    ByteRange pixels;
    MemoryBudget::Share share;
    std::unique_ptr<Pixels> held;
    std::optional<ByteRange> frame;
    std::unique_ptr<Inflater> inflater;

    [[nodiscard]] std::size_t size() const { return pixels.end - pixels.begin; }

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

    void fetch(const ByteRange& wanted, Node& root) {
        // Before there are two of them; and nobody looks at what has gone.
        const Element& element = *root.find(tags::kPixelData);
        (void)root.put(element.tag, element.vr, ByteView());
        held.reset();
        frame.reset();
        share = {};
        share = decoding_memory().take(wanted.end - wanted.begin, "a frame");
        auto next = std::make_unique<Pixels>(size());
        read(wanted.begin, next->room.subspan(wanted.begin, wanted.end - wanted.begin));
        show(root, std::move(next));
        frame = wanted;
    }

    void inflate(std::size_t at, std::span<std::uint8_t> into) {
        const std::size_t begin = pixels.begin + at;
        if (!inflater || inflater->position() > begin)
            inflater = std::make_unique<Inflater>(ByteView(file).subspan(data_set_offset));
        inflater->skip(begin - inflater->position());
        inflater->fill(into);
    }

    void inflate(const ByteRange& wanted, Node& root) {
        auto next = std::make_unique<Pixels>(size());
        inflate(wanted.begin, next->room.subspan(wanted.begin, wanted.end - wanted.begin));
        show(root, std::move(next));
        frame = wanted;
    }
};

FramedObject::FramedObject(Bytes&& part10, const Limits& limits, PixelData pixels) {
    const FileMeta meta = read_file_meta(part10);
    if (!is_deflated(part10, meta)) {
        object_ = parse_as_it_came(std::move(part10), limits, pixels);
        return;
    }
    object_ = head_as_it_came(part10, limits);
    Node& root = object_.node();
    if (root.skipped.begin == root.skipped.end) return;
    elsewhere_ = std::make_unique<Elsewhere>();
    elsewhere_->file = std::move(part10);
    elsewhere_->data_set_offset = meta.data_set_offset;
    elsewhere_->pixels = root.skipped;
    root.pixels_skipped = false;
    elsewhere_->show(root, std::make_unique<Elsewhere::Pixels>(elsewhere_->size()));
}

FramedObject::FramedObject(Bytes&& around_pixels, std::size_t pixel_bytes, ReadPixels read,
                           PixelData pixels)
    : elsewhere_(std::make_unique<Elsewhere>()),
      object_(parse_as_it_came(std::move(around_pixels), {}, pixels)) {
    elsewhere_->read = std::move(read);
    elsewhere_->pixels = {0, pixel_bytes};
    Node& root = object_.node();
    (void)root.put(tags::kPixelData, vr::kOw, ByteView());
    elsewhere_->show(root, std::make_unique<Elsewhere::Pixels>(pixel_bytes));
}

FramedObject::FramedObject(Bytes&& around_pixels, FragmentPlaces places, ReadPixels read,
                           PixelData pixels)
    : elsewhere_(std::make_unique<Elsewhere>()),
      object_(parse_as_it_came(std::move(around_pixels), {}, pixels)) {
    elsewhere_->read = std::move(read);
    elsewhere_->pixels = {0, places.fragments.back().end};
    elsewhere_->places = std::move(places);
    elsewhere_->show(object_.node(), std::make_unique<Elsewhere::Pixels>(elsewhere_->size()));
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
                            : frame_in(elsewhere_->size(), frame, stored_layout_of(object_));
    if (!wanted || wanted == elsewhere_->frame) return object_;
    if (elsewhere_->read)
        elsewhere_->fetch(*wanted, object_.node());
    else
        elsewhere_->inflate(*wanted, object_.node());
    return object_;
}

void FramedObject::read_pixels(std::size_t at, std::span<std::uint8_t> into) {
    if (!elsewhere_) {
        const ByteView part = object_.bytes(tags::kPixelData).subspan(at, into.size());
        std::copy(part.begin(), part.end(), into.begin());
    } else if (elsewhere_->read) {
        elsewhere_->read(at, into);
    } else {
        elsewhere_->inflate(at, into);
    }
}

}  // namespace lucerna::dicom
