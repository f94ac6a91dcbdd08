#pragma once

#include <optional>

#include "dicom/data_set.h"
#include "exam/contract.h"
#include "exam/refusal.h"

namespace lucerna::prepare {

/// What a header says against the image being a plain view of a breast that the contract asks for:
/// modified, magnified, partial, with contrast or an implant, of a biopsy, a section of a
/// tomosynthesis, of something else, or of a side or view on which the header does not agree with
/// itself (PS3.3 C.8.11.2, C.8.11.7). What is said and is no term that is known is such a thing,
/// too. The first; nothing for a contract without views.
[[nodiscard]] std::optional<exam::Refusal> check_plain_view(const dicom::DataSet& data_set,
                                                            const exam::InputContract& contract);

/// Of a phantom or another subject that is no patient, and what says so: Quality Control Image
/// (0028,0300), Quality Control Subject (0010,0200). BOTH is a patient beside a phantom.
[[nodiscard]] std::optional<dicom::Tag> where_for_quality_control(const dicom::DataSet& data_set);

/// Made of a tomosynthesis, and no exposure, by Image Type (PS3.3 C.8.11.7).
[[nodiscard]] bool is_made_of_tomosynthesis(const dicom::DataSet& data_set);
/// By Tomo Class, or what vendors call such pictures in Series Description. Exposures have these,
/// too, where they were made together with a tomosynthesis.
[[nodiscard]] bool may_be_made_of_tomosynthesis(const dicom::DataSet& data_set);

}  // namespace lucerna::prepare
