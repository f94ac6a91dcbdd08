#include "review/exams.h"
#include "store/store.h"

namespace lucerna::review {

std::vector<store::ExamEntry> StoredExams::worklist(std::optional<store::ExamState> only,
                                                    std::size_t limit) {
    return store_.exams().worklist(only, limit);
}

std::optional<store::ExamEntry> StoredExams::exam(const std::string& study) {
    return store_.exams().exam(study);
}

std::vector<store::InstanceRow> StoredExams::images(const std::string& study) {
    std::vector<store::InstanceRow> rows = store_.archive().instances_of(study);
    std::erase_if(rows, [](const store::InstanceRow& row) {
        return row.role != store::Role::kReceived || row.rows <= 0;
    });
    return rows;
}

std::string StoredExams::reading_json(const std::string& study) {
    return store_.exams().reading_json(study);
}

std::vector<store::Decision> StoredExams::decisions(const std::string& study) {
    return store_.exams().decisions_of(study);
}

void StoredExams::decide(const store::Decision& decision, const std::string& shown) {
    store_.exams().decide(decision, shown);
}

std::uint64_t StoredExams::revision() {
    return store_.exams().revision();
}

}  // namespace lucerna::review
