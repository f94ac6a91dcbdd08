#include "store/database.h"

#include <algorithm>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/answer_due.h"
#include "base/error.h"

namespace lucerna::store {
namespace {

using namespace std::chrono_literals;

/// How often a lost connection is made anew before the work is given up, and the first pause
/// between, which doubles: a server that is restarted answers again within seconds.
constexpr int kConnectTries = 6;
constexpr auto kConnectPause = 100ms;

/// Where the batch before took all the time there was.
constexpr auto kShortestWait = 100ms;
/// Those that gathered with one who has waited long enough come to it together.
constexpr auto kSameTime = 50ms;
/// As good as for ever.
constexpr std::chrono::hours kNoBound{24 * 365};

thread_local int leases_of_this_thread = 0;

}  // namespace

Database::Database(std::unique_ptr<IndexSource> source, std::function<void()> before_commit)
    : source_(std::move(source)),
      before_commit_(std::move(before_commit)),
      writer_(source_->open_writer()) {}

Database::~Database() {
    readers_.with([](Readers& readers) { readers.idle.clear(); });
    try {
        if (writer_) source_->close(*writer_);
    } catch (const Error&) {
        // The next open does it.
    }
}

void Database::write(const Work& work) {
    Pending mine;
    mine.work = &work;
    mine.until = end_of_patience();
    std::unique_lock lock(mutex_);
    gather(mine);
    while (!mine.done) {
        if (committing_) {
            wait_for_turn(mine, lock);
            continue;
        }
        committing_ = true;
        const std::vector<Pending*> batch = take_gathered();
        lock.unlock();
        commit(batch);
        lock.lock();
        committing_ = false;
        settle(batch);
        // One of those that gathered meanwhile commits for all of them.
        if (!gathered_.empty()) gathered_.front()->changed.notify_one();
        committed_.notify_all();
    }
    if (mine.error) std::rethrow_exception(mine.error);
}

std::chrono::steady_clock::time_point Database::end_of_patience() const {
    const auto patience = source_->patience();
    if (!patience) return std::chrono::steady_clock::now() + kNoBound;
    return AnswerDue::end_of(*patience);
}

void Database::gather(Pending& pending) {
    pending.is_gathered = true;
    gathered_.push_back(&pending);
}

std::vector<Database::Pending*> Database::take_gathered() {
    for (Pending* pending : gathered_) pending->is_gathered = false;
    return std::exchange(gathered_, {});
}

void Database::wait_for_turn(Pending& mine, std::unique_lock<std::mutex>& lock) {
    if (!mine.is_gathered) return mine.changed.wait(lock);
    const bool is_late = mine.changed.wait_until(lock, mine.until) == std::cv_status::timeout;
    if (!is_late || !committing_ || !mine.is_gathered) return;
    std::erase(gathered_, &mine);
    throw Error(ErrorCode::kUnavailable, "another writer keeps the index for too long");
}

void Database::settle(const std::vector<Pending*>& batch) {
    for (Pending* pending : batch) {
        if (pending->waits_on)
            gather(*pending);
        else
            pending->done = true;
        pending->waits_on = false;
        pending->changed.notify_one();
    }
}

/// Nothing of the batch has run yet, so a connection that turns out to be lost costs nothing.
void Database::begin(std::chrono::steady_clock::time_point until) {
    using std::chrono::steady_clock;
    std::chrono::milliseconds pause = kConnectPause;
    for (int number = 1;; ++number) {
        try {
            if (!writer_) writer_ = source_->open_writer();
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
            source_->begin_writing(*writer_,
                                   std::max<std::chrono::milliseconds>(left, kShortestWait));
            return;
        } catch (const Error& error) {
            if (writer_ && !writer_->is_lost()) throw;
            writer_.reset();
            if (error.code() != ErrorCode::kUnavailable || number == kConnectTries ||
                steady_clock::now() >= until)
                throw;
        }
        std::this_thread::sleep_for(pause);
        pause *= 2;
    }
}

void Database::commit(const std::vector<Pending*>& batch) {
    const auto until = (*std::min_element(batch.begin(), batch.end(), [](auto* one, auto* other) {
                           return one->until < other->until;
                       }))->until;
    bool begun = false;
    bool committing = false;
    try {
        if (before_commit_) before_commit_();
        begin(until);
        begun = true;
        for (Pending* pending : batch) run_one(*pending);
        committing = true;
        writer_->execute("COMMIT");
        ++commits_;
    } catch (...) {
        const bool lost = !writer_ || writer_->is_lost();
        std::exception_ptr reason = std::current_exception();
        if (committing && lost)
            reason = std::make_exception_ptr(
                Error(ErrorCode::kIo,
                      "the index was lost while it committed: it is not known "
                      "whether it did"));
        // Whoever has no reason of its own shares this one.
        const bool is_late = !begun && std::chrono::steady_clock::now() + kSameTime >= until;
        for (Pending* pending : batch) {
            pending->waits_on = is_late && pending->until > until + kSameTime;
            if (!pending->error && !pending->waits_on) pending->error = reason;
        }
        try {
            if (lost)
                writer_.reset();
            else if (writer_->in_transaction())
                writer_->execute("ROLLBACK");
        } catch (const Error&) {
            // SQLite has rolled back by itself.
        }
    }
}

void Database::run_one(Pending& pending) {
    writer_->execute("SAVEPOINT one");
    try {
        (*pending.work)(*writer_);
    } catch (...) {
        pending.error = std::current_exception();
        // A full disk makes SQLite undo the whole transaction: then nobody's part stands.
        if (writer_->is_lost() || !writer_->in_transaction()) throw;
        writer_->execute("ROLLBACK TO one");
    }
    writer_->execute("RELEASE one");
}

void Database::checkpoint() {
    std::unique_lock lock(mutex_);
    committed_.wait(lock, [&] { return !committing_; });
    if (writer_) source_->empty_log(*writer_);
}

std::vector<std::string> Database::damages() {
    return read([&](Connection& index) { return source_->damages(index); });
}

std::uint64_t Database::commits() const {
    return commits_;
}

std::unique_ptr<Connection> Database::take_reader() {
    const std::size_t most = source_->most_readers();
    std::unique_ptr<Connection> taken;
    readers_.when(
        std::stop_token(),
        // Whoever reads already may be what the others wait for.
        [&](const Readers& readers) {
            return most == 0 || readers.taken < most || leases_of_this_thread > 0;
        },
        [&](Readers& readers) {
            ++readers.taken;
            if (readers.idle.empty()) return;
            taken = std::move(readers.idle.back());
            readers.idle.pop_back();
        });
    ++leases_of_this_thread;
    return taken;
}

/// Null where it was lost, or could not be opened.
void Database::give_back(std::unique_ptr<Connection> reader) {
    --leases_of_this_thread;
    const std::size_t most = source_->most_readers();
    readers_.change([&](Readers& readers) {
        --readers.taken;
        if (reader && (most == 0 || readers.idle.size() + readers.taken < most))
            readers.idle.push_back(std::move(reader));
    });
}

Database::Lease::Lease(Database& owner) : database(owner) {
    try {
        // One that was lost while it lay idle is dropped.
        while ((connection = owner.take_reader())) {
            try {
                connection->execute(owner.source_->begin_reading());
                return;
            } catch (const Error&) {
                if (!connection->is_lost()) throw;
            }
            owner.give_back(nullptr);
        }
        connection = owner.source_->open_reader();
        connection->execute(owner.source_->begin_reading());
    } catch (...) {
        owner.give_back(nullptr);
        throw;
    }
}

Database::Lease::~Lease() {
    try {
        if (connection->in_transaction()) connection->execute("COMMIT");
    } catch (const std::exception&) {
        // The connection goes; the next reader opens another.
        connection.reset();
    }
    database.give_back(std::move(connection));
}

std::unique_ptr<Database::Alone> Database::alone() {
    bool excluded = false;
    write([&](Connection& index) { excluded = source_->exclude_others(index); });
    return excluded ? std::make_unique<Alone>(*this) : nullptr;
}

Database::Alone::~Alone() {
    try {
        database_.write([&](Connection& index) { database_.source_->share(index); });
    } catch (const Error&) {
        // Where the connection is lost, so is the lock.
    }
}

}  // namespace lucerna::store
