#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/encoding.h"
#include "dicom/reader.h"
#include "dicom/sparse_buffer.h"

namespace lucerna::dicom {

/// Follows the elements of a data set while its bytes come in, and finds the large values among
/// them that are mere bytes: pixels, fragments, what is private. A reading of headers
/// (DataSet::header_in) looks into none of them. Little endian only.
class ValueScan {
  public:
    static constexpr std::size_t kLarge = 8 * 1024;

    /// The data set begins at `from`. Values of fewer bytes than `large` are not told.
    ValueScan(std::size_t from, const Encoding& encoding, std::size_t large = kLarge)
        : at_(from), encoding_(encoding), least_(large) {}

    /// `bytes` are all that have come, from the first one on. Where they make no sense nothing more
    /// is found.
    void follow(ByteView bytes);
    /// Where the values lie of which the beginning has come; they may reach beyond what has. In
    /// order, and each once.
    [[nodiscard]] std::vector<ByteRange> take_large();
    /// Where the first element beyond group 0020 begins: what comes before it says whose object it
    /// is and which (PS3.5 7.1: elements come in the order of their tags).
    [[nodiscard]] std::optional<std::size_t> identified() const { return identified_; }
    /// The value of Pixel Data that has a length, once its beginning has come.
    [[nodiscard]] const std::optional<ByteRange>& native_pixels() const { return native_pixels_; }
    [[nodiscard]] bool is_lost() const { return lost_; }

  private:
    /// A sequence or an item that is open.
    struct Open {
        std::size_t end = 0;
        Encoding outside;
    };
    void step(ByteView bytes);
    void take_delimiter(const ElementHeader& header);
    void take_fragment(const ElementHeader& header);
    void take_element(const ElementHeader& header);
    void enter(const ElementHeader& header, const Encoding& inside);
    void pass(const ElementHeader& header);

    std::size_t at_;
    Encoding encoding_;
    std::size_t least_;
    std::vector<Open> open_;
    std::vector<ByteRange> large_;
    std::optional<std::size_t> identified_;
    std::optional<ByteRange> native_pixels_;
    bool in_fragments_ = false;
    bool lost_ = false;
};

}  // namespace lucerna::dicom
