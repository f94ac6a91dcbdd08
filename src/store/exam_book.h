#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "store/work_queue.h"

namespace lucerna::store {

struct Parts;

/// The kind of the jobs that read an exam: who has one leased, reads it.
/// The study is their payload.
inline constexpr const char* kReadJob = "read";

/// The kind of the job, one a study, that follows what is received beside the images of an exam (an
/// ultrasound, a report). It waits until the exam is read, and a little after each that comes. Its
/// payload is the row of the first of them in the index (ExamBook::companions).
inline constexpr const char* kCompanionsJob = "companions";

/// Received with a study that is an exam, and no image of that.
struct Companion {
    std::string sop_instance_uid;
    Instant received_at{};
};

enum class ExamState { kReceiving, kWaiting, kReading, kRead, kRefused, kFailed };

/// "receiving", "waiting", "reading", "read", "refused", "failed"; and back.
[[nodiscard]] std::string_view name_of(ExamState state);
[[nodiscard]] std::optional<ExamState> exam_state_from(std::string_view name);
/// The moves an exam can make; one table.
[[nodiscard]] bool may_move(ExamState from, ExamState to);

/// A study with images of a kind that is read (exam_kinds.h). All of it may identify a person.
struct ExamEntry {
    std::string study_instance_uid;
    ExamState state = ExamState::kReceiving;
    PatientName patient_name;
    PatientId patient_id;
    BirthDate patient_birth_date;
    AccessionNumber accession_number;
    std::string patient_sex;
    std::string study_date;
    std::string study_time;
    std::string study_description;
    /// Modality of its first image.
    std::string modality;
    /// Views seen, as "R-CC", sorted, each once.
    std::vector<std::string> views;
    int images = 0;
    /// Grows with each image; what a reading was made from.
    std::int64_t revision = 0;
    Instant first_received_at{};
    Instant last_received_at{};
    /// Of the newest reading; empty until there is one.
    std::optional<double> score;
    std::vector<std::string> above;
    std::string model_sha256;
    int findings = 0;
    /// Findings of the newest reading whose newest decision is accept or dismiss, also one in an
    /// earlier reading by that model which found the same.
    int decided = 0;
    bool synthetic = false;
    /// As whoever saved them wrote them: a JSON array, and the reading.
    std::string refusals_json = "[]";
    std::optional<Instant> read_at;
    /// Why it failed; else empty.
    std::string problem;
};

/// What came of reading an exam.
struct Reading {
    /// ExamEntry::revision that was read.
    std::int64_t revision = 0;
    /// kRead, or kRefused when no view could be read.
    ExamState outcome = ExamState::kRead;
    std::optional<double> score;
    std::vector<std::string> above;
    std::string model_sha256;
    bool synthetic = false;
    /// Says the findings (docs/formats/findings.schema.json).
    std::string reading_json;
    std::string refusals_json = "[]";
    Instant read_at{};
};

/// What a person said of a finding. Kept for good: a later one overrules, none is changed.
struct Decision {
    std::string study_instance_uid;
    std::string finding;
    std::string model_sha256;
    /// "accept", "dismiss" or "undo".
    std::string action;
    std::string comment;
    std::string who;
    bool self_declared = true;
    Instant when{};
    /// What the finding is, as PlacedFinding; empty where it is not known any more.
    std::string place = {};
};

/// The exams on their way. Archive::keep enters each received image of them in the transaction
/// that indexes it, so that none can be stored and its exam forgotten. Safe from several threads.
class ExamBook {
  public:
    explicit ExamBook(Parts& parts);

    [[nodiscard]] std::optional<ExamEntry> exam(const std::string& study_instance_uid);
    /// The newest reading's JSON; empty if there is none.
    [[nodiscard]] std::string reading_json(const std::string& study_instance_uid);

    /// By urgency: highest score first, then those without one; within the same, the oldest first.
    /// All states, or one.
    [[nodiscard]] std::vector<ExamEntry> worklist(std::optional<ExamState> only = {},
                                                  std::size_t limit = 200, std::size_t offset = 0);
    /// The same one by one, until `take` returns false. It is called while the index is read: it
    /// waits for nothing.
    void each_of_worklist(std::optional<ExamState> only, std::size_t limit,
                          const std::function<bool(const ExamEntry&)>& take,
                          std::size_t offset = 0);
    /// How many there are in a state.
    [[nodiscard]] std::size_t count(ExamState only);
    /// Exams in kReceiving whose last image came at `before` or earlier, oldest first; also those
    /// whose last image came after `never_after`, by a clock that was set back since.
    [[nodiscard]] std::vector<ExamEntry> quiet_since(Instant before, Instant never_after);

    /// Moves an exam and queues what follows from it, in one transaction. Throws Error(kConflict)
    /// if the table does not allow the move, Error(kNotFound).
    void move(const std::string& study_instance_uid, ExamState to,
              std::span<const NewJob> jobs = {}, const std::string& problem = {});
    /// Moves the exam of a leased kReadJob to kReading. It may be there already: then whoever read
    /// it lost the lease that this one is, and saves nothing any more. Empty where there is nothing
    /// to read: it is gone, has been read, or is being read under another job. This and the next
    /// two throw Error(kConflict) where the lease is lost.
    [[nodiscard]] std::optional<ExamEntry> begin_reading(const Job& job);
    /// Saves the reading, moves the exam (to kReading's outcome; back to kReceiving when images
    /// came meanwhile), queues the jobs (deliveries) and ends the lease: all or nothing.
    void save_reading(const Job& job, const Reading& reading, std::span<const NewJob> jobs);
    /// Ends the lease without a reading: the exam waits for another try at `again`, or has failed
    /// where there is to be none; back to kReceiving when images came since `revision`, which may
    /// be what it lacked. Returns which.
    ExamState leave_unread(const Job& job, std::int64_t revision, std::optional<Instant> again,
                           const std::string& problem);
    /// What a kCompanionsJob follows and is still kept, in the order in which it came. Whatever
    /// comes or goes of it later ends the lease of `job`.
    [[nodiscard]] std::vector<Companion> companions(const Job& job);

    /// At start: exams that a crash left in kReading go back to kWaiting. Returns how many.
    std::size_t recover();

    /// Appends, durably on return, what was said of a finding of the reading `shown`
    /// (reading_id of kept_reading.h). Throws Error: kNotFound (no such exam, no such finding),
    /// kInvalidInput (unknown action, nobody named), kConflict (there is a newer reading: that
    /// finding may be another one there; or there are kMostDecisions of it already, or
    /// kMostDecisionsOfExam).
    void decide(const Decision& decision, const std::string& shown);
    /// More than people make of a finding, and of an exam: each of them is looked at whenever the
    /// exam is.
    static constexpr std::int64_t kMostDecisions = 1000;
    static constexpr std::int64_t kMostDecisionsOfExam = 2000;

    /// Oldest first.
    [[nodiscard]] std::vector<Decision> decisions_of(
        const std::string& study_instance_uid,
        std::size_t limit = std::numeric_limits<std::int64_t>::max(), std::size_t offset = 0);
    /// All, newest first, as each_of_worklist hands over.
    void each_newest_decision(const std::string& study_instance_uid,
                              const std::function<void(Decision&&)>& take);
    [[nodiscard]] std::size_t count_decisions(const std::string& study_instance_uid);

    /// Grows whenever an exam or a decision changes; across restarts too.
    [[nodiscard]] std::uint64_t revision();

  private:
    Parts& parts_;
};

}  // namespace lucerna::store
