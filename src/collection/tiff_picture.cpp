#include <tiffio.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "base/error.h"
#include "collection/picture_decoders.h"

namespace lucerna::collection {
namespace {

/// The bytes as a file that libtiff reads, and the first thing that it complained of.
struct TiffSource {
    ByteView bytes;
    std::uint64_t at = 0;
    std::array<char, 160> message{};
};

tmsize_t read_bytes(thandle_t handle, void* out, tmsize_t count) {
    auto* source = static_cast<TiffSource*>(handle);
    const std::uint64_t left =
        source->bytes.size() - std::min<std::uint64_t>(source->at, source->bytes.size());
    const auto taken =
        std::min<std::uint64_t>(left, static_cast<std::uint64_t>(std::max<tmsize_t>(count, 0)));
    if (taken > 0) std::memcpy(out, source->bytes.data() + source->at, taken);
    source->at += taken;
    return static_cast<tmsize_t>(taken);
}

tmsize_t write_bytes(thandle_t, void*, tmsize_t) {
    return 0;
}

toff_t seek(thandle_t handle, toff_t to, int from) {
    auto* source = static_cast<TiffSource*>(handle);
    if (from == SEEK_SET) source->at = to;
    if (from == SEEK_CUR) source->at += to;
    if (from == SEEK_END) source->at = source->bytes.size() + to;
    return source->at;
}

int close(thandle_t) {
    return 0;
}

toff_t size(thandle_t handle) {
    return static_cast<TiffSource*>(handle)->bytes.size();
}

int note(TIFF*, void* user, const char*, const char* format, va_list arguments) {
    auto* source = static_cast<TiffSource*>(user);
    if (source->message[0] == 0)
        (void)std::vsnprintf(source->message.data(), source->message.size(), format, arguments);
    return 1;
}

int ignore(TIFF*, void*, const char*, const char*, va_list) {
    return 1;
}

struct Closer {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, Closer>;

Tiff open(TiffSource& source) {
    const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(
        TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), note, &source);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignore, nullptr);
    return Tiff(TIFFClientOpenExt("picture", "rm", &source, read_bytes, write_bytes, seek, close,
                                  size, nullptr, nullptr, options.get()));
}

/// What says how the samples lie.
struct Layout {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint16_t bits = 1;
    std::uint16_t samples = 1;
    std::uint16_t format = SAMPLEFORMAT_UINT;
    std::uint16_t photometric = PHOTOMETRIC_MINISBLACK;
    std::uint16_t planar = PLANARCONFIG_CONTIG;
};

Layout layout_of(TIFF* tiff) {
    Layout layout;
    TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout.width);
    TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout.height);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout.bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout.samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &layout.format);
    TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &layout.planar);
    return layout;
}

/// Copies the samples of a strip or tile, `wide` pixels a line, to their place.
void put(const std::vector<std::uint8_t>& block, std::uint32_t wide, std::uint32_t high,
         std::uint32_t left, std::uint32_t top, const Layout& layout, exam::Raster<float>& raster) {
    const std::uint32_t right = std::min(left + wide, layout.width);
    const std::uint32_t bottom = std::min(top + high, layout.height);
    for (std::uint32_t y = top; y < bottom; ++y)
        for (std::uint32_t x = left; x < right; ++x) {
            const std::size_t at = std::size_t{y - top} * wide + (x - left);
            float& pixel = raster.at(static_cast<int>(x), static_cast<int>(y));
            if (layout.bits == 8) {
                pixel = static_cast<float>(block[at]);
            } else {
                std::uint16_t sample = 0;
                std::memcpy(&sample, block.data() + 2 * at, 2);
                pixel = static_cast<float>(sample);
            }
        }
}

bool read_tiles(TIFF* tiff, const Layout& layout, exam::Raster<float>& raster) {
    std::uint32_t wide = 0;
    std::uint32_t high = 0;
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &wide);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &high);
    if (wide == 0 || high == 0 || std::uint64_t{wide} * high > kMostPixels) return false;
    std::vector<std::uint8_t> block(static_cast<std::size_t>(TIFFTileSize(tiff)));
    if (block.size() < std::size_t{wide} * high * (layout.bits / 8)) return false;
    for (std::uint32_t y = 0; y < layout.height; y += high)
        for (std::uint32_t x = 0; x < layout.width; x += wide) {
            if (TIFFReadTile(tiff, block.data(), x, y, 0, 0) < 0) return false;
            put(block, wide, high, x, y, layout, raster);
        }
    return true;
}

bool read_lines(TIFF* tiff, const Layout& layout, exam::Raster<float>& raster) {
    std::vector<std::uint8_t> line(static_cast<std::size_t>(TIFFScanlineSize(tiff)));
    if (line.size() < std::size_t{layout.width} * (layout.bits / 8)) return false;
    for (std::uint32_t y = 0; y < layout.height; ++y) {
        if (TIFFReadScanline(tiff, line.data(), y, 0) < 0) return false;
        put(line, layout.width, 1, 0, y, layout, raster);
    }
    return true;
}

/// Whatever else libtiff can show, 8 bits a channel.
bool read_colour(TIFF* tiff, const Layout& layout, exam::Raster<float>& raster) {
    std::vector<std::uint32_t> pixels(raster.pixels.size());
    if (TIFFReadRGBAImageOriented(tiff, layout.width, layout.height, pixels.data(),
                                  ORIENTATION_TOPLEFT, 1) == 0)
        return false;
    std::transform(pixels.begin(), pixels.end(), raster.pixels.begin(), [](std::uint32_t rgba) {
        return 0.299F * static_cast<float>(TIFFGetR(rgba)) +
               0.587F * static_cast<float>(TIFFGetG(rgba)) +
               0.114F * static_cast<float>(TIFFGetB(rgba));
    });
    return true;
}

}  // namespace

exam::Raster<float> read_tiff(ByteView bytes, const std::string& name) {
    TiffSource source{bytes, 0, {}};
    const Tiff tiff = open(source);
    const auto refuse = [&](const std::string& why) {
        throw Error(ErrorCode::kInvalidInput, name + " is not a readable TIFF: " + why);
    };
    if (!tiff) refuse(source.message.data());
    const Layout layout = layout_of(tiff.get());
    check_size(layout.width, layout.height, name);
    const bool grey = layout.samples == 1 && (layout.bits == 8 || layout.bits == 16) &&
                      (layout.photometric == PHOTOMETRIC_MINISBLACK ||
                       layout.photometric == PHOTOMETRIC_MINISWHITE);
    if (layout.format != SAMPLEFORMAT_UINT || (!grey && layout.bits != 8))
        refuse("its samples are neither 8 nor 16 bit grey nor 8 bit colour");
    exam::Raster<float> raster(static_cast<int>(layout.width), static_cast<int>(layout.height));
    const bool done = !grey                     ? read_colour(tiff.get(), layout, raster)
                      : TIFFIsTiled(tiff.get()) ? read_tiles(tiff.get(), layout, raster)
                                                : read_lines(tiff.get(), layout, raster);
    if (!done) refuse(source.message[0] == 0 ? "its pixels are damaged" : source.message.data());
    if (grey && layout.photometric == PHOTOMETRIC_MINISWHITE)
        for (float& pixel : raster.pixels)
            pixel = static_cast<float>(layout.bits == 8 ? 255 : 65535) - pixel;
    return raster;
}

}  // namespace lucerna::collection
