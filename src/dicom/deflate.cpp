#include <zlib.h>

#include <algorithm>
#include <limits>
#include <span>
#include <string>

#include "base/error.h"
#include "dicom/reader.h"

namespace lucerna::dicom {
namespace {

constexpr int kRawDeflate = -MAX_WBITS;
constexpr std::size_t kScratch = std::size_t{64} << 10;

/// zlib counts input and output in unsigned int.
uInt at_most_uint(std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

}  // namespace

namespace {

/// Inflates step by step.
class Inflater {
  public:
    explicit Inflater(ByteView input) : input_(input) {
        if (inflateInit2(&stream_, kRawDeflate) != Z_OK) {
            throw Error(ErrorCode::kInternal, "zlib cannot start to inflate");
        }
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    [[nodiscard]] bool ended() const { return ended_; }
    /// Fills `into` as far as there is something; returns how far.
    std::size_t fill(std::span<std::uint8_t> into) {
        std::size_t filled = 0;
        while (!ended_ && filled < into.size()) {
            stream_.next_in = const_cast<Bytef*>(input_.data() + consumed_);
            stream_.avail_in = at_most_uint(input_.size() - consumed_);
            stream_.next_out = into.data() + filled;
            stream_.avail_out = at_most_uint(into.size() - filled);
            const uInt in = stream_.avail_in;
            const uInt out = stream_.avail_out;
            const int state = inflate(&stream_, Z_NO_FLUSH);
            consumed_ += in - stream_.avail_in;
            filled += out - stream_.avail_out;
            const bool stuck = in == stream_.avail_in && out == stream_.avail_out;
            ended_ = state == Z_STREAM_END;
            if (!ended_ && (state != Z_OK || stuck)) {
                throw Error(ErrorCode::kInvalidInput,
                            "a deflated data set is damaged or ends early, at its byte " +
                                std::to_string(consumed_));
            }
        }
        return filled;
    }

  private:
    ByteView input_;
    z_stream stream_{};
    std::size_t consumed_ = 0;
    bool ended_ = false;
};

}  // namespace

std::size_t inflated_size(ByteView input, std::size_t limit) {
    Inflater inflater(input);
    Bytes scratch(kScratch);
    std::size_t size = 0;
    while (!inflater.ended()) {
        size += inflater.fill(scratch);
        if (size > limit) {
            throw Error(ErrorCode::kInvalidInput, "a deflated data set inflates to more than " +
                                                      std::to_string(limit) + " bytes");
        }
    }
    return size;
}

Bytes inflated_begin(ByteView input, std::size_t most) {
    Bytes begin(most);
    begin.resize(Inflater(input).fill(begin));
    return begin;
}

Bytes inflated(ByteView input, std::size_t limit) {
    // Counted first: memory is given to what is there, and to nothing that is thrown away again.
    return inflated_begin(input, inflated_size(input, limit));
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
