#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "dicom/data_set.h"
#include "exam/contract.h"
#include "exam/refusal.h"
#include "exam/view.h"
#include "prepare/picture.h"

namespace lucerna::prepare {

/// What a header says of an image, before its pixels are decoded.
struct Header {
    exam::ViewSource source;
    std::optional<exam::Laterality> laterality;
    std::optional<ChestWall> chest_wall;
    bool upside_down = false;
};

/// Film of 24 x 30 cm scanned at 43 um has 39 million pixels, the largest detectors (24 x 30 cm at
/// 50 um) 29 million.
inline constexpr long long kMostPixels = 40'000'000;
/// By Rows and Columns: more pixels than that.
[[nodiscard]] bool is_larger_than_any_detector(const dicom::DataSet& data_set);

/// Reads the header and holds it against the contract: modality, SOP class, presentation intent,
/// view and its modifiers, magnification, spacing, orientation, description of the pixels. The
/// first thing that does not fit is the refusal.
[[nodiscard]] std::variant<Header, exam::Refusal> read_header(const dicom::DataSet& data_set,
                                                              const exam::InputContract& contract);
/// The same of all before the pixels, which need not be there: nothing is said of what only they
/// tell.
[[nodiscard]] std::optional<exam::Refusal> refusal_by_head(const dicom::DataSet& head,
                                                           const exam::InputContract& contract);

/// Whether the contract's model may read an image of this SOP class: what is of another is refused
/// whatever its header says beside.
[[nodiscard]] bool is_class_that_is_read(std::string_view sop_class_uid,
                                         const exam::InputContract& contract);

}  // namespace lucerna::prepare
