#include "pipeline/ports.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "base/answer_due.h"
#include "base/error.h"
#include "base/log.h"
#include "base/outside_wait.h"
#include "deidentify/own_capture.h"
#include "dicom/converted_file.h"
#include "dicom/part10_head.h"
#include "pipeline/whose_object.h"
#include "retrieve/kept_object.h"
#include "retrieve/objects.h"
#include "retrieve/read_ahead.h"
#include "store/arrival.h"

namespace lucerna::pipeline {
namespace {

/// Back ends give up so long before an answer is due: what would come of it were not known by then.
constexpr auto kAboutThen = std::chrono::milliseconds(500);

/// Of what was given up. Not a key service: patients whose keys are at hand need none; nor memory.
bool was_silence(const Error& error, AnswerDue::Time due) {
    const std::string_view last = OutsideWait::last();
    return error.code() == ErrorCode::kUnavailable &&
           std::chrono::steady_clock::now() + kAboutThen >= due &&
           (last == "the index" || last == "the object store");
}

/// While an answer is due. Throws as `work`, or receive::Silence.
template <typename Work>
auto in_time(const Work& work) {
    const AnswerDue due;
    OutsideWait::forget_last();
    try {
        return work();
    } catch (const Error& error) {
        if (was_silence(error, *AnswerDue::of_this_thread())) throw receive::Silence(error.what());
        throw;
    }
}

}  // namespace

class ArchiveSink::Arriving final : public dicom::Arrival {
  public:
    explicit Arriving(ArchiveSink& sink)
        : sink_(sink), arrival_(sink.store_.archive().arriving()) {}
    std::vector<dicom::ByteRange> take(ByteView file) override {
        return in_time([&] { return arrival_->take(file); });
    }
    dicom::DataSet header(ByteView file) override { return arrival_->header(file); }
    void keep(ByteView file) override {
        in_time([&] {
            if (arrival_->keep(file) == store::Kept::kNew) sink_.note(file);
        });
    }

