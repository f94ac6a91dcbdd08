#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "deidentify/actions.h"
#include "deidentify/text_detector.h"
#include "dicom/bare_codestream.h"
#include "exam/refusal.h"

namespace lucerna::deidentify {

/// What was done to one attribute. Never what it held.
struct Step {
    /// As PS3.10 and DICOMweb name it: "00400275[0].00400007".
    std::string path;
    Action action = Action::kKeep;
};

/// "00400007": an attribute's part of a path.
[[nodiscard]] std::string path_of(dicom::Tag tag);

/// Where pixels were blanked, and why.
struct Blanked {
    Box box;
    /// "outside-ultrasound-regions", "detected-text", ...
    std::string rule;
};

/// What was done to one object.
struct ObjectReport {
    /// As it is called now.
    std::string sop_instance_uid;
    std::string sop_class_uid;
    std::vector<Step> steps;
    /// On every frame.
    std::vector<Blanked> blanked;
    int frames_looked_at = 0;
    /// Taken out of the values that have the pixels.
    std::vector<dicom::LeftOut> beside_pixels{};
};

/// A whole export (docs/formats/deidentification-report.schema.json).
struct ExportReport {
    std::string profile;
    std::string project;
    std::string program;
    std::vector<ObjectReport> objects;
    /// Which objects were not given out; their UIDs are of the project, where they have one.
    std::vector<exam::Refusal> refused;
};
[[nodiscard]] std::string to_json(const ExportReport& report);
/// On one line, which it ends; with where the objects go and when they were made for it.
[[nodiscard]] std::string to_json_line(const ExportReport& report, const std::string& destination,
                                       Instant made_at);

}  // namespace lucerna::deidentify
