#include "retrieve/sub_operations.h"

#include <algorithm>
#include <limits>
#include <utility>

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
    std::vector<std::string> failed;
    /// Of the first that failed.
    std::string why;

    [[nodiscard]] dicom::SubOperations counts() const {
        return {{}, counted(completed), counted(failed.size()), counted(warnings)};
    }
    [[nodiscard]] std::size_t done() const { return completed + warnings + failed.size(); }
};

dicom::SendOutcome outcome_of(dicom::ScpExchange& exchange, ReadAhead& objects, std::size_t index,
                              const SendObject& send) {
    try {
        ReadAhead::File file = objects.take(index);
        dicom::SendOutcome outcome = send(index, file.to_send());
        objects.give_back(std::move(file));
        return outcome;
    } catch (const Error& error) {
        if (exchange.is_lost()) throw;
        return {dicom::StatusKind::kPermanentFailure, dicom::status_for(error.code()),
                error.what()};
    }
}

void note(Progress& progress, const dicom::SendOutcome& outcome, const dicom::ObjectHead& object,
          const dicom::ScpExchange& exchange, const Receiver& to) {
    if (outcome.kind == dicom::StatusKind::kSuccess) {
        ++progress.completed;
    } else if (outcome.kind == dicom::StatusKind::kWarning) {
        ++progress.warnings;
    } else {
        if (progress.failed.empty()) progress.why = outcome.why;
        progress.failed.push_back(object.sop_instance_uid);
        log_event(LogLevel::kWarning, "retrieve.failed",
                  {{"association", exchange.sender().association},
                   {"to", to.name},
                   {"object", object.sop_instance_uid},
                   {"status", dicom::describe_status(outcome.status)},
                   {"why", outcome.why}});
    }
}

Progress send_each(dicom::ScpExchange& exchange, ReadAhead& reading,
                   const std::vector<dicom::ObjectHead>& objects, const Receiver& to) {
    Progress progress;
    for (std::size_t index = 0; index < objects.size(); ++index) {
        if (exchange.is_cancelled()) break;
        note(progress, outcome_of(exchange, reading, index, to.send), objects[index], exchange, to);
        if (index + 1 == objects.size()) break;
        dicom::SubOperations counts = progress.counts();
        counts.remaining = counted(objects.size() - index - 1);
        exchange.answer({.status = status::kPending, .sub_operations = counts});
    }
    return progress;
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

struct Named {
    dicom::ObjectHead head;
    std::string issuer_of_patient_id;
};

/// Something is kept of that Patient ID under an issuer that is another one.
bool has_other_issuer(store::Archive& archive, const std::string& patient_id,
                      const std::string& issuer) {
    if (patient_id.empty()) return false;
    store::Query query;
    query.level = Level::kStudy;
    query.limit = std::size_t{1} << 30;
    query.keys = {{tags::kPatientId, patient_id}, {tags::kIssuerOfPatientId, ""}};
    bool found = false;
    archive.find_each(query, [&](const store::Match& match) {
        const std::string one = store::indexed_text(match.value(tags::kIssuerOfPatientId));
        found = !one.empty() && one != issuer;
        return !found;
    });
    return found;
}

/// One Patient ID may be two people's, each of whom has an issuer. What has none is the same
/// patient's, as long as there is only one issuer, as it is when objects come.
void leave_to_issuer(std::vector<Named>& all, const std::string& issuer, store::Archive& archive,
                     const std::string& patient_id) {
    const auto is_of_nobody = [](const Named& one) { return one.issuer_of_patient_id.empty(); };
    const bool has_others = std::any_of(all.begin(), all.end(), is_of_nobody) &&
                            has_other_issuer(archive, patient_id, issuer);
    std::erase_if(all, [&](const Named& one) {
        return one.issuer_of_patient_id != issuer &&
               (has_others || !one.issuer_of_patient_id.empty());
    });
}

}  // namespace

std::variant<std::vector<dicom::ObjectHead>, IdentifierRefusal> objects_named(
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
    std::vector<Named> all;
    archive.find_each(query, [&](const store::Match& match) {
        all.push_back({{std::string(match.value(tags::kSopClassUid)), match.sop_instance_uid,
                        std::string(match.value(tags::kAvailableTransferSyntaxUid))},
                       store::indexed_text(match.value(tags::kIssuerOfPatientId))});
        return true;
    });
    if (!is_of_some && !issuer.empty())
        leave_to_issuer(all, store::indexed_text(issuer), archive,
                        key_value(identifier, tags::kPatientId));
    std::vector<dicom::ObjectHead> objects;
    objects.reserve(all.size());
    for (Named& one : all) objects.push_back(std::move(one.head));
    return objects;
}

void send_objects(dicom::ScpExchange& exchange, store::Archive& archive,
                  const std::vector<dicom::ObjectHead>& objects, const Receiver& to,
                  const RunParts& run) {
    Progress progress;
    ReadAhead reading(archive, objects, to.checked);
    run(to.prepare ? 2 : 1,
        [&](std::size_t part) { part == 1 ? to.prepare() : reading.read_first(run); });
    run(std::min<std::size_t>(objects.size(), 2), [&](std::size_t part) {
        if (part == 1) return reading.read();
        struct End {
            ReadAhead& of;
            ~End() { of.end(); }
        } const end{reading};
        progress = send_each(exchange, reading, objects, to);
    });
    dicom::ServiceAnswer last = last_answer(progress, objects.size());
    dicom::DataSet failed;
    if (!progress.failed.empty()) {
        failed.set_texts(tags::kFailedSopInstanceUidList, progress.failed);
        last.data_set = &failed;
    }
    exchange.answer(last);
    log_event(LogLevel::kInfo, "retrieve.sent",
              {{"association", exchange.sender().association},
               {"caller", exchange.sender().calling_aet},
               {"to", to.name},
               {"objects", objects.size()},
               {"completed", progress.completed},
               {"warnings", progress.warnings},
               {"failed", progress.failed.size()},
               {"status", dicom::describe_status(last.status)},
               {"why", progress.why}});
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
