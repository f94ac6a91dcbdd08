// The one place that includes giflib.
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/picture8.h"

namespace lucerna::dicom {
namespace {

constexpr int kColors = 256;

using Palette = std::array<GifColorType, kColors>;

/// What is written for a pixel, and what each is shown as.
struct Indices {
    Palette palette{};
    /// Of each color as below; empty for gray, of which each shade is its own.
    std::vector<GifByteType> of_color;
};

// Colors are told apart by so many bits each, as giflib does.
constexpr unsigned kBits = 5;
constexpr std::size_t kColorsToldApart = std::size_t{1} << (3 * kBits);

std::size_t color_of(const std::uint8_t* pixel) {
    std::size_t color = 0;
    for (std::size_t channel = 0; channel < 3; ++channel)
        color = color << kBits | static_cast<std::size_t>(pixel[channel] >> (8 - kBits));
    return color;
}

Indices gray_indices() {
    Indices result;
    for (int i = 0; i < kColors; ++i) {
        const auto gray = static_cast<GifByteType>(i);
        result.palette[static_cast<std::size_t>(i)] = {gray, gray, gray};
    }
    return result;
}

/// Each color as often as it is there, or all of them as much less often as makes few pixels.
std::vector<std::uint16_t> sample_of(const PictureRows& picture) {
    std::vector<std::size_t> counts(kColorsToldApart);
    for_each_row(picture, [&](std::span<std::uint8_t> row) {
        for (std::size_t at = 0; at < row.size(); at += 3) ++counts[color_of(&row[at])];
    });
    const std::size_t pixels =
        static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height);
    const std::size_t part = (pixels + kGifSample - 1) / kGifSample;
    std::vector<std::uint16_t> sample;
    sample.reserve(std::min(pixels, kGifSample + kColorsToldApart));
    for (std::size_t color = 0; color < counts.size(); ++color)
        sample.insert(sample.end(), (counts[color] + part - 1) / part,
                      static_cast<std::uint16_t>(color));
    return sample;
}

/// The 256 colors that lie closest to all that are there (median cut).
Indices color_indices(const PictureRows& picture) {
    const std::vector<std::uint16_t> sample = sample_of(picture);
    std::array<std::vector<GifByteType>, 3> planes;
    for (std::size_t plane = 0; plane < 3; ++plane) {
        planes[plane].reserve(sample.size());
        for (const std::uint16_t color : sample)
            planes[plane].push_back(static_cast<GifByteType>(
                (color >> (kBits * (2 - plane)) & ((1U << kBits) - 1)) << (8 - kBits)));
    }
    Indices result{{}, std::vector<GifByteType>(kColorsToldApart)};
    std::vector<GifByteType> indices(sample.size());
    int colors = kColors;
    if (GifQuantizeBuffer(static_cast<unsigned>(sample.size()), 1, &colors, planes[0].data(),
                          planes[1].data(), planes[2].data(), indices.data(),
                          result.palette.data()) == GIF_ERROR)
        throw Error(ErrorCode::kInternal, "giflib finds no palette");
    for (std::size_t i = 0; i < sample.size(); ++i) result.of_color[sample[i]] = indices[i];
    return result;
}

int append(GifFileType* file, const GifByteType* bytes, int size) {
    auto* out = static_cast<Bytes*>(file->UserData);
    out->insert(out->end(), bytes, bytes + size);
    return size;
}

void require(int outcome, const GifFileType* file) {
    if (outcome == GIF_OK) return;
    const char* why = GifErrorString(file->Error);
    throw Error(ErrorCode::kInternal, std::string("giflib: ") + (why ? why : "unknown"));
}

struct Close {
    void operator()(GifFileType* file) const { EGifCloseFile(file, nullptr); }
};

}  // namespace

Bytes encode_gif_rows(const PictureRows& picture) {
    require_picture(picture);
    constexpr int kMost = std::numeric_limits<std::uint16_t>::max();
    if (picture.width > kMost || picture.height > kMost)
        throw Error(ErrorCode::kUnsupported, "a GIF has at most 65,535 pixels a side");
    const Indices indices = picture.channels == 1 ? gray_indices() : color_indices(picture);
    const std::unique_ptr<ColorMapObject, decltype(&GifFreeMapObject)> colors(
        GifMakeMapObject(kColors, indices.palette.data()), GifFreeMapObject);
    if (!colors) throw Error(ErrorCode::kInternal, "giflib makes no palette");
    Bytes out;
    out.reserve(most_gif_bytes(picture.width, picture.height, picture.channels));
    int error = 0;
    std::unique_ptr<GifFileType, Close> file(EGifOpen(&out, append, &error));
    if (!file) throw Error(ErrorCode::kInternal, "giflib cannot start");
    require(EGifPutScreenDesc(file.get(), picture.width, picture.height, 8, 0, colors.get()),
            file.get());
    require(EGifPutImageDesc(file.get(), 0, 0, picture.width, picture.height, false, nullptr),
            file.get());
    const auto width = static_cast<std::size_t>(picture.width);
    for_each_row(picture, [&](std::span<std::uint8_t> row) {
        // In place: no index stands behind its color.
        if (!indices.of_color.empty())
            for (std::size_t x = 0; x < width; ++x)
                row[x] = indices.of_color[color_of(&row[3 * x])];
        require(EGifPutLine(file.get(), row.data(), picture.width), file.get());
    });
    // Closing writes the end.
    if (EGifCloseFile(file.release(), &error) != GIF_OK)
        throw Error(ErrorCode::kInternal, "giflib cannot end its picture");
    return out;
}

Bytes encode_gif(const Picture8& picture) {
    return encode_gif_rows(rows_of(picture));
}

}  // namespace lucerna::dicom
