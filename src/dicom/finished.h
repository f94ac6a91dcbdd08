#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "dicom/data_set.h"
#include "dicom/limits.h"
#include "dicom/node.h"

namespace lucerna::dicom {

/// A file that is written again in another transfer syntax has them as they came: what else is
/// text, in values of VR UN, cannot be told, and stays with the Specific Character Set that holds
/// for it (PS3.5 6.2.2).
enum class Texts { kUtf8, kAsTheyCame };

/// What was read as a data set. `backing` is what its views look into, where
/// that is not left to whoever gave it. Throws as DataSet::parse.
[[nodiscard]] DataSet finished(std::unique_ptr<Node> node, std::shared_ptr<const void> backing,
                               const std::string& transfer_syntax_uid, Texts texts = Texts::kUtf8);
/// As DataSet::parse, but for its texts: a data set to be drawn, or written again as a whole.
[[nodiscard]] DataSet parse_as_it_came(Bytes&& part10, const Limits& limits = {},
                                       PixelData pixels = PixelData::kKeep);
/// The same with PixelData::kSkip.
[[nodiscard]] DataSet head_as_it_came(ByteView part10, const Limits& limits);
/// Throws Error(kInvalidInput).
void refuse_larger(std::size_t file_bytes, const Limits& limits);

}  // namespace lucerna::dicom
