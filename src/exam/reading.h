#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "exam/contract.h"
#include "exam/geometry.h"
#include "exam/raster.h"
#include "exam/refusal.h"
#include "exam/view.h"

namespace lucerna::exam {

/// One view as a model sees it.
struct PreparedView {
    ViewSource source;
    /// 0 (background, black) to 1 (white), breast on black.
    Raster<float> pixels;
    double spacing_mm = 0;
    /// From `pixels` to the stored image.
    Placement placement;
    /// The steps that were taken, in order.
    std::vector<std::string> steps;
};

/// What prepare made of an exam: every view is in one of the two lists.
struct Preparation {
    std::vector<PreparedView> accepted;
    std::vector<Refusal> refused;
};

/// A region of one view with a score.
struct Finding {
    /// Unique within the reading and stable over re-reading: "R-CC-1".
    std::string id;
    /// What the model says it is: "mass".
    std::string kind;
    /// In stored pixels of the view.
    Box box;
    /// Closed polygon in stored pixels of the view.
    std::vector<Point> contour;
    /// Calibrated probability in [0, 1] that it is malignant: what people see and sort by.
    double score = 0;
    /// The same as the network put it out, before calibration.
    double raw_score = 0;
    /// How sure the network is that there is such a thing at all, benign or malignant, in [0, 1].
    double presence = 0;
};

struct ViewReading {
    ViewSource source;
    std::vector<std::string> steps;
    double spacing_mm = 0;
    /// Calibrated; `raw_score` before calibration.
    double score = 0;
    double raw_score = 0;
    /// Highest score first.
    std::vector<Finding> findings;
};

/// A model's opinion of an exam, preliminary until somebody signs.
struct ExamReading {
    ExamSubject subject;
    ModelIdentity model;
    /// Where the site is, for the clearance check; may be empty.
    std::string jurisdiction;
    std::vector<ViewReading> views;
    std::vector<Refusal> refusals;
    /// Calibrated score of the exam: the highest of its views.
    double score = 0;
    /// The operating points that the score reaches, by name.
    std::vector<std::string> above;
    /// True when any source image says that it is synthetic.
    bool synthetic = false;
    Instant read_at{};
    /// What tells the results apart from those that are made of the same images by the same model
    /// elsewhere, or at another time: UIDs of results and of their series follow from it. May be
    /// empty.
    std::string told_apart_by{};
    /// By SOP Instance UID, what tells the very object that was read from one that comes under its
    /// UID when it is gone. What is not there is told by its UID alone.
    std::map<std::string, std::string> kept_as{};
};

/// "Research use only. Not for clinical decisions." unless the model is cleared at the site.
[[nodiscard]] std::string use_statement(const ModelIdentity& model,
                                        const std::string& jurisdiction);

}  // namespace lucerna::exam
