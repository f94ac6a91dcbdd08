#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "dicom/dimse_status.h"

namespace lucerna::receive {

/// What became of one instance that was to be stored.
struct Outcome {
    std::string sop_class_uid = {};
    std::string sop_instance_uid = {};
    std::string study_uid = {};
    std::string series_uid = {};
    /// 0 is stored.
    std::uint16_t status = dicom::status::kSuccess;
    std::string why = {};
    bool for_lack_of_space = false;
    /// It may pass another time.
    bool for_lack_of_memory = false;

    [[nodiscard]] bool stored() const { return status == dicom::status::kSuccess; }
};
/// `why` of many letters is cut (in_brief).
[[nodiscard]] Outcome failed(Outcome outcome, std::uint16_t status, std::string why);
/// Of a text in UTF-8 no more than so many bytes, and "...": what a sender wrote is not said back
/// to it at length.
[[nodiscard]] std::string in_brief(std::string text, std::size_t most);

}  // namespace lucerna::receive
