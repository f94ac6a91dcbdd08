// DCMTK's decoders; its encoders are in encode_dcmtk.cpp.
#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, as DCMTK asks.
#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmjpeg/djdecode.h>

#include <algorithm>
#include <mutex>
#include <string>

#include "base/error.h"
#include "dicom/codestream_kind.h"
#include "dicom/dcmtk_log.h"
#include "dicom/decoders.h"

namespace lucerna::dicom {
namespace {

/// Once for the process.
void register_codecs() {
    static std::once_flag once;
    std::call_once(once, [] {
        silence_dcmtk();
        DJDecoderRegistration::registerCodecs(EDC_photometricInterpretation, EUC_default,
                                              EPC_colorByPixel);
    });
}

[[noreturn]] void damaged(const OFCondition& why) {
    throw Error(ErrorCode::kInvalidInput,
                std::string("a compressed frame is damaged: ") + why.text());
}

void require(const OFCondition& outcome) {
    if (outcome.bad()) damaged(outcome);
}

/// A data set of one frame and no more than the codecs look at.
void describe_frame(DcmDataset& data_set, const StoredLayout& layout, int bits_allocated,
                    int bits_stored) {
    const auto put = [&](const DcmTagKey& tag, int value) {
        require(data_set.putAndInsertUint16(tag, static_cast<Uint16>(value)));
    };
    put(DCM_SamplesPerPixel, layout.samples_per_pixel);
    require(data_set.putAndInsertString(DCM_PhotometricInterpretation,
                                        layout.photometric_interpretation.c_str()));
    if (layout.samples_per_pixel > 1) put(DCM_PlanarConfiguration, 0);
    put(DCM_Rows, layout.rows);
    put(DCM_Columns, layout.columns);
    put(DCM_BitsAllocated, bits_allocated);
    put(DCM_BitsStored, bits_stored);
    put(DCM_HighBit, bits_stored - 1);
    put(DCM_PixelRepresentation, layout.is_signed ? 1 : 0);
}

/// The codestream as the one fragment of encapsulated pixel data, behind an empty offset table.
void add_codestream(DcmDataset& data_set, ByteView codestream, E_TransferSyntax syntax) {
    auto sequence = std::make_unique<DcmPixelSequence>(DCM_PixelSequenceTag);
    auto table = std::make_unique<DcmPixelItem>(DCM_PixelItemTag);
    require(sequence->insert(table.get()));
    (void)table.release();
    auto item = std::make_unique<DcmPixelItem>(DCM_PixelItemTag);
    // DCMTK pads to even length itself, but it reads what it is given.
    Bytes padded(codestream.begin(), codestream.end());
    if (padded.size() % 2 == 1) padded.push_back(0);
    require(item->putUint8Array(padded.data(), static_cast<unsigned long>(padded.size())));
    require(sequence->insert(item.get()));
    (void)item.release();
    auto pixels = std::make_unique<DcmPixelData>(DCM_PixelData);
    pixels->putOriginalRepresentation(syntax, nullptr, sequence.release());
    require(data_set.insert(pixels.get()));
    (void)pixels.release();
}

/// Samples of 8 bits to 16, where the header allocates more than the codestream has.
Bytes widened(const Bytes& narrow) {
    Bytes wide(narrow.size() * 2);
    for (std::size_t i = 0; i < narrow.size(); ++i) wide[2 * i] = narrow[i];
    return wide;
}

/// DCMTK turns YCbCr into RGB, which rounds: a lossless codestream is to give back what went in.
bool keeps_ybr(const TransferSyntax& syntax, const StoredLayout& layout) {
    return syntax.codec == Codec::kJpeg && syntax.lossless &&
           layout.photometric_interpretation.starts_with("YBR_FULL");
}

/// What the codestream says of its colors where the header says otherwise, as it does where RGB was
/// compressed without a word: decoders everywhere go by the codestream.
std::string_view other_colors(ByteView codestream, const TransferSyntax& syntax,
                              const StoredLayout& layout) {
    if (syntax.codec != Codec::kJpeg || syntax.lossless || layout.samples_per_pixel != 3) return {};
    const std::string_view said = colors_said_by(codestream);
    const bool is_ybr = layout.photometric_interpretation.starts_with("YBR");
    return said.empty() || (said == "RGB") != is_ybr ? std::string_view() : said;
}

}  // namespace

DecodedFrame decode_by_dcmtk(ByteView codestream, const TransferSyntax& syntax,
                             const CodestreamHeader& header, const StoredLayout& layout) {
    register_codecs();
    const DcmXfer xfer(std::string(syntax.uid).c_str());
    const bool narrow = header.precision <= 8 && layout.bits_allocated == 16;
    const int bits_allocated = narrow ? 8 : layout.bits_allocated;
    DcmDataset data_set;
    StoredLayout described = layout;
    if (const std::string_view said = other_colors(codestream, syntax, layout); !said.empty())
        described.photometric_interpretation = said;
    if (keeps_ybr(syntax, layout)) described.photometric_interpretation = "RGB";
    describe_frame(data_set, described, bits_allocated,
                   std::min(bits_allocated, layout.bits_stored));
    add_codestream(data_set, codestream, xfer.getXfer());

    DcmElement* element = nullptr;
    require(data_set.findAndGetElement(DCM_PixelData, element));
    const std::size_t size = layout.samples() * static_cast<std::size_t>(bits_allocated / 8);
    // DCMTK takes buffers of even length.
    DecodedFrame frame;
    frame.samples.resize(size + size % 2);
    Uint32 fragment = 1;
    OFString color_model;
    const OFCondition outcome =
        element->getUncompressedFrame(&data_set, 0, fragment, frame.samples.data(),
                                      static_cast<Uint32>(frame.samples.size()), color_model);
    if (outcome.bad()) damaged(outcome);
    frame.samples.resize(size);
    if (narrow) frame.samples = widened(frame.samples);
    frame.rows = layout.rows;
    frame.columns = layout.columns;
    frame.samples_per_pixel = layout.samples_per_pixel;
    frame.bits_allocated = layout.bits_allocated;
    if (keeps_ybr(syntax, layout))
        frame.photometric_interpretation = "YBR_FULL";
    else
        frame.photometric_interpretation =
            color_model.empty() ? layout.photometric_interpretation : color_model.c_str();
    return frame;
}

}  // namespace lucerna::dicom
