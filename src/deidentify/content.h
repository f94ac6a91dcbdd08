#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "deidentify/profile.h"
#include "deidentify/report.h"
#include "dicom/data_set.h"

namespace lucerna::deidentify {

/// A sequence of content items: Content Sequence, Acquisition Context Sequence, Specimen
/// Preparation Sequence (PS3.15 E.3.4).
[[nodiscard]] bool is_content(dicom::Tag sequence);

/// A content item whose text is not a person's words: name and version of an algorithm. Every other
/// text of a content item is replaced.
[[nodiscard]] bool may_hold_text(const dicom::DataSet& item);

/// Of a text the lines that Lucerna puts onto its results as they are (exam/standing_sentences.h).
[[nodiscard]] std::string standing_lines(std::string_view text);

/// Takes out the items of `sequence` that tell of the person, or of a day of the device's; what
/// lies below them is for the walk, as are names, dates and UIDs, which are attributes of the
/// table.
void clean_content(dicom::DataSet& data, dicom::Tag sequence, const Profile& profile,
                   const std::string& path, Steps& steps);

}  // namespace lucerna::deidentify
