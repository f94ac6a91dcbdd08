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

/// Throws Error(kInvalidInput) as `render` for a region that is not in a picture of `size`, or that
/// would be enlarged too far.
void require_fitting(PictureSize size, const RenderOptions& options);

/// Scaled to `target`. Throws as `render`.
[[nodiscard]] Picture8 in_size(Picture8 picture, PictureSize target);

/// The region, scaled to fit (PS3.18 8.3.5.1.3). Throws as `render`.
[[nodiscard]] Picture8 in_viewport(Picture8 picture, const RenderOptions& options);

}  // namespace lucerna::dicom