  private:
    ArchiveSink& sink_;
    std::unique_ptr<store::Arrival> arrival_;
};

std::unique_ptr<dicom::Arrival> ArchiveSink::arriving(const receive::Origin&) {
    return std::make_unique<Arriving>(*this);
}

receive::KeptAs ArchiveSink::keep(ByteView file, const receive::Origin&) {
    return in_time([&] {
        const store::Kept kept = store_.archive().keep(file);
        if (kept == store::Kept::kAlreadyKept) return receive::KeptAs::kAlreadyKept;
        note(file);
        return receive::KeptAs::kNew;
    });
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
    const AnswerDue due;
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

namespace {

store::InstanceRow row_of(store::Archive& archive, const std::string& sop_instance_uid) {
    auto row = archive.instance(sop_instance_uid);
    if (!row) throw Error(ErrorCode::kNotFound, "instance " + sop_instance_uid + " is not kept");
    return *std::move(row);
}

dicom::ObjectHead head_of(store::Archive& archive, const std::string& sop_instance_uid) {
    const store::InstanceRow row = row_of(archive, sop_instance_uid);
    return {row.sop_class_uid, row.sop_instance_uid, row.transfer_syntax_uid};
}

/// What objects may take that are de-identified and sent to all destinations, beside what is
/// decoded of them. Who finds it taken by one that is slow to take its object tries again later.
MemoryBudget& deidentifying_memory() {
    static MemoryBudget budget("what de-identified delivery may hold at once",
                               std::size_t{96} << 20);
    return budget;
}

/// Of one of some size little is held but what stands around its pixels, and that once more as it
/// goes out.
std::size_t bytes_to_hold(const retrieve::FramedPlan& plan, const store::InstanceRow& row) {
    const bool has_known_pixels = plan.bytes == row.size && row.head_bytes > 0;
    return plan.bytes + (has_known_pixels ? static_cast<std::size_t>(row.head_bytes) : plan.bytes);
}

/// A file on its way, and the room for it.
struct Deidentifying {
    MemoryBudget::Share room;
    std::shared_ptr<dicom::PiecewiseFile> file;

    [[nodiscard]] dicom::FileToSend to_send() const {
        dicom::FileToSend sent(
            file->beginning(), file->size(),
            [of = file](std::uint64_t at, std::span<std::uint8_t> into) { of->read(at, into); });
        sent.in_syntax =
            [of = file](const std::string& syntax) -> std::optional<dicom::FileToSend::Other> {
            if (!dicom::PiecewiseFile::object_in(of)) return {};
            const auto made = std::make_shared<dicom::ConvertedFile>(
                [of] { return *dicom::PiecewiseFile::object_in(of); }, syntax);
            return dicom::FileToSend::Other{
                made->size(),
                [made](std::uint64_t at, std::span<std::uint8_t> into) { made->read(at, into); }};
        };
        return sent;
    }
};

}  // namespace

ArchiveSource::ArchiveSource(store::Archive& archive, const Deidentifiers& deidentifiers,
                             KeptReports& reports)
    : archive_(archive) {
    for (const auto& [name, deidentifier] : deidentifiers)
        deidentified_.try_emplace(name, archive, name, deidentifier, reports);
}

deliver::ObjectSource& ArchiveSource::for_destination(const std::string& name) {
    const auto found = deidentified_.find(name);
    if (found == deidentified_.end()) return *this;
    return found->second;
}

dicom::ObjectHead DeidentifiedSource::head(const std::string& sop_instance_uid) {
    return head_of(archive_, sop_instance_uid);
}

void DeidentifiedSource::report(const store::InstanceRow& original,
                                deidentify::ExportReport said) const {
    if (deidentifier_->profile().has(deidentify::Option::kRetainUids)) {
        // What an object is called as ever is not to be in a copy of this when it is erased.
        for (deidentify::ObjectReport& one : said.objects) one.sop_instance_uid.clear();
        for (auto* refusals : {&said.refused, &said.left_out})
            for (exam::Refusal& one : *refusals) one.sop_instance_uid.clear();
    }
    said.profile = deidentifier_->profile().name();
    said.project = deidentifier_->project().name();
    said.program = deidentifier_->program();
    reports_.of_project(said.project)
        ->add(said, {destination_, SystemClock().now(), original.object});
    // Whoever looked for lines of what was erased meanwhile has not seen this one.
    if (archive_.keeps_object(original.object)) return;
    reports_.forget_erased();
    throw Error(ErrorCode::kNotFound, "it was erased meanwhile");
}

void DeidentifiedSource::log(const deidentify::ObjectReport& made) const {
    const auto count = [&](deidentify::Action action) { return made.steps.count(action); };
    log_event(LogLevel::kInfo, "deliver.deidentified",
              {{"destination", destination_},
               {"profile", deidentifier_->profile().name()},
               {"project", deidentifier_->project().name()},
               {"removed", count(deidentify::Action::kRemove)},
               {"emptied", count(deidentify::Action::kEmpty)},
               {"dummies", count(deidentify::Action::kDummy)},
               {"uids", count(deidentify::Action::kUid)},
               {"cleaned", count(deidentify::Action::kClean)},
               {"kept", count(deidentify::Action::kKeep)},
               {"blanked", made.blanked.size()}});
}

std::optional<deliver::ObjectSource::File> DeidentifiedSource::file(
    const std::string& sop_instance_uid) {
    const store::InstanceRow row = row_of(archive_, sop_instance_uid);
    const auto refuse = [&](const exam::Refusal& refusal) {
        report(row, {.refused = {refusal}});
        throw Error(ErrorCode::kUnsupported,
                    "not given out de-identified: " + refusal.what + " (" + refusal.where + ")");
    };
    const auto held = std::make_shared<Deidentifying>();
    std::optional<dicom::FramedObject> object;
    try {
        const retrieve::FramedPlan plan = retrieve::plan_to_frame(
            archive_, row, one_after_another,
            {retrieve::Beside::kAll, dicom::PixelData::kKeep, dicom::Texts::kUtf8});
        held->room = deidentifying_memory().take(bytes_to_hold(plan, row),
                                                 "an object that is de-identified");
        // Damage is found before anything goes out.
        if (plan.bytes != row.size) retrieve::check_whole(archive_, row, one_after_another);
        object = plan.make();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kUnsupported) throw;
        exam::Refusal refusal;
        refusal.reason = exam::RefusalReason::kUnsupportedEncoding;
        refusal.what = std::string("it cannot be de-identified on its way: ") + error.what();
        refusal.where = "file";
        refusal.remedy = "export it: lucerna export has no such limit";
        refusal.sop_instance_uid = deidentifier_->name_of(sop_instance_uid);
        refusal.sop_class_uid = row.sop_class_uid;
        refuse(refusal);
    }
    const deidentify::PatientOfStudy patient = patient_of_study(archive_, object->header());
    const bool is_left_out = deidentify::is_left_out(object->header());
    auto outcome = deidentifier_->run(*std::move(object), patient);
    if (const auto* refusal = std::get_if<exam::Refusal>(&outcome)) {
        if (!is_left_out) refuse(*refusal);
        report(row, {.left_out = {*refusal}});
        return {};
    }
    auto& made = std::get<deidentify::Deidentified>(outcome);
    held->file = std::make_shared<dicom::PiecewiseFile>(std::move(made.file));
    log(made.report);
    report(row, {.objects = {std::move(made.report)}});
    return File{held, held->to_send()};
}

dicom::ObjectHead ArchiveSource::head(const std::string& sop_instance_uid) {
    return head_of(archive_, sop_instance_uid);
}

std::optional<deliver::ObjectSource::File> ArchiveSource::file(
    const std::string& sop_instance_uid) {
    retrieve::ReadAhead reading(archive_, {1, [&](std::size_t) { return sop_instance_uid; }},
                                retrieve::Checked::kBeforeItIsSent);
    const auto held = std::make_shared<const retrieve::ReadAhead::File>(reading.take(0));
    return File{held, held->to_send()};
}

}  // namespace lucerna::pipeline
