#include "deidentify/pixels.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/error.h"
#include "deidentify/region_rules.h"
#include "dicom/bare_pixels.h"
#include "dicom/codestream.h"
#include "dicom/frames.h"
#include "dicom/pixel_layout.h"
#include "dicom/uids.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::DecodedFrame;
namespace tags = dicom::tags;

constexpr std::size_t kMostBytes = std::size_t{2} << 30;
/// Of a picture's area, by boxes of detected text: more is a page.
constexpr double kPageOfText = 0.35;

exam::Refusal refusal(exam::RefusalReason reason, std::string what, dicom::Tag where) {
    return {reason,
            std::move(what),
            dicom::describe(where),
            "look at the pixels yourself; what no program can look at is not given out",
            "",
            ""};
}

bool covers(const Blanked& outer, const Box& inner) {
    const Box& box = outer.box;
    return box.x <= inner.x && box.y <= inner.y && inner.x + inner.width <= box.x + box.width &&
           inner.y + inner.height <= box.y + box.height;
}

void add_detected(const std::vector<Box>& boxes, std::vector<Blanked>& blanked) {
    for (const Box& box : boxes)
        if (std::none_of(blanked.begin(), blanked.end(),
                         [&](const Blanked& one) { return covers(one, box); }))
            blanked.push_back({box, "detected-text"});
}

/// One pixel that shows nothing, in the samples of the frame.
Bytes blank_pixel(const DecodedFrame& frame) {
    const auto sample_bytes = static_cast<std::size_t>(frame.bits_allocated / 8);
    Bytes pixel(sample_bytes * static_cast<std::size_t>(frame.samples_per_pixel), 0);
    if (frame.samples_per_pixel == 3) {
        // YBR: no colour is in the middle.
        if (frame.photometric_interpretation.starts_with("YBR"))
            for (std::size_t s = 1; s < 3; ++s) pixel[s * sample_bytes + sample_bytes - 1] = 0x80;
        return pixel;
    }
    // The darkest that the picture has, so that its range stays what it was.
    const bool inverse = frame.photometric_interpretation == "MONOCHROME1";
    std::size_t darkest = 0;
    for (std::size_t i = 1; i < frame.count(); ++i)
        if (inverse ? frame.value(i) > frame.value(darkest) : frame.value(i) < frame.value(darkest))
            darkest = i;
    std::copy_n(frame.samples.begin() + static_cast<std::ptrdiff_t>(darkest * sample_bytes),
                sample_bytes, pixel.begin());
    return pixel;
}

void blank(DecodedFrame& frame, std::span<const Blanked> regions) {
    if (regions.empty()) return;
    const Bytes pixel = blank_pixel(frame);
    for (const Blanked& region : regions)
        for (int y = region.box.y; y < region.box.y + region.box.height; ++y)
            for (int x = region.box.x; x < region.box.x + region.box.width; ++x) {
                const std::size_t at =
                    (static_cast<std::size_t>(y) * static_cast<std::size_t>(frame.columns) +
                     static_cast<std::size_t>(x)) *
                    pixel.size();
                std::memcpy(frame.samples.data() + at, pixel.data(), pixel.size());
            }
}

dicom::PixelLayout layout_of(const DecodedFrame& frame, int frames) {
    dicom::PixelLayout layout;
    layout.rows = frame.rows;
    layout.columns = frame.columns;
    layout.samples_per_pixel = frame.samples_per_pixel;
    layout.photometric_interpretation = frame.photometric_interpretation;
    layout.bits_allocated = frame.bits_allocated;
    layout.bits_stored = frame.bits_stored;
    layout.is_signed = frame.is_signed;
    layout.frames = frames;
    return layout;
}

/// Decodes, blanks and puts back all frames: bits beside the stored ones are gone then.
void rewrite(DataSet& object, std::span<const Blanked> regions, int frames) {
    Bytes all;
    dicom::PixelLayout layout;
    for (int i = 0; i < frames; ++i) {
        DecodedFrame frame = dicom::decode_frame(object, i);
        blank(frame, regions);
        layout = layout_of(frame, frames);
        if (i == 0) all.reserve(frame.samples.size() * static_cast<std::size_t>(frames));
        all.insert(all.end(), frame.samples.begin(), frame.samples.end());
    }
    object.remove(tags::kExtendedOffsetTable);
    object.remove(tags::kExtendedOffsetTableLengths);
    object.set_pixels(layout, std::move(all));
}

/// The header leaves bits beside the value, in which overlays lay before 2004 (PS3.3 C.9.2).
bool has_unused_bits(const DataSet& object) {
    const auto stored = object.integer(tags::kBitsStored);
    const auto allocated = object.integer(tags::kBitsAllocated);
    return stored && (!allocated || *stored < *allocated);
}

/// Of native and RLE frames: something else than zero or sign is in those bits. `wide` is the
/// object with a header by which all bits are the value.
bool differs_by_unused_bits(const DataSet& object, const DataSet& wide, int frame) {
    return dicom::decode_frame(object, frame).samples != dicom::decode_frame(wide, frame).samples;
}

/// Of the codecs that say their own precision, by which a frame is decoded: it has values that the
/// object's header has no bits for.
bool passes_stored_bits(const DataSet& object, const dicom::StoredLayout& layout,
                        dicom::Codec codec, int index) {
    const Bytes codestream = dicom::stored_frame(object, index);
    if (dicom::codestream_header(codestream, codec, layout).precision <= layout.bits_stored)
        return false;
    return dicom::has_bits_beside_values(object, index);
}

