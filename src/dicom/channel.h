#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/encoding.h"
#include "base/error.h"
#include "dicom/association_lag.h"
#include "dicom/file_to_send.h"
#include "dicom/pdu.h"
#include "dicom/scp.h"
#include "dicom/transport.h"

namespace lucerna::dicom {

/// What a peer may take its time for.
struct Pace {
    /// Between two messages.
    std::chrono::milliseconds idle{0};
    /// Silence within a message, and the grace before the rate counts.
    std::chrono::milliseconds stall{0};
    /// Of what comes, and of what is taken; 0 asks for none.
    std::size_t min_bytes_per_second = 0;
};

/// The PDUs of one association, either side (PS3.8 9.3). Whatever ends the association early is
/// thrown as Error (kUnavailable, or kCancelled when stopped), after `end()` was set.
class Channel {
  public:
    Channel(Transport transport, const Pace& pace)
        : transport_(std::move(transport)), pace_(pace) {}

    /// Waits for a whole association PDU until `patience` is over. Anything but the types of
    /// PS3.8 9.3.2 to 9.3.4 and A-ABORT is a protocol error.
    struct AssociationPdu {
        PduType type = PduType::kAbort;
        Bytes body;
    };
    [[nodiscard]] AssociationPdu read_association_pdu(const Patience& patience);

    /// What comes next in the established association.
    struct Fragment {
        enum class Kind { kData, kReleaseRequest, kReleaseResponse };
        Kind kind = Kind::kData;
        std::uint8_t context = 0;
        bool is_command = false;
        bool is_last = false;
        /// To be taken by `payload`, whole, before the next call of `next`.
        std::size_t bytes = 0;
    };
    /// The first fragment of a message may take the idle time.
    [[nodiscard]] Fragment next_message(Moment silent_from = std::chrono::steady_clock::now());
    [[nodiscard]] Fragment next();
    void payload(std::span<std::uint8_t> into);

    void send(ByteView pdu);
    /// A message part in as many fragments as the peer's maximum asks for.
    void send_part(std::uint8_t context, bool is_command, ByteView bytes);
    /// As send_part, but small parts gather until enough are there to be worth a call, or `flush`.
    void queue_part(std::uint8_t context, bool is_command, ByteView bytes);
    /// As send_part of bytes [begin, file.size): a data set. Throws BrokenOff where reading it
    /// fails.
    void send_data_set(std::uint8_t context, const FileToSend& file, std::uint64_t begin);
    void flush();
    /// Whether the peer has said something, without waiting.
    [[nodiscard]] bool has_input(std::chrono::milliseconds patience = {});
    void set_pace(const Pace& pace) { pace_ = pace; }
    /// Asked before every read, also of what has come already: true ends it as the stop signal
    /// does. Who sends without a pause is waited for nowhere.
    void end_reads_where(std::function<bool()> is_over) { is_over_ = std::move(is_over); }
    /// While more of a message is waited for: whether it has come in at less than 64 KiB a second,
    /// for so long that it is five seconds behind that.
    [[nodiscard]] bool is_slow() const;
    /// Counts what is waited for the peer, and what moves; `lag` may be null.
    void count_waits(AssociationLag* lag) { lag_ = lag; }
    [[nodiscard]] AssociationLag* lag() const { return lag_; }
    /// What the peer takes at most; 0 is no limit.
    void set_peer_max_pdu(std::uint32_t bytes) { peer_max_pdu_ = bytes; }
    /// Longer P-DATA-TF PDUs than we have asked for are a protocol error.
    void set_own_max_pdu(std::uint32_t bytes) { own_max_pdu_ = bytes; }

    /// Tells the peer, as far as it listens.
    void abort(AbortSource source, AbortReason reason) noexcept;
    void close() noexcept;

    [[noreturn]] void fail(AssociationEnd end, const std::string& why);
    [[nodiscard]] AssociationEnd end() const { return end_; }
    [[nodiscard]] std::uint64_t bytes_received() const { return bytes_received_; }
    [[nodiscard]] Transport& transport() { return transport_; }

  private:
    void fill(std::span<std::uint8_t> into, const Patience& patience);
    [[nodiscard]] Io read(std::span<std::uint8_t> into, const Patience& patience);
    void write(std::span<const ByteView> pieces);
    [[nodiscard]] Patience within_message(std::size_t wanted) const;
    void require(Io result, const char* doing);
    [[nodiscard]] Fragment read_fragment(const PduHeader& header);
    void read_pdv_header(Fragment& fragment);
    enum class Ends { kHere, kLater };
    void send_from_where_it_lies(std::uint8_t context, bool is_command, ByteView bytes, Ends ends);
    [[noreturn]] void break_off(ErrorCode reading, const std::exception& error);
    [[nodiscard]] std::size_t longest_fragment() const;
    [[nodiscard]] std::string abort_reason();

    Transport transport_;
    Pace pace_;
    std::function<bool()> is_over_;
    AssociationLag* lag_ = nullptr;
    std::uint32_t peer_max_pdu_ = 0;
    std::uint32_t own_max_pdu_ = 0;
    std::uint32_t pdu_left_ = 0;
    Moment message_start_{};
    std::uint64_t message_bytes_ = 0;
    /// By how much the message is ahead of what is slow, and since when more of it is waited for.
    std::chrono::nanoseconds ahead_{};
    Moment waits_since_{};
    std::uint64_t bytes_received_ = 0;
    AssociationEnd end_ = AssociationEnd::kReleased;
    Bytes outgoing_;
};

}  // namespace lucerna::dicom
