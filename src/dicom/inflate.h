#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "base/encoding.h"
#include "dicom/limits.h"
#include "dicom/node.h"
#include "dicom/sparse_buffer.h"

namespace lucerna::dicom {

/// Inflates raw deflate (PS3.5 A.5, RFC 1951) step by step.
class Inflater {
  public:
    /// `deflated` has to stay.
    explicit Inflater(ByteView deflated);
    ~Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    [[nodiscard]] bool ended() const { return ended_; }
    /// Fills `into` as far as there is something; returns how far. Throws Error(kInvalidInput)
    /// where it is damaged or ends early.
    std::size_t fill(std::span<std::uint8_t> into);
    /// As `fill`, for bytes that nobody wants.
    std::size_t skip(std::size_t count);
    /// What `fill` and `skip` have passed.
    [[nodiscard]] std::size_t position() const { return position_; }

  private:
    ByteView input_;
    z_stream stream_{};
    std::size_t consumed_ = 0;
    std::size_t position_ = 0;
    bool ended_ = false;
    Bytes scratch_;
};

/// Of what a deflated data set inflates to: so much, and else so many times its size.
[[nodiscard]] std::size_t most_inflated(std::size_t deflated, const Limits& limits);

/// The elements of a deflated data set and their bytes, in one piece but for what was forgotten.
struct InflatedHead {
    struct Backing {
        ByteBudget budget{std::numeric_limits<std::size_t>::max()};
        SparseBuffer bytes{budget};
    };
    std::unique_ptr<Node> node;
    std::shared_ptr<Backing> backing;
};
enum class Forgotten {
    kPixels,
    /// All of VR OB, OD, OF, OL, OV, OW, and UN that no dictionary knows, of some size.
    kLargeValues,
};
/// Inflates the whole, holding what is not forgotten. Throws Error(kInvalidInput) as
/// DataSet::parse does, and where much else than large values is held.
[[nodiscard]] InflatedHead read_deflated_head(ByteView deflated, const Limits& limits,
                                              Forgotten forgotten);

}  // namespace lucerna::dicom
