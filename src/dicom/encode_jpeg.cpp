// The one place that includes libjpeg.
#include <cstddef>
#include <cstdio>
// jpeglib.h needs both of the above before it.
#include <jpeglib.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/picture8.h"

namespace lucerna::dicom {
namespace {

/// Of a minimum coded unit, as all components have full resolution.
constexpr int kUnit = 8;
/// The longest restart interval that its segment can state (ITU-T T.81 B.2.4.4).
constexpr int kMostUnits = 65'535;
constexpr int kRowsAtOnce = kUnit;

/// Collects into memory that unwinds with the exception below.
struct MemoryDestination {
    jpeg_destination_mgr base{};
    Bytes out;
    std::array<JOCTET, 65536> buffer{};
};

void begin_writing(j_compress_ptr compress) {
    auto* destination = reinterpret_cast<MemoryDestination*>(compress->dest);
    destination->base.next_output_byte = destination->buffer.data();
    destination->base.free_in_buffer = destination->buffer.size();
}

boolean write_buffer(j_compress_ptr compress) {
    auto* destination = reinterpret_cast<MemoryDestination*>(compress->dest);
    destination->out.insert(destination->out.end(), destination->buffer.begin(),
                            destination->buffer.end());
    begin_writing(compress);
    return TRUE;
}

void finish_writing(j_compress_ptr compress) {
    auto* destination = reinterpret_cast<MemoryDestination*>(compress->dest);
    const auto used = destination->buffer.size() - destination->base.free_in_buffer;
    destination->out.insert(destination->out.end(), destination->buffer.begin(),
                            destination->buffer.begin() + static_cast<std::ptrdiff_t>(used));
}

/// Unwinds through C frames, which the ABIs that this runs on have tables for.
[[noreturn]] void fail(j_common_ptr common) {
    std::array<char, JMSG_LENGTH_MAX> message{};
    common->err->format_message(common, message.data());
    throw Error(ErrorCode::kInternal, std::string("libjpeg: ") + message.data());
}

struct Strip {
    int first = 0;
    int rows = 0;
    /// In units; 0 where the strip is the whole.
    int restart_interval = 0;
};

/// The same for a picture whoever works on it.
std::vector<Strip> strips_of(const PictureRows& picture) {
    const int units_a_row = (picture.width + kUnit - 1) / kUnit;
    const int most_rows = std::clamp(kMostUnits / units_a_row * kUnit, kUnit, kJpegStripRows);
    if (picture.height <= most_rows) return {{0, picture.height, 0}};
    std::vector<Strip> strips;
    for (int first = 0; first < picture.height; first += most_rows)
        strips.push_back(
            {first, std::min(most_rows, picture.height - first), most_rows / kUnit * units_a_row});
    return strips;
}

/// A strip as a file of its own.
Bytes encode_strip(const PictureRows& picture, const Strip& strip, int quality) {
    jpeg_compress_struct compress{};
    jpeg_error_mgr errors{};
    compress.err = jpeg_std_error(&errors);
    errors.error_exit = fail;
    jpeg_create_compress(&compress);
    struct Release {
        jpeg_compress_struct* of;
        ~Release() { jpeg_destroy_compress(of); }
    } const release{&compress};

    MemoryDestination destination;
    destination.out.reserve(most_jpeg_bytes(picture.width, strip.rows, picture.channels, quality));
    destination.base.init_destination = begin_writing;
    destination.base.empty_output_buffer = write_buffer;
    destination.base.term_destination = finish_writing;
    compress.dest = &destination.base;
    compress.image_width = static_cast<JDIMENSION>(picture.width);
    compress.image_height = static_cast<JDIMENSION>(strip.rows);
    compress.input_components = picture.channels;
    compress.in_color_space = picture.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&compress);
    jpeg_set_quality(&compress, std::clamp(quality, 1, 100), TRUE);
    // Full color resolution: 4:4:4.
    for (int i = 0; i < compress.num_components; ++i) {
        compress.comp_info[i].h_samp_factor = 1;
        compress.comp_info[i].v_samp_factor = 1;
    }
    compress.restart_interval = static_cast<unsigned>(strip.restart_interval);
    jpeg_start_compress(&compress, TRUE);
    const std::size_t row_bytes =
        static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.channels);
    Bytes some(row_bytes * kRowsAtOnce);
    for (int y = 0; y < strip.rows; y += kRowsAtOnce) {
        const int count = std::min(kRowsAtOnce, strip.rows - y);
        const auto filled = std::span(some).first(row_bytes * static_cast<std::size_t>(count));
        picture.rows(strip.first + y, filled);
        std::array<JSAMPROW, kRowsAtOnce> rows{};
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = some.data() + i * row_bytes;
        jpeg_write_scanlines(&compress, rows.data(), static_cast<JDIMENSION>(count));
    }
    jpeg_finish_compress(&compress);
    return std::move(destination.out);
}

