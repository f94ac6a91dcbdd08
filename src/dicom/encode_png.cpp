// The one place that includes libpng.
#include <png.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "dicom/picture8.h"

namespace lucerna::dicom {

namespace {

void append_png(png_structp png, png_bytep bytes, png_size_t size) {
    auto* out = static_cast<Bytes*>(png_get_io_ptr(png));
    out->insert(out->end(), bytes, bytes + size);
}

[[noreturn]] void fail_png(png_structp, png_const_charp message) {
    throw Error(ErrorCode::kInternal, std::string("libpng: ") + message);
}

}  // namespace

Bytes encode_png_rows(const PictureRows& picture) {
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
    out.reserve(most_png_bytes(picture.width, picture.height, picture.channels));
    png_set_write_fn(png, &out, append_png, nullptr);
    png_set_IHDR(png, info, static_cast<png_uint_32>(picture.width),
                 static_cast<png_uint_32>(picture.height), 8,
                 picture.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for_each_row(picture, [png](std::span<std::uint8_t> row) { png_write_row(png, row.data()); });
    png_write_end(png, info);
    return out;
}

Bytes encode_png(const Picture8& picture) {
    return encode_png_rows(rows_of(picture));
}

}  // namespace lucerna::dicom
