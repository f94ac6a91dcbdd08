#include "store/plain_content.h"

#include <algorithm>
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

/// Beside pixels. It is there twice while it is read.
constexpr std::size_t kMostHeld = std::size_t{32} << 20;
constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::size_t kWholeUnits = std::size_t{1} << 20;

std::span<std::uint8_t> room_for(dicom::SparseBuffer& buffer, std::size_t bytes) {
    const auto room = buffer.grow(bytes);
    if (room.empty())
        throw Error(ErrorCode::kUnavailable,
                    "it is kept in another encoding, and there is too much beside its pixels to be "
                    "compared: " +
                        buffer.holding().refusal());
    return room;
}

/// Pixel Data are bytes of no use to it.
void forget(dicom::SparseBuffer& buffer, dicom::ByteRange& left) {
    const std::size_t end = std::min(left.end, buffer.size());
    if (left.begin >= end) return;
    buffer.forget({left.begin, end});
    left.begin = end;
}

/// Of the element whose value begins there.
dicom::Vr vr_before(ByteView bytes, std::size_t value) {
    const std::size_t at = value - dicom::kLongestHeader + 4;
    return {static_cast<char>(bytes[at]), static_cast<char>(bytes[at + 1])};
}

void turn(std::span<std::uint8_t> values, std::size_t unit) {
    for (; unit > 1 && values.size() >= unit; values = values.subspan(unit))
        std::reverse(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(unit));
}

}  // namespace

/// The data set as it is encoded, of one that is deflated as it was before.
class PlainContent::Source {
  public:
    virtual ~Source() = default;
    [[nodiscard]] virtual ByteView bytes() const = 0;
    [[nodiscard]] virtual const std::optional<dicom::ByteRange>& native_pixels() const = 0;
    virtual void read_pixels(std::span<std::uint8_t> into) = 0;
    /// What was held for what is beside them.
    virtual void forget_bytes() = 0;
};

class PlainContent::Stored final : public Source {
  public:
    Stored(const Pieces& file, std::size_t data_set_offset, const dicom::Encoding& encoding,
           dicom::ByteBudget& memory)
        : file_(file), offset_(data_set_offset), scan_(0, encoding), buffer_(memory) {
        std::optional<dicom::ByteRange> left;
        for (std::uint64_t at = offset_; at < file_.size;) {
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, file_.size - at));
            const auto room = room_for(buffer_, count);
            if (!left || left->end < buffer_.size()) file_.read(at, room);
            at += count;
            scan_.follow(buffer_.bytes());
            (void)scan_.take_large();
            if (!left) left = scan_.native_pixels();
            if (left) forget(buffer_, *left);
        }
        if (left) at_ = offset_ + scan_.native_pixels()->begin;
    }
    [[nodiscard]] ByteView bytes() const override { return buffer_.bytes(); }
    [[nodiscard]] const std::optional<dicom::ByteRange>& native_pixels() const override {
        return scan_.native_pixels();
    }
    void read_pixels(std::span<std::uint8_t> into) override {
        file_.read(at_, into);
        at_ += into.size();
    }
    void forget_bytes() override { buffer_.clear(); }

  private:
    const Pieces& file_;
    const std::size_t offset_;
    dicom::ValueScan scan_;
    dicom::SparseBuffer buffer_;
    std::uint64_t at_ = 0;
};

class PlainContent::Deflated final : public Source {
  public:
    Deflated(const Pieces& file, std::size_t data_set_offset, dicom::ByteBudget& memory)
        : file_(file),
          offset_(data_set_offset),
          memory_(memory),
          head_(std::make_unique<dicom::HeadInflation>(dicom::Limits{}, dicom::Forgotten::kPixels,
                                                       &memory)) {
        const std::size_t most = dicom::most_inflated(file_.size - offset_, {});
        Coming coming(*this);
        while (!head_->ended() && coming.more()) {
            head_->follow(coming.bytes(), most);
            coming.forget(head_->consumed());
        }
        if (!head_->ended())
            throw Error(ErrorCode::kInvalidInput, "a deflated data set ends early");
        pixels_ = head_->scan().native_pixels();
    }
    [[nodiscard]] ByteView bytes() const override { return head_->bytes(); }
    [[nodiscard]] const std::optional<dicom::ByteRange>& native_pixels() const override {
        return pixels_;
    }
    void read_pixels(std::span<std::uint8_t> into) override {
        if (!coming_) {
            coming_ = std::make_unique<Coming>(*this);
            Bytes before(kPiece);
            for (std::size_t at = 0; at < pixels_->begin; at += before.size()) {
                before.resize(std::min(kPiece, pixels_->begin - at));
                inflate(before);
            }
        }
        inflate(into);
    }
    void forget_bytes() override { head_.reset(); }

