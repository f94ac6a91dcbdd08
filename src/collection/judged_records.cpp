#include "collection/judged_records.h"

#include <map>

namespace lucerna::collection {
namespace {

struct Count {
    std::size_t open = 0;
    std::size_t judged = 0;
};

Count count_findings(const JudgedExam& exam) {
    Count count;
    for (const JudgedImage& image : exam.images)
        for (const JudgedFinding& finding : image.findings)
            ++(finding.judgement == Judgement::kOpen ? count.open : count.judged);
    return count;
}

ImageRecord record_of(const JudgedImage& image, const JudgedExam& exam) {
    ImageRecord record;
    record.manifest = "archive";
    record.file = image.sop_instance_uid;
    record.view = image.view;
    record.subgroups = exam.subgroups;
    record.subgroups["labelled_by"] = "reader";
    for (const JudgedFinding& finding : image.findings)
        if (finding.judgement == Judgement::kAccepted)
            record.lesions.push_back({finding.box, Pathology::kMalignant});
    record.malignant = !record.lesions.empty();
    return record;
}

}  // namespace

JudgedRecords records_of(const std::vector<JudgedExam>& exams) {
    JudgedRecords result;
    std::map<std::string, std::string> number_of;
    std::map<std::string, int> exams_of;
    for (const JudgedExam& exam : exams) {
        const Count count = count_findings(exam);
        if (count.open > 0) {
            result.left_out.push_back(exam.study_instance_uid + ": " + std::to_string(count.open) +
                                      " findings are not judged");
            continue;
        }
        if (count.judged == 0) {
            result.left_out.push_back(exam.study_instance_uid + ": there was nothing to judge");
            continue;
        }
        const std::string next = "patient-" + std::to_string(number_of.size() + 1);
        const std::string patient = number_of.try_emplace(exam.patient, next).first->second;
        const std::string name = patient + "/" + std::to_string(++exams_of[patient]);
        for (const JudgedImage& image : exam.images) {
            result.records.push_back(record_of(image, exam));
            result.records.back().patient = patient;
            result.records.back().exam = name;
        }
    }
    return result;
}

}  // namespace lucerna::collection
