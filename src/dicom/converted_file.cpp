#include "dicom/converted_file.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "dicom/around_pixels.h"
#include "dicom/encoders.h"
#include "dicom/fragment_items.h"
#include "dicom/frames.h"
#include "dicom/loss.h"
#include "dicom/node.h"
#include "dicom/reader.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

/// How much is deflated at once: always as much, so that it comes out the same each time.
constexpr std::size_t kStep = 64 * 1024;

}  // namespace

/// What comes out of deflate (PS3.5 A.5), in its order.
struct ConvertedFile::Deflating {
    explicit Deflating(std::size_t head) : head_bytes(head) { restart(); }
    ~Deflating() { deflateEnd(&stream); }
    Deflating(const Deflating&) = delete;
    Deflating& operator=(const Deflating&) = delete;

    void restart() {
        deflateEnd(&stream);
        stream = {};
        constexpr int kRawDeflate = -MAX_WBITS;
        if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawDeflate, MAX_MEM_LEVEL,
                         Z_DEFAULT_STRATEGY) != Z_OK)
            throw Error(ErrorCode::kInternal, "zlib cannot start to deflate");
        taken = head_bytes;
        out_begin = head_bytes;
        out.clear();
        ended = is_broken = false;
    }

    /// The next that comes out; `plain` of `size` bytes goes in.
    void step(ConvertedFile& of, std::uint64_t size) {
        is_broken = true;
        out_begin += out.size();
        out.resize(kStep);
        stream.next_out = out.data();
        stream.avail_out = static_cast<uInt>(out.size());
        while (stream.avail_out > 0 && !ended) {
            if (stream.avail_in == 0 && taken < size) {
                in.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kStep, size - taken)));
                of.read_plain(taken, in);
                taken += in.size();
                stream.next_in = in.data();
                stream.avail_in = static_cast<uInt>(in.size());
            }
            const int state = deflate(&stream, taken == size ? Z_FINISH : Z_NO_FLUSH);
            if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR)
                throw Error(ErrorCode::kInternal, "zlib failed to deflate a data set");
            ended = state == Z_STREAM_END;
        }
        out.resize(out.size() - stream.avail_out);
        // PS3.5 A.5: a byte is added where the length is odd.
        if (ended && (out_begin - head_bytes + out.size()) % 2 == 1) out.push_back(0);
        is_broken = false;
    }

    const std::size_t head_bytes;
    z_stream stream{};
    Bytes in;
    /// Of what goes in.
    std::uint64_t taken = 0;
    Bytes out;
    std::uint64_t out_begin = 0;
    bool ended = false;
    /// What should go in could not be read.
    bool is_broken = false;
};

ConvertedFile::ConvertedFile(Open open, std::string_view transfer_syntax_uid, GivingWay giving_way)
    : open_(std::move(open)), giving_way_(std::move(giving_way)) {
    lay_out(transfer_syntax_uid);
    size_ = plain_size();
    const TransferSyntax* const syntax = find_transfer_syntax(transfer_syntax_uid);
    if (syntax != nullptr && syntax->deflated) {
        deflating_ = std::make_unique<Deflating>(read_file_meta(before_).data_set_offset);
        while (!deflating_->ended) {
            deflating_->step(*this, plain_size());
            // Others between frames alone, which would be made again for each of their pieces.
            if (way_ == Way::kAsTheyLie && !deflating_->ended) give_way_where_asked();
        }
        size_ = deflating_->out_begin + deflating_->out.size();
    }
    giving_way_ = {};
}

ConvertedFile::~ConvertedFile() = default;

FramedObject& ConvertedFile::object() {
    if (!object_) object_.emplace(open_());
    return *object_;
}

void ConvertedFile::let_go() {
    object_.reset();
    put(-1, {});
}

void ConvertedFile::put(int frame, Bytes made) {
    frame_ = frame;
    frame_bytes_ = std::move(made);
}

void ConvertedFile::give_way_where_asked() {
    if (!giving_way_.is_asked || !giving_way_.is_asked()) return;
    let_go();
    giving_way_.give_way();
}

/// What stands around the pixels, and where each frame begins.
void ConvertedFile::lay_out(std::string_view syntax) {
    const DataSet& header = object().header();
    const Element* const pixels = header.node().find(tags::kPixelData);
    if (pixels == nullptr)
        throw Error(ErrorCode::kUnsupported, "an object without pixels has no frames to convert");
    encoder_ = find_encoder(syntax);
    const TransferSyntax* const target = find_transfer_syntax(syntax);
    if (encoder_ == nullptr &&
        (target == nullptr || target->encapsulated() || !target->little_endian))
        throw Error(ErrorCode::kUnsupported,
                    "cannot write an object in transfer syntax " + std::string(syntax));
    if (encoder_ != nullptr || pixels->fragments() != nullptr) {
        way_ = encoder_ != nullptr ? Way::kEncoded : Way::kDecoded;
        if (pixels->fragments() != nullptr) (void)bytes_of_all_frames(header);
        return measure_frames(syntax, frame_count(header));
    }
    const std::uint64_t bytes = pixels->value().size();
    AroundPixels around = around_pixels(header, syntax, pixels->vr, bytes + bytes % 2);
    before_ = std::move(around.before);
    after_.assign(bytes % 2, 0);
    after_.insert(after_.end(), around.after.begin(), around.after.end());
    begins_.push_back(bytes);
}