  private:
    /// What is deflated, from its first byte on.
    class Coming {
      public:
        explicit Coming(const Deflated& of) : of_(of), buffer_(of.memory_) {}
        [[nodiscard]] ByteView bytes() const { return buffer_.bytes(); }
        [[nodiscard]] bool more() {
            const std::uint64_t at = of_.offset_ + buffer_.size();
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, of_.file_.size - at));
            if (count == 0) return false;
            of_.file_.read(at, room_for(buffer_, count));
            return true;
        }
        void forget(std::size_t consumed) {
            buffer_.forget({forgotten_, consumed});
            forgotten_ = consumed;
        }

      private:
        const Deflated& of_;
        dicom::SparseBuffer buffer_;
        std::size_t forgotten_ = 0;
    };

    void inflate(std::span<std::uint8_t> into) {
        while (!into.empty()) {
            into = into.subspan(inflater_.fill_from(coming_->bytes(), into));
            coming_->forget(inflater_.consumed());
            if (!into.empty() && !coming_->more()) inflater_.refuse_damaged();
        }
    }

    const Pieces& file_;
    const std::size_t offset_;
    dicom::ByteBudget& memory_;
    std::unique_ptr<dicom::HeadInflation> head_;
    std::optional<dicom::ByteRange> pixels_;
    dicom::Inflater inflater_;
    std::unique_ptr<Coming> coming_;
};

PlainContent::PlainContent(const Pieces& file, const dicom::Part10Parts& beginning)
    : memory_(kMostHeld) {
    const auto* const syntax = dicom::find_transfer_syntax(beginning.head.transfer_syntax_uid);
    const dicom::Encoding encoding{syntax->explicit_vr, syntax->little_endian};
    if (syntax->deflated)
        source_ = std::make_unique<Deflated>(file, beginning.data_set_offset, memory_);
    else
        source_ = std::make_unique<Stored>(file, beginning.data_set_offset, encoding, memory_);

    dicom::ObjectHead head = beginning.head;
    if (syntax->deflated)
        head.transfer_syntax_uid = dicom::transfer_syntax::kExplicitVrLittleEndian;
    Bytes rest = dicom::part10_head(head, "");
    const ByteView bytes = source_->bytes();
    const std::optional<dicom::ByteRange> pixels = source_->native_pixels();
    if (pixels && pixels->end > bytes.size())
        throw Error(ErrorCode::kInvalidInput, "a data set ends within its Pixel Data");
    const dicom::Vr pixel_vr =
        pixels && encoding.explicit_vr ? vr_before(bytes, pixels->begin) : dicom::vr::kOw;
    const std::size_t header = encoding.explicit_vr ? dicom::kLongestHeader : 8;
    const ByteView before = pixels ? bytes.first(pixels->begin - header) : bytes;
    const ByteView behind = pixels ? bytes.subspan(pixels->end) : ByteView();
    rest.reserve(rest.size() + before.size() + behind.size());
    rest.insert(rest.end(), before.begin(), before.end());
    rest.insert(rest.end(), behind.begin(), behind.end());
    source_->forget_bytes();

    const dicom::DataSet set = dicom::DataSet::parse(std::move(rest));
    if (pixels) pixel_bytes_ = pixels->end - pixels->begin;
    if (!encoding.little_endian) {
        const bool is_long = set.integer(dicom::tags::kBitsAllocated) == 32;
        unit_ = is_long && pixel_vr == dicom::vr::kOw ? 4 : pixel_vr.unit();
    }
    beside_pixels_ = sha256(set.to_part10(dicom::transfer_syntax::kExplicitVrLittleEndian));
}

PlainContent::~PlainContent() = default;

void PlainContent::next_pixels(std::span<std::uint8_t> into) {
    source_->read_pixels(into);
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
