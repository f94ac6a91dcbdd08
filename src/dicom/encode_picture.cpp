// The one place that includes libjpeg and libpng.
#include <cstddef>
#include <cstdio>
// jpeglib.h needs both of the above before it.
#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"
#include "dicom/picture8.h"

namespace lucerna::dicom {

void require_picture(const Picture8& picture) {
    const std::size_t size = static_cast<std::size_t>(std::max(picture.width, 0)) *
                             static_cast<std::size_t>(std::max(picture.height, 0)) *
                             static_cast<std::size_t>(std::max(picture.channels, 0));
    if (size > 0 && size == picture.pixels.size() &&
        (picture.channels == 1 || picture.channels == 3)) {
        return;
    }
    throw Error(ErrorCode::kInternal, "a picture has another size than its pixels");
}

namespace {

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

void append_png(png_structp png, png_bytep bytes, png_size_t size) {
    auto* out = static_cast<Bytes*>(png_get_io_ptr(png));
    out->insert(out->end(), bytes, bytes + size);
}

[[noreturn]] void fail_png(png_structp, png_const_charp message) {
    throw Error(ErrorCode::kInternal, std::string("libpng: ") + message);
}

}  // namespace

Bytes encode_jpeg(const Picture8& picture, int quality) {
    require_picture(picture);
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
    destination.base.init_destination = begin_writing;
    destination.base.empty_output_buffer = write_buffer;
    destination.base.term_destination = finish_writing;
    compress.dest = &destination.base;
    compress.image_width = static_cast<JDIMENSION>(picture.width);
    compress.image_height = static_cast<JDIMENSION>(picture.height);
    compress.input_components = picture.channels;
    compress.in_color_space = picture.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&compress);
    jpeg_set_quality(&compress, std::clamp(quality, 1, 100), TRUE);
    // Full color resolution: 4:4:4.
    for (int i = 0; i < compress.num_components; ++i) {
        compress.comp_info[i].h_samp_factor = 1;
        compress.comp_info[i].v_samp_factor = 1;
    }
    jpeg_start_compress(&compress, TRUE);
    const std::size_t row_bytes =
        static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.channels);
    while (compress.next_scanline < compress.image_height) {
        auto* row = const_cast<JSAMPROW>(&picture.pixels[compress.next_scanline * row_bytes]);
        jpeg_write_scanlines(&compress, &row, 1);
    }
    jpeg_finish_compress(&compress);
    return std::move(destination.out);
}

Bytes encode_png(const Picture8& picture) {
    require_picture(picture);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, fail_png, nullptr);
    if (png == nullptr) throw Error(ErrorCode::kInternal, "libpng cannot start");
    png_infop info = nullptr;
    struct Release {
        png_structpp png;
        png_infopp info;
        ~Release() { png_destroy_write_struct(png, info); }
    } const release{&png, &info};
    info = png_create_info_struct(png);
    if (info == nullptr) throw Error(ErrorCode::kInternal, "libpng cannot start");

    Bytes out;
    png_set_write_fn(png, &out, append_png, nullptr);
    png_set_IHDR(png, info, static_cast<png_uint_32>(picture.width),
                 static_cast<png_uint_32>(picture.height), 8,
                 picture.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    const std::size_t row_bytes =
        static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.channels);
    for (int y = 0; y < picture.height; ++y) {
        png_write_row(png, &picture.pixels[static_cast<std::size_t>(y) * row_bytes]);
    }
    png_write_end(png, info);
    return out;
}

}  // namespace lucerna::dicom
