#include <zlib.h>

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/memory_budget.h"
#include "dicom/decoding_memory.h"
#include "dicom/inflate.h"
#include "dicom/limits.h"
#include "dicom/reader.h"

namespace lucerna::dicom {
namespace {

constexpr int kRawDeflate = -MAX_WBITS;
constexpr std::size_t kScratch = std::size_t{64} << 10;

/// zlib counts input and output in unsigned int.
uInt at_most_uint(std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

/// What a deflated data set may inflate to: so much, and else so many times its size. Reports and
/// images come to a twentieth at best, masks of segmentations to a three hundredth; zeros to a
/// thousandth.
constexpr std::size_t kFreelyInflated = std::size_t{64} << 20;

}  // namespace

Inflater::Inflater(ByteView deflated) : input_(deflated) {
    if (inflateInit2(&stream_, kRawDeflate) != Z_OK) {
        throw Error(ErrorCode::kInternal, "zlib cannot start to inflate");
    }
}

Inflater::~Inflater() {
    inflateEnd(&stream_);
}

/// False where there is no more input, or nothing comes of it.
bool Inflater::step(std::span<std::uint8_t> into, std::size_t& filled) {
    const ByteView input = input_.subspan(consumed_ - input_begin_);
    stream_.next_in = const_cast<Bytef*>(input.data());
    stream_.avail_in = at_most_uint(input.size());
    stream_.next_out = into.data() + filled;
    stream_.avail_out = at_most_uint(into.size() - filled);
    const uInt in = stream_.avail_in;
    const uInt out = stream_.avail_out;
    const int state = inflate(&stream_, Z_NO_FLUSH);
    consumed_ += in - stream_.avail_in;
    filled += out - stream_.avail_out;
    position_ += out - stream_.avail_out;
    ended_ = state == Z_STREAM_END;
    if (!ended_ && state != Z_OK && state != Z_BUF_ERROR) refuse_damaged();
    return in != stream_.avail_in || out != stream_.avail_out;
}

void Inflater::refuse_damaged() const {
    throw Error(
        ErrorCode::kInvalidInput,
        "a deflated data set is damaged or ends early, at its byte " + std::to_string(consumed_));
}

std::size_t Inflater::fill(std::span<std::uint8_t> into) {
    std::size_t filled = 0;
    while (!ended_ && filled < into.size())
        if (!step(into, filled) && !ended_) refuse_damaged();
    return filled;
}

std::size_t Inflater::fill(std::span<std::uint8_t> into, const std::function<ByteView()>& next) {
    std::size_t filled = 0;
    while (!ended_ && filled < into.size()) {
        if (step(into, filled) || ended_) continue;
        if (consumed_ - input_begin_ < input_.size()) refuse_damaged();
        input_ = next();
        input_begin_ = consumed_;
        if (input_.empty()) refuse_damaged();
    }
    return filled;
}

std::size_t Inflater::fill_from(ByteView deflated, std::span<std::uint8_t> into) {
    input_ = deflated;
    std::size_t filled = 0;
    while (!ended_ && filled < into.size() && step(into, filled)) {
    }
    input_ = {};
    return filled;
}

std::size_t Inflater::skip(std::size_t count) {
    scratch_.resize(kScratch);
    std::size_t skipped = 0;
    while (!ended_ && skipped < count) {
        skipped += fill(std::span(scratch_).first(std::min(kScratch, count - skipped)));
    }
    return skipped;
}

std::size_t most_inflated(std::size_t deflated, const Limits& limits) {
    return std::min(limits.max_inflated_bytes,
                    std::max(kFreelyInflated, deflated * kMostExpansion));
}

namespace {

[[noreturn]] void refuse_more_than(std::size_t limit, const char* what) {
    throw Error(ErrorCode::kInvalidInput,
                std::string("a deflated data set inflates to more than ") + std::to_string(limit) +
                    " bytes" + what);
}

/// Counted first: memory is given to what is there, and to nothing that is thrown away again.
std::size_t inflated_size(ByteView input, std::size_t limit) {
    Inflater inflater(input);
    while (!inflater.ended()) {
        inflater.skip(kScratch);
        if (inflater.position() > limit) refuse_more_than(limit, "");
    }
    return inflater.position();
}

}  // namespace

HeadInflation::HeadInflation(const Limits& limits, Forgotten forgotten, ByteBudget* budget,
                             std::size_t large)
    : limits_(limits),
      forgotten_(forgotten),
      is_counted_here_(budget == nullptr),
      scan_(0, Encoding{}, large,
            forgotten == Forgotten::kAllButOutline ? ValueScan::Items::kPassed
                                                   : ValueScan::Items::kHeld),
      backing_(std::make_shared<InflatedHead::Backing>(budget)) {}

void HeadInflation::follow(ByteView deflated, std::size_t most) {
    Bytes piece(kScratch);
    while (!inflater_.ended()) {
        const std::size_t count = inflater_.fill_from(deflated, piece);
        if (count == 0) return;
        take(ByteView(piece).first(count));
        if (inflater_.position() > most) refuse_more_than(most, "");
    }
}

void HeadInflation::take(ByteView piece) {
    SparseBuffer& buffer = backing_->bytes;
    const std::size_t begin = buffer.size();
    const std::span<std::uint8_t> room = buffer.grow(piece.size());
    if (room.empty()) throw Error(ErrorCode::kUnavailable, buffer.holding().refusal());
    const bool unwanted =
        !values_.empty() && values_.front().begin <= begin && values_.front().end >= buffer.size();
    if (!unwanted) std::copy(piece.begin(), piece.end(), room.begin());
    scan_.follow(buffer.bytes());
    for (const ByteRange& value : scan_.take_large()) {
        if (forgotten_ != Forgotten::kPixels || value == scan_.native_pixels())
            values_.push_back(value);
    }
    forget();
    if (forgotten_ != Forgotten::kPixels && scan_.is_lost()) refuse_nonsense();
    if (buffer.held() > kFreelyInflated)
        refuse_more_than(kFreelyInflated, forgotten_ == Forgotten::kPixels
                                              ? " beside its pixels"
                                              : " beside its large values");
    count();
}

void HeadInflation::count() {
    if (!is_counted_here_ || has_share_ || backing_->bytes.held() <= kFreelyParsedBytes) return;
    MemoryBudget& memory = parsing_memory();
    backing_->share = memory.take(std::min(kFreelyInflated, memory.limit()),
                                  "what a deflated data set inflates to");
    has_share_ = true;
}

Extent HeadInflation::extent() const {
    switch (forgotten_) {
        case Forgotten::kPixels:
            return Extent::kWithoutPixels;
        case Forgotten::kLargeValues:
            return Extent::kHeader;
        case Forgotten::kAllButOutline:
            break;
    }
    return Extent::kOutline;
}

/// Before the rest of it is inflated, too, of which nothing could be forgotten.
void HeadInflation::refuse_nonsense() const {
    (void)read_data_set(bytes(), 0, Encoding{}, limits_, extent(), scan_.passed());
    throw Error(ErrorCode::kInvalidInput,
                "not a readable DICOM data set: what a deflated one inflates to makes no sense");
}

void HeadInflation::forget() {
    SparseBuffer& buffer = backing_->bytes;
    while (!values_.empty() && values_.front().begin < buffer.size()) {
        ByteRange& value = values_.front();
        buffer.forget({value.begin, std::min(value.end, buffer.size())});
        if (value.end > buffer.size()) {
            value.begin = buffer.size();
            return;
        }
        values_.pop_front();
    }
}

InflatedHead HeadInflation::head(std::size_t deflated_bytes) const {
    if (!inflater_.ended()) inflater_.refuse_damaged();
    const std::size_t most = most_inflated(deflated_bytes, limits_);
    if (inflater_.position() > most) refuse_more_than(most, "");
    if (has_share_) backing_->share.keep_only(backing_->bytes.held());
    return {read_data_set(bytes(), 0, Encoding{}, limits_, extent(), scan_.passed()), backing_};
}

InflatedHead read_deflated_head(ByteView deflated, const Limits& limits, Forgotten forgotten,
                                ByteBudget* budget) {
    HeadInflation inflation(limits, forgotten, budget);
    inflation.follow(deflated, most_inflated(deflated.size(), limits));
    return inflation.head(deflated.size());
}

Inflated inflated(ByteView input, std::size_t limit) {
    const std::size_t size = inflated_size(input, limit);
    Inflated all;
    if (size > kFreelyParsedBytes) {
        MemoryBudget& memory = parsing_memory();
        all.share = std::make_shared<MemoryBudget::Share>(
            memory.take(std::min(size, memory.limit()), "a deflated data set"));
    }
    all.bytes.resize(size);
    Inflater(input).fill(all.bytes);
    return all;
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
