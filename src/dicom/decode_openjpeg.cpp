#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/error.h"
#include "dicom/decoders.h"
#include "dicom/openjpeg_handles.h"

namespace lucerna::dicom {
namespace {

/// What OpenJPEG reads from.
struct Source {
    ByteView bytes;
    std::size_t at = 0;
};

OPJ_SIZE_T read_some(void* buffer, OPJ_SIZE_T size, void* user) {
    auto& source = *static_cast<Source*>(user);
    const std::size_t count = std::min<std::size_t>(size, source.bytes.size() - source.at);
    if (count == 0) return static_cast<OPJ_SIZE_T>(-1);
    std::memcpy(buffer, source.bytes.data() + source.at, count);
    source.at += count;
    return count;
}

OPJ_OFF_T skip_some(OPJ_OFF_T count, void* user) {
    auto& source = *static_cast<Source*>(user);
    if (count < 0) return -1;
    const auto left = static_cast<OPJ_OFF_T>(source.bytes.size() - source.at);
    const OPJ_OFF_T step = std::min(count, left);
    source.at += static_cast<std::size_t>(step);
    return step == 0 && count > 0 ? -1 : step;
}

OPJ_BOOL seek_to(OPJ_OFF_T to, void* user) {
    auto& source = *static_cast<Source*>(user);
    if (to < 0 || static_cast<std::size_t>(to) > source.bytes.size()) return OPJ_FALSE;
    source.at = static_cast<std::size_t>(to);
    return OPJ_TRUE;
}

using openjpeg::Coder;
using openjpeg::Image;
using openjpeg::Stream;

[[noreturn]] void damaged(const std::string& why) {
    throw Error(ErrorCode::kInvalidInput,
                "a JPEG 2000 frame is damaged: " + (why.empty() ? "it cannot be decoded" : why));
}

Image decode(ByteView codestream, const StoredLayout& layout, int halvings) {
    std::string complaint;
    const Coder codec(opj_create_decompress(OPJ_CODEC_J2K));
    Source source{codestream};
    const Stream stream(opj_stream_default_create(OPJ_TRUE));
    if (codec == nullptr || stream == nullptr) {
        throw Error(ErrorCode::kInternal, "OpenJPEG cannot start to decode");
    }
    openjpeg::listen_to(codec, complaint);
    opj_stream_set_user_data(stream.get(), &source, nullptr);
    opj_stream_set_user_data_length(stream.get(), codestream.size());
    opj_stream_set_read_function(stream.get(), read_some);
    opj_stream_set_skip_function(stream.get(), skip_some);
    opj_stream_set_seek_function(stream.get(), seek_to);
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    if (!opj_setup_decoder(codec.get(), &parameters)) damaged(complaint);

    opj_image_t* raw = nullptr;
    const bool has_header = opj_read_header(stream.get(), codec.get(), &raw) != OPJ_FALSE;
    Image image(raw);
    if (!has_header || image == nullptr) damaged(complaint);
    if (image->numcomps != static_cast<OPJ_UINT32>(layout.samples_per_pixel)) {
        damaged("it has another number of components than its header says");
    }
    if (halvings > 0 &&
        !opj_set_decoded_resolution_factor(codec.get(), static_cast<OPJ_UINT32>(halvings)))
        damaged(complaint);
    if (!opj_decode(codec.get(), stream.get(), image.get())) damaged(complaint);
    if (!opj_end_decompress(codec.get(), stream.get())) damaged(complaint);
    return image;
}

int halved(int side, int halvings) {
    return static_cast<int>((std::int64_t{side} + (std::int64_t{1} << halvings) - 1) >> halvings);
}

/// In which row of a component the frame's row `y` is.
std::size_t row_in(const opj_image_comp_t& component, std::size_t y) {
    return std::min<std::size_t>(y / component.dy, component.h - 1);
}

/// Rows [first, last) of one component into their places; subsampled ones are repeated.
template <typename Sample>
void place(const opj_image_comp_t& component, DecodedFrame& frame, int index,
           std::uint32_t sign_bit, std::size_t first, std::size_t last) {
    const auto step = static_cast<std::size_t>(frame.samples_per_pixel);
    const auto columns = static_cast<std::size_t>(frame.columns);
    std::uint8_t* const out = frame.samples.data();
    for (std::size_t y = first; y < last; ++y) {
        const OPJ_INT32* const row = component.data + row_in(component, y) * component.w;
        for (std::size_t x = 0; x < columns; ++x) {
            auto bits = static_cast<std::uint32_t>(
                row[std::min<std::size_t>(x / component.dx, component.w - 1)]);
            // Sign-extends where the header says signed and the codestream does not.
            bits = (bits ^ sign_bit) - sign_bit;
            const auto sample = static_cast<Sample>(bits);
            std::memcpy(
                out + ((y * columns + x) * step + static_cast<std::size_t>(index)) * sizeof(Sample),
                &sample, sizeof(Sample));
        }
    }
}

/// Gives the system back those pages that hold nothing but samples before row `last` of the
/// component. What was before `first` is given back already.
void give_back(const opj_image_comp_t& component, std::size_t first, std::size_t last) {
    static const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto address = [&](std::size_t row) {
        return reinterpret_cast<std::uintptr_t>(component.data + row * component.w);
    };
    const std::uintptr_t whole = (address(0) + page - 1) / page * page;
    const std::uintptr_t begin = std::max(whole, address(first) / page * page);
    const std::uintptr_t end = address(last) / page * page;
    // Without it the memory is freed a little later.
    if (begin < end) (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

/// The frame's samples take the place of the decoder's, which are two or four times as large: both
/// are never in memory as a whole.
template <typename Sample>
void place_all(const opj_image_t& image, DecodedFrame& frame, std::uint32_t sign_bit) {
    constexpr std::size_t kStrip = 64;
    const auto rows = static_cast<std::size_t>(frame.rows);
    const std::size_t row_bytes = static_cast<std::size_t>(frame.columns) *
                                  static_cast<std::size_t>(frame.samples_per_pixel) *
                                  sizeof(Sample);
    frame.samples.reserve(rows * row_bytes);
    for (std::size_t first = 0; first < rows; first += kStrip) {
        const std::size_t last = std::min(rows, first + kStrip);
        frame.samples.resize(last * row_bytes);
        for (int i = 0; i < frame.samples_per_pixel; ++i) {
            const opj_image_comp_t& component = image.comps[i];
            place<Sample>(component, frame, i, sign_bit, first, last);
            give_back(component, row_in(component, first), row_in(component, last));
        }
    }
}

}  // namespace

DecodedFrame decode_by_openjpeg(ByteView codestream, const CodestreamHeader& header,
                                const StoredLayout& layout, int halvings) {
    if (layout.bits_allocated > 16) {
        throw Error(ErrorCode::kUnsupported, "JPEG 2000 of more than 16 bits is not read here");
    }
    const auto image = decode(without_boxes(codestream), layout, halvings);
    DecodedFrame frame;
    frame.rows = halved(layout.rows, halvings);
    frame.columns = halved(layout.columns, halvings);
    frame.samples_per_pixel = layout.samples_per_pixel;
    frame.bits_allocated = layout.bits_allocated > 8 ? 16 : 8;
    const bool had_transform = layout.photometric_interpretation == "YBR_RCT" ||
                               layout.photometric_interpretation == "YBR_ICT";
    frame.photometric_interpretation = had_transform ? "RGB" : layout.photometric_interpretation;
    const std::uint32_t sign_bit =
        layout.is_signed && !header.is_signed ? std::uint32_t{1} << (header.precision - 1) : 0;
    for (int i = 0; i < layout.samples_per_pixel; ++i) {
        const opj_image_comp_t& component = image->comps[i];
        if (component.data == nullptr || component.w == 0 || component.h == 0 ||
            component.dx == 0 || component.dy == 0) {
            damaged("a component is empty");
        }
    }
    if (frame.bits_allocated == 8)
        place_all<std::uint8_t>(*image, frame, sign_bit);
    else
        place_all<std::uint16_t>(*image, frame, sign_bit);
    return frame;
}

}  // namespace lucerna::dicom
