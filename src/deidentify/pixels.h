#pragma once

#include <optional>

#include "deidentify/report.h"
#include "dicom/data_set.h"
#include "exam/refusal.h"

namespace lucerna::deidentify {

/// Takes out what lies beside the pixels in the value that has them: comments and application data
/// of codestreams, what follows the last frame, offset tables that hold anything else. Frames stay
/// as they are, bit for bit. Notes in `report` what that was.
///
/// A refusal where pixels, or what lies beside them, cannot be told from each other.
[[nodiscard]] std::optional<exam::Refusal> clear_beside_pixels(dicom::DataSet& object,
                                                               ObjectReport& report);

/// Clears what lies beside the stored bits of the pixels, whether or not the header speaks of an
/// overlay there: PS3.3 C.9.2 let names lie where no viewer of today shows them. Native and RLE
/// pixels in which something does become explicit VR little endian; others stay as they are.
///
/// A refusal where that cannot be told, or where compressed pixels have more bits than the header
/// says are stored: these are part of their values.
[[nodiscard]] std::optional<exam::Refusal> clear_unused_bits(dicom::DataSet& object);

/// Blanks, on every frame, what the rules for the modality and the detector say of any frame
/// (PS3.15 E.3.1). Pixels that nothing is found on stay as they are, compressed ones too; others
/// become explicit VR little endian. `object` still has its own header. Notes what was blanked in
/// `report`.
///
/// A refusal where there are pixels that cannot be looked at: a transfer syntax or layout that is
/// not decoded here, float pixels, more than 2 GiB; or where text is all over, as on a scanned
/// page.
[[nodiscard]] std::optional<exam::Refusal> clean_pixels(dicom::DataSet& object,
                                                        ObjectReport& report);

}  // namespace lucerna::deidentify
