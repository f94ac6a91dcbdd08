// Pixel data of a stranger: the first bytes choose the layout and the transfer syntax, the rest is
// the frame.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "dicom/bare_pixels.h"
#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/nested_pixels.h"
#include "dicom/render.h"
#include "seeds.h"
#include "support/stripped_pixels.h"

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

dicom::DataSet image_of(const std::uint8_t* data, std::size_t size) {
    const auto syntax = kSyntaxes.at(data[0] % kSyntaxes.size());
    const lucerna::Bytes frame(data + kHead, data + size);
    dicom::DataSet data_set;
    data_set.set_encapsulated_pixels({.rows = 1, .columns = 1}, {frame}, syntax);
    if (syntax == ts::kExplicitVrLittleEndian) {
        data_set.set_bytes(dicom::kPixelData, "OW", frame);
    }
    set_attributes(data_set, data);
    data_set.set_text(dicom::kPhotometricInterpretation,
                      kPhotometric.at(data[1] % kPhotometric.size()));
    return data_set;
}

/// What is given out has nothing left to take out.
void strip(dicom::DataSet data_set) {
    (void)strip_pixels(data_set);
    if (!strip_pixels(data_set).empty()) std::abort();
}

/// As an icon: decoded or left out.
void nest(const lucerna::Bytes& codestream, const dicom::DataSet& data_set) {
    dicom::DataSet outer;
    outer.set_encapsulated_pixels({.rows = 1, .columns = 1}, {codestream},
                                  data_set.transfer_syntax_uid());
    outer.add_item(dicom::tags::kIconImageSequence) = data_set.clone();
    const auto native = with_native_items(outer, ts::kImplicitVrLittleEndian);
    if (!native) return;
    for (const dicom::DataSet& icon : native->items(dicom::tags::kIconImageSequence))
        if (icon.bytes(dicom::kPixelData).empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < kHead) return 0;
    dicom::Limits limits;
    limits.max_frame_bytes = std::size_t{1} << 20;
    try {
        const dicom::DataSet data_set = image_of(data, size);
        const int frames = frame_count(data_set);
        for (int i = 0; i < frames; ++i) (void)decode_frame(data_set, i, limits);
        (void)encode_jpeg(render(data_set, 0, {.max_width = 20, .max_height = 20}));
        // From a lower resolution, or row by row.
        (void)render(data_set, 0, {.max_width = 2, .max_height = 2});
    } catch (const lucerna::Error&) {
    }
    try {
        nest({data + kHead, data + size}, image_of(data, size));
    } catch (const lucerna::Error&) {
    }
    try {
        strip(image_of(data, size));
    } catch (const lucerna::Error&) {
    }
    return 0;
}

/// Frames of 16 x 16: native, as JPEG, as RLE, and headers alone of what is not written here.
std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    constexpr std::uint8_t kSize = 16;
    Bytes ramp(std::size_t{kSize} * kSize);
    for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<std::uint8_t>(i);
    const Bytes jpeg = dicom::encode_jpeg({kSize, kSize, 1, ramp});
    // One segment: its header (PS3.5 G.5), then runs of one value and a literal.
    Bytes rle(64);
    rle[0] = 1;
    rle[4] = 64;
    for (int row = 0; row < kSize; ++row)
        rle.insert(rle.end(), {0xF9, 1, 0x07, 1, 2, 3, 4, 5, 6, 7, 8});
    const Bytes jpeg_ls = from_hex(
        "ffd8fff7000b0800100010010111"
        "00ffda0008010100000000"
        "ffd9");
    const Bytes jpeg2000 = from_hex(
        "ff4fff5100290000000000100000001000000000000000000000001000000010000000000000000000010701"
        "01ff52000c00000001000404000001ff5c0007404048485000");
    // With precincts, and code-blocks of 4 x 4: more than pixels for a decoder to list.
    const Bytes many_blocks = from_hex(
        "ff4fff5100290000000000100000001000000000000000000000001000000010000000000000000000010701"
        "01ff52001101000001000400000001"
        "1122334455ff5c0007404048485000");
    std::vector<Bytes> seeds;
    const auto add = [&](std::uint8_t syntax, std::uint8_t bits, const Bytes& frame) {
        for (std::uint8_t photometric = 0; photometric < 2; ++photometric) {
            Bytes seed{syntax,
                       photometric,
                       kSize,
                       kSize,
                       static_cast<std::uint8_t>(bits > 8 ? 1 : 0),
                       bits,
                       static_cast<std::uint8_t>(bits - 1),
                       0};
            seed.insert(seed.end(), frame.begin(), frame.end());
            seeds.push_back(std::move(seed));
        }
    };
    add(0, 8, ramp);
    add(1, 8, jpeg);
    add(2, 8, jpeg);
    add(3, 8, jpeg);
    add(4, 8, jpeg_ls);
    add(5, 8, jpeg2000);
    add(6, 8, jpeg2000);
    add(5, 8, many_blocks);
    add(7, 8, rle);
    // Codestreams that lie about their dimensions.
    Bytes lying_jpeg = jpeg;
    const Bytes start_of_frame{0xFF, 0xC0};
    const auto frame = std::search(lying_jpeg.begin(), lying_jpeg.end(), start_of_frame.begin(),
                                   start_of_frame.end());
    std::fill_n(frame + 5, 4, std::uint8_t{0xFF});
    add(1, 8, lying_jpeg);
    Bytes lying_jpeg2000 = jpeg2000;
    for (const std::size_t size : {std::size_t{8}, std::size_t{24}})
        std::fill_n(lying_jpeg2000.begin() + static_cast<std::ptrdiff_t>(size), 8,
                    std::uint8_t{0x7F});
    add(5, 8, lying_jpeg2000);
    Bytes lying_jpeg_ls = jpeg_ls;
    std::fill_n(lying_jpeg_ls.begin() + 7, 4, std::uint8_t{0xFF});
    add(4, 8, lying_jpeg_ls);
    // Ends within a value, and has no end.
    add(4, 8,
        from_hex("ffd8fff7000b0800100010010111"
                 "00ffda0008010100000000"
                 "012a"));
    // RLE segments beyond the end.
    Bytes lying_rle = rle;
    lying_rle[0] = 15;
    std::fill_n(lying_rle.begin() + 4, 60, std::uint8_t{0xF0});
    add(7, 8, lying_rle);
    ramp.resize(ramp.size() * 2, 3);
    add(0, 12, ramp);
    return seeds;
}
