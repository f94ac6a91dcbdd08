#include "review/exams.h"
#include "store/store.h"

namespace lucerna::review {

void StoredExams::each_of_worklist(std::optional<store::ExamState> only, std::size_t limit,
                                   const std::function<bool(const store::ExamEntry&)>& take) {
    store_.exams().each_of_worklist(only, limit, take);
}

std::optional<store::ExamEntry> StoredExams::exam(const std::string& study) {
    return store_.exams().exam(study);
}

std::vector<store::InstanceRow> StoredExams::images(const std::string& study, std::size_t most) {
    return store_.archive().images_of(study, most);
}

std::string StoredExams::reading_json(const std::string& study) {
    return store_.exams().reading_json(study);
}

std::vector<store::Decision> StoredExams::decisions(const std::string& study, std::size_t limit,
                                                    std::size_t offset) {
    return store_.exams().decisions_of(study, limit, offset);
}

std::size_t StoredExams::count_decisions(const std::string& study) {
    return store_.exams().count_decisions(study);
}

void StoredExams::each_newest_decision(const std::string& study,
                                       const std::function<void(store::Decision&&)>& take) {
    store_.exams().each_newest_decision(study, take);
}

void StoredExams::decide(const store::Decision& decision, const std::string& shown) {
    store_.exams().decide(decision, shown);
}

std::uint64_t StoredExams::revision() {
    return store_.exams().revision();
}

}  // namespace lucerna::review
