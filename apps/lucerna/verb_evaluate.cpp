#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "collection/manifest.h"
#include "collection/prepared_image.h"
#include "dicom/render.h"
#include "infer/model_package.h"
#include "pipeline/collection_reading.h"
#include "pipeline/parallel.h"
#include "report/report.h"
#include "report/text.h"
#include "verbs.h"

namespace lucerna {
namespace {

namespace fs = std::filesystem;

struct EvaluateOptions {
    fs::path model;
    fs::path predictions;
    fs::path compare;
    fs::path manifest;
    fs::path out;
    report::ReportOptions report;
    double prevalence = 0;
    std::vector<double> thresholds;
    std::vector<std::string> requirements;
    double max_overlap = 0.3;
    collection::AssumedSpacing spacing;
    std::size_t threads = 0;
    bool gate = false;
};

std::vector<report::ImagePrediction> read_predictions(const fs::path& path, double max_overlap) {
    const Bytes bytes = read_file(path);
    auto predictions = report::parse_predictions(as_text(bytes));
    for (report::ImagePrediction& one : predictions)
        one.marks = report::without_doubles(std::move(one.marks), max_overlap);
    return predictions;
}

report::ImagePrediction prediction_of(const std::string& file, const exam::ViewReading& reading) {
    report::ImagePrediction prediction{file, reading.score, {}};
    for (const exam::Finding& finding : reading.findings)
        prediction.marks.push_back({finding.box, finding.presence, finding.score});
    return prediction;
}

/// What is to be measured, wherever it comes from.
struct Source {
    report::MeasuredSet set;
    std::string name;
    std::string sha256;
};

Source read_by_model(const EvaluateOptions& options,
                     const std::vector<collection::ImageRecord>& records,
                     std::vector<report::NamedThreshold>& thresholds) {
    // Lower and longer than what serving shows, for the laxer end of the FROC.
    constexpr double kMinPresence = 0.001;
    constexpr int kMostMarks = 50;
    // One picture a thread: a whole set is faster so than one picture on all cores.
    const infer::ModelPackage model = infer::ModelPackage::open(options.model, {}, 1);
    infer::FindingRule rule = model.finding_rule();
    rule.min_presence = std::min(rule.min_presence, kMinPresence);
    rule.max_findings = std::max(rule.max_findings, kMostMarks);
    const bool terminal = isatty(STDERR_FILENO) == 1;
    const auto on_done = [&](std::size_t done) {
        if (stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by a signal");
        if (terminal || done % 100 == 0)
            std::fprintf(stderr, terminal ? "\r\033[Kread %zu of %zu" : "read %zu of %zu\n", done,
                         records.size());
    };
    const auto reading = pipeline::read_collection(records, options.manifest.parent_path(), model,
                                                   rule, options.spacing, options.threads, on_done);
    if (terminal) std::fputs("\r\033[K", stderr);
    std::vector<report::ImagePrediction> predictions;
    for (const auto& [file, view] : reading.readings)
        predictions.push_back(prediction_of(file, view));
    write_file(options.out / "predictions.csv", as_byte_view(report::predictions_csv(predictions)));
    const exam::ModelIdentity& identity = model.identity();
    for (const exam::OperatingPoint& point : identity.operating_points)
        thresholds.push_back({point.name, point.threshold});
    return {report::join(records, predictions, reading.refused),
            "model " + identity.name + " " + identity.version, identity.sha256};
}

Source read_source(const EvaluateOptions& options,
                   const std::vector<collection::ImageRecord>& records,
                   std::vector<report::NamedThreshold>& thresholds) {
    if (!options.model.empty()) return read_by_model(options, records, thresholds);
    return {report::join(records, read_predictions(options.predictions, options.max_overlap)),
            "predictions " + options.predictions.filename().string(),
            sha256_of_file(options.predictions)};
}

/// The picture at the size of an illustration; empty when it can't be read.
std::optional<report::Thumbnail> thumbnail(const fs::path& path) {
    constexpr int kHeight = 320;
    try {
        const exam::Raster<float> picture =
            collection::display_picture(read_file(path), path.filename().string());
        const auto [low, high] = std::minmax_element(picture.pixels.begin(), picture.pixels.end());
        const float range = *high > *low ? *high - *low : 1.0F;
        report::Thumbnail thumbnail;
        thumbnail.height = std::min(kHeight, picture.height);
        thumbnail.width =
            std::max(1, static_cast<int>(std::lround(static_cast<double>(picture.width) *
                                                     thumbnail.height / picture.height)));
        thumbnail.scale_x = static_cast<double>(thumbnail.width) / picture.width;
        thumbnail.scale_y = static_cast<double>(thumbnail.height) / picture.height;
        dicom::Picture8 small{thumbnail.width, thumbnail.height, 1, {}};
        for (int y = 0; y < thumbnail.height; ++y)
            for (int x = 0; x < thumbnail.width; ++x) {
                // The mean of the stored pixels beneath.
                const int left = x * picture.width / thumbnail.width;
                const int right = std::max(left + 1, (x + 1) * picture.width / thumbnail.width);
                const int top = y * picture.height / thumbnail.height;
                const int bottom = std::max(top + 1, (y + 1) * picture.height / thumbnail.height);
                double sum = 0;
                for (int v = top; v < bottom; ++v)
                    for (int u = left; u < right; ++u)
                        sum += static_cast<double>((picture.at(u, v) - *low) / range);
                small.pixels.push_back(static_cast<std::uint8_t>(
                    std::lround(255 * sum / ((right - left) * (bottom - top)))));
            }
        thumbnail.jpeg = dicom::encode_jpeg(small, 80);
        return thumbnail;
    } catch (const Error&) {
        // A report from predictions alone is made where the pictures are not.
        return {};
    }
}

std::vector<report::Requirement> requirements_from(const std::vector<std::string>& texts) {
    std::vector<report::Requirement> requirements;
    for (const std::string& text : texts) {
        const std::size_t at = text.find(">=");
        double limit = 0;
        const char* begin = text.data() + (at == std::string::npos ? text.size() : at + 2);
        const auto [end, error] = std::from_chars(begin, text.data() + text.size(), limit);
        if (error != std::errc{} || end != text.data() + text.size())
            throw CLI::ValidationError("--require", "'" + text + "' is not FIGURE>=NUMBER");
        requirements.push_back({text.substr(0, at), limit});
    }
    return requirements;
}

/// Columns that most collections have, for whoever names none.
std::vector<std::string> usual_subgroups(const std::vector<collection::ImageRecord>& records) {
    std::vector<std::string> columns{"view", "laterality"};
    if (!records.empty() && records.front().subgroups.contains("density"))
        columns.emplace_back("density");
    return columns;
}

void print_summary(const report::Report& report, const fs::path& out) {
    const auto line = [&](const char* name, const char* title) {
        const report::Figure* figure = report.figure(name);
        if (figure == nullptr) return;
        if (!figure->value) {
            std::printf("%-44s not defined: %s\n", title, figure->undefined_because.c_str());
            return;
        }
        const auto at = figure->intervals.find("patient_bootstrap");
        if (at == figure->intervals.end())
            std::printf("%-44s %.3f\n", title, *figure->value);
        else
            std::printf("%-44s %.3f (%.3f to %.3f)\n", title, *figure->value, at->second.low,
                        at->second.high);
    };
    std::printf("%zu images of %zu patients, %zu malignant images, %zu without a score\n",
                report.images, report.patients, report.malignant_images, report.unread.size());
    line("image.auc", "image AUC");
    line("breast.auc", "breast AUC");
    line("patient.auc", "patient AUC");
    line("lesions.froc_lesions_centre_at_0.5", "lesions found at 0.5 false marks an image");
    line("lesions.froc_lesions_centre_at_1", "lesions found at 1");
    line("lesions.froc_malignant_centre_at_1", "malignant lesions found at 1");
    line("calibration.slope", "calibration slope");
    std::printf("verdict: %s\n%s\n", report::name_of(report.verdict.outcome).c_str(),
                (out / "report.html").c_str());
}

ExitCode evaluate_set(EvaluateOptions options) {
    if (options.model.empty() == options.predictions.empty())
        throw Error(ErrorCode::kInvalidInput, "give one of --model and --predictions");
    std::error_code failure;
    fs::create_directories(options.out, failure);
    if (failure)
        throw Error(ErrorCode::kIo,
                    "cannot create " + options.out.string() + ": " + failure.message());
    // Pictures may be elsewhere when predictions are given.
    const auto records = options.model.empty()
                             ? collection::parse_manifest(as_text(read_file(options.manifest)),
                                                          options.manifest.filename().string())
                             : collection::read_manifest(options.manifest);
    if (options.report.subgroups.empty()) options.report.subgroups = usual_subgroups(records);
    for (const double threshold : options.thresholds)
        options.report.thresholds.push_back(
            {"score " + report::number_text(threshold, 6), threshold});
    const Source source = read_source(options, records, options.report.thresholds);
    std::optional<report::MeasuredSet> compared;
    report::Origin origin;
    if (!options.compare.empty()) {
        compared = report::join(records, read_predictions(options.compare, options.max_overlap));
        origin.compared_with = options.compare.filename().string();
    }
    origin.program_version = LUCERNA_VERSION;
    origin.manifest = options.manifest.filename().string();
    origin.manifest_sha256 = sha256_of_file(options.manifest);
    origin.source = source.name;
    origin.source_sha256 = source.sha256;
    origin.made_at = to_rfc3339(SystemClock().now());
    const auto run = [&](std::size_t parts, const std::function<void(std::size_t)>& part) {
        pipeline::run_parts(options.threads, parts, [&](std::size_t i) {
            if (stop_requested()) throw Error(ErrorCode::kCancelled, "stopped by a signal");
            part(i);
        });
    };
    const report::Report report = report::make_report(source.set, compared ? &*compared : nullptr,
                                                      options.report, std::move(origin), run);
    const auto picture_of = [&](const std::string& file) {
        return thumbnail(options.manifest.parent_path() / file);
    };
    write_file(options.out / "report.html", as_byte_view(report::report_html(report, picture_of)));
    // Last, so that a gate that waits for it finds the page beside it.
    write_file(options.out / "report.json", as_byte_view(report::report_json(report)));
    print_summary(report, options.out);
    if (options.gate && report.verdict.outcome == report::Outcome::kFail) return kGateFailed;
    if (options.gate && report.verdict.outcome == report::Outcome::kUndecided)
        return kGateUndecided;
    return kDone;
}

void add_inputs(CLI::App& verb, EvaluateOptions& options) {
    verb.add_option("--model", options.model, "Model package that reads the pictures");
    verb.add_option("--predictions", options.predictions,
                    "Or what a model said of them: CSV or JSON (docs/formats/predictions.md)");
    verb.add_option("--manifest", options.manifest, "CSV of images and lesions");
    verb.add_option("--out", options.out, "Folder for report.json and report.html");
    verb.add_option("--compare", options.compare,
                    "Predictions of another model on the same images, for paired tests");
    verb.add_option("--max-overlap", options.max_overlap,
                    "Of two predicted marks that overlap more the surer one stays (1: keep all)")
        ->capture_default_str();
    verb.add_option("--row-spacing", options.spacing.row_mm,
                    "Row spacing in mm of pictures that state none (0: a film 240 mm high)");
    verb.add_option("--column-spacing", options.spacing.column_mm, "The same of columns");
    verb.add_option("--threads", options.threads, "Threads (0: one a core)");
}

void add_questions(CLI::App& verb, EvaluateOptions& options) {
    verb.add_option("--subgroup", options.report.subgroups,
                    "Manifest column to compare groups of; repeatable (default: view, laterality "
                    "and density)");
    verb.add_option("--prevalence", options.prevalence,
                    "Share of malignant cases for PPV, NPV, net benefit and recalibration")
        ->check(CLI::Range(1e-6, 1 - 1e-6));
    verb.add_option("--threshold", options.thresholds,
                    "Score from which an image counts as positive; repeatable (a model's own "
                    "operating points are always reported)");
    verb.add_option("--require", options.requirements,
                    "FIGURE>=NUMBER for the verdict, such as image.auc>=0.8: the whole interval "
                    "must lie there; repeatable");
    verb.add_option("--tolerance", options.report.tolerance,
                    "How much worse a group may be than the rest")
        ->capture_default_str();
    verb.add_option("--smallest-group", options.report.smallest_group,
                    "Fewer patients of a kind make a group too small")
        ->capture_default_str();
    verb.add_flag("--gate", options.gate, "Exit with 8 when the verdict is fail, 9 if undecided");
    verb.add_option("--rounds", options.report.rounds, "Rounds of the bootstrap")
        ->capture_default_str();
    verb.add_option("--seed", options.report.seed, "Seed of the bootstrap")->capture_default_str();
}

}  // namespace

void add_evaluate(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<EvaluateOptions>();
    CLI::App* verb = app.add_subcommand(
        "evaluate", "Measure a model or its predictions against annotated images");
    verb->require_subcommand(0, 1);
    add_inputs(*verb, *options);
    add_questions(*verb, *options);
    add_evaluate_readers(*verb, chosen);
    verb->callback([verb, options, &chosen] {
        if (!verb->get_subcommands().empty()) return;
        if (options->model.empty() == options->predictions.empty())
            throw CLI::ValidationError("evaluate", "give one of --model and --predictions");
        if (options->manifest.empty()) throw CLI::RequiredError("--manifest");
        if (options->out.empty()) throw CLI::RequiredError("--out");
        if (verb->count("--prevalence") > 0) options->report.prevalence = options->prevalence;
        options->report.requirements = requirements_from(options->requirements);
        chosen = [options] { return evaluate_set(*options); };
    });
}

}  // namespace lucerna
