#include "pipeline/second_opinion.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "base/parts.h"
#include "deliver/delivery.h"
#include "deliver/destination.h"
#include "dicom/uids.h"
#include "pipeline/images_to_read.h"
#include "pipeline/refusals_json.h"
#include "prepare/claim.h"
#include "retrieve/kept_object.h"
#include "retrieve/object_head.h"
#include "store/exam_kinds.h"

namespace lucerna::pipeline {
namespace {

bool has_all(const std::vector<std::string>& views, const std::vector<std::string>& wanted) {
    return !wanted.empty() && std::all_of(wanted.begin(), wanted.end(), [&](const auto& view) {
        return std::find(views.begin(), views.end(), view) != views.end();
    });
}

/// Another thread may have moved the exam between looking and moving: then it is in good hands.
bool queue_reading(store::Store& store, const store::ExamEntry& exam) {
    const std::string& study = exam.study_instance_uid;
    const std::vector<store::NewJob> job{
        {kReadJob, study + "#" + std::to_string(exam.revision), study, {}, study}};
    try {
        store.exams().move(study, store::ExamState::kWaiting, job);
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kConflict) return false;
        throw;
    }
    log_event(LogLevel::kInfo, "exam.complete",
              {{"exam", study}, {"images", exam.images}, {"views", exam.views.size()}});
    return true;
}

/// The moment at which the study's first object came, which it keeps for as long as it is here:
/// what is made of the same images in another archive, or after they were deleted and came again
/// under another patient perhaps, is another object (PS3.5 9), and no stranger knows its UID
/// before.
std::string told_apart_by(store::Store& store, const std::string& study) {
    Instant first = Instant::max();
    for (const store::InstanceRow& row : store.archive().instances_of(study))
        if (row.role == store::Role::kReceived) first = std::min(first, row.received_at);
    return first == Instant::max() ? "" : to_rfc3339(first);
}

/// Somebody sent an object under the UID of one of the results.
bool are_taken(store::Store& store, const std::vector<compose::Result>& results) {
    return std::any_of(results.begin(), results.end(), [&](const compose::Result& result) {
        const auto kept = store.archive().instance(result.sop_instance_uid);
        return kept && kept->role != store::Role::kResult;
    });
}

/// Under UIDs that are free, whatever was sent: what others have kept must not cost an exam its
/// reading.
std::vector<compose::Result> results_of(exam::ExamReading& reading, PreparedExam& prepared,
                                        store::Store& store, int at_once, const OnProgress& hold) {
    const std::string study = reading.subject.study_instance_uid;
    const std::string told_apart = told_apart_by(store, study);
    reading.told_apart_by = told_apart;
    for (int number = 2;; ++number) {
        std::vector<compose::Result> results =
            compose_exam(reading, prepared.pictures, at_once, hold);
        if (!are_taken(store, results)) return results;
        log_event(LogLevel::kWarning, "exam.result-taken", {{"exam", study}});
        reading.told_apart_by = told_apart + " " + std::to_string(number);
    }
}

std::vector<std::string> received_of(store::Store& store, const std::string& study) {
    std::vector<std::string> uids;
    for (const store::InstanceRow& row : store.archive().instances_of(study))
        if (row.role == store::Role::kReceived) uids.push_back(row.sop_instance_uid);
    return uids;
}

/// With its pixels, which are read where they lie if they are many, and no more beside them than an
/// image has.
prepare::LoadedObject image_of(store::Archive& archive, const store::InstanceRow& row) {
    // Of that size as many are looked at as there are threads, of larger ones one at a time.
    constexpr std::size_t kUsual = std::size_t{32} << 20;
    constexpr std::size_t kMost = std::size_t{64} << 20;
    const retrieve::FramedPlan plan = retrieve::plan_to_frame(
        archive, row, one_after_another,
        {retrieve::Beside::kWhatIsDrawn, dicom::PixelData::kKeep, dicom::Texts::kUtf8});
    if (plan.bytes > kMost)
        throw Error(ErrorCode::kUnsupported,
                    "The object has more than 64 MiB beside the pixels of one frame.");
    struct Held {
        MemoryBudget::Share room;
        dicom::FramedObject object;
    };
    MemoryBudget::Share room;
    if (plan.bytes > kUsual) room = retrieve::room_for_bytes(plan.bytes, retrieve::kept_files());
    const auto held = std::make_shared<Held>(Held{std::move(room), plan.make()});
    return prepare::LoadedObject(
        std::shared_ptr<const dicom::DataSet>(held, &held->object.with_frame(0)));
}

prepare::LoadedObject object_of(store::Archive& archive, const store::InstanceRow& row) {
    if (may_be_a_view(row)) return image_of(archive, row);
    const auto head = std::make_shared<retrieve::Head>(retrieve::head_of(archive, row));
    return prepare::LoadedObject(std::shared_ptr<const dicom::DataSet>(head, &head->data_set()));
}

/// Whose the study is and what it is, as searches and pages show it, of whichever image said so:
/// results are of the same patient, and sealed by her key.
exam::ExamSubject subject_in(store::Archive& archive, const std::string& study) {
    exam::ExamSubject subject;
    subject.study_instance_uid = study;
    store::Query query;
    query.keys = {{dicom::kStudyInstanceUid, study}};
    const std::vector<store::Match> found = archive.find(query);
    // Erased meanwhile: then there is nothing that results could be kept beside.
    if (found.empty()) return subject;
    const auto text = [&](dicom::Tag tag) { return std::string(found.front().value(tag)); };
    subject.patient_name = PatientName(text(dicom::kPatientName));
    subject.patient_id = PatientId(text(dicom::kPatientId));
    subject.issuer_of_patient_id = text(dicom::kIssuerOfPatientId);
    subject.patient_birth_date = BirthDate(text(dicom::kPatientBirthDate));
    subject.patient_sex = text(dicom::kPatientSex);
    subject.accession_number = AccessionNumber(text(dicom::kAccessionNumber));
    subject.study_id = text(dicom::kStudyId);
    subject.study_date = text(dicom::kStudyDate);
    subject.study_time = text(dicom::kStudyTime);
    subject.study_description = text(dicom::kStudyDescription);
    subject.referring_physician_name = text(dicom::kReferringPhysicianName);
    subject.timezone_offset_from_utc = text(dicom::kTimezoneOffsetFromUtc);
    return subject;
}

/// Which images are looked at, of however many, by their headers.
ImagesToRead chosen_of(store::Archive& archive, const std::vector<store::InstanceRow>& rows,
                       const exam::ExamSubject& subject, const exam::InputContract& contract,
                       const OnProgress& hold) {
    std::size_t looked_at = 0;
    return images_to_read(rows, contract, [&](const store::InstanceRow& row) {
        hold({Progress::Stage::kPreparing, looked_at++, rows.size()});
        try {
            const retrieve::Head head = retrieve::head_of(archive, row);
            prepare::Claim claim = prepare::claim_of(head.data_set(), contract);
            // Refused whatever else it is: another's images leave hers their places.
            if (is_of_another_patient(head.data_set(), subject)) claim.is_refused = true;
            return claim;
        } catch (const Error& error) {
            // The others must not wait for what is damaged, which is refused when it is read.
            if (error.code() == ErrorCode::kUnavailable) throw;
            prepare::Claim claim;
            claim.is_refused = true;
            return claim;
        }
    });
}

ExamImages images_of(store::Store& store, const std::string& study,
                     const exam::InputContract& contract, const OnProgress& hold) {
    std::vector<store::InstanceRow> rows = store.archive().instances_of(study);
    // A dose report or a key object beside them is no image that could not be read.
    std::erase_if(rows, [](const auto& row) {
        return row.role != store::Role::kReceived ||
               !store::is_of_an_exam(row.sop_class_uid, row.modality);
    });
    exam::ExamSubject subject = subject_in(store.archive(), study);
    ImagesToRead chosen = chosen_of(store.archive(), rows, subject, contract, hold);
    const auto taken =
        std::make_shared<const std::vector<store::InstanceRow>>(std::move(chosen.images));
    std::map<std::string, std::string> kept_as;
    for (const store::InstanceRow& row : *taken) kept_as[row.sop_instance_uid] = row.object;
    return {
        std::move(subject),
        taken->size(),
        [&store, taken](std::size_t index) { return object_of(store.archive(), taken->at(index)); },
        rows.size() - taken->size(),
        chosen.are_beside_a_patients,
        std::move(kept_as)};
}

std::vector<store::NewJob> deliveries_of(const std::vector<compose::Result>& results,
                                         const std::string& study, const exam::ExamReading& reading,
                                         std::int64_t revision, const OpinionRules& rules,
                                         const std::vector<std::string>& images) {
    std::vector<store::NewJob> jobs;
    for (const std::string& destination : rules.destinations) {
        const auto is_among = [&](const std::vector<std::string>& names) {
            return std::find(names.begin(), names.end(), destination) != names.end();
        };
        std::vector<std::string> uids;
        if (is_among(rules.with_images)) uids = images;
        for (const compose::Result& result : results) {
            const bool stays =
                result.kind == compose::ResultKind::kCapture &&
                (is_among(rules.without_captures) ||
                 (result.is_of_refused_image && is_among(rules.without_refused_captures)));
            if (!stays) uids.push_back(result.sop_instance_uid);
        }
        jobs.push_back({delivery_kind(destination),
                        study + "#" + std::to_string(revision) + "#" + reading.model.sha256,
                        deliver::to_json({destination, uids}),
                        {},
                        study});
    }
    return jobs;
}

store::Reading saved_form(const exam::ExamReading& reading, std::int64_t revision) {
    store::Reading saved;
    saved.revision = revision;
    saved.outcome = reading.views.empty() ? store::ExamState::kRefused : store::ExamState::kRead;
    if (!reading.views.empty()) saved.score = reading.score;
    saved.above = reading.above;
    saved.model_sha256 = reading.model.sha256;
    saved.synthetic = reading.synthetic;
    saved.reading_json = compose::findings_json(reading);
    saved.refusals_json = refusals_json(reading.refusals);
    saved.read_at = reading.read_at;
    return saved;
}

/// Holds a lease while a reading goes on; another reader's is not taken back.
OnProgress holding(const store::Job& job, store::WorkQueue& queue,
                   std::chrono::milliseconds lease) {
    auto held_at = std::chrono::steady_clock::now();
    return [&job, &queue, lease, held_at](const Progress&) mutable {
        const auto now = std::chrono::steady_clock::now();
        if (now - held_at < lease / 3) return;
        held_at = now;
        queue.extend(job, lease);
    };
}

/// The path of an exam.
void read_and_keep(const store::ExamEntry& exam, const store::Job& job, store::Store& store,
                   const infer::ModelPackage& model, const OpinionRules& rules,
                   const Clock& clock) {
    const std::string& study = exam.study_instance_uid;
    const int at_once = model.pictures_at_once();
    const OnProgress hold = holding(job, store.queue(), rules.lease);
    PreparedExam prepared = prepare_exam(images_of(store, study, model.contract(), hold),
                                         model.contract(), at_once, hold);
    exam::ExamReading reading = read_exam(prepared, model, rules.reading, clock, hold);
    const std::vector<compose::Result> results =
        results_of(reading, prepared, store, at_once, hold);
    for (const compose::Result& result : results) {
        // Whoever has lost the lease keeps nothing beside what another one makes.
        store.queue().extend(job, rules.lease);
        store.archive().keep_result(result.part10, job);
    }
    store.exams().save_reading(
        job, saved_form(reading, exam.revision),
        deliveries_of(results, study, reading, exam.revision, rules, received_of(store, study)));
    log_event(LogLevel::kInfo, "exam.read",
              {{"exam", study},
               {"model", model.identity().name + " " + model.identity().version},
               {"views", reading.views.size()},
               {"refused", reading.refusals.size()},
               {"score", reading.score},
               {"results", results.size()}});
}

void handle_failure(const store::ExamEntry& exam, const store::Job& job, store::Store& store,
                    const OpinionRules& rules, const Clock& clock, const Error& error) {
    const std::string& study = exam.study_instance_uid;
    // What is busy or away comes back: that is not for the exam to answer for.
    const bool may_pass =
        error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kCancelled;
    const bool last = !may_pass && job.attempts >= rules.max_attempts;
    std::optional<Instant> again;
    if (!last)
        again = clock.now() + deliver::delay_after(
                                  job.attempts, {.first = rules.retry_after, .cap = kLongestRetry});
    const store::ExamState left =
        store.exams().leave_unread(job, exam.revision, again, error.what());
    const bool has_failed = left == store::ExamState::kFailed;
    log_event(has_failed ? LogLevel::kError : LogLevel::kWarning,
              has_failed ? "exam.failed" : "exam.retry",
              {{"exam", study}, {"attempt", job.attempts}, {"problem", error.what()}});
}

}  // namespace

std::string delivery_kind(const std::string& destination) {
    return "deliver:" + destination;
}

void note_image(store::Store& store, const std::string& study_instance_uid,
                const CompletionRules& rules) {
    const auto exam = store.exams().exam(study_instance_uid);
    if (exam && exam->state == store::ExamState::kReceiving && has_all(exam->views, rules.views))
        queue_reading(store, *exam);
}

std::size_t note_quiet(store::Store& store, const CompletionRules& rules, Instant now) {
    std::size_t queued = 0;
    for (const store::ExamEntry& exam :
         store.exams().quiet_since(now - rules.quiet, now + rules.quiet))
        if (queue_reading(store, exam)) ++queued;
    return queued;
}

void give_second_opinion(const store::Job& job, store::Store& store,
                         const infer::ModelPackage& model, const OpinionRules& rules,
                         const Clock& clock) {
    const auto exam = store.exams().begin_reading(job);
    if (!exam) {
        store.queue().complete(job);
        return;
    }
    try {
        read_and_keep(*exam, job, store, model, rules, clock);
    } catch (const Error& error) {
        handle_failure(*exam, job, store, rules, clock, error);
    }
}

}  // namespace lucerna::pipeline
