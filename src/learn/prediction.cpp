#include "learn/prediction.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "base/error.h"

namespace lucerna::learn {
namespace {

constexpr std::string_view kHeader = "file,patient,fold,image_score,x,y,w,h,presence,suspicion\n";

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

std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> fields;
    for (;;) {
        const std::size_t comma = line.find(',');
        fields.push_back(line.substr(0, comma));
        if (comma == std::string_view::npos) return fields;
        line.remove_prefix(comma + 1);
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
    for (const Prediction& prediction : predictions) {
        const std::string head = prediction.file + "," + prediction.patient + "," +
                                 std::to_string(prediction.fold) + "," +
                                 text_of(prediction.image_score);
        if (prediction.candidates.empty()) csv += head + ",,,,,,\n";
        for (const Candidate& one : prediction.candidates) {
            csv += head;
            for (const double value : {one.box.left, one.box.top, one.box.width, one.box.height,
                                       one.presence, one.suspicion})
                csv += "," + text_of(value);
            csv += "\n";
        }
    }
    return csv;
}

std::vector<Prediction> parse_predictions(std::string_view csv) {
    if (csv.substr(0, kHeader.size()) != kHeader)
        throw Error(ErrorCode::kInvalidInput, "predictions, line 1: not the expected header");
    csv.remove_prefix(kHeader.size());
    std::vector<Prediction> predictions;
    for (int line = 2; !csv.empty(); ++line) {
        const std::size_t end = std::min(csv.find('\n'), csv.size());
        const std::vector<std::string_view> fields = split(csv.substr(0, end));
        csv.remove_prefix(std::min(end + 1, csv.size()));
        if (fields.size() != 10)
            throw Error(ErrorCode::kInvalidInput,
                        "predictions, line " + std::to_string(line) + ": not 10 fields");
        if (predictions.empty() || predictions.back().file != fields[0]) {
            Prediction fresh;
            fresh.file = std::string(fields[0]);
            fresh.patient = std::string(fields[1]);
            fresh.fold = static_cast<int>(number_from(fields[2], line));
            fresh.image_score = number_from(fields[3], line);
            predictions.push_back(std::move(fresh));
        }
        if (fields[4].empty()) continue;
        std::array<double, 6> values{};
        for (std::size_t i = 0; i < 6; ++i) values[i] = number_from(fields[4 + i], line);
        predictions.back().candidates.push_back(
            {{values[0], values[1], values[2], values[3]}, values[4], values[5]});
    }
    return predictions;
}

}  // namespace lucerna::learn