void ConvertedFile::measure_frames(std::string_view syntax, int frames) {
    DataSet copy;
    PixelLayout layout;
    bool has_more_than_values = false;
    const auto measure = [&](int i) {
        const DataSet& shown = object().with_frame(i);
        if (i == 0) {
            copy = shown.clone();
            // Of a codestream that is there, and goes with the next frame.
            keep_loss(copy);
            (void)copy.node().put(tags::kPixelData, vr::kOb, ByteView());
        }
        DecodedFrame frame =
            encoder_ != nullptr ? frame_to_encode(shown, i) : decode_cells(shown, i);
        if (i == 0) layout = layout_of(frame, frames);
        layout.bits_stored = std::max(layout.bits_stored, frame.bits_stored);
        has_more_than_values |= frame.has_more_than_values;
        Bytes made =
            encoder_ != nullptr ? fragment_of(encoder_->encode(frame)) : std::move(frame.samples);
        begins_.push_back(begins_.back() + made.size());
        if (frames == 1) put(0, std::move(made));
    };
    for (int i = 0; i < frames; ++i) {
        measure(i);
        if (i + 1 < frames) give_way_where_asked();
    }
    object().forget_frame();
    if (encoder_ != nullptr && encoder_->transforms_rgb &&
        layout.photometric_interpretation == "RGB")
        layout.photometric_interpretation = "YBR_RCT";
    set_layout(copy, layout);
    if (has_more_than_values) copy_value_bits(object().header(), copy);
    const std::uint64_t pixels = begins_.back();
    if (encoder_ == nullptr && pixels > kUndefinedLength - 2)
        throw Error(ErrorCode::kUnsupported, "decoded, it is larger than 4 GiB");
    const Vr vr = encoder_ == nullptr && layout.bits_allocated > 8 ? vr::kOw : vr::kOb;
    AroundPixels around = around_pixels(
        copy, syntax, vr, encoder_ == nullptr ? std::optional(pixels + pixels % 2) : std::nullopt);
    before_ = std::move(around.before);
    if (encoder_ == nullptr) {
        after_.assign(pixels % 2, 0);
    } else {
        put_fragment(before_, basic_offset_table(begins_));
        put_item_head(after_, kSequenceDelimitation, 0);
    }
    after_.insert(after_.end(), around.after.begin(), around.after.end());
    if (frames == 1) object_.reset();
}

std::uint64_t ConvertedFile::plain_size() const {
    return before_.size() + begins_.back() + after_.size();
}

/// `at` is behind `before_`. Returns how much it read.
std::size_t ConvertedFile::read_frame(std::uint64_t at, std::span<std::uint8_t> into) {
    if (way_ == Way::kAsTheyLie) {
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(begins_.back() - at, into.size()));
        object().read_pixels(static_cast<std::size_t>(at), into.first(count));
        return count;
    }
    const auto next = std::upper_bound(begins_.begin(), begins_.end(), at);
    const int frame = static_cast<int>(next - begins_.begin()) - 1;
    const std::uint64_t begin = *(next - 1);
    if (frame_ != frame) {
        give_way_where_asked();
        put(-1, {});
        const DataSet& shown = object().with_frame(frame);
        Bytes made = way_ == Way::kDecoded
                         ? decode_cells(shown, frame).samples
                         : fragment_of(encoder_->encode(frame_to_encode(shown, frame)));
        // While the receiver takes its time.
        object().forget_frame();
        if (made.size() != *next - begin)
            throw Error(ErrorCode::kCorrupt, "a frame is another than it was");
        put(frame, std::move(made));
        if (begins_.size() == 2) object_.reset();
    }
    return copy_of_piece(frame_bytes_, begin, at, into);
}

void ConvertedFile::read_plain(std::uint64_t at, std::span<std::uint8_t> into) {
    const std::uint64_t pixels_end = before_.size() + begins_.back();
    while (!into.empty()) {
        const std::size_t count = at < before_.size() ? copy_of_piece(before_, 0, at, into)
                                  : at < pixels_end   ? read_frame(at - before_.size(), into)
                                                      : copy_of_piece(after_, pixels_end, at, into);
        at += count;
        into = into.subspan(count);
    }
}

void ConvertedFile::read(std::uint64_t at, std::span<std::uint8_t> into) {
    if (!deflating_) return read_plain(at, into);
    Deflating& out = *deflating_;
    while (!into.empty()) {
        if (at < out.head_bytes) {
            const std::size_t count =
                copy_of_piece(ByteView(before_).first(out.head_bytes), 0, at, into);
            at += count;
            into = into.subspan(count);
            continue;
        }
        if (at < out.out_begin || out.is_broken) out.restart();
        if (at >= out.out_begin + out.out.size()) {
            if (out.ended) throw Error(ErrorCode::kCorrupt, "a file is another than it was");
            out.step(*this, plain_size());
            continue;
        }
        const std::size_t count = copy_of_piece(out.out, out.out_begin, at, into);
        at += count;
        into = into.subspan(count);
    }
}

}  // namespace lucerna::dicom
