#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "deliver/destination.h"
#include "dicom/file_to_send.h"
#include "dicom/part10_head.h"

namespace lucerna::deliver {

struct BackoffRules {
    std::chrono::milliseconds first{5'000};
    double factor = 2.0;
    std::chrono::milliseconds cap{15 * 60'000};
    /// After so many attempts the job is given up (about three days with these rules).
    int max_attempts = 300;
};

/// How long to wait after the given attempt (1 is the first) has failed: first x
/// factor^(attempt-1), at most the cap. Attempts below 1 count as 1.
[[nodiscard]] std::chrono::milliseconds delay_after(int attempt, const BackoffRules& rules);

/// Where objects come from; the archive stands behind it.
class ObjectSource {
  public:
    virtual ~ObjectSource() = default;
    /// Throws Error(kNotFound) if it is not kept.
    [[nodiscard]] virtual dicom::ObjectHead head(const std::string& sop_instance_uid) = 0;
    /// A DICOM file, and what it is read from.
    struct File {
        std::shared_ptr<const void> held;
        dicom::FileToSend to_send;
    };
    /// The file: a large one is read while it is sent, but has been looked through. Nothing of what
    /// is to be left out there, and is not missed. Throws Error(kNotFound), Error(kCorrupt),
    /// Error(kIo).
    [[nodiscard]] virtual std::optional<File> file(const std::string& sop_instance_uid) = 0;
    /// The objects as this destination may have them. What may not go there is an
    /// Error(kUnsupported) of `file`.
    [[nodiscard]] virtual ObjectSource& for_destination(const std::string& name) {
        (void)name;
        return *this;
    }
};

/// One association, behind a port so that rules can be tested without a network.
class ObjectSender {
  public:
    virtual ~ObjectSender() = default;
    [[nodiscard]] virtual dicom::SendOutcome store(const dicom::FileToSend& file) = 0;
};
/// Opens one; throws as StoreScu's constructor does.
using OpenSender = std::function<std::unique_ptr<ObjectSender>(
    const Destination&, std::span<const dicom::ObjectHead>, std::stop_token)>;
/// The real one, by StoreScu.
[[nodiscard]] OpenSender dimse_sender();

/// All objects are with the peer, but for those that are left out there.
struct Delivered {
    std::size_t objects = 0;
    std::size_t warnings = 0;
    std::size_t left_out = 0;
};
/// Try again later. `outstanding` is all that the peer does not have yet, so that the job can be
/// cut down to it; what was refused for good is among it and is not forgotten that way. Last are
/// those with which the association was lost: others need not wait for them.
struct RetryAfter {
    std::chrono::milliseconds delay{0};
    std::string why;
    std::vector<std::string> outstanding;
};
/// Trying again can't help; `refused` are the objects that the peer does not have.
struct GiveUp {
    std::string why;
    std::vector<std::string> refused;
};
using DeliveryResult = std::variant<Delivered, RetryAfter, GiveUp>;

/// What is left of a job to try again.
[[nodiscard]] DeliveryJob what_is_left(const DeliveryJob& job, const RetryAfter& later);

/// "deliver.sent"; or "deliver.retry" or "deliver.given-up", once that is so.
void log_result(const DeliveryJob& job, int attempt, const DeliveryResult& result);

/// Carries out delivery jobs. Objects that the peer took with a warning count as delivered. Objects
/// refused for good do not hold up the others: the job is given up once nothing else can be sent.
/// Nor do those with which the association is lost: the others go over another one, a few times
/// in an attempt.
/// A peer that can't be reached, or that rejects the association, is tried again.
/// Logs "deliver.warning".
class DeliveryStep {
  public:
    /// Without `open` each destination is sent to in its own way: by C-STORE or STOW-RS.
    DeliveryStep(std::vector<Destination> destinations, ObjectSource& source,
                 BackoffRules rules = {}, OpenSender open = {});

    /// `attempt` is 1 the first time. Never throws for what a peer does. When stopped, what is
    /// under way ends and the rest is outstanding.
    [[nodiscard]] DeliveryResult run(const DeliveryJob& job, int attempt,
                                     std::stop_token stop = {});

    /// Names, for those who enqueue.
    [[nodiscard]] std::vector<std::string> destination_names() const;

  private:
    std::vector<Destination> destinations_;
    ObjectSource& source_;
    BackoffRules rules_;
    OpenSender open_;
};

}  // namespace lucerna::deliver
