#pragma once

#include "dicom/render.h"

namespace lucerna::dicom {

/// Throws Error(kInternal) unless it has as many bytes as its sizes say, 1 or 3 a pixel.
void require_picture(const Picture8& picture);

}  // namespace lucerna::dicom
