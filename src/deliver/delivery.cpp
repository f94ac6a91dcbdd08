#include "deliver/delivery.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "deliver/stow_sender.h"

namespace lucerna::deliver {
namespace {

using std::chrono::milliseconds;

/// Associations that are lost in one attempt before the rest waits for the next: where a peer is
/// in trouble each may take minutes to be lost.
constexpr std::size_t kMostLost = 3;

class DimseSender final : public ObjectSender {
  public:
    DimseSender(dicom::ScuOptions options, std::span<const dicom::ObjectHead> heads)
        : scu_(std::move(options), heads) {}
    dicom::SendOutcome store(const dicom::FileToSend& file) override { return scu_.store(file); }

  private:
    dicom::StoreScu scu_;
};

/// What has become of a job's objects so far.
struct Progress {
    std::vector<std::string> outstanding;
    /// The association was lost with them: by what they are, or by chance.
    std::vector<std::string> lost_with;
    std::vector<std::string> refused;
    std::size_t delivered = 0;
    std::size_t warnings = 0;
    std::size_t left_out = 0;
    /// Of the last thing that went wrong for a while, and of the first that did for good.
    std::string why_outstanding;
    std::string why_refused;

    void refuse(const std::string& uid, const std::string& why) {
        refused.push_back(uid);
        if (why_refused.empty()) why_refused = uid + ": " + why;
    }
    void put_off(const std::string& uid, const std::string& why) {
        outstanding.push_back(uid);
        why_outstanding = why;
    }
    void lose(const std::string& uid, const std::string& why) {
        lost_with.push_back(uid);
        why_outstanding = why;
    }
};

struct Item {
    std::string uid;
    dicom::ObjectHead head;
};

bool may_pass(const Error& error) {
    switch (error.code()) {
        case ErrorCode::kNotFound:
        case ErrorCode::kCorrupt:
        case ErrorCode::kUnsupported:
        case ErrorCode::kInvalidInput:
            return false;
        default:
            return true;
    }
}

/// The objects that the source still has, each with its head.
std::vector<Item> look_up(const DeliveryJob& job, ObjectSource& source, Progress& progress) {
    std::vector<Item> items;
    for (const std::string& uid : job.sop_instance_uids) {
        try {
            items.push_back({uid, source.head(uid)});
        } catch (const Error& error) {
            if (may_pass(error))
                progress.put_off(uid, error.what());
            else
                progress.refuse(uid, error.what());
        }
    }
    return items;
}

/// The first items that fit one association; the rest stay for the next.
std::span<const Item> next_batch(std::span<const Item> items) {
    std::vector<dicom::ObjectHead> heads;
    for (const Item& item : items) heads.push_back(item.head);
    return items.first(dicom::fitting_one_association(heads));
}

void note(const Item& item, const dicom::SendOutcome& outcome, const DeliveryJob& job,
          Progress& progress) {
    switch (outcome.kind) {
        case dicom::StatusKind::kWarning:
            ++progress.warnings;
            log_event(LogLevel::kWarning, "deliver.warning",
                      {{"exam", job.study_instance_uid},
                       {"destination", job.destination},
                       {"object", item.uid},
                       {"why", outcome.why}});
            [[fallthrough]];
        case dicom::StatusKind::kSuccess:
            ++progress.delivered;
            return;
        case dicom::StatusKind::kTransientFailure:
            progress.put_off(item.uid, outcome.why);
            return;
        case dicom::StatusKind::kPermanentFailure:
            progress.refuse(item.uid, outcome.why);
            return;
    }
}

/// One object. Only a lost association is thrown on.
void send(const Item& item, ObjectSender& sender, ObjectSource& source, const DeliveryJob& job,
          Progress& progress) {
    std::optional<ObjectSource::File> file;
    try {
        file = source.file(item.uid);
    } catch (const Error& error) {
        if (may_pass(error))
            progress.put_off(item.uid, error.what());
        else
            progress.refuse(item.uid, error.what());
        return;
    }
    if (!file) {
        ++progress.left_out;
        return;
    }
    try {
        note(item, sender.store(file->to_send), job, progress);
    } catch (const Error& error) {
        if (may_pass(error)) throw;
        progress.refuse(item.uid, error.what());
    }
}

void send_batch(std::span<const Item> batch, const OpenSender& open, ObjectSource& source,
                const Destination& destination, const DeliveryJob& job, Progress& progress,
                const std::stop_token& stop) {
    std::size_t done = 0;
    while (done < batch.size()) {
        bool is_open = false;
        try {
            std::vector<dicom::ObjectHead> heads;
            for (const Item& item : batch.subspan(done)) heads.push_back(item.head);
            const std::unique_ptr<ObjectSender> sender = open(destination, heads, stop);
            is_open = true;
            for (; done < batch.size(); ++done) send(batch[done], *sender, source, job, progress);
        } catch (const Error& error) {
            // There are peers that end the association over one object, whenever it comes.
            if (is_open) progress.lose(batch[done++].uid, error.what());
            if (is_open && !stop.stop_requested() && progress.lost_with.size() < kMostLost)
                continue;
            // Also a peer that rejects us for good: people mend AE titles and certificates, and
            // the results have to flow then.
            for (; done < batch.size(); ++done) progress.put_off(batch[done].uid, error.what());
        }
    }
}

DeliveryResult conclude(int attempt, const BackoffRules& rules, Progress progress) {
    std::vector<std::string> missing = progress.refused;
    for (const auto* later : {&progress.outstanding, &progress.lost_with})
        missing.insert(missing.end(), later->begin(), later->end());
    if (missing.empty()) return Delivered{progress.delivered, progress.warnings, progress.left_out};
    const bool may_help = missing.size() > progress.refused.size();
    if (may_help && attempt < rules.max_attempts)
        return RetryAfter{delay_after(attempt, rules), progress.why_outstanding,
                          std::move(missing)};
    return GiveUp{progress.refused.empty() ? "after " + std::to_string(attempt) +
                                                 " attempts: " + progress.why_outstanding
                                           : progress.why_refused,
                  std::move(missing)};
}

}  // namespace

milliseconds delay_after(int attempt, const BackoffRules& rules) {
    const double factor = std::pow(std::max(rules.factor, 1.0), std::max(attempt, 1) - 1);
    const double wanted = static_cast<double>(rules.first.count()) * factor;
    if (!(wanted < static_cast<double>(rules.cap.count()))) return rules.cap;
    return milliseconds(static_cast<milliseconds::rep>(wanted));
}

DeliveryJob what_is_left(const DeliveryJob& job, const RetryAfter& later) {
    DeliveryJob left{job.destination, later.outstanding, job.delivered, job.study_instance_uid};
    const std::unordered_set<std::string> missing(later.outstanding.begin(),
                                                  later.outstanding.end());
    for (const std::string& uid : job.sop_instance_uids)
        if (!missing.contains(uid)) left.delivered.push_back(uid);
    return left;
}

OpenSender dimse_sender() {
    return [](const Destination& destination, std::span<const dicom::ObjectHead> heads,
              std::stop_token stop) {
        dicom::ScuOptions options = scu_options(destination);
        options.stop = std::move(stop);
        return std::make_unique<DimseSender>(std::move(options), heads);
    };
}

void log_result(const DeliveryJob& job, int attempt, const DeliveryResult& result) {
    if (const auto* sent = std::get_if<Delivered>(&result))
        log_event(LogLevel::kInfo, "deliver.sent",
                  {{"exam", job.study_instance_uid},
                   {"destination", job.destination},
                   {"objects", sent->objects},
                   {"warnings", sent->warnings},
                   {"left_out", sent->left_out},
                   {"attempt", attempt}});
    if (const auto* later = std::get_if<RetryAfter>(&result))
        log_event(LogLevel::kWarning, "deliver.retry",
                  {{"exam", job.study_instance_uid},
                   {"destination", job.destination},
                   {"objects", later->outstanding.size()},
                   {"attempt", attempt},
                   {"seconds", static_cast<double>(later->delay.count()) / 1000.0},
                   {"why", later->why}});
    if (const auto* never = std::get_if<GiveUp>(&result))
        log_event(LogLevel::kError, "deliver.given-up",
                  {{"exam", job.study_instance_uid},
                   {"destination", job.destination},
                   {"objects", never->refused.size()},
                   {"why", never->why}});
}

DeliveryStep::DeliveryStep(std::vector<Destination> destinations, ObjectSource& source,
                           BackoffRules rules, OpenSender open)
    : destinations_(std::move(destinations)),
      source_(source),
      rules_(rules),
      open_(open ? std::move(open) : sender_of_each()) {}

DeliveryResult DeliveryStep::run(const DeliveryJob& job, int attempt, std::stop_token stop) {
    const auto found =
        std::find_if(destinations_.begin(), destinations_.end(),
                     [&](const Destination& one) { return one.name == job.destination; });
    if (found == destinations_.end()) {
        return GiveUp{"no destination is called \"" + job.destination + "\"",
                      job.sop_instance_uids};
    }
    Progress progress;
    ObjectSource& source = source_.for_destination(found->name);
    const std::vector<Item> items = look_up(job, source, progress);
    for (std::span<const Item> rest(items); !rest.empty();) {
        const std::span<const Item> batch = next_batch(rest);
        send_batch(batch, open_, source, *found, job, progress, stop);
        rest = rest.subspan(batch.size());
    }
    return conclude(attempt, rules_, std::move(progress));
}

std::vector<std::string> DeliveryStep::destination_names() const {
    std::vector<std::string> names;
    for (const Destination& destination : destinations_) names.push_back(destination.name);
    return names;
}

}  // namespace lucerna::deliver
