#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluate/figures.h"
#include "report/measured_set.h"

namespace lucerna::report {

/// One figure with whatever intervals apply, or the reason why the data do not define it.
struct Figure {
    /// Unique within its section: "auc".
    std::string id;
    std::string title;
    std::optional<double> value{};
    /// 95%, by method: "delong", "patient_bootstrap", "wilson", "exact", "sandwich".
    std::map<std::string, evaluate::Interval> intervals{};
    /// How many cases it is about (images, lesions, ...), where that says something.
    std::optional<std::size_t> cases{};
    std::optional<double> p{};
    std::string undefined_because{};
};

struct Curve {
    std::string name;
    std::vector<std::pair<double, double>> points;
    /// kDashed takes the colour of the curve before it.
    enum class Style { kLine, kDashed, kReference, kDots } style = Style::kLine;
    /// Vertical error bars of dots; empty or one a point.
    std::vector<evaluate::Interval> bars{};
};

struct Plot {
    std::string id;
    std::string title;
    std::string x_label;
    std::string y_label;
    double x_min = 0;
    double x_max = 1;
    double y_min = 0;
    double y_max = 1;
    std::vector<Curve> curves{};
    enum class Kind { kCurves, kHistogram } kind = Kind::kCurves;
    std::string undefined_because{};
};

struct Section {
    std::string id;
    std::string title;
    std::string explanation;
    /// Deques: figures are filled after the bootstrap, so their places must not move.
    std::deque<Figure> figures{};
    std::vector<Plot> plots{};
};

/// One metric of one group beside the rest.
struct GroupMetric {
    std::string metric;
    std::string title;
    Figure value;
    Figure rest;
    /// value - rest; `p` is unadjusted.
    Figure gap;
    std::optional<double> p_holm;
    bool too_small = false;
};
struct Group {
    std::string column;
    std::string name;
    std::size_t images = 0;
    std::size_t patients = 0;
    std::size_t malignant_patients = 0;
    bool too_small = false;
    std::deque<GroupMetric> metrics;
};

enum class Outcome { kPass, kFail, kUndecided };
[[nodiscard]] std::string name_of(Outcome outcome);

struct Check {
    std::string name;
    Outcome outcome = Outcome::kUndecided;
    std::string detail;
};
/// The worst of its checks; kUndecided when nothing was asked.
struct Verdict {
    Outcome outcome = Outcome::kUndecided;
    std::vector<Check> checks;
};

/// A picture of an image that was read badly.
struct Example {
    enum class Kind { kMiss, kFalseAlarm } kind = Kind::kMiss;
    std::string file;
    std::string caption;
    std::vector<exam::Box> lesions;
    std::vector<PredictedMark> marks;
};

/// "image.auc" must be shown to be at least this.
struct Requirement {
    std::string figure;
    double at_least = 0;
};

struct NamedThreshold {
    std::string name;
    double threshold = 0;
};

struct ReportOptions {
    std::vector<std::string> subgroups{};
    std::optional<double> prevalence{};
    /// On the score; the first one is what groups are compared at.
    std::vector<NamedThreshold> thresholds{};
    std::vector<Requirement> requirements{};
    /// How much worse a group may be than the rest.
    double tolerance = 0.1;
    /// Fewer patients of a class than this make a group too small.
    std::size_t smallest_group = 20;
    std::uint64_t rounds = 2000;
    std::uint64_t seed = 1;
    std::size_t examples = 8;
};

/// Where the figures came from; everything is quoted, nothing interpreted.
struct Origin {
    std::string program_version;
    std::string manifest;
    std::string manifest_sha256;
    /// "Model cbis-mass 1.0.0" or "Predictions FILE".
    std::string source;
    std::string source_sha256;
    std::string compared_with;
    std::string made_at;
};

struct Report {
    Origin origin;
    ReportOptions options;
    std::size_t images = 0;
    std::size_t malignant_images = 0;
    std::size_t patients = 0;
    std::size_t lesions = 0;
    std::size_t malignant_lesions = 0;
    std::size_t images_without_lesion = 0;
    std::vector<UnreadImage> unread;
    std::vector<std::string> notes;
    std::deque<Section> sections;
    std::deque<Group> groups;
    Verdict verdict;
    std::vector<Example> examples;

    /// "image.auc"; null when there is none.
    [[nodiscard]] const Figure* figure(const std::string& name) const;
};

/// Measures everything. `compared` (may be null) holds another model's reading of the same images.
/// Never throws for data that do not define a figure: the figure says why.
[[nodiscard]] Report make_report(const MeasuredSet& set, const MeasuredSet* compared,
                                 const ReportOptions& options, Origin origin,
                                 const evaluate::RunParts& run = evaluate::run_one_by_one);

/// report.json (docs/formats/report.schema.json).
[[nodiscard]] std::string report_json(const Report& report);

/// A picture as a JPEG, `scale` pixels of it a stored pixel.
struct Thumbnail {
    std::vector<std::uint8_t> jpeg;
    int width = 0;
    int height = 0;
    double scale_x = 1;
    double scale_y = 1;
};
/// Brings the picture of a file; empty when it cannot.
using PictureOf = std::function<std::optional<Thumbnail>(const std::string& file)>;

/// A page that needs nothing beside it.
[[nodiscard]] std::string report_html(const Report& report, const PictureOf& picture_of);

}  // namespace lucerna::report
