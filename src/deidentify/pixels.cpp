#include "deidentify/pixels.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/error.h"
#include "deidentify/region_rules.h"
#include "deidentify/whose_date.h"
#include "dicom/codestream.h"
#include "dicom/encoders.h"
#include "dicom/frames.h"
#include "dicom/pixel_layout.h"
#include "dicom/stored_bits.h"
#include "dicom/uids.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::DecodedFrame;
using dicom::FramedObject;
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

/// The header leaves bits beside the value, in which overlays lay before 2004 (PS3.3 C.9.2).
bool has_unused_bits(const DataSet& object) {
    const auto stored = object.integer(tags::kBitsStored);
    const auto allocated = object.integer(tags::kBitsAllocated);
    return stored && (!allocated || *stored < *allocated);
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

std::optional<exam::Refusal> look_at_unused_bits(FramedObject& object, CleanPixels& pixels) {
    const dicom::StoredLayout layout = dicom::stored_layout_of(object.header());
    const int frames = dicom::frame_count(object.header());
    const std::string& uid = object.header().transfer_syntax_uid();
    const auto* const syntax = dicom::find_transfer_syntax(
        uid.empty() ? dicom::transfer_syntax::kExplicitVrLittleEndian : uid);
    const auto codec = syntax == nullptr ? dicom::Codec::kOther : syntax->codec;
    const bool has_precision = codec != dicom::Codec::kNone && codec != dicom::Codec::kRle;
    for (int i = 0; i < frames && !pixels.are_decoded; ++i) {
        const DataSet& shown = object.with_frame(i);
        if (has_precision && passes_stored_bits(shown, layout, codec, i))
            return refusal(exam::RefusalReason::kBadPixelDescription,
                           "the compressed pixels have more bits than are said to be stored",
                           tags::kBitsStored);
        if (!has_precision) pixels.are_decoded = !dicom::are_values_alone(shown, i);
    }
    if (pixels.are_decoded &&
        layout.frame_bits() / 8 > kMostBytes / static_cast<std::size_t>(frames))
        return refusal(exam::RefusalReason::kUnsupportedEncoding, "the pixels are more than 2 GiB",
                       tags::kPixelData);
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

std::optional<exam::Refusal> look_and_blank(FramedObject& object, CleanPixels& pixels,
                                            ObjectReport& report) {
    const int frames = dicom::frame_count(object.header());
    for (int i = 0; i < frames; ++i) {
        const DataSet& shown = object.with_frame(i);
        const DecodedFrame frame = dicom::decode_frame(shown, i);
        if (frame.samples.size() > kMostBytes / static_cast<std::size_t>(frames))
            return refusal(exam::RefusalReason::kUnsupportedEncoding,
                           "the pixels are more than 2 GiB", tags::kPixelData);
        if (i == 0) pixels.blanked = ruled_regions(shown, frame.columns, frame.rows);
        add_detected(detect_text(shown, i, frame), pixels.blanked);
        ++report.frames_looked_at;
        pixels.bits_stored = std::max(pixels.bits_stored, frame.bits_stored);
        if (covered(pixels.blanked, frame) > kPageOfText)
            return refusal(exam::RefusalReason::kUnreadable,
                           "text is all over the picture, as on a scanned page", tags::kPixelData);
    }
    // A contour without the words that say what it is would be worse than none.
    if (!pixels.blanked.empty() && is_own_result(object.header()))
        return refusal(exam::RefusalReason::kUnreadable,
                       "the words beside the findings that are drawn would be blanked",
                       tags::kPixelData);
    pixels.are_decoded = pixels.are_decoded || !pixels.blanked.empty();
    return {};
}

}  // namespace

std::optional<exam::Refusal> clear_beside_pixels(FramedObject& object, CleanPixels& pixels) {
    try {
        pixels.bare = dicom::look_beside_pixels(object);
        return {};
    } catch (const Error& error) {
        return cannot_be_looked_at(error);
    }
}

std::optional<exam::Refusal> clear_unused_bits(FramedObject& object, CleanPixels& pixels) {
    if (!object.header().has_value(tags::kPixelData) || !has_unused_bits(object.header()))
        return {};
    try {
        return look_at_unused_bits(object, pixels);
    } catch (const Error& error) {
        return cannot_be_looked_at(error);
    }
}

std::optional<exam::Refusal> blank_pixels(FramedObject& object, CleanPixels& pixels,
                                          ObjectReport& report) {
    const DataSet& header = object.header();
    // One that says that there is text is no mere map.
    const bool is_map = holds_no_picture(report.sop_class_uid) &&
                        header.text_or(tags::kBurnedInAnnotation, "") != "YES";
    const bool has_floats =
        header.has(tags::kFloatPixelData) || header.has(tags::kDoubleFloatPixelData);
    if (!has_floats && !header.has(tags::kPixelData)) return {};
    if (is_map) {
        report.is_not_looked_at = true;
        return {};
    }
    if (has_floats)
        return refusal(exam::RefusalReason::kUnsupportedEncoding,
                       "pixels of floating point are not looked at", tags::kFloatPixelData);
    try {
        return look_and_blank(object, pixels, report);
    } catch (const Error& error) {
        return cannot_be_looked_at(error);
    }
}

std::optional<exam::Refusal> take_attributes(FramedObject& object, CleanPixels& pixels,
                                             DataSet& attributes, ObjectReport& report) {
    try {
        if (pixels.are_decoded) {
            const DecodedFrame first = dicom::decode_frame(object.with_frame(0), 0);
            pixels.layout = dicom::layout_of(first, dicom::frame_count(object.header()));
            pixels.layout.bits_stored = std::max(pixels.layout.bits_stored, pixels.bits_stored);
        }
        attributes = object.take_attributes();
        dicom::strip_attributes(attributes, pixels.bare);
        if (pixels.are_decoded) dicom::set_layout(attributes, pixels.layout);
        // It is not theirs any more: what is shown of it goes.
        attributes.remove(tags::kPixelData);
        object.forget_frame();
    } catch (const Error& error) {
        return cannot_be_looked_at(error);
    }
    report.beside_pixels = pixels.bare.left_out;
    report.blanked = pixels.blanked;
    return {};
}

dicom::PiecewiseFile file_of(const DataSet& attributes, const std::shared_ptr<FramedObject>& object,
                             const CleanPixels& pixels) {
    if (!object->header().has(tags::kPixelData)) return dicom::PiecewiseFile(attributes);
    if (!pixels.are_decoded) return {attributes, dicom::bare_pieces(object, pixels.bare)};
    return {attributes,
            dicom::frame_pieces(pixels.layout, [object, regions = pixels.blanked](int number) {
                DecodedFrame frame = dicom::decode_frame(object->with_frame(number), number);
                // While the receiver takes its time.
                object->forget_frame();
                blank(frame, regions);
                return frame;
            })};
}

}  // namespace lucerna::deidentify
