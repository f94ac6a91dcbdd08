// The one place that includes OpenJPH.
#include <openjph/ojph_arch.h>
#include <openjph/ojph_codestream.h>
#include <openjph/ojph_file.h>
#include <openjph/ojph_mem.h>
#include <openjph/ojph_message.h>
#include <openjph/ojph_params.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "dicom/encoders.h"

namespace lucerna::dicom {
namespace {

/// OpenJPH prints what it throws, unless it is told not to: once for the process.
class Silence final : public ojph::message_error {
  public:
    void operator()(int, const char*, int, const char* format, ...) override {
        throw std::runtime_error(format);
    }
};

void silence() {
    static Silence silence;
    static std::once_flag once;
    std::call_once(once, [] { ojph::configure_error(&silence); });
}

void describe(ojph::codestream& codestream, const DecodedFrame& frame) {
    const auto components = static_cast<ojph::ui32>(frame.samples_per_pixel);
    const auto columns = static_cast<ojph::ui32>(frame.columns);
    const auto rows = static_cast<ojph::ui32>(frame.rows);
    ojph::param_siz size = codestream.access_siz();
    size.set_image_extent(ojph::point(columns, rows));
    size.set_num_components(components);
    for (ojph::ui32 i = 0; i < components; ++i) {
        size.set_component(i, ojph::point(1, 1), static_cast<ojph::ui32>(frame.bits_stored),
                           frame.is_signed);
    }
    size.set_image_offset(ojph::point(0, 0));
    size.set_tile_size(ojph::size(columns, rows));
    size.set_tile_offset(ojph::point(0, 0));
    ojph::param_cod coding = codestream.access_cod();
    ojph::ui32 halvings = 5;
    // One at least: OpenJPH 0.21 (Debian 13) changes values where there is none.
    while (halvings > 1 && std::min(rows, columns) < 1U << halvings) --halvings;
    coding.set_num_decomposition(halvings);
    coding.set_block_dims(64, 64);
    coding.set_progression_order("RPCL");
    coding.set_color_transform(frame.photometric_interpretation == "RGB");
    coding.set_reversible(true);
    codestream.set_planar(false);
}

void write_rows(ojph::codestream& codestream, const DecodedFrame& frame) {
    const auto components = static_cast<std::size_t>(frame.samples_per_pixel);
    const auto columns = static_cast<std::size_t>(frame.columns);
    ojph::ui32 component = 0;
    ojph::line_buf* line = codestream.exchange(nullptr, component);
    for (std::size_t y = 0; y < static_cast<std::size_t>(frame.rows); ++y) {
        for (std::size_t i = 0; i < components; ++i) {
            for (std::size_t x = 0; x < columns; ++x) {
                line->i32[x] = static_cast<ojph::si32>(
                    frame.value((y * columns + x) * components + component));
            }
            line = codestream.exchange(line, component);
        }
    }
}

}  // namespace

Bytes encode_htj2k(const DecodedFrame& frame) {
    silence();
    try {
        ojph::codestream codestream;
        describe(codestream, frame);
        ojph::mem_outfile out;
        out.open();
        codestream.write_headers(&out);
        write_rows(codestream, frame);
        codestream.flush();
        Bytes bytes(out.get_data(), out.get_data() + out.tell());
        codestream.close();
        return bytes;
    } catch (const std::runtime_error& error) {
        throw Error(ErrorCode::kInternal, std::string("OpenJPH: ") + error.what());
    } catch (const char* error) {
        throw Error(ErrorCode::kInternal, std::string("OpenJPH: ") + error);
    }
}

}  // namespace lucerna::dicom
