#include "learn/prediction.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <span>

#include "base/error.h"
#include "base/split.h"

namespace lucerna::learn {
namespace {

constexpr std::string_view kHeader = "file,patient,fold,image_score,x,y,w,h,presence,suspicion\n";
constexpr std::string_view kRawHeader =
    "file,patient,fold,context,x,y,w,h,found,looked,malignancy\n";

/// The shortest text that reads back as the same number.
std::string text_of(double value) {
    std::array<char, 40> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return error == std::errc{} ? std::string(buffer.data(), end) : "nan";
}

double number_from(std::string_view text, int line) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw Error(ErrorCode::kInvalidInput, "predictions, line " + std::to_string(line) +
                                                  ": not a number: '" + std::string(text) + "'");
    return value;
}

/// The lines after `header`, each divided at its commas into as many fields as the header has.
std::vector<std::vector<std::string_view>> rows_of(std::string_view csv, std::string_view header) {
    if (csv.substr(0, header.size()) != header)
        throw Error(ErrorCode::kInvalidInput, "predictions, line 1: not the expected header");
    const auto count = static_cast<std::size_t>(std::count(header.begin(), header.end(), ',')) + 1;
    csv.remove_prefix(header.size());
    std::vector<std::vector<std::string_view>> rows;
    for (std::size_t line = 2; !csv.empty(); ++line) {
        const std::size_t end = std::min(csv.find('\n'), csv.size());
        rows.push_back(split(csv.substr(0, end), ","));
        csv.remove_prefix(std::min(end + 1, csv.size()));
        if (rows.back().size() != count)
            throw Error(ErrorCode::kInvalidInput, "predictions, line " + std::to_string(line) +
                                                      ": not " + std::to_string(count) + " fields");
    }
    return rows;
}

/// One row for each candidate's values, or one with empty fields where there are none.
void append_rows(std::string& csv, const std::string& head,
                 const std::vector<std::vector<double>>& candidates, std::size_t fields) {
    if (candidates.empty()) csv += head + std::string(fields, ',') + "\n";
    for (const std::vector<double>& values : candidates) {
        csv += head;
        for (const double value : values) csv += "," + text_of(value);
        csv += "\n";
    }
}

}  // namespace

std::vector<Candidate> suppressed(std::vector<Candidate> candidates, double min_presence,
                                  double max_overlap, std::size_t most) {
    std::stable_sort(
        candidates.begin(), candidates.end(),
        [](const Candidate& a, const Candidate& b) { return a.presence > b.presence; });
    std::vector<Candidate> kept;
    for (const Candidate& candidate : candidates) {
        if (kept.size() == most) break;
        if (candidate.presence < min_presence) continue;
        const bool doubled = std::any_of(kept.begin(), kept.end(), [&](const Candidate& other) {
            return exam::overlap(candidate.box, other.box) > max_overlap;
        });
        if (!doubled) kept.push_back(candidate);
    }
    return kept;
}

std::string predictions_csv(const std::vector<Prediction>& predictions) {
    std::string csv(kHeader);
    for (const Prediction& one : predictions) {
        std::vector<std::vector<double>> rows;
        for (const Candidate& c : one.candidates)
            rows.push_back(
                {c.box.left, c.box.top, c.box.width, c.box.height, c.presence, c.suspicion});
        append_rows(csv,
                    one.file + "," + one.patient + "," + std::to_string(one.fold) + "," +
                        text_of(one.image_score),
                    rows, 6);
    }
    return csv;
}

std::string raw_csv(const std::vector<RawPrediction>& predictions) {
    std::string csv(kRawHeader);
    for (const RawPrediction& one : predictions) {
        std::vector<std::vector<double>> rows;
        for (const RawCandidate& c : one.candidates)
            rows.push_back({c.box.left, c.box.top, c.box.width, c.box.height, c.found, c.looked,
                            c.malignancy});
        append_rows(csv,
                    one.file + "," + one.patient + "," + std::to_string(one.fold) + "," +
                        text_of(one.context),
                    rows, 7);
    }
    return csv;
}

namespace {

/// Reads either kind: `start` makes what a new file's first row begins, `add` its candidate.
template <typename Of, typename Start, typename Add>
std::vector<Of> parse(std::string_view csv, std::string_view header, Start start, Add add) {
    std::vector<Of> predictions;
    int line = 1;
    for (const std::vector<std::string_view>& fields : rows_of(csv, header)) {
        ++line;
        if (predictions.empty() || predictions.back().file != fields[0]) {
            predictions.emplace_back();
            predictions.back().file = std::string(fields[0]);
            predictions.back().patient = std::string(fields[1]);
            predictions.back().fold = static_cast<int>(number_from(fields[2], line));
            start(predictions.back(), number_from(fields[3], line));
        }
        if (fields[4].empty()) continue;
        std::vector<double> values;
        for (std::size_t i = 4; i < fields.size(); ++i)
            values.push_back(number_from(fields[i], line));
        add(predictions.back(), exam::Box{values[0], values[1], values[2], values[3]},
            std::span<const double>(values).subspan(4));
    }
    return predictions;
}

}  // namespace

std::vector<Prediction> parse_predictions(std::string_view csv) {
    return parse<Prediction>(
        csv, kHeader, [](Prediction& fresh, double value) { fresh.image_score = value; },
        [](Prediction& to, const exam::Box& box, std::span<const double> values) {
            to.candidates.push_back({box, values[0], values[1]});
        });
}

std::vector<RawPrediction> parse_raw(std::string_view csv) {
    return parse<RawPrediction>(
        csv, kRawHeader, [](RawPrediction& fresh, double value) { fresh.context = value; },
        [](RawPrediction& to, const exam::Box& box, std::span<const double> values) {
            to.candidates.push_back({box, values[0], values[1], values[2]});
        });
}

}  // namespace lucerna::learn
