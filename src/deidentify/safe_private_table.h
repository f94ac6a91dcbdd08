// Table E.3.10-1 of PS3.15, Safe Private Attributes, as of edition 2017c: its rows of images. Left
// out are its rows of whole bulk payloads and of free text (ultrasound raw data, NQHeader
// messages), which nobody can look into.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lucerna::deidentify {

enum class Holds { kNumbers, kOther };

struct SafePrivateRow {
    std::uint16_t group;
    std::uint8_t element;
    std::string_view creator;
    /// By its VR in pydicom's dictionary of private attributes; kOther where that has none.
    Holds holds;
};

inline constexpr auto kSafePrivateTable = std::to_array<SafePrivateRow>({
    {0x7053, 0x00, "Philips PET Private Group", Holds::kNumbers},  // SUV factor
    {0x7053, 0x09, "Philips PET Private Group", Holds::kNumbers},  // activity concentration factor
    {0x00E1, 0x21, "ELSCINT1", Holds::kNumbers},                   // DLP
    {0x00E1, 0x50, "ELSCINT1", Holds::kNumbers},                   // acquisition duration
    {0x01E1, 0x26, "ELSCINT1", Holds::kOther},                     // phantom type
    {0x01F1, 0x01, "ELSCINT1", Holds::kOther},                     // acquisition type
    {0x01F1, 0x07, "ELSCINT1", Holds::kNumbers},                   // table velocity
    {0x01F1, 0x26, "ELSCINT1", Holds::kNumbers},                   // pitch
    {0x01F1, 0x27, "ELSCINT1", Holds::kNumbers},                   // rotation time
    {0x0019, 0x23, "GEMS_ACQU_01", Holds::kNumbers},               // table speed
    {0x0019, 0x24, "GEMS_ACQU_01", Holds::kNumbers},               // mid scan time
    {0x0019, 0x27, "GEMS_ACQU_01", Holds::kNumbers},               // rotation speed
    {0x0019, 0x9E, "GEMS_ACQU_01", Holds::kOther},                 // internal pulse sequence name
    {0x0043, 0x27, "GEMS_PARM_01", Holds::kOther},                 // scan pitch ratio
    {0x0043, 0x39, "GEMS_PARM_01", Holds::kNumbers},               // b value
    {0x0043, 0x6F, "GEMS_PARM_01", Holds::kNumbers},               // table entry, gradient coil
    {0x0045, 0x01, "GEMS_HELIOS_01", Holds::kNumbers},             // macro rows
    {0x0045, 0x02, "GEMS_HELIOS_01", Holds::kNumbers},             // macro width
    {0x0025, 0x07, "GEMS_SERS_01", Holds::kNumbers},               // images in series
    {0x0903, 0x10, "GEIIS PACS", Holds::kNumbers},                 // reject image flag
    {0x0903, 0x11, "GEIIS PACS", Holds::kNumbers},                 // significant flag
    {0x0903, 0x12, "GEIIS PACS", Holds::kNumbers},                 // confidential flag
    {0x2001, 0x03, "Philips Imaging DD 001", Holds::kNumbers},     // diffusion b-factor
    {0x2001, 0x04, "Philips Imaging DD 001", Holds::kOther},       // diffusion direction
    {0x2005, 0x0D, "Philips MR Imaging DD 001", Holds::kNumbers},  // scale intercept
    {0x2005, 0x0E, "Philips MR Imaging DD 001", Holds::kNumbers},  // scale slope
    {0x0019, 0x0C, "SIEMENS MR HEADER", Holds::kNumbers},          // b value
    {0x0019, 0x0D, "SIEMENS MR HEADER", Holds::kOther},            // diffusion directionality
    {0x0019, 0x0E, "SIEMENS MR HEADER", Holds::kNumbers},          // diffusion gradient direction
    {0x0019, 0x27, "SIEMENS MR HEADER", Holds::kNumbers},          // b matrix
    {0x7E01, 0x01, "HOLOGIC, Inc.", Holds::kOther},                // codec version
    {0x7E01, 0x02, "HOLOGIC, Inc.", Holds::kOther},                // codec content type
    {0x7E01, 0x10, "HOLOGIC, Inc.", Holds::kOther},                // high resolution data
    {0x7E01, 0x11, "HOLOGIC, Inc.", Holds::kOther},                // low resolution data
    {0x7E01, 0x12, "HOLOGIC, Inc.", Holds::kOther},                // codec content
});

}  // namespace lucerna::deidentify
