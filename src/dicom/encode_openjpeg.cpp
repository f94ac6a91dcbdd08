#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/error.h"
#include "dicom/encoders.h"
#include "dicom/openjpeg_handles.h"

namespace lucerna::dicom {
namespace {

/// What OpenJPEG writes to: it goes back to fill in lengths.
struct Sink {
    Bytes bytes;
    std::size_t at = 0;

    void reach(std::size_t end) {
        if (end > bytes.size()) bytes.resize(end);
    }
};

OPJ_SIZE_T write_some(void* buffer, OPJ_SIZE_T size, void* user) {
    auto& sink = *static_cast<Sink*>(user);
    sink.reach(sink.at + size);
    std::memcpy(sink.bytes.data() + sink.at, buffer, size);
    sink.at += size;
    return size;
}

OPJ_OFF_T skip_some(OPJ_OFF_T count, void* user) {
    auto& sink = *static_cast<Sink*>(user);
    if (count < 0) return -1;
    sink.at += static_cast<std::size_t>(count);
    sink.reach(sink.at);
    return count;
}

OPJ_BOOL seek_to(OPJ_OFF_T to, void* user) {
    auto& sink = *static_cast<Sink*>(user);
    if (to < 0) return OPJ_FALSE;
    sink.at = static_cast<std::size_t>(to);
    sink.reach(sink.at);
    return OPJ_TRUE;
}

using openjpeg::Coder;
using openjpeg::Image;
using openjpeg::Stream;

void require(bool done, const std::string& complaint) {
    if (!done) throw Error(ErrorCode::kInternal, "OpenJPEG cannot encode: " + complaint);
}

Image image_of(const DecodedFrame& frame) {
    const auto components = static_cast<std::size_t>(frame.samples_per_pixel);
    std::array<opj_image_cmptparm_t, 3> parameters{};
    for (opj_image_cmptparm_t& one : parameters) {
        one.dx = one.dy = 1;
        one.w = static_cast<OPJ_UINT32>(frame.columns);
        one.h = static_cast<OPJ_UINT32>(frame.rows);
        one.prec = static_cast<OPJ_UINT32>(frame.bits_stored);
        one.sgnd = frame.is_signed ? 1 : 0;
    }
    Image image(opj_image_create(static_cast<OPJ_UINT32>(components), parameters.data(),
                                 components == 3 ? OPJ_CLRSPC_SRGB : OPJ_CLRSPC_GRAY));
    require(image != nullptr, "no memory");
    image->x1 = static_cast<OPJ_UINT32>(frame.columns);
    image->y1 = static_cast<OPJ_UINT32>(frame.rows);
    for (std::size_t i = 0; i < frame.count(); ++i)
        image->comps[i % components].data[i / components] = static_cast<OPJ_INT32>(frame.value(i));
    return image;
}

opj_cparameters_t lossless_parameters(const DecodedFrame& frame) {
    opj_cparameters_t parameters;
    opj_set_default_encoder_parameters(&parameters);
    parameters.tcp_numlayers = 1;
    parameters.tcp_rates[0] = 0;
    parameters.cp_disto_alloc = 1;
    parameters.irreversible = 0;
    parameters.tcp_mct = frame.photometric_interpretation == "RGB" ? 1 : 0;
    // A picture cannot be halved more often than it has pixels.
    while (parameters.numresolution > 1 &&
           std::min(frame.rows, frame.columns) < 1 << (parameters.numresolution - 1))
        --parameters.numresolution;
    return parameters;
}

}  // namespace

Bytes encode_jpeg2000(const DecodedFrame& frame) {
    std::string complaint;
    const Image image = image_of(frame);
    const Coder codec(opj_create_compress(OPJ_CODEC_J2K));
    Sink sink;
    const Stream stream(opj_stream_default_create(OPJ_FALSE));
    require(codec != nullptr && stream != nullptr, "it cannot start");
    openjpeg::listen_to(codec, complaint);
    opj_stream_set_user_data(stream.get(), &sink, nullptr);
    opj_stream_set_write_function(stream.get(), write_some);
    opj_stream_set_skip_function(stream.get(), skip_some);
    opj_stream_set_seek_function(stream.get(), seek_to);
    opj_cparameters_t parameters = lossless_parameters(frame);
    require(opj_setup_encoder(codec.get(), &parameters, image.get()), complaint);
    require(opj_start_compress(codec.get(), image.get(), stream.get()), complaint);
    require(opj_encode(codec.get(), stream.get()), complaint);
    require(opj_end_compress(codec.get(), stream.get()), complaint);
    return std::move(sink.bytes);
}

}  // namespace lucerna::dicom
