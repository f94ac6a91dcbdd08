#include "dicom/value_scan.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "dicom/vr.h"

namespace lucerna::dicom {
namespace {

/// As long as its delimiter takes to come.
constexpr std::size_t kNoEnd = std::numeric_limits<std::size_t>::max();
/// A sequence and its item are two.
constexpr std::size_t kMostOpen = 2 * Limits{}.max_depth;

bool is_mere_bytes(const ElementHeader& header, bool is_outermost) {
    if (header.vr != vr::kUn) return header.vr.is_bulk();
    // The data set's own Pixel Data are passed, whatever their VR is said to be.
    if (is_outermost && header.tag == tags::kPixelData) return true;
    // What the dictionary knows may be read as what it is (PS3.5 6.2.2).
    const auto entry = look_up(header.tag);
    return !entry || entry->vr == vr::kUn;
}

}  // namespace

void ValueScan::follow(ByteView bytes) {
    // A whole header has come wherever its longest form has; the last element's value follows it.
    while (!lost_ && at_ < bytes.size() && bytes.size() - at_ >= kLongestHeader) step(bytes);
}

std::vector<ByteRange> ValueScan::take_large() {
    return std::exchange(large_, {});
}

bool ValueScan::is_within_more_than(std::size_t size) const {
    return std::any_of(open_.begin(), open_.end(),
                       [&](const Open& one) { return one.end != kNoEnd && one.end > size; });
}

void ValueScan::step(ByteView bytes) {
    while (!open_.empty() && open_.back().end != kNoEnd && at_ >= open_.back().end) {
        if (at_ > open_.back().end) lost_ = true;
        leave(bytes);
    }
    if (lost_) return;
    const ElementHeader header = read_element_header(bytes, at_, bytes.size(), encoding_, false);
    if (fragments_of_ != Within::kNone)
        take_fragment(header);
    else if (header.tag == kItem)
        open_.empty() ? void(lost_ = true) : enter(header, encoding_);
    else if (header.tag.group == kItem.group)
        take_delimiter(bytes, header);
    else
        take_element(header);
}

void ValueScan::leave(ByteView bytes) {
    encoding_ = open_.back().outside;
    open_.pop_back();
    if (within_items_ && open_.size() == 1) pass_item(bytes);
    if (open_.empty()) within_items_ = false;
}

/// One that ends here, and would be refused where it cannot be read.
void ValueScan::pass_item(ByteView bytes) {
    passes_items_ = passes_items_ && !lost_ && items_->end == item_begin_ &&
                    (open_.back().end == kNoEnd || at_ <= open_.back().end);
    if (!passes_items_) return;
    lost_ = !is_readable_item(bytes, {item_begin_, at_}, encoding_, {});
    if (lost_) return;
    if (!large_.empty() && large_.back().end == item_begin_)
        large_.back().end = at_;
    else
        large_.push_back({item_begin_, at_});
    items_->end = at_;
}

void ValueScan::take_delimiter(ByteView bytes, const ElementHeader& header) {
    lost_ = open_.empty();
    if (lost_) return;
    at_ = header.value;
    // One may stand, against the standard, at the end of a sequence that has a length.
    if (open_.back().end != kNoEnd) return;
    leave(bytes);
}

void ValueScan::take_fragment(const ElementHeader& header) {
    if (header.tag == kItem && header.length != kUndefinedLength) {
        fragments_of_ == Within::kOwn ? pass_fragment(header) : pass(header);
        return;
    }
    fragments_of_ = Within::kNone;
    lost_ = header.tag != kSequenceDelimitation;
    at_ = header.value;
}

void ValueScan::take_element(const ElementHeader& header) {
    if (open_.empty() && header.tag.group > 0x0020 && !identified_) identified_ = header.offset;
    const bool undefined = header.length == kUndefinedLength;
    if (header.tag == tags::kPixelData && header.vr != vr::kSq && undefined) {
        at_ = header.value;
        const bool is_own = open_.empty() && !fragments_;
        fragments_of_ = is_own ? Within::kOwn : Within::kOther;
        if (is_own) fragments_ = PassedFragments{at_, 0, {}};
    } else if (header.vr == vr::kSq) {
        enter(header, encoding_);
    } else if (undefined) {
        // PS3.5 6.2.2, note 2: a sequence in implicit VR little endian.
        if (header.vr == vr::kUn || !encoding_.explicit_vr)
            enter(header, Encoding{false, true});
        else
            lost_ = true;
    } else if (is_mere_bytes(header, open_.empty())) {
        pass(header);
        const bool has_whole_header =
            !encoding_.explicit_vr || header.value - header.offset == kLongestHeader;
        if (header.tag == tags::kPixelData && open_.empty() && has_whole_header)
            native_pixels_ = ByteRange{header.value, at_};
    } else {
        at_ = header.value + header.length;
    }
}

void ValueScan::enter(const ElementHeader& header, const Encoding& inside) {
    lost_ = open_.size() == kMostOpen;
    const bool undefined = header.length == kUndefinedLength;
    open_.push_back({undefined ? kNoEnd : header.value + header.length, encoding_});
    encoding_ = inside;
    at_ = header.value;
    if (within_items_ && open_.size() == 2) item_begin_ = header.offset;
    if (!passes_items_ || items_ || open_.size() > 1 || header.vr != vr::kSq ||
        header.tag != tags::kPerFrameFunctionalGroupsSequence)
        return;
    items_ = ByteRange{at_, at_};
    within_items_ = true;
}

void ValueScan::pass(const ElementHeader& header) {
    at_ = header.value + header.length;
    if (header.length < least_) return;
    large_.push_back({header.value, at_});
    if (within_items_) passes_items_ = false;
}

/// Its head with it: of many, heads would take more than all else.
void ValueScan::pass_fragment(const ElementHeader& header) {
    at_ = header.value + header.length;
    ++fragments_->count;
    fragments_->last = header;
    if (!large_.empty() && large_.back().end == header.offset)
        large_.back().end = at_;
    else
        large_.push_back({header.offset, at_});
}

}  // namespace lucerna::dicom
