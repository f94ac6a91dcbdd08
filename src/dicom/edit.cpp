#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/encoders.h"
#include "dicom/loss.h"
#include "dicom/node.h"
#include "dicom/values.h"

namespace lucerna::dicom {
namespace {

[[noreturn]] void misuse(Tag tag, const std::string& what) {
    throw Error(ErrorCode::kInternal, describe(tag) + " " + what);
}

/// The VR to write `tag` with.
Vr vr_for(const Node& node, Tag tag) {
    const auto entry = look_up(tag);
    if (!entry) misuse(tag, "is not in the dictionary, so its VR is not known");
    if (entry->signed_by_pixels) {
        const Element* const representation = node.find(tags::kPixelRepresentation);
        if (representation != nullptr && binary_integer(*representation, 0) == 1) return vr::kSs;
    }
    return entry->vr;
}

void pad(Bytes& value, Vr vr) {
    const bool with_blank = vr.is_text() && vr != vr::kUi;
    if (value.size() % 2 == 1) value.push_back(with_blank ? ' ' : 0);
}

Bytes joined(std::span<const std::string> texts, Vr vr) {
    Bytes value;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (i > 0) value.push_back('\\');
        value.insert(value.end(), texts[i].begin(), texts[i].end());
    }
    pad(value, vr);
    return value;
}

template <typename Stored, typename Number>
void append(Bytes& value, Number number) {
    const auto stored = static_cast<Stored>(number);
    std::array<std::uint8_t, sizeof(Stored)> raw{};
    std::memcpy(raw.data(), &stored, sizeof(Stored));
    value.insert(value.end(), raw.begin(), raw.end());
}

template <typename Stored>
void append_checked(Bytes& value, Tag tag, long long number) {
    if (!std::in_range<Stored>(number)) {
        misuse(tag, "cannot hold " + std::to_string(number) + ": out of the range of its VR");
    }
    append<Stored>(value, number);
}

void append_integer(Bytes& value, Tag tag, Vr vr, long long number) {
    if (vr == vr::kUs) return append_checked<std::uint16_t>(value, tag, number);
    if (vr == vr::kSs) return append_checked<std::int16_t>(value, tag, number);
    if (vr == vr::kUl) return append_checked<std::uint32_t>(value, tag, number);
    if (vr == vr::kSl) return append_checked<std::int32_t>(value, tag, number);
    if (vr == vr::kSv) return append_checked<std::int64_t>(value, tag, number);
    if (vr == vr::kUv) return append_checked<std::uint64_t>(value, tag, number);
    if (vr == vr::kFl) return append<float>(value, number);
    if (vr == vr::kFd) return append<double>(value, number);
    misuse(tag, "of VR " + vr.str() + " cannot hold a number");
}

void require_sequence(const Node& node, Tag tag) {
    if (vr_for(node, tag) != vr::kSq) misuse(tag, "is no sequence");
}

std::size_t expected_bytes(const PixelLayout& layout) {
    return static_cast<std::size_t>(layout.rows) * static_cast<std::size_t>(layout.columns) *
           static_cast<std::size_t>(layout.samples_per_pixel) *
           static_cast<std::size_t>(layout.bits_allocated / 8) *
           static_cast<std::size_t>(layout.frames);
}

void require_layout(const PixelLayout& layout) {
    const bool usable = layout.rows > 0 && layout.columns > 0 && layout.frames > 0 &&
                        layout.samples_per_pixel > 0 &&
                        (layout.bits_allocated == 8 || layout.bits_allocated == 16 ||
                         layout.bits_allocated == 32) &&
                        layout.bits_stored > 0 && layout.bits_stored <= layout.bits_allocated;
    if (!usable) misuse(tags::kPixelData, "cannot have such a layout");
}

}  // namespace

