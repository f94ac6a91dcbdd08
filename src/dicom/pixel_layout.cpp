#include "dicom/pixel_layout.h"

#include <limits>
#include <string>

#include "base/error.h"
#include "dicom/supplemental_palette.h"

namespace lucerna::dicom {
namespace {

constexpr long long kMaxRows = 65535;

[[noreturn]] void contradict(Tag tag, const std::string& what) {
    throw Error(ErrorCode::kInvalidInput, describe(tag) + " " + what);
}

int required(const DataSet& data_set, Tag tag, long long low, long long high) {
    const auto value = data_set.integer(tag);
    if (!value) {
        contradict(tag,
                   data_set.has_value(tag) ? "is no whole number" : "is missing from an image");
    }
    if (*value < low || *value > high) {
        contradict(tag, "is " + std::to_string(*value) + ", not " + std::to_string(low) + " to " +
                            std::to_string(high));
    }
    return static_cast<int>(*value);
}

int optional_or(const DataSet& data_set, Tag tag, int fallback, long long low, long long high) {
    return data_set.has_value(tag) ? required(data_set, tag, low, high) : fallback;
}

bool is_native(const DataSet& data_set) {
    const std::string& uid = data_set.transfer_syntax_uid();
    const auto* const syntax =
        find_transfer_syntax(uid.empty() ? transfer_syntax::kExplicitVrLittleEndian : uid);
    return syntax != nullptr && !syntax->encapsulated();
}

}  // namespace

StoredLayout stored_layout_of(const DataSet& data_set) {
    StoredLayout layout;
    layout.rows = required(data_set, tags::kRows, 1, kMaxRows);
    layout.columns = required(data_set, tags::kColumns, 1, kMaxRows);
    layout.samples_per_pixel = optional_or(data_set, tags::kSamplesPerPixel, 1, 1, 4);
    layout.bits_allocated = required(data_set, tags::kBitsAllocated, 1, 64);
    const int bits = layout.bits_allocated;
    // Those of 12 lie in a row without gaps, as older objects have them (PS3.5 8.1.1).
    const bool is_packed = bits == 12 && layout.samples_per_pixel == 1 && is_native(data_set);
    const bool is_read = bits == 1 || bits == 8 || bits == 16 || bits == 32 || is_packed;
    if (!is_read) {
        throw Error(ErrorCode::kUnsupported,
                    "pixels of " + std::to_string(bits) + " bits allocated are not read here");
    }
    layout.bits_stored = optional_or(data_set, tags::kBitsStored, bits, 1, bits);
    layout.high_bit = optional_or(data_set, tags::kHighBit, layout.bits_stored - 1,
                                  layout.bits_stored - 1, bits - 1);
    layout.is_signed = optional_or(data_set, tags::kPixelRepresentation, 0, 0, 1) == 1;
    layout.is_planar = optional_or(data_set, tags::kPlanarConfiguration, 0, 0, 1) == 1 &&
                       layout.samples_per_pixel > 1;
    layout.photometric_interpretation = data_set.text_or(
        tags::kPhotometricInterpretation, layout.samples_per_pixel == 1 ? "MONOCHROME2" : "RGB");
    layout.has_palette =
        layout.photometric_interpretation == "PALETTE COLOR" || has_supplemental_palette(data_set);
    layout.frames =
        optional_or(data_set, tags::kNumberOfFrames, 1, 1, static_cast<int>(Limits{}.max_frames));
    // Codestreams have room for an odd last column (PS3.3 C.7.6.3, Columns).
    if (layout.is_subsampled() && (layout.columns % 2 != 0 || bits != 8) && is_native(data_set)) {
        contradict(tags::kColumns,
                   "and Bits Allocated do not fit " + layout.photometric_interpretation);
    }
    return layout;
}

}  // namespace lucerna::dicom
