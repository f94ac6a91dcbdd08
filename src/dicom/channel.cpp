#include "dicom/channel.h"

#include <algorithm>
#include <array>
#include <utility>

namespace lucerna::dicom {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kPdvHeaderBytes = 6;
constexpr std::size_t kLongestOwnPdu = 128 * 1024;
/// Bytes that are gathered before they are sent.
constexpr std::size_t kWorthACall = 32 * 1024;
constexpr std::size_t kFragmentsACall = 31;
/// So that it is seen how those get on who take it slowly.
constexpr std::size_t kMostACall = 512 * 1024;
/// Of a file that is read while it is sent.
constexpr std::size_t kReadAtOnce = 128 * 1024;
constexpr milliseconds kLastWordPatience{200};
/// Of what is slow, so many bytes a second; and how far ahead of that counts, however quick it was.
constexpr std::size_t kSlow = 64 * 1024;
constexpr std::chrono::seconds kMostAhead{5};
constexpr milliseconds kLinger{250};

}  // namespace

void Channel::fail(AssociationEnd end, const std::string& why) {
    end_ = end;
    throw Error(end == AssociationEnd::kStopped ? ErrorCode::kCancelled : ErrorCode::kUnavailable,
                why);
}

void Channel::require(Io result, const char* doing) {
    const std::string what = doing;
    switch (result) {
        case Io::kDone:
            return;
        case Io::kClosed:
            fail(AssociationEnd::kLost, "the peer closed the connection while " + what);
        case Io::kTimedOut:
            fail(AssociationEnd::kTimedOut, "timed out while " + what);
        case Io::kStopped:
            fail(AssociationEnd::kStopped, "stopped while " + what);
        case Io::kFailed:
            fail(AssociationEnd::kLost, "connection lost while " + what + ": " + transport_.why());
    }
}

Io Channel::read(std::span<std::uint8_t> into, const Patience& patience) {
    if (is_over_ && is_over_()) return Io::kStopped;
    waits_since_ = steady_clock::now();
    const Io result = [&] {
        const AssociationLag::Wait wait(lag_);
        return transport_.read(into, patience);
    }();
    const auto worth = std::chrono::nanoseconds(std::chrono::seconds(into.size())) / kSlow;
    ahead_ = std::clamp<std::chrono::nanoseconds>(
        ahead_ - (steady_clock::now() - waits_since_) + worth, {}, kMostAhead);
    waits_since_ = {};
    if (lag_ != nullptr) lag_->moved(into.size());
    return result;
}

bool Channel::is_slow() const {
    return waits_since_ != Moment() && ahead_ < steady_clock::now() - waits_since_;
}

/// As whoever sends may not be slow without end, so who takes may not.
void Channel::write(std::span<const ByteView> pieces) {
    std::size_t bytes = 0;
    for (const ByteView piece : pieces) bytes += piece.size();
    Patience patience{pace_.stall, Moment::max()};
    if (pace_.min_bytes_per_second > 0)
        patience.end = steady_clock::now() + pace_.stall +
                       milliseconds(bytes * 1000 / pace_.min_bytes_per_second);
    const Io result = [&] {
        const AssociationLag::Wait wait(lag_);
        return transport_.write(pieces, patience);
    }();
    if (lag_ != nullptr) lag_->moved(bytes);
    require(result, "sending");
}

void Channel::fill(std::span<std::uint8_t> into, const Patience& patience) {
    require(read(into, patience), "waiting for data");
    bytes_received_ += into.size();
    message_bytes_ += into.size();
}

Patience Channel::within_message(std::size_t wanted) const {
    Patience patience{pace_.stall, Moment::max()};
    if (pace_.min_bytes_per_second > 0)
        patience.end = message_start_ + pace_.stall +
                       milliseconds((message_bytes_ + wanted) * 1000 / pace_.min_bytes_per_second);
    return patience;
}

std::string Channel::abort_reason() {
    std::array<std::uint8_t, 4> body{};
    fill(body, Patience{kLastWordPatience, Moment::max()});
    return "the peer aborted (source " + std::to_string(body[2]) + ", reason " +
           std::to_string(body[3]) + ")";
}