void set_layout(DataSet& data_set, const PixelLayout& layout) {
    keep_loss(data_set);
    // They told of the pixels that were there before.
    data_set.remove(tags::kExtendedOffsetTable);
    data_set.remove(tags::kExtendedOffsetTableLengths);
    data_set.set_integer(tags::kSamplesPerPixel, layout.samples_per_pixel);
    data_set.set_text(tags::kPhotometricInterpretation, layout.photometric_interpretation);
    data_set.set_integer(tags::kRows, layout.rows);
    data_set.set_integer(tags::kColumns, layout.columns);
    data_set.set_integer(tags::kBitsAllocated, layout.bits_allocated);
    data_set.set_integer(tags::kBitsStored, layout.bits_stored);
    data_set.set_integer(tags::kHighBit, layout.bits_stored - 1);
    data_set.set_integer(tags::kPixelRepresentation, layout.is_signed ? 1 : 0);
    if (layout.samples_per_pixel > 1) {
        data_set.set_integer(tags::kPlanarConfiguration, 0);
    } else {
        data_set.remove(tags::kPlanarConfiguration);
    }
    if (layout.frames > 1 || data_set.has(tags::kNumberOfFrames)) {
        data_set.set_integer(tags::kNumberOfFrames, layout.frames);
    }
}

std::unique_ptr<Fragments> fragments_of(std::span<const ByteView> frames) {
    constexpr std::size_t kItemHeaderBytes = 8;
    Bytes table;
    Bytes all;
    std::size_t offset = 0;
    std::vector<std::size_t> sizes;
    auto fragments = std::make_unique<Fragments>();
    for (const ByteView frame : frames) {
        const std::size_t begin = all.size();
        all.insert(all.end(), frame.begin(), frame.end());
        pad(all, vr::kOb);
        sizes.push_back(all.size() - begin);
        append_checked<std::uint32_t>(table, tags::kPixelData, static_cast<long long>(offset));
        fragments->offsets.push_back(offset);
        offset += sizes.back() + kItemHeaderBytes;
    }
    all.insert(all.begin(), table.begin(), table.end());
    fragments->owner = std::make_shared<const Bytes>(std::move(all));
    ByteView rest(*fragments->owner);
    const auto take = [&](std::size_t size) {
        const ByteView piece = rest.first(size);
        rest = rest.subspan(size);
        return piece;
    };
    fragments->basic_offset_table = take(table.size());
    for (const std::size_t size : sizes) fragments->pieces.push_back(take(size));
    return fragments;
}

void DataSet::set_text(Tag tag, std::string_view text) {
    const Vr vr = vr_for(*node_, tag);
    if (!vr.is_text()) misuse(tag, "of VR " + vr.str() + " cannot hold a text");
    Bytes value(text.begin(), text.end());
    pad(value, vr);
    (void)node_->put(tag, vr, std::move(value));
}

void DataSet::set_texts(Tag tag, std::span<const std::string> texts) {
    const Vr vr = vr_for(*node_, tag);
    if (!vr.is_text() || (vr.is_single_text() && texts.size() > 1)) {
        misuse(tag, "of VR " + vr.str() + " cannot hold these texts");
    }
    (void)node_->put(tag, vr, joined(texts, vr));
}

void DataSet::set_number(Tag tag, double number) {
    set_numbers(tag, std::span(&number, 1));
}

void DataSet::set_numbers(Tag tag, std::span<const double> numbers) {
    const Vr vr = vr_for(*node_, tag);
    Bytes value;
    std::vector<std::string> texts;
    for (const double number : numbers) {
        if (!std::isfinite(number)) misuse(tag, "cannot hold a number that is not finite");
        if (vr == vr::kDs) {
            texts.push_back(decimal_string(number));
        } else if (vr == vr::kFl) {
            append<float>(value, number);
        } else if (vr == vr::kFd) {
            append<double>(value, number);
        } else {
            misuse(tag, "of VR " + vr.str() + " cannot hold a number with a fraction");
        }
    }
    (void)node_->put(tag, vr, vr == vr::kDs ? joined(texts, vr) : std::move(value));
}

