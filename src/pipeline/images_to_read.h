#pragma once

#include <functional>
#include <vector>

#include "exam/contract.h"
#include "prepare/claim.h"
#include "store/archive.h"

namespace lucerna::pipeline {

/// Of what is none the attributes alone are looked at, to say so.
[[nodiscard]] bool may_be_a_view(const store::InstanceRow& row);

/// What an object's header says of it, which is read for that.
using LookAtHead = std::function<prepare::Claim(const store::InstanceRow& row)>;

struct ImagesToRead {
    /// In the order in which they were.
    std::vector<store::InstanceRow> images;
    /// Somebody is a patient on an image that is not among them.
    bool are_beside_a_patients = false;
};

/// Not more than an exam has, as hundreds of images would be gigabytes at once: one of each view
/// before another of any. Of a view that is first which prepare_exam would prefer by its header.
/// Headers are looked at only where there are too many images, one at a time, and of the SOP
/// classes that the contract's model reads.
[[nodiscard]] ImagesToRead images_to_read(const std::vector<store::InstanceRow>& rows,
                                          const exam::InputContract& contract,
                                          const LookAtHead& look_at);

}  // namespace lucerna::pipeline
