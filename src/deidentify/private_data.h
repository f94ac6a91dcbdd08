#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/data_set.h"

namespace lucerna::deidentify {

/// A private attribute that is known to be safe: (gggg,xxee) of a private creator.
struct SafePrivate {
    std::uint16_t group = 0;
    std::uint8_t element = 0;
    std::string creator;
};
/// "(0019,xx0C) SIEMENS MR HEADER". Throws Error(kInvalidInput).
[[nodiscard]] SafePrivate safe_private_from(std::string_view text);

/// Which private attributes of a data set, and of its items, are safe (PS3.15 E.3.10): those of the
/// standard's Table E.3.10-1, of the configuration's list, and what the object says of itself in
/// Private Data Element Characteristics Sequence (0008,0300).
class SafePrivates {
  public:
    SafePrivates(const dicom::DataSet& object, std::span<const SafePrivate> configured);
    /// `level` is the data set or item that `tag`, which is private, stands in. Of one that the
    /// table has: whether it holds what that is for, numbers or a label.
    [[nodiscard]] bool holds(const dicom::DataSet& level, dicom::Tag tag) const;

  private:
    struct Block {
        std::uint16_t group = 0;
        std::string creator;
        auto operator<=>(const Block&) const = default;
    };
    std::span<const SafePrivate> configured_;
    std::set<Block> safe_blocks_;
    std::map<Block, std::set<int>> safe_elements_;
    std::map<Block, std::set<int>> unsafe_elements_;
};

/// The private creator that `tag` belongs to; empty where there is none.
[[nodiscard]] std::string private_creator(const dicom::DataSet& level, dicom::Tag tag);
/// A Private Creator element (PS3.5 7.8.1).
[[nodiscard]] inline bool is_private_creator(dicom::Tag tag) {
    return tag.group % 2 == 1 && tag.element >= 0x10 && tag.element <= 0xFF;
}

}  // namespace lucerna::deidentify
