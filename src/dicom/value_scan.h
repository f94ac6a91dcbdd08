#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/encoding.h"
#include "dicom/reader.h"
#include "dicom/sparse_buffer.h"

namespace lucerna::dicom {

/// Follows the elements of a data set while its bytes come in, and finds what a reading of headers
/// (Extent::kHeader) looks into no more: large values that are mere bytes, as pixels and what is
/// private; and all items of encapsulated Pixel Data, of which there may be very many, and where
/// that is asked for those of Per-Frame Functional Groups.
class ValueScan {
  public:
    /// What describes the frames one by one is passed for a reading of outlines (Extent::kOutline).
    enum class Items { kHeld, kPassed };
    /// The data set begins at `from`. Values of fewer bytes than `large` are not told.
    ValueScan(std::size_t from, const Encoding& encoding, std::size_t large = kSomeSize,
              Items items = Items::kHeld)
        : at_(from), encoding_(encoding), least_(large), passes_items_(items == Items::kPassed) {}

    /// `bytes` are all that have come, from the first one on. Where they make no sense nothing more
    /// is found.
    void follow(ByteView bytes);
    /// Where the values lie of which the beginning has come, and items with their heads; they may
    /// reach beyond what has. In order, and each once.
    [[nodiscard]] std::vector<ByteRange> take_large();
    /// Where the first element beyond group 0020 begins: what comes before it says whose object it
    /// is and which (PS3.5 7.1: elements come in the order of their tags).
    [[nodiscard]] std::optional<std::size_t> identified() const { return identified_; }
    /// The value of Pixel Data that has a length, once its beginning has come.
    [[nodiscard]] const std::optional<ByteRange>& native_pixels() const { return native_pixels_; }
    /// The items that were found, for whoever reads the header.
    [[nodiscard]] const std::optional<PassedFragments>& fragments() const { return fragments_; }
    [[nodiscard]] Passed passed() const { return {fragments_, items_}; }
    [[nodiscard]] bool is_lost() const { return lost_; }
    /// A sequence or an item is open whose length reaches beyond so many bytes.
    [[nodiscard]] bool is_within_more_than(std::size_t size) const;

  private:
    /// A sequence or an item that is open.
    struct Open {
        std::size_t end = 0;
        Encoding outside;
    };
    void step(ByteView bytes);
    void leave(ByteView bytes);
    void pass_item(ByteView bytes);
    void take_delimiter(ByteView bytes, const ElementHeader& header);
    void take_fragment(const ElementHeader& header);
    void take_element(const ElementHeader& header);
    void enter(const ElementHeader& header, const Encoding& inside);
    void pass(const ElementHeader& header);
    void pass_fragment(const ElementHeader& header);

    std::size_t at_;
    Encoding encoding_;
    std::size_t least_;
    std::vector<Open> open_;
    std::vector<ByteRange> large_;
    std::optional<std::size_t> identified_;
    std::optional<ByteRange> native_pixels_;
    std::optional<PassedFragments> fragments_;
    /// Of Pixel Data: the data set's own, or an icon's.
    enum class Within { kNone, kOwn, kOther };
    Within fragments_of_ = Within::kNone;
    /// Until one has a value of its own that is large.
    bool passes_items_;
    std::optional<ByteRange> items_;
    bool within_items_ = false;
    /// Of the one that is coming.
    std::size_t item_begin_ = 0;
    bool lost_ = false;
};

}  // namespace lucerna::dicom
