// Table E.3.10-1 of PS3.15, Safe Private Attributes, as of edition 2017c: its rows of images. Left
// out are its rows of whole bulk payloads and of free text (ultrasound raw data, NQHeader
// messages, Hologic's high and low resolution data and codec content), which nobody can look into.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lucerna::deidentify {

struct SafePrivateRow {
    std::uint16_t group;
    std::uint8_t element;
    std::string_view creator;
    /// Its VR in pydicom's dictionary of private attributes, LO where that does not have it: of
    /// numbers, or of a label (CS, LO, SH). How many it has at most.
    std::string_view vr;
    std::size_t most;
};

inline constexpr auto kSafePrivateTable = std::to_array<SafePrivateRow>({
    {0x7053, 0x00, "Philips PET Private Group", "DS", 1},  // SUV factor
    {0x7053, 0x09, "Philips PET Private Group", "DS", 1},  // activity concentration factor
    {0x00E1, 0x21, "ELSCINT1", "DS", 1},                   // DLP
    {0x00E1, 0x50, "ELSCINT1", "DS", 1},                   // acquisition duration
    {0x01E1, 0x26, "ELSCINT1", "LO", 1},                   // phantom type
    {0x01F1, 0x01, "ELSCINT1", "CS", 1},                   // acquisition type
    {0x01F1, 0x07, "ELSCINT1", "DS", 1},                   // table velocity
    {0x01F1, 0x26, "ELSCINT1", "DS", 1},                   // pitch
    {0x01F1, 0x27, "ELSCINT1", "DS", 1},                   // rotation time
    {0x0019, 0x23, "GEMS_ACQU_01", "DS", 1},               // table speed
    {0x0019, 0x24, "GEMS_ACQU_01", "DS", 1},               // mid scan time
    {0x0019, 0x27, "GEMS_ACQU_01", "DS", 1},               // rotation speed
    {0x0019, 0x9E, "GEMS_ACQU_01", "LO", 1},               // internal pulse sequence name
    {0x0043, 0x27, "GEMS_PARM_01", "SH", 1},               // scan pitch ratio
    {0x0043, 0x39, "GEMS_PARM_01", "IS", 4},               // b value
    {0x0043, 0x6F, "GEMS_PARM_01", "DS", 4},               // table entry, gradient coil
    {0x0045, 0x01, "GEMS_HELIOS_01", "SS", 1},             // macro rows
    {0x0045, 0x02, "GEMS_HELIOS_01", "FL", 1},             // macro width
    {0x0025, 0x07, "GEMS_SERS_01", "SL", 1},               // images in series
    {0x0903, 0x10, "GEIIS PACS", "US", 1},                 // reject image flag
    {0x0903, 0x11, "GEIIS PACS", "US", 1},                 // significant flag
    {0x0903, 0x12, "GEIIS PACS", "US", 1},                 // confidential flag
    {0x2001, 0x03, "Philips Imaging DD 001", "FL", 1},     // diffusion b-factor
    {0x2001, 0x04, "Philips Imaging DD 001", "CS", 1},     // diffusion direction
    {0x2005, 0x0D, "Philips MR Imaging DD 001", "FL", 1},  // scale intercept
    {0x2005, 0x0E, "Philips MR Imaging DD 001", "FL", 1},  // scale slope
    {0x0019, 0x0C, "SIEMENS MR HEADER", "IS", 1},          // b value
    {0x0019, 0x0D, "SIEMENS MR HEADER", "CS", 1},          // diffusion directionality
    {0x0019, 0x0E, "SIEMENS MR HEADER", "FD", 3},          // diffusion gradient direction
    {0x0019, 0x27, "SIEMENS MR HEADER", "FD", 6},          // b matrix
    {0x7E01, 0x01, "HOLOGIC, Inc.", "LO", 1},              // codec version
    {0x7E01, 0x02, "HOLOGIC, Inc.", "LO", 1},              // codec content type
});

}  // namespace lucerna::deidentify