Channel::AssociationPdu Channel::read_association_pdu(const Patience& patience) {
    std::array<std::uint8_t, kPduHeaderBytes> bytes{};
    fill(bytes, patience);
    const PduHeader header = parse_pdu_header(bytes);
    AssociationPdu pdu;
    pdu.type = static_cast<PduType>(header.type);
    if (pdu.type == PduType::kAbort && header.length == 4)
        fail(AssociationEnd::kAborted, abort_reason());
    const bool known = pdu.type == PduType::kAssociateRequest ||
                       pdu.type == PduType::kAssociateAccept ||
                       pdu.type == PduType::kAssociateReject;
    if (!known)
        fail(AssociationEnd::kProtocolError,
             "PDU type " + std::to_string(header.type) + " where an association is negotiated");
    if (header.length > kMaxAssociationPduBytes)
        fail(AssociationEnd::kProtocolError,
             "an association PDU of " + std::to_string(header.length) + " bytes");
    pdu.body.resize(header.length);
    fill(pdu.body, patience);
    return pdu;
}

Channel::Fragment Channel::next_message(Moment silent_from) {
    std::array<std::uint8_t, kPduHeaderBytes> bytes{};
    if (pdu_left_ == 0) {
        const Patience idle{pace_.idle, silent_from + pace_.idle};
        require(read(bytes, idle), "waiting for the next message");
        bytes_received_ += bytes.size();
    }
    message_start_ = steady_clock::now();
    message_bytes_ = 0;
    ahead_ = kMostAhead;
    if (pdu_left_ == 0) return read_fragment(parse_pdu_header(bytes));
    Fragment fragment;
    read_pdv_header(fragment);
    return fragment;
}

Channel::Fragment Channel::next() {
    if (pdu_left_ > 0) {
        Fragment fragment;
        read_pdv_header(fragment);
        return fragment;
    }
    std::array<std::uint8_t, kPduHeaderBytes> bytes{};
    fill(bytes, within_message(bytes.size()));
    return read_fragment(parse_pdu_header(bytes));
}

Channel::Fragment Channel::read_fragment(const PduHeader& header) {
    Fragment fragment;
    switch (static_cast<PduType>(header.type)) {
        case PduType::kData:
            if (own_max_pdu_ > 0 && header.length > own_max_pdu_)
                fail(AssociationEnd::kProtocolError,
                     "a P-DATA-TF PDU of " + std::to_string(header.length) +
                         " bytes where at most " + std::to_string(own_max_pdu_) + " were agreed");
            pdu_left_ = header.length;
            read_pdv_header(fragment);
            return fragment;
        case PduType::kReleaseRequest:
        case PduType::kReleaseResponse: {
            if (header.length != 4)
                fail(AssociationEnd::kProtocolError, "a release PDU of another length than 4");
            std::array<std::uint8_t, 4> body{};
            fill(body, within_message(body.size()));
            fragment.kind = static_cast<PduType>(header.type) == PduType::kReleaseRequest
                                ? Fragment::Kind::kReleaseRequest
                                : Fragment::Kind::kReleaseResponse;
            return fragment;
        }
        case PduType::kAbort:
            if (header.length == 4) fail(AssociationEnd::kAborted, abort_reason());
            break;
        default:
            break;
    }
    fail(AssociationEnd::kProtocolError,
         "PDU type " + std::to_string(header.type) + " within an association");
}

void Channel::read_pdv_header(Fragment& fragment) {
    std::array<std::uint8_t, kPdvHeaderBytes> bytes{};
    if (pdu_left_ < bytes.size())
        fail(AssociationEnd::kProtocolError, "a P-DATA-TF PDU ends within a PDV");
    fill(bytes, within_message(bytes.size()));
    pdu_left_ -= static_cast<std::uint32_t>(bytes.size());
    const std::uint32_t length = static_cast<std::uint32_t>(bytes[0]) << 24 |
                                 static_cast<std::uint32_t>(bytes[1]) << 16 |
                                 static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
    // The length counts the context id and the control header, too (PS3.8 9.3.5.1).
    if (length < 2 || length - 2 > pdu_left_)
        fail(AssociationEnd::kProtocolError, "a PDV is longer than its PDU");
    fragment.kind = Fragment::Kind::kData;
    fragment.context = bytes[4];
    fragment.is_command = (bytes[5] & 1) != 0;
    fragment.is_last = (bytes[5] & 2) != 0;
    fragment.bytes = length - 2;
    pdu_left_ -= length - 2;
}

