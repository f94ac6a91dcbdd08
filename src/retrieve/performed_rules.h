#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dicom/data_set.h"
#include "store/performed_book.h"

namespace lucerna::retrieve {

/// Why a modality performed procedure step is not taken as it is sent.
struct StepRefusal {
    std::uint16_t status = 0;
    std::string why;
    std::vector<dicom::Tag> attributes;
};

/// What PS3.4 Table F.7.2-1 asks of an N-CREATE: 0120 where an attribute of type 1 is missing, 0121
/// where it has no value, 0106 where its value cannot be; and 0213 where it is performed of more
/// than 128 steps. Those of type 2 may be missing.
[[nodiscard]] std::optional<StepRefusal> problem_of_creation(const dicom::DataSet& attributes);

/// Gives the attributes of type 2 that are missing no value.
void complete(dicom::DataSet& attributes);

/// Makes `kept` what an N-SET says it is to be: what the table does not let be set may be named,
/// but not changed (0106). Sequences come whole. Where that ends the step, the requirements of the
/// final state hold; one that is discontinued before anything was acquired needs no series.
[[nodiscard]] std::optional<StepRefusal> set_attributes(dicom::DataSet& kept,
                                                        const dicom::DataSet& changes);

/// What Performed Procedure Step Status says; empty for none of the three.
[[nodiscard]] std::optional<store::PerformedState> state_of(const dicom::DataSet& attributes);

/// Items of Scheduled Step Attributes Sequence, each study and step once.
[[nodiscard]] std::vector<store::PerformedStep::Of> scheduled_for(const dicom::DataSet& attributes);

}  // namespace lucerna::retrieve
