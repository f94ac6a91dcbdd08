#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "dicom/arriving_file.h"
#include "dicom/part10_head.h"
#include "dicom/tls.h"

namespace lucerna::dicom {

struct ScpOptions {
    /// Numeric address to listen on: "127.0.0.1", "0.0.0.0", "::".
    std::string address = "127.0.0.1";
    /// 0 takes any free port; Scp::port() says which.
    std::uint16_t port = 11112;
    /// Called AE titles that are answered; empty answers all.
    std::vector<std::string> called_aets;
    /// Calling AE titles that are let in; empty lets in all.
    std::vector<std::string> calling_aets;
    std::optional<TlsOptions> tls;

    /// Associations at a time. For one more one is ended of an address that has more than half of
    /// them, where another one asks; else the one that has said nothing for longest, or whose
    /// messages lag furthest behind `usual_bytes_per_second`, where that is
    /// `rest_where_others_wait` at least (association_gate.h); else the one more is rejected
    /// (transient, local limit exceeded).
    std::size_t max_associations = 32;
    std::chrono::milliseconds rest_where_others_wait{10'000};
    std::size_t usual_bytes_per_second = 64 * 1024;
    /// Largest P-DATA-TF PDU that we ask for.
    std::uint32_t max_pdu_bytes = 128 * 1024;
    /// A larger object is answered with 0xA700.
    std::size_t max_object_bytes = std::size_t{2} << 30;
    /// What all that is on its way in is held by; what finds no room in it is answered with 0xA700
    /// or its kin. Must outlive the provider.
    ByteBudget* intake = &intake_memory();

    /// From connecting to a complete A-ASSOCIATE-RQ (PS3.8 ARTIM).
    std::chrono::milliseconds artim{15'000};
    /// Between two messages.
    std::chrono::milliseconds idle{300'000};
    /// Silence within a message; also the grace before `min_bytes_per_second` counts.
    std::chrono::milliseconds stall{60'000};
    /// A message that comes slower than this on the whole is cut off.
    std::size_t min_bytes_per_second = 4096;
};

/// Who sends.
struct Sender {
    std::uint64_t association = 0;
    std::string calling_aet;
    std::string called_aet;
    /// Numeric address, without the port.
    std::string address;
};

/// One object as it came in.
struct ReceivedObject {
    ObjectHead head;
    /// A DICOM file: our File Meta Information, then the data set bit for bit as it was sent. What
    /// `arrival` took over reads as anything.
    ByteView file;
    /// What ScpHandler::arriving made for it; null where it was not asked.
    Arrival* arrival = nullptr;
};

/// A C-STORE that was answered with a failure.
struct StoreFailure {
    ObjectHead head;
    std::uint16_t status = 0;
    std::string why;
};

/// How a connection ended.
enum class AssociationEnd {
    kReleased,
    kAborted,
    kRejected,
    kTimedOut,
    kLost,
    kProtocolError,
    kStopped
};
[[nodiscard]] std::string_view name_of(AssociationEnd end);

struct AssociationReport {
    Sender sender;
    AssociationEnd end = AssociationEnd::kReleased;
    /// Empty for an orderly end.
    std::string why;
    /// Of what was proposed; and the SOP class of the first of them, cut to the length of a UID.
    std::size_t refused_contexts = 0;
    std::string first_refused;
    std::size_t stored = 0;
    std::size_t failed = 0;
    std::uint64_t bytes = 0;
    std::chrono::milliseconds lasted{0};
};

/// A service beyond storage and verification: scp_exchange.h.
struct ScpService;

/// What Scp calls, from the association's own thread: several at once.
class ScpHandler {
  public:
    virtual ~ScpHandler() = default;
    /// The object is acknowledged with success when this returns. An Error is answered with the
    /// status of `status_for` and its message as Error Comment.
    virtual void object(const ReceivedObject& object, const Sender& sender) = 0;
    /// For an object that is large and still coming. Null: it is held until it is there.
    virtual std::unique_ptr<Arrival> arriving(const ObjectHead& /*head*/,
                                              const Sender& /*sender*/) {
        return nullptr;
    }
    virtual void failed(const StoreFailure& failure, const Sender& sender) = 0;
    virtual void ended(const AssociationReport& report) = 0;
};

/// A provider of storage (PS3.4 Annex B), verification and what its table of services names. It
/// takes every storage SOP class, private ones too, in every transfer syntax, known or not, and
/// hands the data set on as the bytes that were sent. Each association has its own thread.
class Scp {
  public:
    /// Listens on return. Throws Error: kUnavailable if the port can't be had, kInvalidInput for
    /// TLS files that can't be used. The handler must outlive this.
    Scp(ScpOptions options, ScpHandler& handler);
    /// With more services. Their functions are called as the handler is: several at once.
    Scp(ScpOptions options, ScpHandler& handler, std::vector<ScpService> services);
    /// Stops: the object being handled is finished, all associations are aborted. Takes less than
    /// a second beyond what the handler takes, which waits for no memory any more.
    ~Scp();
    Scp(const Scp&) = delete;
    Scp& operator=(const Scp&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    /// Established now.
    [[nodiscard]] std::size_t associations() const;

  private:
    class Listener;
    std::unique_ptr<Listener> listener_;
};

}  // namespace lucerna::dicom
