#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "retrieve/held_list.h"
#include "retrieve/packed_texts.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Instances of one study in a quarter of the room that their rows take: what many of them have in
/// common is there once.
class PackedRows {
  public:
    explicit PackedRows(const std::vector<store::InstanceRow>& rows);

    [[nodiscard]] store::InstanceRow operator[](std::size_t index) const;
    [[nodiscard]] std::size_t bytes() const;

  private:
    /// Whatever is not below, alike in all that have it.
    struct One {
        std::uint64_t size;
        std::uint64_t head_bytes;
        Instant received_at;
        int number_of_frames;
        int rows;
        int columns;
        std::uint32_t kind;
    };
    std::vector<store::InstanceRow> kinds_;
    std::vector<One> ones_;
    PackedTexts sop_instance_uids_;
    PackedTexts objects_;
};

/// Instances of one study that an answer goes through while it is sent, and does so again where
/// their list had to go meanwhile (held_list.h). One thread at a time.
class HeldRows {
  public:
    /// `rows`: all of the study, or of one series of it, as Archive::instances_of has them; or one.
    /// Those that `is_out` marks do not come.
    HeldRows(store::Archive& archive, std::vector<store::InstanceRow> rows,
             std::vector<bool> is_out);

    /// Nothing at the end. Throws Error(kConflict) where the list had to be made again, and one of
    /// them was erased meanwhile: what came since is not among them. An answer that breaks off says
    /// so; one that goes on would lack it.
    [[nodiscard]] std::optional<store::InstanceRow> next();

  private:
    [[nodiscard]] static HeldList<PackedRows> list_of(store::Archive& archive,
                                                      std::vector<store::InstanceRow> rows);

    const std::vector<bool> is_out_;
    std::size_t at_ = 0;
    HeldList<PackedRows> rows_;
    /// The next, from `ahead_at_` on: where many answers go on by turns, each makes its list again
    /// for some of them, not for one.
    std::vector<store::InstanceRow> ahead_;
    std::size_t ahead_at_ = 0;
};

}  // namespace lucerna::retrieve
