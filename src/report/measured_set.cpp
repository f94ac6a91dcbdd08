#include "report/measured_set.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/error.h"
#include "evaluate/resample.h"

namespace lucerna::report {
namespace {

using collection::ImageRecord;
using collection::Lesion;
using collection::Pathology;

std::string side_of(const ImageRecord& record) {
    return record.view.laterality == exam::Laterality::kRight ? "R" : "L";
}

/// Cases of one level from the name of each image's case.
Level gathered(const MeasuredSet& set, std::string id, std::string title,
               const std::vector<std::string>& names) {
    const evaluate::Clusters cases = evaluate::number_clusters(names);
    Level level{std::move(id), std::move(title), {}, {}, {}};
    level.highest.resize(cases.count);
    level.mean.resize(cases.count);
    level.patient_of.resize(cases.count);
    std::vector<double> images(cases.count, 0);
    for (std::size_t i = 0; i < set.size(); ++i) {
        const std::size_t at = cases.of_case[i];
        const double score = set.predictions[i].score;
        level.highest[at].score =
            images[at] == 0 ? score : std::max(level.highest[at].score, score);
        level.mean[at].score += score;
        images[at] += 1;
        level.patient_of[at] = set.patient_of[i];
        if (set.records[i].malignant) level.highest[at].positive = level.mean[at].positive = true;
    }
    for (std::size_t i = 0; i < images.size(); ++i) level.mean[i].score /= images[i];
    return level;
}

evaluate::MarkedImage marked(const ImagePrediction& prediction, Asked asked) {
    evaluate::MarkedImage image;
    for (const PredictedMark& mark : prediction.marks)
        image.marks.push_back(
            {mark.box, asked == Asked::kLesions ? mark.presence : mark.suspicion});
    return image;
}

bool is_target(const Lesion& lesion, Asked asked) {
    return asked == Asked::kLesions || lesion.pathology == Pathology::kMalignant;
}

}  // namespace

MeasuredSet join(const std::vector<ImageRecord>& records,
                 const std::vector<ImagePrediction>& predictions,
                 const std::vector<std::pair<std::string, std::string>>& refused) {
    std::unordered_map<std::string, const ImagePrediction*> by_file;
    for (const ImagePrediction& one : predictions) by_file[one.file] = &one;
    const std::map<std::string, std::string> reasons(refused.begin(), refused.end());
    MeasuredSet set;
    std::vector<std::string> patients;
    for (const ImageRecord& record : records) {
        const auto found = by_file.find(record.file);
        if (found == by_file.end()) {
            const auto reason = reasons.find(record.file);
            set.unread.push_back({record.file, record.malignant,
                                  reason == reasons.end() ? "no prediction" : reason->second});
            continue;
        }
        set.records.push_back(record);
        set.predictions.push_back(*found->second);
        patients.push_back(record.patient);
    }
    if (set.records.empty())
        throw Error(ErrorCode::kInvalidInput,
                    "no image of the manifest has a prediction: " + std::to_string(records.size()) +
                        " images, " + std::to_string(predictions.size()) + " predictions" +
                        (set.unread.empty() ? "" : "; the first: " + set.unread.front().reason));
    evaluate::Clusters clusters = evaluate::number_clusters(patients);
    set.patient_of = std::move(clusters.of_case);
    set.patients = clusters.count;
    set.unknown_predictions = predictions.size() - std::min(predictions.size(), set.records.size());
    return set;
}

std::vector<Level> levels_of(const MeasuredSet& set) {
    std::vector<std::string> images, breasts, exams, patients;
    bool exams_differ = false;
    for (std::size_t i = 0; i < set.size(); ++i) {
        const ImageRecord& record = set.records[i];
        const std::string exam = record.patient + '\x1f' + record.exam;
        images.push_back(std::to_string(i));
        breasts.push_back(exam + '\x1f' + side_of(record));
        exams.push_back(exam);
        patients.push_back(record.patient);
        exams_differ = exams_differ || record.exam != record.patient;
    }
    std::vector<Level> levels;
    levels.push_back(gathered(set, "image", "Images", images));
    levels.push_back(gathered(set, "breast", "Breasts", breasts));
    if (exams_differ) levels.push_back(gathered(set, "exam", "Exams", exams));
    levels.push_back(gathered(set, "patient", "Patients", patients));
    return levels;
}

std::vector<evaluate::MatchedImage> matched_images(const MeasuredSet& set, Asked asked,
                                                   evaluate::HitRule rule) {
    std::vector<evaluate::MatchedImage> matched;
    matched.reserve(set.size());
    for (std::size_t i = 0; i < set.size(); ++i) {
        evaluate::MarkedImage image = marked(set.predictions[i], asked);
        for (const Lesion& lesion : set.records[i].lesions)
            (is_target(lesion, asked) ? image.targets : image.ignored).push_back(lesion.box);
        matched.push_back(evaluate::match_marks(image, rule));
    }
    return matched;
}

MatchedForWafroc matched_for_wafroc(const MeasuredSet& set, Asked asked, evaluate::HitRule rule) {
    MatchedForWafroc all;
    for (std::size_t i = 0; i < set.size(); ++i) {
        const ImageRecord& record = set.records[i];
        evaluate::MarkedImage image = marked(set.predictions[i], asked);
        for (const Lesion& lesion : record.lesions)
            if (is_target(lesion, asked)) image.targets.push_back(lesion.box);
        if (!image.targets.empty())
            for (const Lesion& lesion : record.lesions)
                if (!is_target(lesion, asked)) image.ignored.push_back(lesion.box);
        const bool neither =
            image.targets.empty() && record.malignant;  // cancer somewhere, not told where
        all.counts.push_back(!neither);
        if (!neither) ++(image.targets.empty() ? all.normals : all.diseased);
        all.images.push_back(evaluate::match_marks(image, rule));
    }
    return all;
}

}  // namespace lucerna::report
