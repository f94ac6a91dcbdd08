#pragma once

#include <cstdint>

#include "base/encoding.h"

namespace lucerna::collection {

/// How likely a yes is, learnt as bits go by: the mean of a quick and a slow estimate, in 1/65536.
class BitModel {
  public:
    [[nodiscard]] std::uint32_t likelihood() const { return (quick_ + slow_) >> 1; }
    void learn(bool bit) {
        if (bit) {
            quick_ += (65536 - quick_) >> 4;
            slow_ += (65536 - slow_) >> 7;
        } else {
            quick_ -= quick_ >> 4;
            slow_ -= slow_ >> 7;
        }
    }

  private:
    std::uint32_t quick_ = 32768;
    std::uint32_t slow_ = 32768;
};

/// A binary range coder with carry, 32 bits wide (G. N. N. Martin, "Range encoding", 1979; the
/// carry as in the LZMA specification).
class RangeEncoder {
  public:
    bool bit(BitModel& model, bool bit) {
        const std::uint32_t part = (range_ >> 16) * model.likelihood();
        if (bit) {
            range_ = part;
        } else {
            low_ += part;
            range_ -= part;
        }
        model.learn(bit);
        while (range_ < (1U << 24)) {
            range_ <<= 8;
            shift();
        }
        return bit;
    }

    [[nodiscard]] Bytes finish() {
        for (int i = 0; i < 5; ++i) shift();
        return std::move(out_);
    }

  private:
    void shift() {
        const auto carry = static_cast<std::uint8_t>(low_ >> 32);
        if (carry != 0 || (low_ & 0xff000000U) != 0xff000000U) {
            if (begun_) out_.push_back(static_cast<std::uint8_t>(held_ + carry));
            for (; waiting_ > 0; --waiting_)
                out_.push_back(static_cast<std::uint8_t>(0xff + carry));
            held_ = static_cast<std::uint8_t>(low_ >> 24);
            begun_ = true;
        } else {
            ++waiting_;
        }
        low_ = (low_ & 0x00ffffffU) << 8;
    }

    std::uint64_t low_ = 0;
    std::uint32_t range_ = 0xffffffffU;
    std::uint8_t held_ = 0;
    std::uint64_t waiting_ = 0;
    bool begun_ = false;
    Bytes out_;
};

/// Reads what RangeEncoder wrote; past the end it reads zeros.
class RangeDecoder {
  public:
    explicit RangeDecoder(ByteView bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {
        for (int i = 0; i < 4; ++i) code_ = code_ << 8 | next();
    }

    bool bit(BitModel& model, bool /*unknown*/ = false) {
        const std::uint32_t part = (range_ >> 16) * model.likelihood();
        const bool bit = code_ < part;
        if (bit) {
            range_ = part;
        } else {
            code_ -= part;
            range_ -= part;
        }
        model.learn(bit);
        while (range_ < (1U << 24)) {
            range_ <<= 8;
            code_ = code_ << 8 | next();
        }
        return bit;
    }

  private:
    std::uint32_t next() { return at_ == end_ ? 0U : *at_++; }

    const std::uint8_t* at_;
    const std::uint8_t* end_;
    std::uint32_t code_ = 0;
    std::uint32_t range_ = 0xffffffffU;
};

}  // namespace lucerna::collection
