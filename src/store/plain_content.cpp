#include "store/plain_content.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "dicom/data_set.h"
#include "dicom/inflate.h"
#include "dicom/limits.h"
#include "dicom/reader.h"
#include "dicom/sparse_buffer.h"
#include "dicom/uids.h"
#include "dicom/value_scan.h"

namespace lucerna::store {
namespace {

/// Beside pixels and other large values.
constexpr std::size_t kMostHeld = std::size_t{32} << 20;
constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::size_t kWholeUnits = std::size_t{1} << 20;

std::span<std::uint8_t> room_for(dicom::SparseBuffer& buffer, std::size_t bytes) {
    if (buffer.held() + bytes > kMostHeld)
        throw Error(ErrorCode::kConflict,
                    "it is kept already, in another encoding, and more than " +
                        std::to_string(kMostHeld) +
                        " bytes beside pixels and other large values are too much to be compared");
    const auto room = buffer.grow(bytes);
    if (room.empty()) throw Error(ErrorCode::kUnavailable, buffer.holding().refusal());
    return room;
}

/// Of the element in explicit VR whose value begins there.
dicom::Vr vr_before(ByteView bytes, std::size_t value) {
    const std::size_t at = value - dicom::kLongestHeader + 4;
    return {static_cast<char>(bytes[at]), static_cast<char>(bytes[at + 1])};
}

void turn(std::span<std::uint8_t> values, std::size_t unit) {
    for (; unit > 1 && values.size() >= unit; values = values.subspan(unit))
        std::reverse(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(unit));
}

/// So malformed that there is no saying whether it is the same.
[[noreturn]] void refuse_pixels(const std::string& what) {
    throw Error(ErrorCode::kInvalidInput,
                "an uncompressed data set holds " + what + " (PS3.5 8.2, A.1)");
}

}  // namespace

/// The data set as it is encoded, of one that is deflated as it was before, from its first byte on.
class PlainContent::Source {
  public:
    virtual ~Source() = default;
    /// How many there were: fewer than there is room for at its end alone.
    virtual std::size_t read(std::span<std::uint8_t> into) = 0;
    virtual void skip(std::size_t count) = 0;

    [[nodiscard]] static std::unique_ptr<Source> of(const Pieces& file,
                                                    const dicom::Part10Parts& beginning);
};

class PlainContent::Stored final : public Source {
  public:
    Stored(const Pieces& file, std::size_t data_set_offset) : file_(file), at_(data_set_offset) {}
    std::size_t read(std::span<std::uint8_t> into) override {
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), file_.size - at_));
        file_.read(at_, into.first(count));
        at_ += count;
        return count;
    }
    void skip(std::size_t count) override {
        at_ += std::min<std::uint64_t>(count, file_.size - at_);
    }

  private:
    const Pieces& file_;
    std::uint64_t at_;
};

class PlainContent::Deflated final : public Source {
  public:
    Deflated(const Pieces& file, std::size_t data_set_offset)
        : file_(file),
          offset_(data_set_offset),
          most_(dicom::most_inflated(static_cast<std::size_t>(file.size) - data_set_offset, {})) {}
    std::size_t read(std::span<std::uint8_t> into) override {
        std::size_t filled = 0;
        while (filled < into.size() && !inflater_.ended()) {
            filled += inflater_.fill_from(coming_.bytes(), into.subspan(filled));
            coming_.forget({forgotten_, inflater_.consumed()});
            forgotten_ = inflater_.consumed();
            if (filled < into.size() && !inflater_.ended() && !more()) inflater_.refuse_damaged();
        }
        if (inflater_.position() > most_)
            throw Error(ErrorCode::kInvalidInput, "a deflated data set inflates to more than " +
                                                      std::to_string(most_) + " bytes");
        return filled;
    }
    void skip(std::size_t count) override {
        Bytes unwanted(std::min(kPiece, count));
        while (count > 0) {
            const std::size_t got =
                read(std::span(unwanted).first(std::min(unwanted.size(), count)));
            if (got == 0) return;
            count -= got;
        }
    }

