#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "base/parts.h"
#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "exam/contract.h"
#include "exam/reading.h"

namespace lucerna::prepare {

/// Makes one stored mammogram into what the model asks for, or says why not. Never throws for a
/// data set that is merely unusable; throws Error(kInvalidInput) for a contract that names a step
/// that does not exist.
[[nodiscard]] std::variant<exam::PreparedView, exam::Refusal> prepare_view(
    const dicom::DataSet& data_set, const exam::InputContract& contract);
/// The same, for a caller that wants the pixels too: `first_frame` is of `data_set`.
[[nodiscard]] std::variant<exam::PreparedView, exam::Refusal> prepare_view(
    const dicom::DataSet& data_set, dicom::FirstFrame& first_frame,
    const exam::InputContract& contract);

/// An object of an exam, held together with whatever it looks into.
struct LoadedObject {
    LoadedObject(dicom::DataSet whole)  // NOLINT: what most callers have
        : data_set(std::make_shared<const dicom::DataSet>(std::move(whole))) {}
    explicit LoadedObject(std::shared_ptr<const dicom::DataSet> of_something)
        : data_set(std::move(of_something)) {}
    std::shared_ptr<const dicom::DataSet> data_set;
};
/// Brings an object of an exam when its turn comes, so that few decoded images are held at once.
/// An Error that it throws becomes a Refusal of that object.
using LoadObject = std::function<LoadedObject(std::size_t index)>;
/// Is shown each object that could be brought, while its pixels are at hand.
using SeeImage = std::function<void(std::size_t index, const dicom::DataSet& data_set,
                                    dicom::FirstFrame& first_frame)>;

/// Why an object is none of this exam, whatever its pixels are.
using RefuseObject = std::function<std::optional<exam::Refusal>(const dicom::DataSet& data_set)>;

/// The objects of an exam. `load`, `refuse` and `see` (which may be empty, both of them) are called
/// once for each index below `count`, from the threads of whoever takes the parts; `see` not for
/// what `refuse` refuses.
struct ExamObjects {
    std::size_t count = 0;
    LoadObject load;
    SeeImage see;
    RefuseObject refuse = {};
    /// Others of the exam, which are not among these, are a patient's.
    bool are_beside_a_patients = false;
};

/// Prepares each object. Of several usable images of one view the largest breast is read (the
/// latest when equal) and the others are refused as duplicates. Images for quality control are
/// refused where any image, be it refused itself, is a patient's. Each of the contract's views that
/// no usable image shows is refused as missing. Accepted views come in the contract's order of
/// views, refusals in that of the objects. Each object is a part for `run`; of several images of
/// one view no more are held than there are parts at once.
[[nodiscard]] exam::Preparation prepare_exam(const ExamObjects& objects,
                                             const exam::InputContract& contract,
                                             const RunParts& run = one_after_another);
[[nodiscard]] exam::Preparation prepare_exam(std::span<const dicom::DataSet> data_sets,
                                             const exam::InputContract& contract);

}  // namespace lucerna::prepare
