#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "deidentify/actions.h"
#include "deidentify/text_detector.h"
#include "dicom/bare_codestream.h"
#include "exam/refusal.h"

namespace lucerna::deidentify {

/// What was done to an attribute, wherever it is. Never what it held.
struct Step {
    /// As DICOMweb names it, of whichever items: "00400275[*].00400007".
    std::string path;
    Action action = Action::kKeep;
    /// How often: an attribute of a sequence is there once an item.
    std::size_t count = 1;
};

/// Of one object, each kind once, in the order of their first: an object of a megabyte may have
/// hundreds of thousands of attributes, sixty sequences deep.
class Steps {
  public:
    /// Kinds that are listed, and bytes of their paths; beyond either they are counted alone.
    static constexpr std::size_t kMostListed = 10'000;
    static constexpr std::size_t kMostPathBytes = std::size_t{1} << 20;

    void add(const std::string& path, Action action);
    [[nodiscard]] const std::vector<Step>& listed() const { return listed_; }
    /// Of those that are not listed.
    [[nodiscard]] std::size_t not_listed(Action action) const;
    /// Of all.
    [[nodiscard]] std::size_t count(Action action) const;

  private:
    std::vector<Step> listed_;
    /// Where each is, by its action's letter and its path.
    std::unordered_map<std::string, std::size_t> places_;
    std::size_t path_bytes_ = 0;
    std::array<std::size_t, kActions> not_listed_{};
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
    Steps steps;
    /// On every frame.
    std::vector<Blanked> blanked;
    int frames_looked_at = 0;
    /// Though the profile asks for it: the pixels are a map's.
    bool is_not_looked_at = false;
    /// Taken out of the values that have the pixels.
    std::vector<dicom::LeftOut> beside_pixels{};
};

/// A whole export (docs/formats/deidentification-report.schema.json).
struct ExportReport {
    std::string profile = {};
    std::string project = {};
    std::string program = {};
    std::vector<ObjectReport> objects = {};
    /// Which objects were not given out; their UIDs are of the project, where they have one.
    std::vector<exam::Refusal> refused = {};
    /// The same of what is not meant to be given out (own_capture.h), and is no failure.
    std::vector<exam::Refusal> left_out = {};
};
[[nodiscard]] std::string to_json(const ExportReport& report);

/// Of objects that are sent somewhere.
struct Forwarded {
    std::string destination;
    Instant made_at;
    /// What the archive calls the original, which tells nobody else anything.
    std::string kept_as;
};
/// On one line, which it ends.
[[nodiscard]] std::string to_json_line(const ExportReport& report, const Forwarded& as);
/// The `kept_as` of such a line; empty where it says none.
[[nodiscard]] std::string kept_as_of(std::string_view line);

}  // namespace lucerna::deidentify
