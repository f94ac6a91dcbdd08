#include <zlib.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "dicom/reader.h"

namespace lucerna::dicom {
namespace {

constexpr int kRawDeflate = -MAX_WBITS;
constexpr std::size_t kFirstBuffer = std::size_t{256} << 10;

/// zlib counts input and output in unsigned int.
uInt at_most_uint(std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

}  // namespace

Bytes inflated(ByteView input, std::size_t limit) {
    z_stream stream{};
    if (inflateInit2(&stream, kRawDeflate) != Z_OK) {
        throw Error(ErrorCode::kInternal, "zlib cannot start to inflate");
    }
    struct End {
        z_stream* of;
        ~End() { inflateEnd(of); }
    } const end{&stream};

    Bytes output;
    std::size_t consumed = 0;
    std::size_t produced = 0;
    int state = Z_OK;
    while (state != Z_STREAM_END) {
        if (produced == output.size()) {
            // One byte past the limit tells a bomb from what just fits.
            if (output.size() > limit) {
                throw Error(ErrorCode::kInvalidInput, "a deflated data set inflates to more than " +
                                                          std::to_string(limit) + " bytes");
            }
            output.resize(std::min(std::max(kFirstBuffer, output.size() * 2), limit + 1));
        }
        stream.next_in = const_cast<Bytef*>(input.data() + consumed);
        stream.avail_in = at_most_uint(input.size() - consumed);
        stream.next_out = output.data() + produced;
        stream.avail_out = at_most_uint(output.size() - produced);
        const uInt in = stream.avail_in;
        const uInt out = stream.avail_out;
        state = inflate(&stream, Z_NO_FLUSH);
        consumed += in - stream.avail_in;
        produced += out - stream.avail_out;
        const bool stuck = in == stream.avail_in && out == stream.avail_out;
        if (state != Z_STREAM_END && (state != Z_OK || stuck)) {
            throw Error(ErrorCode::kInvalidInput,
                        "a deflated data set is damaged or ends early, at "
                        "its byte " +
                            std::to_string(consumed));
        }
    }
    if (produced > limit) {
        throw Error(ErrorCode::kInvalidInput, "a deflated data set inflates to more than " +
                                                  std::to_string(limit) + " bytes");
    }
    output.resize(produced);
    return output;
}

Bytes deflated(ByteView input) {
    z_stream stream{};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawDeflate, MAX_MEM_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        throw Error(ErrorCode::kInternal, "zlib cannot start to deflate");
    }
    struct End {
        z_stream* of;
        ~End() { deflateEnd(of); }
    } const end{&stream};

    Bytes output(deflateBound(&stream, static_cast<uLong>(input.size())));
    std::size_t consumed = 0;
    std::size_t produced = 0;
    int state = Z_OK;
    while (state != Z_STREAM_END) {
        stream.next_in = const_cast<Bytef*>(input.data() + consumed);
        stream.avail_in = at_most_uint(input.size() - consumed);
        stream.next_out = output.data() + produced;
        stream.avail_out = at_most_uint(output.size() - produced);
        const uInt in = stream.avail_in;
        const uInt out = stream.avail_out;
        state = deflate(&stream, consumed + in == input.size() ? Z_FINISH : Z_NO_FLUSH);
        consumed += in - stream.avail_in;
        produced += out - stream.avail_out;
        if (state != Z_OK && state != Z_STREAM_END) {
            throw Error(ErrorCode::kInternal, "zlib failed to deflate a data set");
        }
    }
    output.resize(produced);
    // PS3.5 A.5: of even length.
    if (output.size() % 2 == 1) output.push_back(0);
    return output;
}

}  // namespace lucerna::dicom
