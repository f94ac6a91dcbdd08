#pragma once

#include <cstddef>
#include <string>

#include "deidentify/report.h"
#include "dicom/data_set.h"

namespace lucerna::deidentify {

/// Cuts the value off behind `most` bytes, but for a zero that makes it even, and notes it.
void cut_behind(dicom::DataSet& data, dicom::Tag tag, std::size_t most, const std::string& prefix,
                Steps& steps);

/// Of this level alone, notes in `steps` what it did:
/// - Lookup tables: what lies behind the entries that their descriptor counts goes, or the segments
///   that make them, and the bytes of 16-bit words that entries of 8 bits do not use. The table
///   stays the same, as Palette and the grayscale pipeline read it. One without a descriptor, or
///   that does not have the entries that it counts, goes.
/// - Numbers that another attribute counts (points, bins, frames): what lies behind them goes, all
///   where the standard asks for the count and there is none.
void cut_tails(dicom::DataSet& data, const std::string& prefix, Steps& steps);

}  // namespace lucerna::deidentify
