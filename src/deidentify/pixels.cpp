#include "deidentify/pixels.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/error.h"
#include "deidentify/region_rules.h"
#include "dicom/frames.h"

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

/// Decodes, blanks and puts back all frames.
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
        add_detected(detect_text(frame), report.blanked);
        ++report.frames_looked_at;
        if (covered(report.blanked, frame) > kPageOfText)
            return refusal(exam::RefusalReason::kUnreadable,
                           "text is all over the picture, as on a scanned page", tags::kPixelData);
    }
    if (!report.blanked.empty()) rewrite(object, report.blanked, frames);
    return {};
}

}  // namespace

std::optional<exam::Refusal> clean_pixels(DataSet& object, ObjectReport& report) {
    if (object.has(tags::kFloatPixelData) || object.has(tags::kDoubleFloatPixelData)) {
        if (holds_no_picture(report.sop_class_uid)) return {};
        return refusal(exam::RefusalReason::kUnsupportedEncoding,
                       "pixels of floating point are not looked at", tags::kFloatPixelData);
    }
    if (!object.has(tags::kPixelData) || holds_no_picture(report.sop_class_uid)) return {};
    try {
        return look_and_blank(object, report);
    } catch (const Error& error) {
        return refusal(
            error.code() == ErrorCode::kUnsupported ? exam::RefusalReason::kUnsupportedEncoding
                                                    : exam::RefusalReason::kBadPixelDescription,
            std::string("the pixels cannot be looked at: ") + error.what(), tags::kPixelData);
    }
}

}  // namespace lucerna::deidentify
