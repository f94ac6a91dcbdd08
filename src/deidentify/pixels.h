#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "deidentify/report.h"
#include "dicom/bare_pixels.h"
#include "dicom/framed_object.h"
#include "dicom/piecewise_file.h"
#include "exam/refusal.h"

namespace lucerna::deidentify {

/// How the pixels of an object go out: as they lie or, where something is cleared or blanked on any
/// of them, decoded, in explicit VR little endian.
struct CleanPixels {
    dicom::BarePixels bare;
    bool are_decoded = false;
    /// Of decoded ones, as the header has it; the most of frames that were looked at.
    dicom::PixelLayout layout;
    int bits_stored = 0;
    /// On every frame.
    std::vector<Blanked> blanked;
};

/// Leaves out what lies beside the pixels in the value that has them: comments and application data
/// of codestreams, what follows the last frame, offset tables that hold anything else. Frames stay
/// as they are, bit for bit.
///
/// A refusal where pixels, or what lies beside them, cannot be told from each other.
[[nodiscard]] std::optional<exam::Refusal> clear_beside_pixels(dicom::FramedObject& object,
                                                               CleanPixels& pixels);

/// Clears what lies beside the stored bits of the pixels, whether or not the header speaks of an
/// overlay there: PS3.3 C.9.2 let names lie where no viewer of today shows them. Native and RLE
/// pixels in which something does are decoded; others stay as they are.
///
/// A refusal where that cannot be told, or where compressed pixels have more bits than the header
/// says are stored: these are part of their values.
[[nodiscard]] std::optional<exam::Refusal> clear_unused_bits(dicom::FramedObject& object,
                                                             CleanPixels& pixels);

/// Blanks, on every frame, what the rules for the modality and the detector say of any frame
/// (PS3.15 E.3.1). Pixels that nothing is found on stay as they are, compressed ones too; others
/// are decoded. Notes in `report` how many frames were looked at, or that none was: of maps, which
/// a wrong finding would spoil.
///
/// A refusal where there are pixels that cannot be looked at: a transfer syntax or layout that is
/// not decoded here, float pixels, more than 2 GiB; or where text is all over, as on a scanned
/// page.
[[nodiscard]] std::optional<exam::Refusal> blank_pixels(dicom::FramedObject& object,
                                                        CleanPixels& pixels, ObjectReport& report);

/// Takes the attributes out of an object whose pixels have been looked at, with a header that those
/// pixels go out with. Notes in `report` what is done to them. A refusal as clear_beside_pixels.
[[nodiscard]] std::optional<exam::Refusal> take_attributes(dicom::FramedObject& object,
                                                           CleanPixels& pixels,
                                                           dicom::DataSet& attributes,
                                                           ObjectReport& report);
/// The file of those attributes and these pixels, which are made while it is read.
[[nodiscard]] dicom::PiecewiseFile file_of(const dicom::DataSet& attributes,
                                           const std::shared_ptr<dicom::FramedObject>& object,
                                           const CleanPixels& pixels);

}  // namespace lucerna::deidentify
