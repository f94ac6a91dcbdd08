#include "collection/picture_file.h"

#include <cstdio>
// jpeglib.h needs FILE and size_t declared before it.
#include <jpeglib.h>
#include <png.h>

#include <cctype>
#include <csetjmp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

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

/// libjpeg leaves by longjmp, so this frame holds nothing that needs a destructor.
bool decode_jpeg(const Bytes& bytes, exam::Raster<float>& raster, std::vector<JSAMPLE>& line,
                 JpegFailure& failure) {
    jpeg_decompress_struct info{};
    info.err = jpeg_std_error(&failure.base);
    failure.base.error_exit = fail_jpeg;
    if (setjmp(failure.jump) != 0) {
        jpeg_destroy_decompress(&info);
        return false;
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, bytes.data(), static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&info, TRUE);
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

exam::Raster<float> read_png(const Bytes& bytes, const std::string& name) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0)
        throw Error(ErrorCode::kInvalidInput, name + " is not a readable PNG: " + image.message);
    const bool deep = (image.format & PNG_FORMAT_FLAG_LINEAR) != 0;
    image.format = deep ? PNG_FORMAT_LINEAR_Y : PNG_FORMAT_GRAY;
    exam::Raster<float> raster(static_cast<int>(image.width), static_cast<int>(image.height));
    std::vector<std::uint8_t> buffer(PNG_IMAGE_SIZE(image));
    if (png_image_finish_read(&image, nullptr, buffer.data(), 0, nullptr) == 0)
        throw Error(ErrorCode::kInvalidInput, name + " is not a readable PNG: " + image.message);
    const auto* wide = reinterpret_cast<const std::uint16_t*>(buffer.data());
    for (std::size_t i = 0; i < raster.pixels.size(); ++i)
        raster.pixels[i] = deep ? static_cast<float>(wide[i]) : static_cast<float>(buffer[i]);
    return raster;
}

/// The next number of a PGM header, past white space and comments.
int pgm_number(const Bytes& bytes, std::size_t& at, const std::string& name) {
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

exam::Raster<float> read_pgm(const Bytes& bytes, const std::string& name) {
    std::size_t at = 2;
    const int width = pgm_number(bytes, at, name);
    const int height = pgm_number(bytes, at, name);
    const int largest = pgm_number(bytes, at, name);
    ++at;  // the single white space before the pixels
    const std::size_t sample = largest > 255 ? 2 : 1;
    const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    if (width < 1 || height < 1 || at > bytes.size() || (bytes.size() - at) / sample < count)
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

}  // namespace

exam::Raster<float> read_picture_file(const std::filesystem::path& path) {
    const Bytes bytes = read_file(path);
    const std::string name = path.filename().string();
    if (bytes.size() > 3 && bytes[0] == 0xff && bytes[1] == 0xd8) {
        exam::Raster<float> raster;
        std::vector<JSAMPLE> line;
        JpegFailure failure{};
        if (!decode_jpeg(bytes, raster, line, failure))
            throw Error(ErrorCode::kInvalidInput,
                        name + " is not a readable JPEG: " + failure.message);
        return raster;
    }
    if (bytes.size() > 8 && png_sig_cmp(bytes.data(), 0, 8) == 0) return read_png(bytes, name);
    if (bytes.size() > 8 && bytes[0] == 'P' && bytes[1] == '5') return read_pgm(bytes, name);
    throw Error(ErrorCode::kInvalidInput, name + " is neither JPEG, PNG nor binary PGM");
}

}  // namespace lucerna::collection
