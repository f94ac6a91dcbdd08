#include <png.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "collection/picture_decoders.h"

namespace lucerna::collection {
namespace {

/// Where libpng reads from, and what it said when it gave up.
struct PngSource {
    ByteView rest;
    std::array<char, 160> message{};
};

void read_bytes(png_structp png, png_bytep out, std::size_t count) {
    auto* source = static_cast<PngSource*>(png_get_io_ptr(png));
    if (count > source->rest.size()) png_error(png, "it ends early");
    std::copy_n(source->rest.begin(), count, out);
    source->rest = source->rest.subspan(count);
}

void fail(png_structp png, png_const_charp message) {
    auto* source = static_cast<PngSource*>(png_get_error_ptr(png));
    const std::string_view text(message);
    std::copy_n(text.begin(), std::min(text.size(), source->message.size() - 1),
                source->message.begin());
    png_longjmp(png, 1);
}

void ignore(png_structp, png_const_charp) {}

/// One sample of grey or several of colour to what is seen; ITU-R BT.601 as libjpeg does it.
float luminance(const std::vector<std::uint8_t>& row, std::size_t at, int channels, bool deep) {
    const auto sample = [&](std::size_t channel) {
        const std::size_t i = at * static_cast<std::size_t>(channels) + channel;
        return deep ? static_cast<float>(row[2 * i] * 256 + row[2 * i + 1])
                    : static_cast<float>(row[i]);
    };
    if (channels < 3) return sample(0);
    return 0.299F * sample(0) + 0.587F * sample(1) + 0.114F * sample(2);
}

/// libpng leaves by longjmp: everything with a destructor belongs to the caller.
bool decode(png_structp png, png_infop info, exam::Raster<float>& raster,
            std::vector<std::vector<std::uint8_t>>& rows, std::vector<png_bytep>& places) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_read_info(png, info);
    const png_uint_32 width = png_get_image_width(png, info);
    const png_uint_32 height = png_get_image_height(png, info);
    if (std::uint64_t{width} * height > kMostPixels) png_error(png, "it is too large");
    png_set_expand(png);
    png_read_update_info(png, info);
    const bool deep = png_get_bit_depth(png, info) == 16;
    const int channels = png_get_channels(png, info);
    rows.assign(height, std::vector<std::uint8_t>(png_get_rowbytes(png, info)));
    for (auto& row : rows) places.push_back(row.data());
    png_read_image(png, places.data());
    raster = exam::Raster<float>(static_cast<int>(width), static_cast<int>(height));
    for (png_uint_32 y = 0; y < height; ++y)
        for (png_uint_32 x = 0; x < width; ++x)
            raster.at(static_cast<int>(x), static_cast<int>(y)) =
                luminance(rows[y], x, channels, deep);
    return true;
}

}  // namespace

exam::Raster<float> read_png(ByteView bytes, const std::string& name) {
    PngSource source{bytes, {}};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, fail, ignore);
    png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
    if (info == nullptr) {
        png_destroy_read_struct(&png, nullptr, nullptr);
        throw Error(ErrorCode::kInternal, "libpng does not start");
    }
    png_set_read_fn(png, &source, read_bytes);
    exam::Raster<float> raster;
    std::vector<std::vector<std::uint8_t>> rows;
    std::vector<png_bytep> places;
    const bool done = decode(png, info, raster, rows, places);
    png_destroy_read_struct(&png, &info, nullptr);
    if (!done)
        throw Error(ErrorCode::kInvalidInput,
                    name + " is not a readable PNG: " + source.message.data());
    return raster;
}

}  // namespace lucerna::collection
