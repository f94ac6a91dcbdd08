#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/error.h"
#include "dicom/bare_codestream.h"

namespace lucerna::dicom {

[[noreturn]] inline void lost(const std::string& what) {
    throw Error(ErrorCode::kInvalidInput, "a compressed frame cannot be walked through: " + what);
}

inline std::size_t big16(ByteView bytes, std::size_t at) {
    return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
}
inline std::size_t big32(ByteView bytes, std::size_t at) {
    return big16(bytes, at) << 16 | big16(bytes, at + 2);
}

/// Reads a codestream from its front and writes what stays.
class Pen {
  public:
    Pen(ByteView bytes, std::vector<LeftOut>& left_out) : bytes_(bytes), left_out_(left_out) {}

    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] ByteView rest() const { return bytes_.subspan(at_); }
    /// Marker at the front, 0xFFxx; fill bytes before it go. Nothing is taken.
    [[nodiscard]] std::size_t marker() {
        while (rest().size() >= 2 && rest()[0] == 0xFF && rest()[1] == 0xFF) ++at_;
        if (rest().size() < 2 || rest()[0] != 0xFF) lost("no marker where one should follow");
        return big16(bytes_, at_);
    }
    /// The marker segment at the front, with marker and length.
    [[nodiscard]] ByteView segment() const {
        const ByteView all = rest();
        if (all.size() < 4) lost("it ends within a marker segment");
        const std::size_t length = big16(all, 2);
        if (length < 2 || length > all.size() - 2) lost("a marker segment passes its end");
        return all.first(2 + length);
    }
    void keep(std::size_t bytes) {
        if (bytes > rest().size()) lost("it ends early");
        write(rest().first(bytes));
        at_ += bytes;
    }
    /// Neighbours of a kind are one: there may be millions.
    void note(std::string_view what, std::size_t bytes) {
        if (!left_out_.empty() && left_out_.back().what == what)
            left_out_.back().bytes += bytes;
        else
            left_out_.push_back({what, bytes});
    }
    void leave(std::size_t bytes, std::string_view what) {
        note(what, bytes);
        at_ += bytes;
    }
    /// Of `front`, which is at the front of rest(): `instead`, no longer, is written for it.
    void replace(ByteView front, ByteView instead, std::string_view what) {
        if (!std::equal(front.begin(), front.end(), instead.begin(), instead.end())) {
            const std::size_t shorter = front.size() - instead.size();
            note(what, shorter > 0 ? shorter : front.size());
        }
        write(instead);
        at_ += front.size();
    }
    [[nodiscard]] std::size_t written() const { return out_.size(); }
    /// In place of as many bytes that were written before.
    void rewrite(std::size_t at, ByteView bytes) {
        std::copy(bytes.begin(), bytes.end(), out_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    void write(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
    [[nodiscard]] Bytes taken() && { return std::move(out_); }
    /// What is behind the end goes; a byte of padding unsaid.
    [[nodiscard]] Bytes end() && {
        const ByteView behind = rest();
        if (behind.size() > 1 || (behind.size() == 1 && behind[0] != 0))
            note("after-the-end", behind.size());
        return std::move(out_);
    }

  private:
    ByteView bytes_;
    std::size_t at_ = 0;
    std::vector<LeftOut>& left_out_;
    Bytes out_;
};

}  // namespace lucerna::dicom
