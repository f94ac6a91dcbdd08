#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dicom/bare_codestream.h"
#include "dicom/data_set.h"
#include "dicom/framed_object.h"

namespace lucerna::dicom {

/// What of Pixel Data its frames are decoded from, and nothing else.
struct BarePixels {
    /// What lies beside that, each kind once.
    std::vector<LeftOut> left_out;
    /// Of uncompressed ones: so many bytes of the value, of the last of which those bits.
    std::size_t native_bytes = 0;
    std::uint8_t last_bits = 0xFF;
    /// Of compressed ones where something is left out: how long each frame is by bare_frame. Empty
    /// where they stay as they are, bit for bit.
    std::vector<std::size_t> frame_bytes;
};

/// Looks at every frame: native ones end where their size says, compressed ones are
/// bare_codestream's, and an offset table that says anything but where frames begin goes. Frames
/// decode to the same values.
///
/// Throws Error: kInvalidInput where header and pixels contradict each other or a codestream cannot
/// be walked through, kUnsupported for a transfer syntax or layout that is not read here, and as
/// decoding_memory() does.
[[nodiscard]] BarePixels look_beside_pixels(FramedObject& object);
/// A frame of compressed pixels of which something is left out.
[[nodiscard]] Bytes bare_frame(const DataSet& object, int frame);

/// Of the attributes that such pixels go out with: takes out offset tables that do not hold for
/// them, and cuts (Double) Float Pixel Data to their size. Adds to what was left out. Throws as
/// above.
void strip_attributes(DataSet& attributes, BarePixels& bare);

}  // namespace lucerna::dicom
