#include "report/predictions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/error.h"
#include "report/csv.h"

namespace lucerna::report {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
    throw Error(ErrorCode::kInvalidInput, "predictions, " + where + ": " + why);
}

/// Gathers predictions by image, in order of first appearance.
class Gathered {
  public:
    ImagePrediction& image(const std::string& file, double score, const std::string& where) {
        const auto [at, fresh] = by_file_.try_emplace(file, images_.size());
        if (fresh) images_.push_back({file, score, {}});
        ImagePrediction& image = images_[at->second];
        if (image.score != score) refuse(where, "another score of the image than before: " + file);
        return image;
    }
    [[nodiscard]] std::vector<ImagePrediction> take() { return std::move(images_); }

  private:
    std::vector<ImagePrediction> images_;
    std::unordered_map<std::string, std::size_t> by_file_;
};

PredictedMark mark_from(const exam::Box& box, std::optional<double> score,
                        std::optional<double> presence, std::optional<double> suspicion,
                        const std::string& where) {
    if (!(box.width >= 0) || !(box.height >= 0)) refuse(where, "a box of negative size");
    if (!presence) presence = score ? score : suspicion;
    if (!suspicion) suspicion = score ? score : presence;
    if (!presence) refuse(where, "a box without presence, suspicion or score");
    return {box, *presence, *suspicion};
}

std::vector<ImagePrediction> from_csv(std::string_view text) {
    Gathered gathered;
    for (const CsvRow& row : parse_csv(text, "predictions", {"file", "image_score"})) {
        const std::string where = "line " + std::to_string(row.line);
        const auto score = row.number("image_score");
        if (!score) refuse(where, "image_score is empty");
        ImagePrediction& image = gathered.image(row.needed("file"), *score, where);
        const auto x = row.number("x");
        const auto y = row.number("y");
        const auto w = row.number("w");
        const auto h = row.number("h");
        if (!x && !y && !w && !h) continue;
        if (!x || !y || !w || !h) refuse(where, "the box lacks one of x, y, w, h");
        image.marks.push_back(mark_from({*x, *y, *w, *h}, row.number("score"),
                                        row.number("presence"), row.number("suspicion"), where));
    }
    return gathered.take();
}

std::optional<double> optional_number(const json& object, const char* key,
                                      const std::string& where) {
    const auto at = object.find(key);
    if (at == object.end() || at->is_null()) return {};
    if (!at->is_number()) refuse(where, std::string(key) + " is not a number");
    return at->get<double>();
}

double number(const json& object, const char* key, const std::string& where) {
    const auto value = optional_number(object, key, where);
    if (!value) refuse(where, std::string(key) + " is missing");
    return *value;
}

std::vector<ImagePrediction> from_json(std::string_view text) {
    const json document = json::parse(text, nullptr, false);
    if (document.is_discarded()) refuse("the whole file", "not readable as JSON");
    if (!document.is_object() || !document.contains("images") || !document["images"].is_array())
        refuse("the whole file", "no array 'images'");
    Gathered gathered;
    for (std::size_t i = 0; i < document["images"].size(); ++i) {
        const json& one = document["images"][i];
        std::string where = "images[" + std::to_string(i) + "]";
        if (!one.is_object() || !one.contains("file") || !one["file"].is_string())
            refuse(where, "no text 'file'");
        ImagePrediction& image =
            gathered.image(one["file"], number(one, "image_score", where), where);
        const json marks = one.value("marks", json::array());
        for (std::size_t k = 0; k < marks.size(); ++k) {
            const std::string place = where + ".marks[" + std::to_string(k) + "]";
            if (!marks[k].is_object()) refuse(place, "not an object");
            const exam::Box box{number(marks[k], "x", place), number(marks[k], "y", place),
                                number(marks[k], "w", place), number(marks[k], "h", place)};
            image.marks.push_back(mark_from(box, optional_number(marks[k], "score", place),
                                            optional_number(marks[k], "presence", place),
                                            optional_number(marks[k], "suspicion", place), place));
        }
    }
    return gathered.take();
}

/// The shortest text that reads back as the same number.
std::string text_of(double value) {
    std::array<char, 40> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
    return {buffer.data(), end};
}

std::string field_of(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

}  // namespace

std::vector<ImagePrediction> parse_predictions(std::string_view text) {
    const std::size_t start = text.find_first_not_of(" \t\r\n");
    if (start != std::string_view::npos && text[start] == '{') return from_json(text);
    return from_csv(text);
}

std::string predictions_csv(const std::vector<ImagePrediction>& predictions) {
    std::string csv = "file,image_score,x,y,w,h,presence,suspicion\n";
    for (const ImagePrediction& one : predictions) {
        const std::string head = field_of(one.file) + "," + text_of(one.score);
        if (one.marks.empty()) csv += head + ",,,,,,\n";
        for (const PredictedMark& mark : one.marks) {
            csv += head;
            for (const double value : {mark.box.left, mark.box.top, mark.box.width, mark.box.height,
                                       mark.presence, mark.suspicion})
                csv += "," + text_of(value);
            csv += "\n";
        }
    }
    return csv;
}

std::vector<PredictedMark> without_doubles(std::vector<PredictedMark> marks, double max_overlap) {
    std::stable_sort(marks.begin(), marks.end(),
                     [](const auto& a, const auto& b) { return a.presence > b.presence; });
    std::vector<PredictedMark> kept;
    for (const PredictedMark& mark : marks)
        if (std::none_of(kept.begin(), kept.end(), [&](const PredictedMark& better) {
                return exam::overlap(better.box, mark.box) > max_overlap;
            }))
            kept.push_back(mark);
    return kept;
}

}  // namespace lucerna::report