void DataSet::set_integer(Tag tag, long long integer) {
    set_integers(tag, std::span(&integer, 1));
}

void DataSet::set_integers(Tag tag, std::span<const long long> integers) {
    const Vr vr = vr_for(*node_, tag);
    const bool as_text = vr == vr::kDs || vr == vr::kIs;
    Bytes value;
    std::vector<std::string> texts;
    for (const long long number : integers) {
        if (as_text) {
            texts.push_back(std::to_string(number));
        } else {
            append_integer(value, tag, vr, number);
        }
    }
    (void)node_->put(tag, vr, as_text ? joined(texts, vr) : std::move(value));
}

void DataSet::set_tag(Tag tag, Tag value) {
    const Vr vr = vr_for(*node_, tag);
    if (vr != vr::kAt) misuse(tag, "of VR " + vr.str() + " cannot hold a tag");
    Bytes bytes;
    append<std::uint16_t>(bytes, value.group);
    append<std::uint16_t>(bytes, value.element);
    (void)node_->put(tag, vr, std::move(bytes));
}

void DataSet::set_bytes(Tag tag, std::string_view vr, Bytes value) {
    if (vr.size() != 2 || !Vr(vr[0], vr[1]).is_well_formed() || vr == "SQ") {
        misuse(tag, "cannot be set as bytes of VR \"" + std::string(vr) + "\"");
    }
    const Vr stored(vr[0], vr[1]);
    pad(value, stored);
    (void)node_->put(tag, stored, std::move(value));
}

void DataSet::set_empty(Tag tag) {
    const Vr vr = vr_for(*node_, tag);
    if (vr == vr::kSq) {
        (void)node_->put(tag, vr, std::unique_ptr<Items>());
    } else {
        (void)node_->put(tag, vr, Bytes());
    }
}

DataSet& DataSet::add_item(Tag sequence) {
    const Element* const present = node_->find(sequence);
    if (present == nullptr || !present->is_sequence()) {
        require_sequence(*node_, sequence);
        (void)node_->put(sequence, vr::kSq, std::unique_ptr<Items>());
    }
    auto& items = std::get<std::unique_ptr<Items>>(node_->writable(sequence).content);
    if (items == nullptr) items = std::make_unique<Items>();
    return items->emplace_back();
}

void DataSet::set_pixels(const PixelLayout& layout, Bytes samples) {
    require_layout(layout);
    if (samples.size() != expected_bytes(layout)) {
        misuse(tags::kPixelData, "has " + std::to_string(samples.size()) +
                                     " bytes where the layout takes " +
                                     std::to_string(expected_bytes(layout)));
    }
    set_layout(*this, layout);
    const Vr vr = layout.bits_allocated > 8 ? vr::kOw : vr::kOb;
    pad(samples, vr);
    (void)node_->put(tags::kPixelData, vr, std::move(samples));
    node_->transfer_syntax_uid = transfer_syntax::kExplicitVrLittleEndian;
    node_->pixel_data_offset = 0;
    node_->pixels_skipped = false;
}

void DataSet::set_encapsulated_pixels(const PixelLayout& layout, std::vector<Bytes> frames,
                                      std::string_view transfer_syntax_uid) {
    require_layout(layout);
    if (frames.size() != static_cast<std::size_t>(layout.frames)) {
        misuse(tags::kPixelData, "has another number of frames than its layout");
    }
    set_layout(*this, layout);
    (void)node_->put(tags::kPixelData, vr::kOb,
                     fragments_of(std::vector<ByteView>(frames.begin(), frames.end())));
    node_->transfer_syntax_uid = transfer_syntax_uid;
    node_->pixel_data_offset = 0;
    node_->pixels_skipped = false;
}

void DataSet::remove(Tag tag) {
    node_->erase(tag);
}

}  // namespace lucerna::dicom
