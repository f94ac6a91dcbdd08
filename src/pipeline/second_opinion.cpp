#include "pipeline/second_opinion.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "deliver/destination.h"
#include "pipeline/refusals_json.h"

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

std::vector<std::string> received_of(store::Store& store, const std::string& study) {
    std::vector<std::string> uids;
    for (const store::InstanceRow& row : store.archive().instances_of(study))
        if (row.role == store::Role::kReceived) uids.push_back(row.sop_instance_uid);
    return uids;
}

ExamImages images_of(store::Store& store, const std::string& study) {
    const std::vector<std::string> uids = received_of(store, study);
    return {study, uids.size(), [&store, uids](std::size_t index) {
                return dicom::DataSet::parse(store.archive().object(uids.at(index)));
            }};
}

std::vector<store::NewJob> deliveries_of(const std::vector<compose::Result>& results,
                                         const std::string& study, const exam::ExamReading& reading,
                                         std::int64_t revision, const OpinionRules& rules,
                                         const std::vector<std::string>& images) {
    std::vector<std::string> made;
    for (const compose::Result& result : results) made.push_back(result.sop_instance_uid);
    const auto& with_images = rules.with_images;
    std::vector<store::NewJob> jobs;
    for (const std::string& destination : rules.destinations) {
        std::vector<std::string> uids;
        if (std::find(with_images.begin(), with_images.end(), destination) != with_images.end())
            uids = images;
        uids.insert(uids.end(), made.begin(), made.end());
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
    for (const exam::ViewReading& view : reading.views)
        for (const exam::Finding& finding : view.findings) saved.finding_ids.push_back(finding.id);
    saved.synthetic = reading.synthetic;
    saved.reading_json = compose::findings_json(reading);
    saved.refusals_json = refusals_json(reading.refusals);
    saved.read_at = reading.read_at;
    return saved;
}

/// The path of an exam.
void read_and_keep(const store::ExamEntry& exam, store::Store& store,
                   const infer::ModelPackage& model, const OpinionRules& rules,
                   const Clock& clock) {
    const std::string& study = exam.study_instance_uid;
    const int at_once = model.pictures_at_once();
    PreparedExam prepared = prepare_exam(images_of(store, study), model.contract(), at_once);
    const exam::ExamReading reading = read_exam(prepared, model, rules.reading, clock);
    const std::vector<compose::Result> results =
        compose_exam(reading, std::move(prepared.pictures), at_once);
    for (const compose::Result& result : results)
        store.archive().keep(result.part10, store::Role::kResult);
    store.exams().save_reading(
        study, saved_form(reading, exam.revision),
        deliveries_of(results, study, reading, exam.revision, rules, received_of(store, study)));
    log_event(LogLevel::kInfo, "exam.read",
              {{"exam", study},
               {"model", model.identity().name + " " + model.identity().version},
               {"views", reading.views.size()},
               {"refused", reading.refusals.size()},
               {"score", reading.score},
               {"results", results.size()}});
}

void handle_failure(const store::Job& job, store::Store& store, const OpinionRules& rules,
                    const Clock& clock, const Error& error) {
    const std::string& study = job.payload;
    // What is busy or away comes back: that is not for the exam to answer for.
    const bool last = error.code() != ErrorCode::kUnavailable && job.attempts >= rules.max_attempts;
    log_event(last ? LogLevel::kError : LogLevel::kWarning, last ? "exam.failed" : "exam.retry",
              {{"exam", study}, {"attempt", job.attempts}, {"problem", error.what()}});
    if (last) {
        store.exams().move(study, store::ExamState::kFailed, {}, error.what());
        store.queue().give_up(job, error.what());
    } else {
        store.exams().move(study, store::ExamState::kWaiting, {}, error.what());
        store.queue().retry(job, clock.now() + rules.retry_after, error.what());
    }
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
    const auto exam = store.exams().exam(job.payload);
    if (!exam || exam->state != store::ExamState::kWaiting) {
        // Erased, or read by an earlier try whose last step a crash cut off.
        store.queue().complete(job);
        return;
    }
    store.exams().move(job.payload, store::ExamState::kReading);
    try {
        read_and_keep(*exam, store, model, rules, clock);
    } catch (const Error& error) {
        handle_failure(job, store, rules, clock, error);
        return;
    }
    store.queue().complete(job);
}

}  // namespace lucerna::pipeline
