#include "phantom/manifest.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "dicom/tags.h"

namespace lucerna::phantom {
namespace {

std::string number(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

/// What the manifest says of one view.
struct View {
    exam::ViewName name;
    std::vector<Truth> masses;
    bool malignant = false;
    bool calcifications = false;
};

View view_of(const Exam& exam, std::size_t index) {
    View view;
    // In the order of make_exam.
    constexpr exam::ViewName kNames[] = {
        {exam::Laterality::kRight, exam::ViewPosition::kCc},
        {exam::Laterality::kLeft, exam::ViewPosition::kCc},
        {exam::Laterality::kRight, exam::ViewPosition::kMlo},
        {exam::Laterality::kLeft, exam::ViewPosition::kMlo},
    };
    view.name = kNames[index];
    const std::string uid = exam.views.at(index).text_or(dicom::kSopInstanceUid, "");
    for (const Truth& truth : exam.truth) {
        if (truth.sop_instance_uid != uid) continue;
        if (truth.kind == FindingKind::kCalcifications) {
            view.calcifications = true;
            continue;
        }
        view.malignant = view.malignant || truth.kind == FindingKind::kSpiculatedMass;
        view.masses.push_back(truth);
    }
    return view;
}

}  // namespace

std::string_view manifest_header() {
    return "file,patient,laterality,view,image_malignant,x,y,w,h,lesion_pathology,synthetic,"
           "calcifications,kind,diameter_mm\n";
}

std::string manifest_rows(const Exam& exam, const std::string& folder) {
    std::string rows;
    for (std::size_t i = 0; i < exam.views.size(); ++i) {
        const View view = view_of(exam, i);
        const std::string name = to_string(view.name);
        const std::string head = folder + name + ".dcm,phantom-" +
                                 std::to_string(exam.options.seed) + "," + name.substr(0, 1) + "," +
                                 name.substr(2) + "," + (view.malignant ? "1," : "0,");
        const std::string tail = std::string(",1,") + (view.calcifications ? "1," : "0,");
        for (const Truth& mass : view.masses)
            rows += head + number(mass.box.left) + "," + number(mass.box.top) + "," +
                    number(mass.box.width) + "," + number(mass.box.height) + "," +
                    (mass.kind == FindingKind::kSpiculatedMass ? "MALIGNANT" : "BENIGN") + tail +
                    std::string(name_of(mass.kind)) + "," + number(mass.diameter_mm) + "\n";
        if (view.masses.empty()) rows += head + ",,,," + tail + ",\n";
    }
    return rows;
}

}  // namespace lucerna::phantom
