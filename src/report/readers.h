#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evaluate/reader_study.h"

namespace lucerna::report {

/// Reads the ratings of a reader study (docs/formats/reader-ratings.md): CSV with the columns
/// reader, treatment, case, truth, rating, and for studies with marked lesions `lesion` and
/// `lesions`. Throws Error(kInvalidInput) that names the line.
[[nodiscard]] evaluate::ReaderStudy parse_reader_ratings(std::string_view csv);

/// One analysis of a study by one figure of merit.
struct ReaderReport {
    std::string manifest_sha256;
    evaluate::ReaderStudy study;
    struct Analysis {
        evaluate::FigureOfMerit figure = evaluate::FigureOfMerit::kRocAuc;
        evaluate::OrAnalysis or_delong;
        evaluate::OrAnalysis or_jackknife;
        evaluate::DbmAnalysis dbm;
    };
    std::vector<Analysis> analyses;
};

/// ROC AUC, and wAFROC when the study has marked lesions.
[[nodiscard]] ReaderReport analyse_readers(evaluate::ReaderStudy study);

/// readers.json (docs/formats/reader-report.schema.json).
[[nodiscard]] std::string readers_json(const ReaderReport& report);
/// A page that needs nothing beside it.
[[nodiscard]] std::string readers_html(const ReaderReport& report);
/// A few lines for a terminal.
[[nodiscard]] std::string readers_text(const ReaderReport& report);

}  // namespace lucerna::report
