#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "dicom/association_lag.h"

namespace lucerna::dicom {

/// How many associations may be established at a time. Where all places are taken, one is taken
/// from whoever makes least of it, for the one that comes:
/// - from an address that has more than half of them, where another one asks that has fewer;
/// - else from one that rests, said nothing between two messages for `rest` at least;
/// - else from one whose lag is as much: whose message, or whose peer's taking, is slow, or that
///   asks for little, now and then.
/// One that sends at a usual rate has no lag, and is ended for nobody of its own address. What is
/// left so is nobody else's, as long as the one that comes waits for it.
class AssociationGate {
  public:
    AssociationGate(std::size_t limit, std::chrono::milliseconds rest,
                    std::size_t usual_bytes_per_second)
        : limit_(limit), rest_(rest), usual_bytes_per_second_(usual_bytes_per_second) {}

    /// One association's; it is left by the end of it at the latest.
    class Place {
      public:
        explicit Place(AssociationGate& of)
            : of_(of), lag_(of.usual_bytes_per_second_, kMostRests * of.rest_) {}
        ~Place() { leave(); }
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;

        /// False where all are taken, by those that make use of them. `cut`, from any thread, wakes
        /// who has the place where it waits for its peer, to leave.
        [[nodiscard]] bool enter(const std::string& address, std::function<void()> cut);
        void leave();
        /// The peer owes the next message, and nothing else is done; or no more.
        void rest();
        void go_on();
        /// To be asked often by who has the place, and not only where it waits.
        [[nodiscard]] bool is_given_up() const { return is_given_up_; }
        /// To be kept by who has the place.
        [[nodiscard]] AssociationLag& lag() { return lag_; }

      private:
        friend class AssociationGate;
        static constexpr int kMostRests = 2;

        AssociationGate& of_;
        AssociationLag lag_;
        std::atomic<bool> is_given_up_ = false;
        // Under the gate's lock, as is whatever sets that.
        bool is_inside_ = false;
        std::string address_;
        std::function<void()> cut_;
        std::optional<Moment> rests_from_;
        /// Who gets the place once it is left; waits for it.
        Place* heir_ = nullptr;
    };
    [[nodiscard]] std::size_t inside() const;

  private:
    // Of a thread that has the lock.
    bool give_up_one_for(Place& newcomer);
    [[nodiscard]] std::size_t places_of(const std::string& address) const;
    [[nodiscard]] Place* of_a_crowded_address(const std::string& for_address) const;
    [[nodiscard]] Place* that_rests() const;
    [[nodiscard]] Place* that_lags() const;

    const std::size_t limit_;
    const std::chrono::milliseconds rest_;
    const std::size_t usual_bytes_per_second_;
    mutable std::mutex mutex_;
    std::condition_variable left_;
    /// In the order in which they came.
    std::vector<Place*> inside_;
};

}  // namespace lucerna::dicom