/// Where the segments of a file made above begin and end.
struct Anatomy {
    /// Of the height in the frame header.
    std::size_t height = 0;
    /// Of the entropy-coded data; the end-of-image marker follows to the end.
    std::size_t data = 0;
};

Anatomy anatomy_of(const Bytes& jpeg) {
    constexpr std::uint8_t kStartOfFrame = 0xC0;
    constexpr std::uint8_t kStartOfScan = 0xDA;
    Anatomy found;
    for (std::size_t at = 2; at + 4 <= jpeg.size();) {
        const std::uint8_t marker = jpeg[at + 1];
        if (marker == kStartOfFrame) found.height = at + 5;
        at += 2 + (std::size_t{jpeg[at + 2]} << 8 | jpeg[at + 3]);
        if (marker != kStartOfScan) continue;
        found.data = at;
        break;
    }
    if (found.height == 0 || found.data == 0 || found.data + 2 > jpeg.size())
        throw Error(ErrorCode::kInternal, "libjpeg wrote another kind of file than baseline");
    return found;
}

/// All scans hold as one: each strip begins with nothing foretold, as after a restart marker.
Bytes joined(const std::vector<Bytes>& strips, int height) {
    Bytes whole;
    whole.reserve(std::accumulate(
        strips.begin(), strips.end(), std::size_t{0},
        [](std::size_t bytes, const Bytes& strip) { return bytes + strip.size(); }));
    for (std::size_t i = 0; i < strips.size(); ++i) {
        const Anatomy anatomy = anatomy_of(strips[i]);
        if (i == 0) {
            whole.assign(strips[i].begin(), strips[i].end() - 2);
            whole[anatomy.height] = static_cast<std::uint8_t>(height >> 8);
            whole[anatomy.height + 1] = static_cast<std::uint8_t>(height & 0xFF);
            continue;
        }
        whole.push_back(0xFF);
        whole.push_back(static_cast<std::uint8_t>(0xD0 + (i - 1) % 8));
        whole.insert(whole.end(), strips[i].begin() + static_cast<std::ptrdiff_t>(anatomy.data),
                     strips[i].end() - 2);
    }
    whole.push_back(0xFF);
    whole.push_back(0xD9);
    return whole;
}

}  // namespace

Bytes encode_jpeg_rows(const PictureRows& picture, int quality, const RunParts& run) {
    if (picture.width < 1 || picture.width > JPEG_MAX_DIMENSION || picture.height < 1 ||
        picture.height > JPEG_MAX_DIMENSION)
        throw Error(ErrorCode::kUnsupported,
                    "a JPEG has from 1 to " + std::to_string(JPEG_MAX_DIMENSION) +
                        " rows and columns, not " + std::to_string(picture.height) + " and " +
                        std::to_string(picture.width));
    const std::vector<Strip> strips = strips_of(picture);
    std::vector<Bytes> encoded(strips.size());
    run(strips.size(),
        [&](std::size_t i) { encoded[i] = encode_strip(picture, strips[i], quality); });
    return strips.size() == 1 ? std::move(encoded.front()) : joined(encoded, picture.height);
}

Bytes encode_jpeg(const Picture8& picture, int quality) {
    return encode_jpeg_rows(rows_of(picture), quality);
}

}  // namespace lucerna::dicom
