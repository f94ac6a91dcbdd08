#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/archive.h"
#include "store/exam_book.h"

namespace lucerna::store {
class Store;
}

namespace lucerna::review {

/// What review needs of the exams that are kept; safe to call from many threads at once.
class Exams {
  public:
    virtual ~Exams() = default;

    /// By urgency, as store::ExamBook orders them, until `take` returns false. All states, or one.
    virtual void each_of_worklist(std::optional<store::ExamState> only, std::size_t limit,
                                  const std::function<bool(const store::ExamEntry&)>& take) = 0;
    /// Empty when there is no such study.
    [[nodiscard]] virtual std::optional<store::ExamEntry> exam(const std::string& study) = 0;
    /// The images that were received, not what Lucerna made of them: the first `most`.
    [[nodiscard]] virtual std::vector<store::InstanceRow> images(const std::string& study,
                                                                 std::size_t most) = 0;
    /// The newest reading, as compose::findings_json wrote it; empty if there is none.
    [[nodiscard]] virtual std::string reading_json(const std::string& study) = 0;
    /// Oldest first.
    [[nodiscard]] virtual std::vector<store::Decision> decisions(const std::string& study,
                                                                 std::size_t limit,
                                                                 std::size_t offset) = 0;
    [[nodiscard]] virtual std::size_t count_decisions(const std::string& study) = 0;
    /// All, newest first.
    virtual void each_newest_decision(const std::string& study,
                                      const std::function<void(store::Decision&&)>& take) = 0;
    /// Appends, durably on return. Throws Error as store::ExamBook::decide.
    virtual void decide(const store::Decision& decision, const std::string& shown) = 0;
    /// Grows whenever an exam or a decision changed; what live updates watch.
    [[nodiscard]] virtual std::uint64_t revision() = 0;
};

/// The same, of a store. Borrows it.
class StoredExams final : public Exams {
  public:
    explicit StoredExams(store::Store& store) : store_(store) {}

    void each_of_worklist(std::optional<store::ExamState> only, std::size_t limit,
                          const std::function<bool(const store::ExamEntry&)>& take) override;
    std::optional<store::ExamEntry> exam(const std::string& study) override;
    std::vector<store::InstanceRow> images(const std::string& study, std::size_t most) override;
    std::string reading_json(const std::string& study) override;
    std::vector<store::Decision> decisions(const std::string& study, std::size_t limit,
                                           std::size_t offset) override;
    std::size_t count_decisions(const std::string& study) override;
    void each_newest_decision(const std::string& study,
                              const std::function<void(store::Decision&&)>& take) override;
    void decide(const store::Decision& decision, const std::string& shown) override;
    std::uint64_t revision() override;

  private:
    store::Store& store_;
};

}  // namespace lucerna::review
