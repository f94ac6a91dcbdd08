#include "retrieve/sub_operations.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "dicom/dimse_status.h"
#include "store/matching.h"

namespace lucerna::retrieve {
namespace {

using store::Level;
namespace tags = dicom::tags;
namespace status = dicom::status;

std::uint16_t counted(std::size_t number) {
    return static_cast<std::uint16_t>(
        std::min<std::size_t>(number, std::numeric_limits<std::uint16_t>::max()));
}

/// What has become of the sub-operations so far.
struct Progress {
    std::size_t completed = 0;
    std::size_t warnings = 0;
    /// Their places.
    std::vector<std::uint32_t> failed;
    /// Of the first that failed.
    std::string why;
    /// Of what was given, so that it can be found again who had what; not more than a line holds.
    std::set<std::string> studies;
    static constexpr std::size_t kMostNamed = 10;

    [[nodiscard]] dicom::SubOperations counts() const {
        return {{}, counted(completed), counted(failed.size()), counted(warnings)};
    }
    void name(const std::string& study) {
        if (!study.empty() && studies.size() <= kMostNamed) studies.insert(study);
    }
    [[nodiscard]] std::size_t done() const { return completed + warnings + failed.size(); }
};

/// Empty where the requester does not want it any more.
std::optional<dicom::SendOutcome> outcome_of(dicom::ScpExchange& exchange, ReadAhead& objects,
                                             std::size_t index, const Receiver& to,
                                             Progress& progress) {
    std::string study;
    try {
        if (to.make_ready) to.make_ready(index);
        ReadAhead::File file = objects.take(index);
        study = file.study_instance_uid;
        dicom::SendOutcome outcome = to.send(index, file.to_send());
        progress.name(study);
        objects.give_back(std::move(file));
        return outcome;
    } catch (const Error& error) {
        if (exchange.is_lost()) {
            // It may have had all of it.
            progress.name(study);
            throw;
        }
        if (error.code() == ErrorCode::kCancelled && exchange.is_cancelled()) return std::nullopt;
        return dicom::SendOutcome{dicom::StatusKind::kPermanentFailure,
                                  dicom::status_for(error.code()), error.what()};
    }
}

void note(Progress& progress, const dicom::SendOutcome& outcome, std::size_t index,
          const NamedObjects& objects, const dicom::ScpExchange& exchange, const Receiver& to) {
    if (outcome.kind == dicom::StatusKind::kSuccess) {
        ++progress.completed;
    } else if (outcome.kind == dicom::StatusKind::kWarning) {
        ++progress.warnings;
    } else {
        if (progress.failed.empty()) progress.why = outcome.why;
        progress.failed.push_back(static_cast<std::uint32_t>(index));
        log_event(LogLevel::kWarning, "retrieve.failed",
                  {{"association", exchange.sender().association},
                   {"to", to.name},
                   {"object", objects[index].sop_instance_uid},
                   {"status", dicom::describe_status(outcome.status)},
                   {"why", outcome.why}});
    }
}

void send_each(dicom::ScpExchange& exchange, ReadAhead& reading, const NamedObjects& objects,
               const Receiver& to, Progress& progress) {
    for (std::size_t index = 0; index < objects.size(); ++index) {
        if (exchange.is_cancelled()) break;
        const auto outcome = outcome_of(exchange, reading, index, to, progress);
        if (!outcome) break;
        note(progress, *outcome, index, objects, exchange, to);
        if (index + 1 == objects.size()) break;
        dicom::SubOperations counts = progress.counts();
        counts.remaining = counted(objects.size() - index - 1);
        exchange.answer({.status = status::kPending, .sub_operations = counts});
    }
}

dicom::ServiceAnswer last_answer(const Progress& progress, std::size_t total) {
    dicom::ServiceAnswer answer;
    answer.sub_operations = progress.counts();
    answer.comment = progress.why;
    if (progress.done() < total) {
        answer.status = status::kCancelled;
        answer.sub_operations->remaining = counted(total - progress.done());
    } else if (progress.completed == total) {
        answer.status = status::kSuccess;
    } else {
        answer.status =
            progress.failed.size() == total ? status::kCannotRetrieve : status::kSomeFailed;
    }
    return answer;
}

std::string as_text(const std::set<std::string>& studies) {
    std::string text;
    std::size_t count = 0;
    for (const std::string& uid : studies) {
        if (count++ == Progress::kMostNamed) return text + " and more";
        text += (text.empty() ? "" : " ") + uid;
    }
    return text;
}

dicom::ServiceAnswer send_and_answer(dicom::ScpExchange& exchange, store::Archive& archive,
                                     const NamedObjects& objects, const Receiver& to,
                                     const RunParts& run, Progress& progress) {
    ReadAhead reading(
        archive,
        {objects.size(), [&](std::size_t index) { return objects[index].sop_instance_uid; }},
        to.checked);
    run(to.prepare ? 2 : 1,
        [&](std::size_t part) { part == 1 ? to.prepare() : reading.read_first(run); });
    run(std::min<std::size_t>(objects.size(), 2), [&](std::size_t part) {
        if (part == 1) return reading.read();
        struct End {
            ReadAhead& of;
            ~End() { of.end(); }
        } const end{reading};
        send_each(exchange, reading, objects, to, progress);
    });
    dicom::ServiceAnswer last = last_answer(progress, objects.size());
    dicom::DataSet failed;
    if (!progress.failed.empty()) {
        std::vector<std::string> uids;
        for (const std::uint32_t index : progress.failed)
            uids.push_back(objects[index].sop_instance_uid);
        failed.set_texts(tags::kFailedSopInstanceUidList, uids);
        last.data_set = &failed;
    }
    exchange.answer(last);
    last.data_set = nullptr;
    return last;
}

void log_sent(const dicom::ScpExchange& exchange, const NamedObjects& objects, const Receiver& to,
              const Progress& progress, const std::string& status, const std::string& why) {
    log_event(LogLevel::kInfo, "retrieve.sent",
              {{"association", exchange.sender().association},
               {"caller", exchange.sender().calling_aet},
               {"to", to.name},
               {"studies", as_text(progress.studies)},
               {"objects", objects.size()},
               {"completed", progress.completed},
               {"warnings", progress.warnings},
               {"failed", progress.failed.size()},
               {"status", status},
               {"why", why}});
}

}  // namespace

std::variant<std::unique_ptr<NamedObjects>, IdentifierRefusal> objects_named(
    dicom::ScpExchange& exchange, store::Archive& archive, Root root) {
    const dicom::DataSet& identifier = exchange.data_set();
    const auto level =
        level_of(identifier, root,
                 exchange.is_extended(kRelationalRetrievalByte) ? Naming::kRelational
                                                                : Naming::kHierarchical);
    if (const auto* refusal = std::get_if<IdentifierRefusal>(&level)) return *refusal;
    store::Query query;
    query.level = Level::kInstance;
    query.limit = std::size_t{1} << 30;
    for (const Level one : {Level::kPatient, Level::kStudy, Level::kSeries, Level::kInstance}) {
        if (one > std::get<Level>(level) || (one == Level::kPatient && root == Root::kStudy))
            continue;
        const dicom::Tag key = unique_key_of(one);
        std::string value = key_value(identifier, key);
        const bool is_pattern = value.find_first_of("*?") != std::string::npos;
        if (is_pattern || (value.empty() && one == std::get<Level>(level)))
            return IdentifierRefusal{status::kDoesNotMatchClass,
                                     dicom::describe(key) + " must name what to send"};
        query.keys.push_back({key, std::move(value)});
    }
    const std::string issuer =
        root == Root::kPatient ? key_value(identifier, tags::kIssuerOfPatientId) : std::string();
    const bool is_of_some = store::has_wildcard(issuer);
    query.keys.push_back({tags::kIssuerOfPatientId, is_of_some ? issuer : std::string()});
    NamedObjects::Owner owner;
    if (!is_of_some && !issuer.empty())
        owner = {key_value(identifier, tags::kPatientId), store::indexed_text(issuer)};
    exchange.forget_data_set();
    auto named = std::make_unique<NamedObjects>(archive, std::move(query), std::move(owner));
    exchange.let_others_ask();
    // Two people's images in one folder of a workstation are one person's to whoever reads them.
    if (root == Root::kPatient && std::get<Level>(level) == Level::kPatient && issuer.empty() &&
        named->issuers() > 1)
        return IdentifierRefusal{status::kDoesNotMatchClass,
                                 "that Patient ID is of several issuers: name one"};
    return named;
}

void send_objects(dicom::ScpExchange& exchange, store::Archive& archive,
                  const NamedObjects& objects, const Receiver& to, const RunParts& run) {
    Progress progress;
    try {
        const dicom::ServiceAnswer last =
            send_and_answer(exchange, archive, objects, to, run, progress);
        log_sent(exchange, objects, to, progress, dicom::describe_status(last.status),
                 progress.why);
    } catch (const std::exception& error) {
        // Who had what is to be found though nobody could be told.
        log_sent(exchange, objects, to, progress, "not answered", error.what());
        throw;
    }
}

void refuse(dicom::ScpExchange& exchange, const IdentifierRefusal& refusal) {
    exchange.answer({.status = refusal.status, .comment = refusal.why});
    log_event(LogLevel::kWarning, "retrieve.refused",
              {{"association", exchange.sender().association},
               {"caller", exchange.sender().calling_aet},
               {"status", dicom::describe_status(refusal.status)},
               {"why", refusal.why}});
}

}  // namespace lucerna::retrieve
