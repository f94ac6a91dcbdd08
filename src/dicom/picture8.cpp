#include "dicom/picture8.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/error.h"

namespace lucerna::dicom {
namespace {

constexpr int kRowsAtOnce = 8;
/// Its state and tables.
constexpr std::size_t kOfAnEncoder = std::size_t{1} << 20;

std::size_t bytes_of(int width, int height, int channels) {
    if (channels != 1 && channels != 3) return 0;
    return static_cast<std::size_t>(std::max(width, 0)) *
           static_cast<std::size_t>(std::max(height, 0)) * static_cast<std::size_t>(channels);
}

}  // namespace

void require_picture(const Picture8& picture) {
    const std::size_t size = bytes_of(picture.width, picture.height, picture.channels);
    if (size == 0 || size != picture.pixels.size())
        throw Error(ErrorCode::kInternal, "a picture has another size than its pixels");
}

void require_picture(const PictureRows& picture) {
    if (bytes_of(picture.width, picture.height, picture.channels) == 0)
        throw Error(ErrorCode::kInternal, "a picture has no pixels");
}

PictureRows keeping(std::shared_ptr<const void> what, PictureRows rows) {
    rows.rows = [what = std::move(what), of_it = std::move(rows.rows)](
                    int first, std::span<std::uint8_t> out) { of_it(first, out); };
    return rows;
}

PictureRows rows_of(const Picture8& picture) {
    require_picture(picture);
    PictureRows rows{picture.width, picture.height, picture.channels, {}};
    rows.rows = [row_bytes = rows.row_bytes(), pixels = ByteView(picture.pixels)](
                    int first, std::span<std::uint8_t> out) {
        const std::size_t begin = static_cast<std::size_t>(first) * row_bytes;
        std::copy_n(pixels.begin() + static_cast<std::ptrdiff_t>(begin), out.size(), out.begin());
    };
    return rows;
}

PictureRows rows_of(Picture8&& picture) {
    const auto kept = std::make_shared<const Picture8>(std::move(picture));
    PictureRows rows = keeping(kept, rows_of(*kept));
    rows.share = kept->share;
    return rows;
}

Picture8 picture_of(PictureRows rows) {
    Picture8 picture{rows.width, rows.height, rows.channels,
                     Bytes(bytes_of(rows.width, rows.height, rows.channels))};
    std::size_t at = 0;
    for (int first = 0; first < rows.height; first += kRowsAtOnce) {
        const auto count = static_cast<std::size_t>(std::min(kRowsAtOnce, rows.height - first));
        const auto some = std::span(picture.pixels).subspan(at, count * rows.row_bytes());
        rows.rows(first, some);
        at += some.size();
    }
    picture.share = std::move(rows.share);
    rows.rows = {};
    if (picture.share) picture.share->keep_only(picture.pixels.size());
    return picture;
}

void for_each_row(const PictureRows& picture,
                  const std::function<void(std::span<std::uint8_t> row)>& take) {
    const std::size_t row_bytes = picture.row_bytes();
    Bytes some(row_bytes * kRowsAtOnce);
    for (int first = 0; first < picture.height; first += kRowsAtOnce) {
        const auto count = static_cast<std::size_t>(std::min(kRowsAtOnce, picture.height - first));
        picture.rows(first, std::span(some).first(count * row_bytes));
        for (std::size_t y = 0; y < count; ++y)
            take(std::span(some).subspan(y * row_bytes, row_bytes));
    }
}

// Deflate stores what it cannot shrink.
std::size_t most_png_bytes(int width, int height, int channels) {
    const std::size_t samples = bytes_of(width, height, channels);
    const std::size_t row = bytes_of(width, 1, channels);
    return samples + samples / 128 + 2 * kRowsAtOnce * row + static_cast<std::size_t>(height) +
           kOfAnEncoder;
}

// A code of 9 to 12 bits a pixel, where no two of them were there before.
std::size_t most_gif_bytes(int width, int height, int channels) {
    const std::size_t pixels = bytes_of(width, height, 1);
    const std::size_t of_sample = channels == 1 ? 0 : 6 * std::min(pixels, kGifSample);
    return pixels + pixels / 2 + kRowsAtOnce * bytes_of(width, 1, channels) + of_sample +
           kOfAnEncoder;
}

// Tiles of which every coefficient counts as much; noise in color takes a fifth less.
std::size_t most_jpeg_bytes(int width, int height, int channels, int quality) {
    const std::size_t samples = bytes_of(width, height, channels);
    const std::size_t most = quality <= 90   ? samples
                             : quality <= 95 ? samples + samples * 5 / 16
                                             : 2 * samples;
    return (channels == 3 ? most - most / 6 : most) + kOfAnEncoder / 16;
}

}  // namespace lucerna::dicom
