#include "dicom/piecewise_file.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "dicom/around_pixels.h"
#include "dicom/fragment_items.h"
#include "dicom/node.h"
#include "dicom/reader.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

/// Of pixels that go as they lie.
constexpr std::uint64_t kNativePiece = std::uint64_t{1} << 20;

/// Behind those that end at `end`, and moves that.
void add_fragment(std::size_t bytes, std::uint64_t& end, std::vector<ByteRange>& fragments) {
    const auto begin = static_cast<std::size_t>(end) + kItemHeadBytes;
    fragments.push_back({begin, begin + bytes + bytes % 2});
    end = fragments.back().end;
}

/// As DataSet::to_part10 has it, but that nothing is deflated.
std::string syntax_of(const DataSet& object) {
    const std::string& own = object.transfer_syntax_uid();
    const bool is_another = own.empty() || own == transfer_syntax::kExplicitVrBigEndian ||
                            own == transfer_syntax::kDeflatedExplicitVrLittleEndian;
    return is_another ? std::string(transfer_syntax::kExplicitVrLittleEndian) : own;
}

const Fragments* fragments_of(const FramedObject& object) {
    return object.header().node().find(tags::kPixelData)->fragments();
}

PixelPieces native_as_they_lie(const std::shared_ptr<FramedObject>& object,
                               const BarePixels& bare) {
    PixelPieces pieces;
    pieces.transfer_syntax_uid = syntax_of(object->header());
    pieces.vr = object->header().node().find(tags::kPixelData)->vr;
    const std::uint64_t size = bare.native_bytes + bare.native_bytes % 2;
    while (pieces.begins.back() < size)
        pieces.begins.push_back(std::min(pieces.begins.back() + kNativePiece, size));
    pieces.make = [object, bytes = bare.native_bytes, last_bits = bare.last_bits,
                   begins = pieces.begins](std::size_t piece) {
        Bytes made(static_cast<std::size_t>(begins[piece + 1] - begins[piece]));
        const auto at = static_cast<std::size_t>(begins[piece]);
        const std::size_t held = std::min(made.size(), bytes - at);
        object->read_pixels(at, std::span(made).first(held));
        if (at + held == bytes && held > 0) made[held - 1] &= last_bits;
        return PixelPieces::Made{std::move(made)};
    };
    return pieces;
}

/// A frame a piece, with the heads of its fragments.
PixelPieces fragments_as_they_lie(const std::shared_ptr<FramedObject>& object) {
    PixelPieces pieces;
    pieces.transfer_syntax_uid = syntax_of(object->header());
    pieces.vr = vr::kOb;
    pieces.is_native = false;
    const Fragments& all = *fragments_of(*object);
    pieces.basic_offset_table.assign(all.basic_offset_table.begin(), all.basic_offset_table.end());
    const int frames = frame_count(object->header());
    for (int i = 0; i < frames; ++i) {
        const ByteRange range = fragments_of_frame(object->header(), i);
        std::uint64_t end = pieces.begins.back();
        for (std::size_t k = range.begin; k < range.end; ++k)
            add_fragment(all.pieces[k].size(), end, pieces.fragments);
        pieces.begins.push_back(end);
    }
    pieces.make = [object](std::size_t frame) {
        const ByteRange range = fragments_of_frame(object->with_frame(static_cast<int>(frame)),
                                                   static_cast<int>(frame));
        Bytes made;
        for (std::size_t k = range.begin; k < range.end; ++k)
            put_fragment(made, fragments_of(*object)->pieces[k]);
        object->forget_frame();
        return PixelPieces::Made{std::move(made)};
    };
    return pieces;
}

PixelPieces bare_codestreams(const std::shared_ptr<FramedObject>& object,
                             const std::vector<std::size_t>& frame_bytes) {
    PixelPieces pieces;
    pieces.transfer_syntax_uid = syntax_of(object->header());
    pieces.vr = vr::kOb;
    pieces.is_native = false;
    for (const std::size_t bytes : frame_bytes) {
        std::uint64_t end = pieces.begins.back();
        add_fragment(bytes, end, pieces.fragments);
        pieces.begins.push_back(end);
    }
    pieces.basic_offset_table = basic_offset_table(pieces.begins);
    pieces.make = [object](std::size_t frame) {
        Bytes made;
        put_fragment(
            made, bare_frame(object->with_frame(static_cast<int>(frame)), static_cast<int>(frame)));
        object->forget_frame();
        return PixelPieces::Made{std::move(made)};
    };
    return pieces;
}

}  // namespace

PixelPieces bare_pieces(const std::shared_ptr<FramedObject>& object, const BarePixels& bare) {
    if (fragments_of(*object) == nullptr) return native_as_they_lie(object, bare);
    return bare.frame_bytes.empty() ? fragments_as_they_lie(object)
                                    : bare_codestreams(object, bare.frame_bytes);
}