std::optional<exam::Refusal> look_at_unused_bits(DataSet& object) {
    const dicom::StoredLayout layout = dicom::stored_layout_of(object);
    const int frames = dicom::frame_count(object);
    const std::string& uid = object.transfer_syntax_uid();
    const auto* const syntax = dicom::find_transfer_syntax(
        uid.empty() ? dicom::transfer_syntax::kExplicitVrLittleEndian : uid);
    const auto codec = syntax == nullptr ? dicom::Codec::kOther : syntax->codec;
    if (codec != dicom::Codec::kNone && codec != dicom::Codec::kRle) {
        for (int i = 0; i < frames; ++i)
            if (passes_stored_bits(object, layout, codec, i))
                return refusal(exam::RefusalReason::kBadPixelDescription,
                               "the compressed pixels have more bits than are said to be stored",
                               tags::kBitsStored);
        return {};
    }
    DataSet wide = object.clone();
    wide.set_integer(tags::kBitsStored, layout.bits_allocated);
    wide.set_integer(tags::kHighBit, layout.bits_allocated - 1);
    int first = 0;
    while (first < frames && !differs_by_unused_bits(object, wide, first)) ++first;
    if (first == frames) return {};
    if (layout.frame_bits() / 8 > kMostBytes / static_cast<std::size_t>(frames))
        return refusal(exam::RefusalReason::kUnsupportedEncoding, "the pixels are more than 2 GiB",
                       tags::kPixelData);
    rewrite(object, {}, frames);
    return {};
}

/// Of an error that names an attribute, "Rows (0028,0010) is ...", that alone: what was in it a
/// report never says.
std::string without_value(std::string_view what) {
    constexpr std::size_t kTag = 11;  // (gggg,eeee)
    const std::size_t open = what.find('(');
    const bool is_tag = open != std::string_view::npos && what.size() >= open + kTag &&
                        what[open + 5] == ',' && what[open + kTag - 1] == ')';
    return std::string(is_tag ? what.substr(0, open + kTag) : what);
}

exam::Refusal cannot_be_looked_at(const Error& error) {
    if (error.code() == ErrorCode::kUnavailable) throw error;
    return refusal(
        error.code() == ErrorCode::kUnsupported ? exam::RefusalReason::kUnsupportedEncoding
                                                : exam::RefusalReason::kBadPixelDescription,
        "the pixels cannot be looked at: " + without_value(error.what()), tags::kPixelData);
}

double covered(std::span<const Blanked> regions, const DecodedFrame& frame) {
    double area = 0;
    for (const Blanked& region : regions)
        if (region.rule == "detected-text")
            area += static_cast<double>(region.box.width) * region.box.height;
    return area / (static_cast<double>(frame.rows) * frame.columns);
}

std::optional<exam::Refusal> look_and_blank(DataSet& object, ObjectReport& report) {
    const int frames = dicom::frame_count(object);
    for (int i = 0; i < frames; ++i) {
        const DecodedFrame frame = dicom::decode_frame(object, i);
        if (frame.samples.size() > kMostBytes / static_cast<std::size_t>(frames))
            return refusal(exam::RefusalReason::kUnsupportedEncoding,
                           "the pixels are more than 2 GiB", tags::kPixelData);
        if (i == 0) report.blanked = ruled_regions(object, frame.columns, frame.rows);
        add_detected(detect_text(object, i, frame), report.blanked);
        ++report.frames_looked_at;
        if (covered(report.blanked, frame) > kPageOfText)
            return refusal(exam::RefusalReason::kUnreadable,
                           "text is all over the picture, as on a scanned page", tags::kPixelData);
    }
    if (!report.blanked.empty()) rewrite(object, report.blanked, frames);
    return {};
}

}  // namespace

std::optional<exam::Refusal> clear_beside_pixels(DataSet& object, ObjectReport& report) {
    try {
        report.beside_pixels = dicom::strip_pixels(object);
        return {};
    } catch (const Error& error) {
        return cannot_be_looked_at(error);
    }
}

std::optional<exam::Refusal> clear_unused_bits(DataSet& object) {
    if (!object.has_value(tags::kPixelData) || !has_unused_bits(object)) return {};
    try {
        return look_at_unused_bits(object);
    } catch (const Error& error) {
        return cannot_be_looked_at(error);
    }
}

std::optional<exam::Refusal> clean_pixels(DataSet& object, ObjectReport& report) {
    // One that says that there is text is no mere map.
    const bool is_map = holds_no_picture(report.sop_class_uid) &&
                        object.text_or(tags::kBurnedInAnnotation, "") != "YES";
    if (object.has(tags::kFloatPixelData) || object.has(tags::kDoubleFloatPixelData)) {
        if (is_map) return {};
        return refusal(exam::RefusalReason::kUnsupportedEncoding,
                       "pixels of floating point are not looked at", tags::kFloatPixelData);
    }
    if (!object.has(tags::kPixelData) || is_map) return {};
    try {
        return look_and_blank(object, report);
    } catch (const Error& error) {
        return cannot_be_looked_at(error);
    }
}

}  // namespace lucerna::deidentify