  private:
    bool more() {
        const std::uint64_t at = offset_ + coming_.size();
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, file_.size - at));
        if (count > 0) file_.read(at, room_for(coming_, count));
        return count > 0;
    }

    const Pieces& file_;
    const std::size_t offset_;
    const std::size_t most_;
    dicom::Inflater inflater_;
    dicom::ByteBudget memory_{dicom::ByteBudget::kNoLimit};
    /// What is deflated, from its first byte on.
    dicom::SparseBuffer coming_{memory_};
    std::size_t forgotten_ = 0;
};

std::unique_ptr<PlainContent::Source> PlainContent::Source::of(
    const Pieces& file, const dicom::Part10Parts& beginning) {
    if (dicom::find_transfer_syntax(beginning.head.transfer_syntax_uid)->deflated)
        return std::make_unique<Deflated>(file, beginning.data_set_offset);
    return std::make_unique<Stored>(file, beginning.data_set_offset);
}

/// A DICOM file as it is read, in which large values are zeros; of those but the pixels there are
/// hashes.
class PlainContent::BesidePixels {
  public:
    BesidePixels(Source& source, const dicom::ObjectHead& head, const dicom::Encoding& encoding)
        : encoding_(encoding) {
        const Bytes meta = dicom::part10_head(head, "");
        std::copy(meta.begin(), meta.end(), room_for(buffer_, meta.size()).begin());
        begin_ = meta.size();
        scan_ = dicom::ValueScan(begin_, encoding_);
        Bytes piece(kPiece);
        for (std::size_t count = kPiece; count == kPiece;) {
            const bool unwanted = is_pixels(buffer_.size(), buffer_.size() + kPiece);
            count = kPiece;
            unwanted ? source.skip(kPiece) : void(count = source.read(piece));
            if (count == 0) break;
            const auto room = room_for(buffer_, count);
            if (!unwanted) std::copy_n(piece.begin(), count, room.begin());
            scan_.follow(buffer_.bytes());
            for (const dicom::ByteRange& value : scan_.take_large()) values_.push_back(value);
            if (scan_.fragments()) refuse_pixels("encapsulated Pixel Data");
            while (!values_.empty() && pass(values_.front())) values_.pop_front();
        }
        if (pixels() && pixels()->end > buffer_.size())
            throw Error(ErrorCode::kInvalidInput, "a data set ends within its Pixel Data");
    }

    [[nodiscard]] ByteView bytes() const { return buffer_.bytes(); }
    /// Where the data set begins.
    [[nodiscard]] std::size_t begin() const { return begin_; }
    [[nodiscard]] const std::optional<dicom::ByteRange>& pixels() const {
        return scan_.native_pixels();
    }
    /// Of all but Pixel Data. `set` is one that was read of `bytes`.
    [[nodiscard]] std::string hash_of(const dicom::DataSet& set) const {
        Sha256 hash;
        add(hash, set, true);
        return hash.finish();
    }

  private:
    [[nodiscard]] bool is_pixels(std::size_t begin, std::size_t end) const {
        return pixels() && pixels()->begin <= begin && end <= pixels()->end;
    }

    /// As far as it has come; false where more of it will.
    bool pass(dicom::ByteRange& value) {
        const bool ends = value.end <= buffer_.size();
        std::size_t end = std::min(value.end, buffer_.size());
        if (!is_pixels(value.begin, value.end)) {
            if (!value_begin_) {
                value_begin_ = value.begin;
                value_hash_ = Sha256();
                unit_ = encoding_.little_endian ? 1 : vr_before(bytes(), value.begin).unit();
            }
            if (!ends) end -= (end - value.begin) % unit_;
            const ByteView stored = bytes().subspan(value.begin, end - value.begin);
            Bytes turned(stored.begin(), stored.end());
            turn(turned, unit_);
            value_hash_.add(turned);
            if (ends) hashes_[*std::exchange(value_begin_, {})] = value_hash_.finish();
        }
        buffer_.forget({value.begin, end});
        value.begin = end;
        return ends;
    }

    static void add_text(Sha256& hash, const std::string& text) {
        hash.add(as_byte_view(text + "\n"));
    }

