// The one place that includes CharLS. DCMTK's copy of it has functions of the same names: the two
// cannot be in one program, so DCMTK's JPEG-LS codec is not linked.
#include <charls/charls.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/error.h"
#include "dicom/decoders.h"
#include "dicom/encoders.h"

namespace lucerna::dicom {
namespace {

/// RRR..GGG..BBB to RGBRGB.
Bytes interleaved_planes(const Bytes& planes, std::size_t pixels, std::size_t components,
                         std::size_t bytes) {
    Bytes out(planes.size());
    for (std::size_t plane = 0; plane < components; ++plane) {
        for (std::size_t i = 0; i < pixels; ++i) {
            std::memcpy(&out[(i * components + plane) * bytes],
                        &planes[(plane * pixels + i) * bytes], bytes);
        }
    }
    return out;
}

Bytes widened(const Bytes& narrow) {
    Bytes wide(narrow.size() * 2);
    for (std::size_t i = 0; i < narrow.size(); ++i) wide[2 * i] = narrow[i];
    return wide;
}

/// Whether EOI (T.87 C.1.1) is there, maybe with a byte of padding behind it.
bool is_ended(ByteView codestream) {
    constexpr std::array<std::uint8_t, 2> kEndOfImage = {0xFF, 0xD9};
    const ByteView end = codestream.last(std::min<std::size_t>(codestream.size(), 4));
    return std::search(end.begin(), end.end(), kEndOfImage.begin(), kEndOfImage.end()) != end.end();
}

Bytes decoded_samples(ByteView codestream, const StoredLayout& layout) {
    Bytes completed;
    if (!is_ended(codestream)) {
        // Where there is none, CharLS 2 can read zeros behind the end, for seconds.
        completed.assign(codestream.begin(), codestream.end());
        completed.insert(completed.end(), {0xFF, 0xD9});
        codestream = completed;
    }
    charls::jpegls_decoder decoder;
    decoder.source(codestream.data(), codestream.size());
    decoder.read_header();
    Bytes samples(decoder.destination_size());
    const std::size_t bytes = decoder.frame_info().bits_per_sample > 8 ? 2 : 1;
    if (samples.size() != layout.samples() * bytes) {
        throw Error(ErrorCode::kInvalidInput,
                    "a JPEG-LS frame is damaged: it has another size than its header says");
    }
    decoder.decode(samples);
    if (layout.samples_per_pixel > 1 &&
        decoder.interleave_mode() == charls::interleave_mode::none) {
        samples = interleaved_planes(samples, layout.pixels(),
                                     static_cast<std::size_t>(layout.samples_per_pixel), bytes);
    }
    if (bytes == 1 && layout.bits_allocated == 16) return widened(samples);
    return samples;
}

Bytes encoded_samples(const DecodedFrame& frame, const Bytes& samples, int bits) {
    for (std::size_t room = 1;; room *= 2) {
        charls::jpegls_encoder encoder;
        encoder.frame_info({static_cast<std::uint32_t>(frame.columns),
                            static_cast<std::uint32_t>(frame.rows), bits, frame.samples_per_pixel});
        if (frame.samples_per_pixel > 1) encoder.interleave_mode(charls::interleave_mode::sample);
        Bytes out(room * encoder.estimated_destination_size());
        encoder.destination(out);
        try {
            out.resize(encoder.encode(samples));
            return out;
        } catch (const charls::jpegls_error& error) {
            // The estimate is of what was; noise takes more. Never more than four times as much,
            // the longest code of a sample (T.87 C.2.4.1.1, LIMIT).
            const bool is_full = error.code() == charls::jpegls_errc::destination_buffer_too_small;
            if (!is_full || room == 4) throw;
        }
    }
}

}  // namespace

DecodedFrame decode_by_charls(ByteView codestream, const StoredLayout& layout) {
    DecodedFrame frame;
    try {
        frame.samples = decoded_samples(codestream, layout);
    } catch (const charls::jpegls_error& error) {
        throw Error(ErrorCode::kInvalidInput,
                    std::string("a compressed frame is damaged: JPEG-LS: ") + error.what());
    }
    frame.rows = layout.rows;
    frame.columns = layout.columns;
    frame.samples_per_pixel = layout.samples_per_pixel;
    frame.bits_allocated = layout.bits_allocated;
    frame.photometric_interpretation = layout.photometric_interpretation;
    return frame;
}

Bytes encode_jpeg_ls(const DecodedFrame& frame) {
    // JPEG-LS knows no signs, and few readers extend them themselves: signed samples come in all of
    // the bits that they have in memory. Less than 8 bits many readers do not take.
    const int bits = frame.is_signed ? frame.bits_allocated : std::max(frame.bits_stored, 8);
    try {
        // CharLS takes samples of up to 8 bits a byte each.
        if (bits > 8 || frame.bits_allocated == 8)
            return encoded_samples(frame, frame.samples, bits);
        Bytes narrow(frame.count());
        for (std::size_t i = 0; i < narrow.size(); ++i) narrow[i] = frame.samples[2 * i];
        return encoded_samples(frame, narrow, bits);
    } catch (const charls::jpegls_error& error) {
        throw Error(ErrorCode::kInternal, std::string("CharLS: ") + error.what());
    }
}

}  // namespace lucerna::dicom
