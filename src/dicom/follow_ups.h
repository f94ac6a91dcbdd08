#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dicom/agreed_context.h"
#include "dicom/channel.h"
#include "dicom/data_set.h"
#include "dicom/dimse_command.h"

namespace lucerna::dicom {

/// What the peer is asked. Its message ID is given when it is sent.
struct Question {
    DimseCommand command;
    DataSet data_set;
};

/// What is left to do of a request that has been answered: work, and then a question to the peer.
/// Over once `question` is empty, or else told so, once, by `answered` or `unanswered`; `failed`
/// says that one of these has thrown, and is the last that is heard, too.
class FollowUp {
  public:
    virtual ~FollowUp() = default;
    /// A piece of the work: the peer may have to wait for its end. False when all is done.
    [[nodiscard]] virtual bool work() = 0;
    /// What comes of it. Empty where there is nothing to be asked.
    [[nodiscard]] virtual std::optional<Question> question() = 0;
    /// It is not forgotten, but others come first. Said about once a minute.
    virtual void waits() = 0;
    virtual void answered(const DimseCommand& response) = 0;
    /// Nor will it be: the association is over, or the peer does not answer.
    virtual void unanswered() = 0;
    virtual void failed(const std::exception& error) = 0;
};

/// What all associations of a provider may have left of requests together, in bytes. Safe from any
/// thread.
class FollowUpMemory {
  public:
    /// Some 65,000 references of storage commitment.
    static constexpr std::size_t kMost = std::size_t{32} << 20;

    /// Bytes that are held until it goes.
    class Share {
      public:
        Share() = default;
        Share(Share&& other) noexcept { *this = std::move(other); }
        Share& operator=(Share&& other) noexcept {
            give_back();
            of_ = std::exchange(other.of_, nullptr);
            bytes_ = std::exchange(other.bytes_, 0);
            return *this;
        }
        ~Share() { give_back(); }
        [[nodiscard]] std::size_t bytes() const { return bytes_; }

      private:
        friend class FollowUpMemory;
        Share(FollowUpMemory& of, std::size_t bytes) : of_(&of), bytes_(bytes) {}
        void give_back() {
            if (of_ != nullptr) of_->held_ -= bytes_;
        }
        FollowUpMemory* of_ = nullptr;
        std::size_t bytes_ = 0;
    };
    /// Nothing where others have too much.
    [[nodiscard]] std::optional<Share> take(std::size_t bytes) noexcept;

  private:
    std::atomic<std::size_t> held_ = 0;
};

/// What is left of the requests of one association, in their order. A question at a time, as
/// asynchronous operations are not negotiated (PS3.7 D.3.3.3); between them, and between the pieces
/// of work, the peer may ask what it wants. Throws only what the channel throws.
class FollowUps {
  public:
    /// Between two words to those that wait.
    static constexpr std::chrono::minutes kBetweenWords{1};

    /// What is given is borrowed. A question waits for its response for `patience`.
    FollowUps(Channel& channel, const AgreedContexts& contexts, FollowUpMemory& memory,
              std::chrono::milliseconds patience)
        : channel_(channel), contexts_(contexts), memory_(memory), patience_(patience) {}
    ~FollowUps() { end(); }
    FollowUps(const FollowUps&) = delete;
    FollowUps& operator=(const FollowUps&) = delete;

    /// Whether the next one to be added, which holds about so many bytes, can be begun here: not
    /// where that is too much, or where the peer has left a question unanswered.
    [[nodiscard]] bool make_room(std::size_t bytes) noexcept;
    /// Its question goes out on `context`. Without room made for it, it is told at once that it is
    /// unanswered.
    void add(std::unique_ptr<FollowUp> one, std::uint8_t context) noexcept;
    /// Some have neither been done nor ended.
    [[nodiscard]] bool are_left() const {
        return !waiting_.empty() || (asked_ && asked_->by != nullptr);
    }
    /// Does a piece of work, or asks. False when there is nothing to do but to hear the peer. To be
    /// called when that has said nothing that is not heard yet.
    bool work();
    /// To be called now and then: says `waits` when it is time.
    void say_that_they_wait() noexcept;
    /// False where it is no response to our question.
    [[nodiscard]] bool take(const DimseCommand& response) noexcept;
    /// All that are left are told that they are unanswered.
    void end() noexcept;

    /// For whatever we ask on this association.
    [[nodiscard]] std::uint16_t next_message_id();

  private:
    struct Waiting {
        std::unique_ptr<FollowUp> follow_up;
        std::uint8_t context = 0;
        FollowUpMemory::Share share{};
    };
    struct Asked {
        std::uint16_t message_id = 0;
        std::uint16_t response = 0;
        Moment since;
        /// Null where it has given up hope: a late response is still known as one.
        std::unique_ptr<FollowUp> by;
        FollowUpMemory::Share share{};
    };
    [[nodiscard]] static bool succeeds(FollowUp& one, const std::function<void()>& step) noexcept;
    static void tell_unanswered(FollowUp& one) noexcept;

    Channel& channel_;
    const AgreedContexts& contexts_;
    FollowUpMemory& memory_;
    const std::chrono::milliseconds patience_;
    std::vector<Waiting> waiting_;
    /// For the next one.
    FollowUpMemory::Share room_;
    std::optional<Asked> asked_;
    Moment last_word_{};
    std::uint16_t last_message_ = 0;
};

}  // namespace lucerna::dicom
