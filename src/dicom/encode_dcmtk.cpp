// JPEG lossless and RLE by DCMTK's encoders, as decode_dcmtk.cpp has its decoders.
#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, as DCMTK asks.
#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmdata/dcrlerp.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpeg/djrplol.h>

#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/dcmtk_log.h"
#include "dicom/encoders.h"

namespace lucerna::dicom {
namespace {

/// Once for the process.
void register_encoders() {
    static std::once_flag once;
    std::call_once(once, [] {
        silence_dcmtk();
        DJEncoderRegistration::registerCodecs(ECC_lossyYCbCr, EUC_never);
        DcmRLEEncoderRegistration::registerCodecs();
    });
}

void require(const OFCondition& outcome) {
    if (outcome.good()) return;
    throw Error(ErrorCode::kInternal, std::string("DCMTK cannot encode: ") + outcome.text());
}

/// A data set of the frame and of what the encoders look at.
void describe(DcmDataset& data_set, const DecodedFrame& frame, int bits_stored) {
    const auto put = [&](const DcmTagKey& tag, int value) {
        require(data_set.putAndInsertUint16(tag, static_cast<Uint16>(value)));
    };
    put(DCM_SamplesPerPixel, frame.samples_per_pixel);
    require(data_set.putAndInsertString(DCM_PhotometricInterpretation,
                                        frame.photometric_interpretation.c_str()));
    if (frame.samples_per_pixel > 1) put(DCM_PlanarConfiguration, 0);
    put(DCM_Rows, frame.rows);
    put(DCM_Columns, frame.columns);
    put(DCM_BitsAllocated, frame.bits_allocated);
    put(DCM_BitsStored, bits_stored);
    put(DCM_HighBit, bits_stored - 1);
    put(DCM_PixelRepresentation, frame.is_signed ? 1 : 0);
    if (frame.bits_allocated == 16) {
        std::vector<Uint16> words(frame.count());
        std::memcpy(words.data(), frame.samples.data(), frame.samples.size());
        require(data_set.putAndInsertUint16Array(DCM_PixelData, words.data(),
                                                 static_cast<unsigned long>(words.size())));
    } else {
        Bytes even = frame.samples;
        if (even.size() % 2 == 1) even.push_back(0);
        require(data_set.putAndInsertUint8Array(DCM_PixelData, even.data(),
                                                static_cast<unsigned long>(even.size())));
    }
}

/// The fragments of the one frame, behind the offset table.
Bytes fragments_of(DcmDataset& data_set, E_TransferSyntax syntax,
                   const DcmRepresentationParameter* parameter) {
    DcmElement* element = nullptr;
    require(data_set.findAndGetElement(DCM_PixelData, element));
    DcmPixelSequence* sequence = nullptr;
    require(dynamic_cast<DcmPixelData&>(*element).getEncapsulatedRepresentation(syntax, parameter,
                                                                                sequence));
    Bytes out;
    for (unsigned long i = 1; i < sequence->card(); ++i) {
        DcmPixelItem* item = nullptr;
        require(sequence->getItem(item, i));
        Uint8* bytes = nullptr;
        require(item->getUint8Array(bytes));
        out.insert(out.end(), bytes, bytes + item->getLength());
    }
    return out;
}

Bytes encode(const DecodedFrame& frame, E_TransferSyntax syntax,
             const DcmRepresentationParameter* parameter) {
    register_encoders();
    DcmDataset data_set;
    // Samples fill what they have in memory where they are signed: JPEG knows no signs.
    describe(data_set, frame, frame.is_signed ? frame.bits_allocated : frame.bits_stored);
    require(data_set.chooseRepresentation(syntax, parameter));
    return fragments_of(data_set, syntax, parameter);
}

}  // namespace

Bytes encode_jpeg_lossless(const DecodedFrame& frame) {
    const DJ_RPLossless first_order(1, 0);
    return encode(frame, EXS_JPEGProcess14SV1, &first_order);
}

Bytes encode_rle(const DecodedFrame& frame) {
    const DcmRLERepresentationParameter parameter;
    return encode(frame, EXS_RLELossless, &parameter);
}

}  // namespace lucerna::dicom
