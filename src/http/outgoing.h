#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/answer_memory.h"
#include "http/exchange.h"

namespace lucerna::http {

/// An answer on its way out, piece by piece. Knows nothing of sockets: who holds it does what
/// `next` says, and asks again.
class Outgoing {
  public:
    /// Takes the response over. Sets exchange.status, and counts what goes into
    /// exchange.bytes_sent; `exchange` must outlive this. Without `keep_alive` the answer announces
    /// the end of the connection; `keeps_alive` says what it came to (a body of unknown length ends
    /// with the connection for HTTP/1.0).
    Outgoing(Exchange& exchange, Response response, const Guard& guard, bool keep_alive);

    enum class Next {
        kWrite,  ///< `buffers`, then ask again
        kPull,   ///< call `pull`, where it may block, then ask again
        kWait,   ///< let `wait` pass, then ask again
        kDone,
    };
    [[nodiscard]] Next next();
    /// To be written in one go; any may be empty. Valid until `next`.
    [[nodiscard]] const std::array<ByteView, 3>& buffers() const { return buffers_; }
    /// Of these, all but the first `written` bytes.
    [[nodiscard]] std::array<ByteView, 3> unwritten(std::size_t written) const;
    /// Holds room for a piece before that is made, which may take long, and then for what it is;
    /// `cut` is as for AnswerMemory::hold. Throws what the body's source throws, and
    /// Error(kInternal) if it gives more or less than it had announced. The connection must be cut
    /// then.
    void pull(const std::function<void()>& cut);
    /// For what is in memory to be sent, before anything is, from a thread that may wait. False
    /// where others hold too much; `cut` is as for AnswerMemory::take.
    [[nodiscard]] bool find_room(std::function<void()> cut);
    /// The same where it cannot be refused.
    void hold_room(std::function<void()> cut);
    /// Before each `pull`: the client has taken what was there. It goes at once, as the pull may
    /// have to wait for a thread.
    void let_go_of_what_was_taken();
    /// The client took something.
    void note_progress() {
        if (holding_) holding_->note_progress();
    }
    /// What is held of the body and is counted nowhere else.
    [[nodiscard]] std::size_t bytes_in_memory() const;
    [[nodiscard]] std::chrono::milliseconds wait() const { return chunk_.wait; }
    [[nodiscard]] bool keeps_alive() const { return keep_alive_; }

  private:
    bool take_body(Body body);
    void take_slice();
    void write_slice();
    void hold_room(std::size_t bytes, std::function<void()> cut);

    Exchange& exchange_;
    std::string head_;
    bool head_sent_ = false;
    /// Of these one holds what is being written: the whole body, or one chunk of it.
    Chunk chunk_;
    std::string text_;
    Buffer enclosed_;
    std::shared_ptr<const void> held_;
    std::unique_ptr<AnswerMemory::Holding> holding_;
    ByteView bytes_;
    std::size_t at_ = 0;
    /// Around a body that is Enclosed.
    std::string before_;
    std::string after_;
    bool waited_ = true;
    std::function<Chunk()> source_;
    std::function<Headers()> trailer_;
    std::optional<std::uint64_t> length_;
    std::uint64_t pulled_ = 0;
    bool keep_alive_;
    bool chunked_ = false;
    bool first_slice_ = true;
    bool ended_ = false;
    std::array<ByteView, 3> buffers_{};
};

}  // namespace lucerna::http
