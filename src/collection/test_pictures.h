#pragma once

// Picture files of known pixels for the tests of this room.

#include <cstdio>
// jpeglib.h needs FILE and size_t declared before it.
#include <jpeglib.h>
#include <png.h>
#include <tiffio.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/file.h"
#include "exam/raster.h"
#include "support/temporary_folder.h"

namespace lucerna::collection::test {

using Grey = exam::Raster<std::uint16_t>;

inline Bytes bytes_of(const Grey& picture, int bits) {
    Bytes bytes;
    for (const std::uint16_t value : picture.pixels) {
        bytes.push_back(static_cast<std::uint8_t>(value & 0xff));
        if (bits == 16) bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    }
    return bytes;
}

inline Bytes png_of(const Grey& picture, int bits) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(picture.width);
    image.height = static_cast<png_uint_32>(picture.height);
    image.format = bits == 16 ? PNG_FORMAT_LINEAR_Y : PNG_FORMAT_GRAY;
    const Bytes samples = bytes_of(picture, bits);
    png_alloc_size_t size = 0;
    png_image_write_to_memory(&image, nullptr, &size, 0, samples.data(), 0, nullptr);
    Bytes out(size);
    png_image_write_to_memory(&image, out.data(), &size, 0, samples.data(), 0, nullptr);
    out.resize(size);
    return out;
}

inline Bytes jpeg_of(const Grey& picture) {
    jpeg_compress_struct info{};
    jpeg_error_mgr errors{};
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    unsigned char* out = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&info, &out, &size);
    info.image_width = static_cast<JDIMENSION>(picture.width);
    info.image_height = static_cast<JDIMENSION>(picture.height);
    info.input_components = 1;
    info.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, 100, TRUE);
    jpeg_start_compress(&info, TRUE);
    Bytes samples = bytes_of(picture, 8);
    while (info.next_scanline < info.image_height) {
        JSAMPROW row = samples.data() + info.next_scanline * info.image_width;
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    Bytes bytes(out, out + size);
    std::free(out);
    return bytes;
}

inline Bytes pgm_of(const Grey& picture, int bits) {
    const std::string head = "P5\n# made up\n" + std::to_string(picture.width) + " " +
                             std::to_string(picture.height) + "\n" +
                             (bits == 16 ? "65535\n" : "255\n");
    Bytes bytes(head.begin(), head.end());
    for (const std::uint16_t value : picture.pixels) {
        if (bits == 16) bytes.push_back(static_cast<std::uint8_t>(value >> 8));
        bytes.push_back(static_cast<std::uint8_t>(value & 0xff));
    }
    return bytes;
}

struct TiffKind {
    int bits = 8;
    bool tiled = false;
    bool white_is_zero = false;
    std::uint16_t compression = COMPRESSION_NONE;
    /// "w" or, big endian, "wb".
    const char* mode = "w";
};

inline Bytes tiff_of(const Grey& picture, const TiffKind& kind) {
    const lucerna::test::TemporaryFolder folder;
    const auto path = folder.path() / "picture.tif";
    TIFF* tiff = TIFFOpen(path.c_str(), kind.mode);
    TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, picture.width);
    TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, picture.height);
    TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, kind.bits);
    TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
                 kind.white_is_zero ? PHOTOMETRIC_MINISWHITE : PHOTOMETRIC_MINISBLACK);
    TIFFSetField(tiff, TIFFTAG_COMPRESSION, kind.compression);
    const std::size_t sample = kind.bits == 16 ? 2 : 1;
    if (kind.tiled) {
        constexpr int kTile = 16;
        TIFFSetField(tiff, TIFFTAG_TILEWIDTH, kTile);
        TIFFSetField(tiff, TIFFTAG_TILELENGTH, kTile);
        for (int top = 0; top < picture.height; top += kTile)
            for (int left = 0; left < picture.width; left += kTile) {
                Grey tile(kTile, kTile);
                for (int y = 0; y < kTile && top + y < picture.height; ++y)
                    for (int x = 0; x < kTile && left + x < picture.width; ++x)
                        tile.at(x, y) = picture.at(left + x, top + y);
                Bytes samples = bytes_of(tile, kind.bits);
                TIFFWriteTile(tiff, samples.data(), static_cast<std::uint32_t>(left),
                              static_cast<std::uint32_t>(top), 0, 0);
            }
    } else {
        TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 7);
        Bytes samples = bytes_of(picture, kind.bits);
        for (int y = 0; y < picture.height; ++y)
            TIFFWriteScanline(tiff, samples.data() + picture.index(0, y) * sample,
                              static_cast<std::uint32_t>(y), 0);
    }
    TIFFClose(tiff);
    return read_file(path);
}

}  // namespace lucerna::collection::test
