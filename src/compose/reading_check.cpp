#include "compose/reading_check.h"

#include <cmath>
#include <set>
#include <string>

#include "base/error.h"
#include "dicom/uids.h"

namespace lucerna::compose {
namespace {

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorCode::kInvalidInput, "no result can be written of this reading: " + what);
}

void check_uid(const std::string& uid, const std::string& name) {
    if (!dicom::is_valid_uid(uid)) refuse(name + " is not a UID");
}

void check_probability(double value, const std::string& name) {
    // Written so that NaN is refused too.
    if (!(value >= 0 && value <= 1)) refuse(name + " is not in 0..1");
}

void check_finite(double value, const std::string& name) {
    if (!std::isfinite(value)) refuse(name + " is not finite");
}

void check_finding(const exam::Finding& finding, const exam::ViewSource& source) {
    const std::string name = "finding " + finding.id;
    check_probability(finding.score, name + ": score");
    check_probability(finding.presence, name + ": presence");
    check_finite(finding.raw_score, name + ": raw score");
    for (const double value :
         {finding.box.left, finding.box.top, finding.box.width, finding.box.height})
        check_finite(value, name + ": box");
    for (const exam::Point& point : finding.contour) {
        check_finite(point.x, name + ": contour");
        check_finite(point.y, name + ": contour");
    }
    const exam::Box image{0, 0, static_cast<double>(source.columns),
                          static_cast<double>(source.rows)};
    if (!(finding.box.width > 0 && finding.box.height > 0) ||
        exam::overlap(finding.box, image) <= 0)
        refuse(name + " does not lie on its image");
}

void check_view(const exam::ViewReading& view, const std::string& name) {
    check_uid(view.source.sop_instance_uid, name + ": SOP Instance UID");
    check_uid(view.source.sop_class_uid, name + ": SOP Class UID");
    check_uid(view.source.series_instance_uid, name + ": Series Instance UID");
    if (view.source.rows < 1 || view.source.columns < 1) refuse(name + " has no rows or columns");
    check_probability(view.score, name + ": score");
    check_finite(view.raw_score, name + ": raw score");
    check_finite(view.spacing_mm, name + ": spacing");
    if (!(view.source.row_spacing_mm >= 0 && std::isfinite(view.source.row_spacing_mm) &&
          view.source.column_spacing_mm >= 0 && std::isfinite(view.source.column_spacing_mm)))
        refuse(name + ": pixel spacing is not a length");
}

}  // namespace

void check_reading(const exam::ExamReading& reading) {
    check_uid(reading.subject.study_instance_uid, "Study Instance UID");
    if (reading.model.name.empty() || reading.model.sha256.empty())
        refuse("it does not say which model it is of");
    check_probability(reading.score, "score");
    for (const exam::OperatingPoint& point : reading.model.operating_points)
        check_finite(point.threshold, "threshold of operating point " + point.name);
    std::set<std::string> images;
    std::set<std::string> findings;
    for (const exam::ViewReading& view : reading.views) {
        const std::string name =
            "view " + (view.source.name ? to_string(*view.source.name) : std::string("unnamed"));
        check_view(view, name);
        if (!images.insert(view.source.sop_instance_uid).second)
            refuse(name + ": the same image is read twice");
        for (const exam::Finding& finding : view.findings) {
            check_finding(finding, view.source);
            if (!findings.insert(finding.id).second)
                refuse("finding " + finding.id + " is there twice");
        }
    }
}

}  // namespace lucerna::compose
