#include "collection/picture_file.h"

#include <cstdio>
// jpeglib.h needs FILE and size_t declared before it.
#include <jerror.h>
#include <jpeglib.h>

#include <array>
#include <cctype>
#include <csetjmp>
#include <string>
#include <vector>

#include "base/error.h"
#include "collection/picture_decoders.h"

namespace lucerna::collection {
namespace {

struct JpegFailure {
    jpeg_error_mgr base;
    std::jmp_buf jump;
    char message[JMSG_LENGTH_MAX];
};

void fail_jpeg(j_common_ptr info) {
    auto* failure = reinterpret_cast<JpegFailure*>(info->err);
    info->err->format_message(info, failure->message);
    std::longjmp(failure->jump, 1);
}

/// libjpeg goes on where data are damaged and shows grey instead: nothing to learn from. Other
/// warnings (bytes too many) are of no weight.
void weigh_jpeg_warning(j_common_ptr info, int level) {
    if (level >= 0) return;
    const int code = info->err->msg_code;
    if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE)
        fail_jpeg(info);
}

/// libjpeg leaves by longjmp, so this frame holds nothing that needs a destructor.
bool decode_jpeg(ByteView bytes, exam::Raster<float>& raster, std::vector<JSAMPLE>& line,
                 JpegFailure& failure) {
    jpeg_decompress_struct info{};
    info.err = jpeg_std_error(&failure.base);
    failure.base.error_exit = fail_jpeg;
    failure.base.emit_message = weigh_jpeg_warning;
    if (setjmp(failure.jump) != 0) {
        jpeg_destroy_decompress(&info);
        return false;
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, bytes.data(), static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&info, TRUE);
    if (std::uint64_t{info.image_width} * info.image_height > kMostPixels) {
        jpeg_destroy_decompress(&info);
        std::snprintf(failure.message, sizeof failure.message, "it is too large");
        return false;
    }
    info.out_color_space = JCS_GRAYSCALE;
    jpeg_start_decompress(&info);
    raster = exam::Raster<float>(static_cast<int>(info.output_width),
                                 static_cast<int>(info.output_height));
    line.resize(info.output_width);
    std::size_t at = 0;
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = line.data();
        jpeg_read_scanlines(&info, &row, 1);
        for (const JSAMPLE sample : line) raster.pixels[at++] = static_cast<float>(sample);
    }
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    return true;
}

/// How each format begins.
struct Format {
    std::string_view first_bytes;
    exam::Raster<float> (*read)(ByteView, const std::string&);
};
constexpr std::array<Format, 7> kFormats{{
    {"\xff\xd8", read_jpeg},
    {"\x89PNG\r\n\x1a\n", read_png},
    {{"II*\0", 4}, read_tiff},
    {{"MM\0*", 4}, read_tiff},
    {{"II+\0", 4}, read_tiff},
    {{"MM\0+", 4}, read_tiff},
    {"P5", read_pgm},
}};

/// The next number of a PGM header, past white space and comments.
int pgm_number(ByteView bytes, std::size_t& at, const std::string& name) {
    while (at < bytes.size() && (std::isspace(bytes[at]) != 0 || bytes[at] == '#'))
        if (bytes[at++] == '#')
            while (at < bytes.size() && bytes[at] != '\n') ++at;
    int value = 0;
    const std::size_t start = at;
    while (at < bytes.size() && std::isdigit(bytes[at]) != 0 && value < 1'000'000)
        value = value * 10 + (bytes[at++] - '0');
    if (at == start) throw Error(ErrorCode::kInvalidInput, name + " has a broken PGM header");
    return value;
}

}  // namespace

exam::Raster<float> read_pgm(ByteView bytes, const std::string& name) {
    std::size_t at = 2;
    const int width = pgm_number(bytes, at, name);
    const int height = pgm_number(bytes, at, name);
    const int largest = pgm_number(bytes, at, name);
    ++at;  // the single white space before the pixels
    if (largest < 1 || largest > 65535)
        throw Error(ErrorCode::kInvalidInput, name + " has a broken PGM header");
    check_size(static_cast<std::uint64_t>(width), static_cast<std::uint64_t>(height), name);
    const std::size_t sample = largest > 255 ? 2 : 1;
    const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    if (at > bytes.size() || (bytes.size() - at) / sample < count)
        throw Error(ErrorCode::kInvalidInput,
                    name + " holds fewer pixels than its PGM header says");
    exam::Raster<float> raster(width, height);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t* p = bytes.data() + at + i * sample;
        raster.pixels[i] =
            sample == 2 ? static_cast<float>(p[0] * 256 + p[1]) : static_cast<float>(p[0]);
    }
    return raster;
}

exam::Raster<float> read_jpeg(ByteView bytes, const std::string& name) {
    exam::Raster<float> raster;
    std::vector<JSAMPLE> line;
    JpegFailure failure{};
    if (!decode_jpeg(bytes, raster, line, failure))
        throw Error(ErrorCode::kInvalidInput, name + " is not a readable JPEG: " + failure.message);
    return raster;
}

void check_size(std::uint64_t width, std::uint64_t height, const std::string& name) {
    if (width < 1 || height < 1)
        throw Error(ErrorCode::kInvalidInput, name + " is a picture without pixels");
    if (width > kMostPixels || height > kMostPixels || width * height > kMostPixels)
        throw Error(ErrorCode::kInvalidInput, name + " is larger than 2^28 pixels");
}

exam::Raster<float> read_picture(ByteView bytes, const std::string& name) {
    const std::string_view text = as_text(bytes);
    for (const auto& [first_bytes, read] : kFormats)
        if (text.starts_with(first_bytes)) return read(bytes, name);
    throw Error(ErrorCode::kInvalidInput,
                name + " is neither DICOM, JPEG, PNG, TIFF nor binary PGM");
}

}  // namespace lucerna::collection
