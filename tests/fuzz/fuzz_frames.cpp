// Pixel data of a stranger: the first bytes choose the layout and the transfer syntax, the rest is
// the frame.
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/render.h"

namespace {

namespace dicom = lucerna::dicom;
namespace ts = dicom::transfer_syntax;

constexpr std::array kSyntaxes{
    ts::kExplicitVrLittleEndian, ts::kJpegBaseline, ts::kJpegExtended, ts::kJpegLossless,
    ts::kJpegLsLossless,         ts::kJpeg2000,     ts::kHtj2k,        ts::kRleLossless};
constexpr std::array kPhotometric{"MONOCHROME2",  "MONOCHROME1",   "RGB",     "YBR_FULL",
                                  "YBR_FULL_422", "PALETTE COLOR", "YBR_RCT", "YBR_ICT"};
constexpr std::size_t kHead = 8;

void set_attributes(dicom::DataSet& data_set, const std::uint8_t* head) {
    data_set.set_integer(dicom::kRows, head[2]);
    data_set.set_integer(dicom::kColumns, head[3]);
    data_set.set_integer(dicom::kBitsAllocated, 8 * (1 + head[4] % 4));
    data_set.set_integer(dicom::kBitsStored, head[5]);
    data_set.set_integer(dicom::kHighBit, head[6]);
    data_set.set_integer(dicom::kPixelRepresentation, head[7] & 1);
    data_set.set_integer(dicom::kSamplesPerPixel, 1 + (head[7] >> 1) % 4);
    data_set.set_integer(dicom::kPlanarConfiguration, (head[7] >> 3) & 1);
    data_set.set_integer(dicom::kNumberOfFrames, 1 + (head[7] >> 4) % 3);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < kHead) return 0;
    const auto syntax = kSyntaxes.at(data[0] % kSyntaxes.size());
    const lucerna::Bytes frame(data + kHead, data + size);
    dicom::Limits limits;
    limits.max_frame_bytes = std::size_t{1} << 20;
    try {
        dicom::DataSet data_set;
        data_set.set_encapsulated_pixels({.rows = 1, .columns = 1}, {frame}, syntax);
        if (syntax == ts::kExplicitVrLittleEndian) {
            data_set.set_bytes(dicom::kPixelData, "OW", frame);
        }
        set_attributes(data_set, data);
        data_set.set_text(dicom::kPhotometricInterpretation,
                          kPhotometric.at(data[1] % kPhotometric.size()));
        const int frames = frame_count(data_set);
        for (int i = 0; i < frames; ++i) (void)decode_frame(data_set, i, limits);
        (void)render_jpeg(data_set, 0, {.max_width = 20, .max_height = 20});
    } catch (const lucerna::Error&) {
    }
    return 0;
}
