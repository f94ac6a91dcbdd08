#pragma once

#include "dicom/data_set.h"

namespace lucerna::dicom {

/// What compression with loss took is gone for good, whatever the pixels are written as later
/// (PS3.3 C.7.6.1.1.5). Where the first codestream of `data_set` says that it has lost something
/// and the header does not say so, this says it: Lossy Image Compression, with the ratio and method
/// of this one where there are none. Nothing to say of other pixels.
void keep_loss(DataSet& data_set);

}  // namespace lucerna::dicom
