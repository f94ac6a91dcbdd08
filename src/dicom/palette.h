#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/render.h"

namespace lucerna::dicom {

using Rgb = std::array<std::uint8_t, 3>;

/// The colors of stored values: three tables, plain or segmented (PS3.3 C.7.6.3.1.5, C.7.9.2).
class Palette {
  public:
    /// Throws Error(kInvalidInput) for tables that are missing, too short or broken,
    /// Error(kUnsupported) for segmented ones of 8 bits; each names the attribute.
    explicit Palette(const DataSet& data_set);

    /// Values below and above the tables' take their first and last entry.
    [[nodiscard]] Rgb color(std::int64_t stored) const;
    /// By the table of red; all three are to begin with the same.
    [[nodiscard]] std::int64_t first_mapped() const { return tables_[0].first_mapped; }

  private:
    /// Of one color, as 8 bits.
    struct Table {
        std::int64_t first_mapped = 0;
        /// Never empty.
        Bytes entries;
    };
    static Table table_of(const DataSet& data_set, std::size_t color);

    std::array<Table, 3> tables_;
};

/// Of segments (PS3.3 C.7.9.2) that fill a table of so many entries of so many bits, those that do:
/// words that none of them is made of are zero, and what lies behind the last one goes. The table
/// stays the same. Nothing where they do not fill it.
[[nodiscard]] std::optional<Bytes> segments_in_use(ByteView segments, std::size_t entries,
                                                   long long bits);

/// A frame of PALETTE COLOR, which must outlive them. Throws as Palette.
[[nodiscard]] PictureRows palette_rows(const DataSet& data_set, const DecodedFrame& frame);

}  // namespace lucerna::dicom
