#include "pipeline/ports.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "dicom/part10_head.h"
#include "store/arrival.h"

namespace lucerna::pipeline {

class ArchiveSink::Arriving final : public dicom::Arrival {
  public:
    explicit Arriving(ArchiveSink& sink)
        : sink_(sink), arrival_(sink.store_.archive().arriving(store::Role::kReceived)) {}
    std::vector<dicom::ByteRange> take(ByteView file) override { return arrival_->take(file); }
    dicom::DataSet header(ByteView file) override { return arrival_->header(file); }
    void keep(ByteView file) override {
        if (arrival_->keep(file) == store::Kept::kNew) sink_.note(file);
    }

  private:
    ArchiveSink& sink_;
    std::unique_ptr<store::Arrival> arrival_;
};

std::unique_ptr<dicom::Arrival> ArchiveSink::arriving(const receive::Origin&) {
    return std::make_unique<Arriving>(*this);
}

receive::KeptAs ArchiveSink::keep(ByteView file, const receive::Origin&) {
    const store::Kept kept = store_.archive().keep(file, store::Role::kReceived);
    if (kept == store::Kept::kAlreadyKept) return receive::KeptAs::kAlreadyKept;
    note(file);
    return receive::KeptAs::kNew;
}

/// The image is safe. What follows must not turn its acknowledgement into a failure: an exam that
/// is not queued here is found by the watch for quiet exams.
void ArchiveSink::note(ByteView file) {
    const std::string uid = dicom::split_part10(file).head.sop_instance_uid;
    try {
        const auto row = store_.archive().instance(uid);
        if (row) kept_(row->study_instance_uid);
    } catch (const Error& error) {
        log_event(LogLevel::kError, "exam.not-noted",
                  {{"instance", uid}, {"problem", error.what()}});
    }
}

exam::OrderOutcomes OrderDesk::take(std::span<const exam::OrderRequest> requests) {
    return orders_.take(requests);
}

std::optional<receive::FoundOrder> OrderDesk::find(const std::string& name) {
    auto kept = orders_.order(name);
    if (!kept) return {};
    using State = receive::FoundOrder::State;
    const auto any = [&](store::StepState state) {
        return std::find(kept->states.begin(), kept->states.end(), state) != kept->states.end();
    };
    const bool is_left = kept->states.empty() || any(store::StepState::kScheduled) ||
                         any(store::StepState::kStarted);
    const State state = is_left                             ? State::kActive
                        : any(store::StepState::kCompleted) ? State::kCompleted
                                                            : State::kCancelled;
    return receive::FoundOrder{std::move(kept->order), state};
}

ArchiveSource::ArchiveSource(store::Archive& archive, const Deidentifiers& deidentifiers,
                             const std::filesystem::path& reports)
    : archive_(archive) {
    std::map<std::string, std::shared_ptr<deidentify::ReportLog>> logs;
    for (const auto& [name, deidentifier] : deidentifiers) {
        const std::string& project = deidentifier->project().name();
        auto& log = logs[project];
        if (!log) log = std::make_shared<deidentify::ReportLog>(reports, project);
        deidentified_.try_emplace(name, archive, name, deidentifier, log);
    }
}

deliver::ObjectSource& ArchiveSource::for_destination(const std::string& name) {
    const auto found = deidentified_.find(name);
    if (found == deidentified_.end()) return *this;
    return found->second;
}

dicom::ObjectHead DeidentifiedSource::head(const std::string& sop_instance_uid) {
    return dicom::split_part10(archive_.head(sop_instance_uid)).head;
}

void DeidentifiedSource::report(std::vector<deidentify::ObjectReport> made,
                                std::vector<exam::Refusal> refused) const {
    const deidentify::ExportReport report{deidentifier_->profile().name(),
                                          deidentifier_->project().name(), deidentifier_->program(),
                                          std::move(made), std::move(refused)};
    reports_->add(report, destination_, SystemClock().now());
}

Bytes DeidentifiedSource::file(const std::string& sop_instance_uid) {
    dicom::DataSet object = dicom::DataSet::parse(archive_.object(sop_instance_uid));
    const store::PatientKey patient =
        archive_.patient_of_study(object.text_or(dicom::tags::kStudyInstanceUid, ""));
    auto outcome = deidentifier_->run(std::move(object), {patient.id, patient.issuer});
    if (const auto* refusal = std::get_if<exam::Refusal>(&outcome)) {
        report({}, {*refusal});
        throw Error(ErrorCode::kUnsupported,
                    "not given out de-identified: " + refusal->what + " (" + refusal->where + ")");
    }
    const auto& made = std::get<deidentify::Deidentified>(outcome);
    report({made.report}, {});
    std::map<deidentify::Action, std::size_t> counts;
    for (const deidentify::Step& step : made.report.steps) ++counts[step.action];
    log_event(LogLevel::kInfo, "deliver.deidentified",
              {{"profile", deidentifier_->profile().name()},
               {"project", deidentifier_->project().name()},
               {"object", sop_instance_uid},
               {"removed", counts[deidentify::Action::kRemove]},
               {"emptied", counts[deidentify::Action::kEmpty]},
               {"dummies", counts[deidentify::Action::kDummy]},
               {"uids", counts[deidentify::Action::kUid]},
               {"cleaned", counts[deidentify::Action::kClean]},
               {"kept", counts[deidentify::Action::kKeep]},
               {"blanked", made.report.blanked.size()}});
    return made.object.to_part10();
}

dicom::ObjectHead ArchiveSource::head(const std::string& sop_instance_uid) {
    return dicom::split_part10(archive_.head(sop_instance_uid)).head;
}

Bytes ArchiveSource::file(const std::string& sop_instance_uid) {
    return archive_.object(sop_instance_uid);
}

}  // namespace lucerna::pipeline
