#pragma once

#include <compare>
#include <optional>
#include <string>

#include "dicom/data_set.h"
#include "exam/contract.h"

namespace lucerna::prepare {

/// Date and time, as texts that sort. What has no date is before all that have one.
struct Moment {
    std::string date;
    std::string time;
    friend auto operator<=>(const Moment&, const Moment&) = default;
};

/// What a header says of an image's claim to be the one that is read of its view.
struct Claim {
    /// By its header, whatever its pixels are.
    bool is_refused = false;
    /// What says that it is for quality control, and not of a patient.
    std::optional<dicom::Tag> quality_control;
    bool is_an_exposure = true;
    /// Nothing beside Image Type says that it was made of a tomosynthesis.
    bool is_surely_an_exposure = true;
    Moment acquired;
    /// Also where it is refused: an exam with one is a patient's. A report or a key object beside
    /// phantoms shows nobody.
    bool is_of_a_patient = false;
};

/// Of all before its pixels, which need not be there.
[[nodiscard]] Claim claim_of(const dicom::DataSet& head, const exam::InputContract& contract);

/// By what they are, the better one first: what is not refused, a patient's, an exposure.
[[nodiscard]] std::weak_ordering by_kind(const Claim& one, const Claim& other);
/// The same, and of those that are alike the one that was taken later.
[[nodiscard]] bool outranks(const Claim& one, const Claim& other);

}  // namespace lucerna::prepare
