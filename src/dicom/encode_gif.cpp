// The one place that includes giflib.
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/picture8.h"

namespace lucerna::dicom {
namespace {

constexpr int kColors = 256;

using Palette = std::array<GifColorType, kColors>;

/// One byte a pixel, and what each is shown as.
struct Indexed {
    std::vector<GifByteType> pixels;
    Palette palette{};
};

Indexed indexed_gray(const Picture8& picture) {
    Indexed result{{picture.pixels.begin(), picture.pixels.end()}, {}};
    for (int i = 0; i < kColors; ++i) {
        const auto gray = static_cast<GifByteType>(i);
        result.palette[static_cast<std::size_t>(i)] = {gray, gray, gray};
    }
    return result;
}

/// The 256 colors that lie closest to all that are there (median cut).
Indexed indexed_color(const Picture8& picture) {
    const std::size_t count = picture.pixels.size() / 3;
    std::array<std::vector<GifByteType>, 3> planes;
    for (std::size_t plane = 0; plane < 3; ++plane) {
        planes[plane].resize(count);
        for (std::size_t i = 0; i < count; ++i) planes[plane][i] = picture.pixels[3 * i + plane];
    }
    Indexed result{std::vector<GifByteType>(count), {}};
    int colors = kColors;
    if (GifQuantizeBuffer(static_cast<unsigned>(picture.width),
                          static_cast<unsigned>(picture.height), &colors, planes[0].data(),
                          planes[1].data(), planes[2].data(), result.pixels.data(),
                          result.palette.data()) == GIF_ERROR)
        throw Error(ErrorCode::kInternal, "giflib finds no palette");
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

Bytes encode_gif(const Picture8& picture) {
    require_picture(picture);
    constexpr int kMost = std::numeric_limits<std::uint16_t>::max();
    if (picture.width > kMost || picture.height > kMost)
        throw Error(ErrorCode::kUnsupported, "a GIF has at most 65,535 pixels a side");
    Indexed indexed = picture.channels == 1 ? indexed_gray(picture) : indexed_color(picture);
    const std::unique_ptr<ColorMapObject, decltype(&GifFreeMapObject)> colors(
        GifMakeMapObject(kColors, indexed.palette.data()), GifFreeMapObject);
    if (!colors) throw Error(ErrorCode::kInternal, "giflib makes no palette");
    Bytes out;
    int error = 0;
    std::unique_ptr<GifFileType, Close> file(EGifOpen(&out, append, &error));
    if (!file) throw Error(ErrorCode::kInternal, "giflib cannot start");
    require(EGifPutScreenDesc(file.get(), picture.width, picture.height, 8, 0, colors.get()),
            file.get());
    require(EGifPutImageDesc(file.get(), 0, 0, picture.width, picture.height, false, nullptr),
            file.get());
    const auto width = static_cast<std::size_t>(picture.width);
    for (std::size_t first = 0; first < indexed.pixels.size(); first += width)
        require(EGifPutLine(file.get(), &indexed.pixels[first], picture.width), file.get());
    // Closing writes the end.
    if (EGifCloseFile(file.release(), &error) != GIF_OK)
        throw Error(ErrorCode::kInternal, "giflib cannot end its picture");
    return out;
}

}  // namespace lucerna::dicom