PixelPieces frame_pieces(const PixelLayout& layout, std::function<DecodedFrame(int frame)> make) {
    PixelPieces pieces;
    pieces.transfer_syntax_uid = transfer_syntax::kExplicitVrLittleEndian;
    pieces.vr = layout.bits_allocated > 8 ? vr::kOw : vr::kOb;
    const std::uint64_t frame_bytes =
        static_cast<std::uint64_t>(layout.rows) * static_cast<std::uint64_t>(layout.columns) *
        static_cast<std::uint64_t>(layout.samples_per_pixel * (layout.bits_allocated / 8));
    for (int i = 0; i < layout.frames; ++i)
        pieces.begins.push_back(pieces.begins.back() + frame_bytes);
    const bool is_padded = pieces.begins.back() % 2 == 1;
    if (is_padded) ++pieces.begins.back();
    pieces.make = [make = std::move(make), is_padded,
                   last = static_cast<std::size_t>(layout.frames) - 1](std::size_t frame) {
        DecodedFrame made = make(static_cast<int>(frame));
        if (made.share) made.share->keep_only(made.samples.size());
        if (is_padded && frame == last) made.samples.push_back(0);
        return PixelPieces::Made{std::move(made.samples), std::move(made.share)};
    };
    return pieces;
}

PiecewiseFile::PiecewiseFile(const DataSet& attributes, PixelPieces pixels)
    : pixels_(std::move(pixels)) {
    const std::uint64_t bytes = pixels_.begins.back();
    if (pixels_.is_native && bytes > kUndefinedLength - 2)
        throw Error(ErrorCode::kUnsupported, "decoded, it is larger than 4 GiB");
    AroundPixels around = around_pixels(attributes, pixels_.transfer_syntax_uid, pixels_.vr,
                                        pixels_.is_native ? std::optional(bytes) : std::nullopt);
    before_ = std::move(around.before);
    const bool is_implicit =
        pixels_.transfer_syntax_uid == transfer_syntax::kImplicitVrLittleEndian;
    element_begin_ = before_.size() - (is_implicit ? 8 : 12);
    if (!pixels_.is_native) {
        put_fragment(before_, pixels_.basic_offset_table);
        put_item_head(after_, kSequenceDelimitation, 0);
    }
    after_.insert(after_.end(), around.after.begin(), around.after.end());
}

PiecewiseFile::PiecewiseFile(const DataSet& attributes) : before_(attributes.to_part10()) {}

std::uint64_t PiecewiseFile::size() const {
    return before_.size() + pixels_.begins.back() + after_.size();
}

ByteView PiecewiseFile::piece_at(std::uint64_t at, std::uint64_t& begin) {
    const auto next = std::upper_bound(pixels_.begins.begin(), pixels_.begins.end(), at);
    const auto piece = static_cast<std::size_t>(next - pixels_.begins.begin()) - 1;
    begin = pixels_.begins[piece];
    if (made_ && piece_ == piece) return made_->bytes;
    // Its memory is free for the next one.
    made_.reset();
    made_ = pixels_.make(piece);
    piece_ = piece;
    if (made_->bytes.size() == *next - begin) return made_->bytes;
    made_.reset();
    throw Error(ErrorCode::kCorrupt, "a frame is another than it was");
}

void PiecewiseFile::read(std::uint64_t at, std::span<std::uint8_t> into) {
    const std::uint64_t pixels_end = before_.size() + pixels_.begins.back();
    while (!into.empty()) {
        std::uint64_t begin = 0;
        ByteView piece = before_;
        if (at >= pixels_end) {
            piece = after_;
            begin = pixels_end;
        } else if (at >= before_.size()) {
            piece = piece_at(at - before_.size(), begin);
            begin += before_.size();
        }
        const std::size_t count = copy_of_piece(piece, begin, at, into);
        at += count;
        into = into.subspan(count);
    }
}

Bytes PiecewiseFile::whole() {
    Bytes all(static_cast<std::size_t>(size()));
    read(0, all);
    return all;
}

std::optional<FramedObject> PiecewiseFile::object_in(const std::shared_ptr<PiecewiseFile>& file) {
    if (file->element_begin_ == 0) return {};
    Bytes around(file->before_.begin(),
                 file->before_.begin() + static_cast<std::ptrdiff_t>(file->element_begin_));
    const std::size_t item = file->pixels_.is_native ? 0 : kItemHeadBytes;
    around.insert(around.end(), file->after_.begin() + static_cast<std::ptrdiff_t>(item),
                  file->after_.end());
    const auto read = [file](std::size_t at, std::span<std::uint8_t> into) {
        file->read(file->before_.size() + at, into);
    };
    if (file->pixels_.is_native)
        return FramedObject(std::move(around),
                            static_cast<std::size_t>(file->pixels_.begins.back()), read,
                            PixelData::kKeep);
    const FragmentPlaces places{file->pixels_.basic_offset_table, file->pixels_.fragments};
    if (!FramedObject::can_tell_frames(DataSet::parse(around), places)) return {};
    return FramedObject(std::move(around), places, read, PixelData::kKeep);
}

}  // namespace lucerna::dicom
