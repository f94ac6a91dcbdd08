#pragma once

#include "dicom/render.h"

namespace lucerna::dicom {

struct PictureSize {
    int width = 0;
    int height = 0;
    friend bool operator==(const PictureSize&, const PictureSize&) = default;
};

/// What a picture of `size` becomes within the bounds of `options`.
[[nodiscard]] PictureSize fitted(PictureSize size, const RenderOptions& options);

/// What is to be shown of a picture of `size`: all of it or the region. Throws as below.
[[nodiscard]] PictureSize shown_of(PictureSize size, const RenderOptions& options);

/// A picture without pixels, as large as what `render` gives of images with that header, and with
/// as many channels. Throws as below, and as stored_layout_of.
[[nodiscard]] Picture8 without_pixels(const DataSet& header, const RenderOptions& options);

/// Throws Error(kInvalidInput) as `render` for a region that is not in a picture of `size`, or that
/// would be enlarged too far.
void require_fitting(PictureSize size, const RenderOptions& options);

/// Scaled to `target`: made as it is asked for, but for what is shrunk. Throws as `render`.
[[nodiscard]] PictureRows in_size(PictureRows picture, PictureSize target);

/// The region, scaled to fit (PS3.18 8.3.5.1.3). Throws as `render`.
[[nodiscard]] PictureRows in_viewport(PictureRows picture, const RenderOptions& options);

/// How many bytes `in_viewport` keeps of a picture of `size`: those of one that is shrunk.
[[nodiscard]] std::size_t bytes_kept(PictureSize size, int channels, const RenderOptions& options);

}  // namespace lucerna::dicom