void Channel::payload(std::span<std::uint8_t> into) {
    // How fast it comes is seen by the way.
    constexpr std::size_t kPiece = std::size_t{256} << 10;
    while (!into.empty()) {
        const auto piece = into.first(std::min(kPiece, into.size()));
        fill(piece, within_message(piece.size()));
        into = into.subspan(piece.size());
    }
}

void Channel::send(ByteView pdu) {
    write(std::span(&pdu, 1));
}

void Channel::send_part(std::uint8_t context, bool is_command, ByteView bytes) {
    queue_part(context, is_command, bytes);
    flush();
}

void Channel::queue_part(std::uint8_t context, bool is_command, ByteView bytes) {
    if (outgoing_.size() + bytes.size() >= kWorthACall)
        return send_from_where_it_lies(context, is_command, bytes, Ends::kHere);
    do {
        const ByteView payload = bytes.first(std::min(longest_fragment(), bytes.size()));
        bytes = bytes.subspan(payload.size());
        const auto header = fragment_header(context, payload.size(), is_command, bytes.empty());
        outgoing_.insert(outgoing_.end(), header.begin(), header.end());
        outgoing_.insert(outgoing_.end(), payload.begin(), payload.end());
    } while (!bytes.empty());
}

/// After what is gathered: many fragments a call, none of them copied.
void Channel::send_from_where_it_lies(std::uint8_t context, bool is_command, ByteView bytes,
                                      Ends ends) {
    std::array<std::array<std::uint8_t, kFragmentHeaderBytes>, kFragmentsACall> headers;
    std::array<ByteView, 1 + 2 * kFragmentsACall> pieces;
    pieces[0] = outgoing_;
    std::size_t count = 1;
    do {
        std::size_t gathered = 0;
        for (auto& header : headers) {
            const ByteView payload = bytes.first(std::min(longest_fragment(), bytes.size()));
            bytes = bytes.subspan(payload.size());
            header = fragment_header(context, payload.size(), is_command,
                                     bytes.empty() && ends == Ends::kHere);
            pieces[count++] = header;
            pieces[count++] = payload;
            gathered += payload.size();
            if (bytes.empty() || gathered >= kMostACall) break;
        }
        write(std::span(pieces).first(count));
        outgoing_.clear();
        pieces[0] = {};
        count = 1;
    } while (!bytes.empty());
}

void Channel::break_off(ErrorCode reading, const std::exception& error) {
    abort(AbortSource::kServiceUser, AbortReason::kNotSpecified);
    end_ = AssociationEnd::kLost;
    throw BrokenOff(reading, std::string("given up within a data set: ") + error.what());
}

void Channel::send_data_set(std::uint8_t context, const FileToSend& file, std::uint64_t begin) {
    if (!file.read)
        return send_part(context, false, file.begin.subspan(static_cast<std::size_t>(begin)));
    Buffer piece(kReadAtOnce);
    while (begin < file.size) {
        piece.resize(
            static_cast<std::size_t>(std::min<std::uint64_t>(file.size - begin, piece.capacity())));
        try {
            file.read(begin, piece.span());
        } catch (const Error& error) {
            break_off(error.code(), error);
        } catch (const std::exception& error) {
            break_off(ErrorCode::kInternal, error);
        }
        begin += piece.size();
        send_from_where_it_lies(context, false, piece.view(),
                                begin == file.size ? Ends::kHere : Ends::kLater);
    }
}

/// A peer's maximum counts from behind the PDU header. Peers refuse fragments of an odd length.
std::size_t Channel::longest_fragment() const {
    if (peer_max_pdu_ == 0) return kLongestOwnPdu;
    return std::min<std::size_t>(kLongestOwnPdu,
                                 (peer_max_pdu_ - kPdvHeaderBytes) & ~std::size_t{1});
}

void Channel::flush() {
    if (outgoing_.empty()) return;
    send(outgoing_);
    outgoing_.clear();
}

bool Channel::has_input(std::chrono::milliseconds patience) {
    return pdu_left_ > 0 || transport_.has_input(patience);
}

void Channel::abort(AbortSource source, AbortReason reason) noexcept {
    try {
        (void)transport_.write(encode_abort(source, reason),
                               Patience{kLastWordPatience, Moment::max()});
    } catch (const std::exception&) {
        // The connection is about to be closed anyway.
    }
}

void Channel::close() noexcept {
    transport_.close(kLinger);
}

}  // namespace lucerna::dicom
