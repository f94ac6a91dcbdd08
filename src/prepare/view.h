#pragma once

#include <functional>
#include <span>
#include <variant>

#include "dicom/data_set.h"
#include "exam/contract.h"
#include "exam/reading.h"

namespace lucerna::prepare {

/// Makes one stored mammogram into what the model asks for, or says why not. Never throws for a
/// data set that is merely unusable; throws Error(kInvalidInput) for a contract that names a step
/// that does not exist.
[[nodiscard]] std::variant<exam::PreparedView, exam::Refusal> prepare_view(
    const dicom::DataSet& data_set, const exam::InputContract& contract);

/// Brings the objects of an exam one at a time, so that one decoded image is held at once.
/// An Error that it throws becomes a Refusal of that object.
using LoadDataSet = std::function<dicom::DataSet(std::size_t index)>;

/// Prepares each of `count` objects. Of several usable images of one view the largest breast is
/// read (the latest when equal) and the others are refused as duplicates. Each of the contract's
/// views that no usable image shows is refused as missing. Accepted views come in the
/// contract's order of views.
[[nodiscard]] exam::Preparation prepare_exam(std::size_t count, const LoadDataSet& load,
                                             const exam::InputContract& contract);
[[nodiscard]] exam::Preparation prepare_exam(std::span<const dicom::DataSet> data_sets,
                                             const exam::InputContract& contract);

}  // namespace lucerna::prepare
