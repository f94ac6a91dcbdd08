#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lucerna::retrieve {

/// Texts without the room that each takes for itself.
class PackedTexts {
  public:
    void add(std::string_view text) {
        all_ += text;
        ends_.push_back(static_cast<std::uint32_t>(all_.size()));
    }
    /// What it takes is all that it takes.
    void end() {
        all_.shrink_to_fit();
        ends_.shrink_to_fit();
    }
    [[nodiscard]] std::size_t size() const { return ends_.size(); }
    [[nodiscard]] std::string_view operator[](std::size_t index) const {
        const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
        return std::string_view(all_).substr(begin, ends_[index] - begin);
    }
    [[nodiscard]] std::string_view together() const { return all_; }
    [[nodiscard]] std::size_t bytes() const {
        return all_.capacity() + ends_.capacity() * sizeof(std::uint32_t);
    }

  private:
    std::string all_;
    std::vector<std::uint32_t> ends_;
};

}  // namespace lucerna::retrieve
