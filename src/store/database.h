#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "store/index_source.h"

namespace lucerna::store {

/// The index: one connection that writes, and as many that read as there are readers, or as its
/// source allows: then a reader waits for a free one.
///
/// Writers share transactions. Whoever finds nobody committing commits what has gathered, its own
/// and the others', with one flush to the device; while that flush runs the next batch gathers. So
/// a single writer waits for nobody and many writers cost hardly more than one. Only those of one
/// pace (pace.h) share one: what somebody waits for is not held up by what takes long, nor that cut
/// short by what is due.
class Database {
  public:
    using Work = std::function<void(Connection&)>;

    /// Opens `source`. `before_commit` runs once before each batch is committed; if it throws,
    /// nothing of the batch is. Throws what IndexSource::open_writer does.
    Database(std::unique_ptr<IndexSource> source, std::function<void()> before_commit);
    ~Database();

    /// Runs `work` in a transaction; durable on return. What `work` throws undoes its own part only
    /// and comes back here. `work` must not call `write`, may run in another writer's thread, and
    /// never at the same time as another. Throws Error: kIo where it is not known whether the
    /// transaction was committed; kUnavailable where others keep it waiting beyond the source's
    /// patience, or it goes on, or others do, until an answer is due (AnswerDue).
    void write(const Work& work);

    /// Runs `work` on a consistent snapshot. One within another has a snapshot of its own and does
    /// not wait. Throws Error(kUnavailable) where that takes beyond the source's patience, or until
    /// an answer is due.
    template <typename Reading>
    auto read(Reading&& work) {
        const Lease lease(*this);
        return work(*lease.connection);
    }

    /// Empties the log, if there is one, so that what was deleted is not in it.
    void checkpoint();

    /// Transactions committed so far: shows how many writers shared one.
    [[nodiscard]] std::uint64_t commits() const;
    /// Writers who wait for one that commits.
    [[nodiscard]] std::size_t waiting() const;

    [[nodiscard]] std::string process() const { return source_->process(); }
    /// For use within `write`.
    [[nodiscard]] IndexSource& source() { return *source_; }

    /// What is not as it was written, in words.
    [[nodiscard]] std::vector<std::string> damages();
    /// Throws Error(kCorrupt), saying what is to be done, where there are any.
    void require_whole();

    /// No other process is at work on the index, nor begins to, while this lives.
    class Alone {
      public:
        explicit Alone(Database& owner) : database_(owner) {}
        ~Alone();
        Alone(const Alone&) = delete;
        Alone& operator=(const Alone&) = delete;

      private:
        Database& database_;
    };

    /// Null where another process is at work.
    [[nodiscard]] std::unique_ptr<Alone> alone();
    /// The same; throws Error(kConflict) there.
    [[nodiscard]] std::unique_ptr<Alone> require_alone();

  private:
    struct Pending {
        const Work* work = nullptr;
        Patience patience;
        /// Who came sooner has a lower one.
        std::uint64_t number = 0;
        std::exception_ptr error;
        bool done = false;
        /// It waits for its turn, and may go.
        bool is_gathered = false;
        /// Its batch did not begin in time for another one in it, or had no time for it.
        bool waits_on = false;
        /// Whoever waits has one of its own: all woken at once would wait for each other.
        std::condition_variable changed;
    };
    /// Lists, so that none is lost for want of memory.
    using Queue = std::list<Pending*>;
    struct Lease {
        explicit Lease(Database& owner);
        ~Lease();
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        Database& database;
        std::unique_ptr<Connection> connection;
    };

    [[nodiscard]] Patience patience_to_write() const;
    [[nodiscard]] Patience patience_to_read() const;
    void gather(Pending& pending);
    /// Nobody commits, and it is the turn of those of its pace.
    [[nodiscard]] bool may_commit(const Pending& mine) const;
    [[nodiscard]] Queue take_gathered(Pace pace);
    /// No longer than until `moment`. Throws Error(kUnavailable) once it has waited long enough.
    void wait_for_turn(Pending& mine, std::unique_lock<std::mutex>& lock,
                       std::chrono::steady_clock::time_point moment);
    /// Of those in the batch who waited in vain, whoever has patience left waits on.
    void settle(Queue batch);
    void begin(const Patience& patience);
    void commit(const Queue& batch);
    void run_in_time(const Queue& batch, const Patience& patience);
    void run_one(Pending& pending);
    /// Null where one is to be opened. Waits while there are as many as may be.
    [[nodiscard]] std::unique_ptr<Connection> take_reader(const Patience& patience);
    void give_back(std::unique_ptr<Connection> reader);
    void drop_idle_readers();

    std::unique_ptr<IndexSource> source_;
    std::function<void()> before_commit_;
    std::unique_ptr<Connection> writer_;
    struct Readers {
        std::vector<std::unique_ptr<Connection>> idle;
        /// Those that are taken, or being opened.
        std::size_t taken = 0;
    };
    Guarded<Readers> readers_;

    mutable std::mutex mutex_;
    /// For `checkpoint`.
    std::condition_variable committed_;
    /// In the order in which they came.
    Queue gathered_;
    std::uint64_t came_ = 0;
    bool committing_ = false;
    std::atomic<std::uint64_t> commits_ = 0;
};

}  // namespace lucerna::store
