#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>

#include "base/encoding.h"
#include "base/memory_budget.h"
#include "dicom/limits.h"
#include "dicom/node.h"
#include "dicom/sparse_buffer.h"
#include "dicom/value_scan.h"

namespace lucerna::dicom {

/// Inflates raw deflate (PS3.5 A.5, RFC 1951) step by step.
class Inflater {
  public:
    /// `deflated` has to stay.
    explicit Inflater(ByteView deflated);
    /// For what is still coming.
    Inflater() : Inflater(ByteView()) {}
    ~Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    [[nodiscard]] bool ended() const { return ended_; }
    /// Fills `into` as far as there is something; returns how far. Throws Error(kInvalidInput)
    /// where it is damaged or ends early.
    std::size_t fill(std::span<std::uint8_t> into);
    /// As `fill`, of what `next` gives, piece after piece of what is deflated: each stays until the
    /// next, and an empty one is its end.
    std::size_t fill(std::span<std::uint8_t> into, const std::function<ByteView()>& next);
    /// As `fill`, for bytes that nobody wants.
    std::size_t skip(std::size_t count);
    /// As `fill`, with what has come, `deflated` from its first byte on, of which nothing before
    /// `consumed` is looked at again; stops where that ends.
    std::size_t fill_from(ByteView deflated, std::span<std::uint8_t> into);
    /// Throws, naming the byte.
    [[noreturn]] void refuse_damaged() const;
    /// Of what is deflated.
    [[nodiscard]] std::size_t consumed() const { return consumed_; }
    /// What `fill` and `skip` have passed.
    [[nodiscard]] std::size_t position() const { return position_; }

  private:
    [[nodiscard]] bool step(std::span<std::uint8_t> into, std::size_t& filled);

    ByteView input_;
    /// Where that begins.
    std::size_t input_begin_ = 0;
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
        explicit Backing(ByteBudget* budget) : bytes(budget != nullptr ? *budget : own) {}
        ByteBudget own{ByteBudget::kNoLimit};
        SparseBuffer bytes;
        /// Without a budget: of parsing_memory(), where that is much.
        MemoryBudget::Share share;
    };
    std::unique_ptr<Node> node;
    std::shared_ptr<Backing> backing;
};
enum class Forgotten {
    kPixels,
    /// All of VR OB, OD, OF, OL, OV, OW, and UN that no dictionary knows, of some size.
    kLargeValues,
    /// Those, and the items of Per-Frame Functional Groups (Extent::kOutline).
    kAllButOutline,
};
/// Inflates a data set as it comes, holding what is not forgotten: of `budget`, or, where there is
/// none and it is much, of parsing_memory(), in which there is one such at a time.
class HeadInflation {
  public:
    HeadInflation(const Limits& limits, Forgotten forgotten, ByteBudget* budget = nullptr,
                  std::size_t large = kSomeSize);

    /// `deflated` is what has come so far; nothing of it before `consumed` is looked at again.
    /// Throws Error: kInvalidInput where it is damaged, inflates to more than `most` bytes, holds
    /// much else than what is forgotten, or is none; kUnavailable where the budget has no room, and
    /// as MemoryBudget::take.
    void follow(ByteView deflated, std::size_t most);
    [[nodiscard]] std::size_t consumed() const { return inflater_.consumed(); }
    [[nodiscard]] bool ended() const { return inflater_.ended(); }
    [[nodiscard]] const ValueScan& scan() const { return scan_; }
    /// All that was inflated, with what is forgotten.
    [[nodiscard]] ByteView bytes() const { return backing_->bytes.bytes(); }
    /// Once all has come, so many bytes. Throws Error(kInvalidInput) as DataSet::parse.
    [[nodiscard]] InflatedHead head(std::size_t deflated_bytes) const;

  private:
    void take(ByteView piece);
    void forget();
    void count();
    [[nodiscard]] Extent extent() const;
    [[noreturn]] void refuse_nonsense() const;

    const Limits limits_;
    const Forgotten forgotten_;
    const bool is_counted_here_;
    bool has_share_ = false;
    Inflater inflater_;
    ValueScan scan_;
    std::deque<ByteRange> values_;
    std::shared_ptr<InflatedHead::Backing> backing_;
};

/// Inflates the whole, holding what is not forgotten. Throws as HeadInflation.
[[nodiscard]] InflatedHead read_deflated_head(ByteView deflated, const Limits& limits,
                                              Forgotten forgotten, ByteBudget* budget = nullptr);

}  // namespace lucerna::dicom