    /// Lengths of groups are those of an encoding; text is UTF-8, whatever it was.
    void add(Sha256& hash, const dicom::DataSet& set, bool is_outermost) const {
        for (const dicom::Tag tag : set.tags()) {
            if (tag.element == 0 || tag == dicom::tags::kSpecificCharacterSet) continue;
            const std::string vr = set.vr(tag);
            if (is_outermost && tag == dicom::tags::kPixelData && vr != "SQ") {
                if (!pixels()) refuse_pixels("Pixel Data of VR " + vr);
                continue;
            }
            const dicom::Items& items = set.items(tag);
            const ByteView value = set.bytes(tag);
            if (value.empty() && items.empty() && set.has_value(tag))
                refuse_pixels("encapsulated Pixel Data");
            // Implicit VR says UN of what is private, and OW where another says OB.
            add_text(hash, to_string(tag) + std::to_string(value.size()) + "," +
                               std::to_string(items.size()));
            for (const dicom::DataSet& item : items) {
                add(hash, item, false);
                add_text(hash, "end");
            }
            const bool is_within =
                value.data() >= bytes().data() && value.data() < bytes().data() + bytes().size();
            const auto large =
                is_within ? hashes_.find(static_cast<std::size_t>(value.data() - bytes().data()))
                          : hashes_.end();
            large == hashes_.end() ? hash.add(value) : add_text(hash, large->second);
        }
    }

    const dicom::Encoding encoding_;
    dicom::ByteBudget memory_{dicom::ByteBudget::kNoLimit};
    dicom::SparseBuffer buffer_{memory_};
    std::size_t begin_ = 0;
    dicom::ValueScan scan_{0, {}};
    /// Large ones, of the first what has not come yet.
    std::deque<dicom::ByteRange> values_;
    /// Of the one that is coming.
    std::optional<std::size_t> value_begin_;
    Sha256 value_hash_;
    std::size_t unit_ = 1;
    std::map<std::size_t, std::string> hashes_;
};

PlainContent::PlainContent(const Pieces& file, const dicom::Part10Parts& beginning) {
    const auto* const syntax = dicom::find_transfer_syntax(beginning.head.transfer_syntax_uid);
    const dicom::Encoding encoding{syntax->explicit_vr, syntax->little_endian};
    dicom::ObjectHead head = beginning.head;
    if (syntax->deflated)
        head.transfer_syntax_uid = dicom::transfer_syntax::kExplicitVrLittleEndian;
    const auto source = Source::of(file, beginning);
    const BesidePixels beside(*source, head, encoding);
    const dicom::DataSet set = dicom::DataSet::header_in(beside.bytes());
    beside_pixels_ = beside.hash_of(set);
    const auto& pixels = beside.pixels();
    if (!pixels) return;
    pixel_bytes_ = pixels->end - pixels->begin;
    if (!encoding.little_endian) {
        const dicom::Vr vr = vr_before(beside.bytes(), pixels->begin);
        const bool is_long = set.integer(dicom::tags::kBitsAllocated) == 32;
        unit_ = is_long && vr == dicom::vr::kOw ? 4 : vr.unit();
    }
    pixels_ = Source::of(file, beginning);
    pixels_->skip(pixels->begin - beside.begin());
}

PlainContent::~PlainContent() = default;

void PlainContent::next_pixels(std::span<std::uint8_t> into) {
    if (pixels_->read(into) < into.size())
        throw Error(ErrorCode::kInvalidInput, "a data set ends within its Pixel Data");
    turn(into, unit_);
}

bool is_same_content(PlainContent& a, PlainContent& b) {
    if (a.beside_pixels() != b.beside_pixels() || a.pixel_bytes() != b.pixel_bytes()) return false;
    Bytes of_a;
    Bytes of_b;
    for (std::uint64_t left = a.pixel_bytes().value_or(0); left > 0; left -= of_a.size()) {
        of_a.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kWholeUnits, left)));
        of_b.resize(of_a.size());
        a.next_pixels(of_a);
        b.next_pixels(of_b);
        if (of_a != of_b) return false;
    }
    return true;
}

}  // namespace lucerna::store
