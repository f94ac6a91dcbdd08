#include "store/database.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "base/answer_due.h"
#include "base/error.h"
#include "base/outside_wait.h"

namespace lucerna::store {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// How often a lost connection is made anew before the work is given up, and the first pause
/// between, which doubles: a server that is restarted answers again within seconds.
constexpr int kConnectTries = 6;
constexpr auto kConnectPause = 100ms;

/// Who waits longer for others lets others be done meanwhile.
constexpr auto kMoment = 100ms;
/// Those that gathered with one who has waited long enough come to it together.
constexpr auto kSameTime = 50ms;
/// What is done together where it begins late has half of this at least.
constexpr auto kShortestTurn = 500ms;
/// Whatever is due: an object may have come in for longer, and is only to be entered.
constexpr auto kAtLeast = 1s;
/// As good as for ever.
constexpr std::chrono::hours kNoBound{24 * 365};

/// What opens the index brings its schema up to the present.
Patience patience_to_open() {
    return {Pace::kLong, steady_clock::now() + kNoBound};
}

Error kept_for_too_long() {
    return {ErrorCode::kUnavailable, "another writer keeps the index for too long"};
}

steady_clock::time_point end_of(std::chrono::milliseconds patience) {
    return std::max(AnswerDue::end_of(patience),
                    steady_clock::now() + std::min<std::chrono::milliseconds>(patience, kAtLeast));
}

thread_local int leases_of_this_thread = 0;

}  // namespace

Database::Database(std::unique_ptr<IndexSource> source, std::function<void()> before_commit)
    : source_(std::move(source)),
      before_commit_(std::move(before_commit)),
      writer_(source_->open_writer(patience_to_open())) {}

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
    mine.patience = patience_to_write();
    // Of an index that is elsewhere.
    std::optional<steady_clock::time_point> moment;
    if (source_->patience()) moment = steady_clock::now() + kMoment;
    std::optional<OutsideWait> outside;
    std::unique_lock lock(mutex_);
    gather(mine);
    while (!mine.done) {
        if (!may_commit(mine)) {
            wait_for_turn(mine, lock, moment.value_or(steady_clock::time_point::max()));
            if (!moment || steady_clock::now() < *moment) continue;
            moment.reset();
            lock.unlock();
            outside.emplace("the index", OutsideWait::Crowded::kWaits);
            lock.lock();
            continue;
        }
        Queue batch = take_gathered(mine.patience.pace);
        committing_ = true;
        lock.unlock();
        commit(batch);
        lock.lock();
        committing_ = false;
        settle(std::move(batch));
        // One of those that gathered meanwhile commits for all of its pace.
        if (!gathered_.empty()) gathered_.front()->changed.notify_one();
        committed_.notify_all();
    }
    if (mine.error) std::rethrow_exception(mine.error);
}

Patience Database::patience_to_write() const {
    return {pace_of_this_thread(), end_of(source_->patience().value_or(kNoBound))};
}

Patience Database::patience_to_read() const {
    const Pace pace = pace_of_this_thread();
    if (pace == Pace::kLong) return {pace, steady_clock::now() + kNoBound};
    return {pace, end_of(source_->patience().value_or(kNoBound))};
}

void Database::gather(Pending& pending) {
    gathered_.push_back(&pending);
    pending.number = ++came_;
    pending.is_gathered = true;
}

bool Database::may_commit(const Pending& mine) const {
    return !committing_ && gathered_.front()->patience.pace == mine.patience.pace;
}

Database::Queue Database::take_gathered(Pace pace) {
    Queue batch;
    for (auto next = gathered_.begin(); next != gathered_.end();) {
        const auto one = next++;
        if ((*one)->patience.pace != pace) continue;
        (*one)->is_gathered = false;
        batch.splice(batch.end(), gathered_, one);
    }
    return batch;
}

void Database::wait_for_turn(Pending& mine, std::unique_lock<std::mutex>& lock,
                             steady_clock::time_point moment) {
    if (!mine.is_gathered) {
        if (moment == steady_clock::time_point::max())
            mine.changed.wait(lock);
        else
            (void)mine.changed.wait_until(lock, moment);
        return;
    }
    const auto until = mine.patience.until;
    const bool is_late =
        mine.changed.wait_until(lock, std::min(until, moment)) == std::cv_status::timeout &&
        steady_clock::now() >= until;
    if (!is_late || !mine.is_gathered || may_commit(mine)) return;
    std::erase(gathered_, &mine);
    throw kept_for_too_long();
}

void Database::settle(Queue batch) {
    for (auto next = batch.begin(); next != batch.end();) {
        const auto one = next++;
        Pending* pending = *one;
        if (pending->waits_on) {
            pending->is_gathered = true;
        } else {
            pending->done = true;
            batch.erase(one);
        }
        pending->waits_on = false;
        pending->changed.notify_one();
    }
    // Before those that came later, and behind those of another pace that came sooner: on an index
    // that is never done with those for whom an answer is due, the others would wait for ever.
    gathered_.merge(batch,
                    [](const Pending* a, const Pending* b) { return a->number < b->number; });
}

/// Nothing of the batch has run yet, so a connection that turns out to be lost costs nothing.
void Database::begin(const Patience& patience) {
    std::chrono::milliseconds pause = kConnectPause;
    for (int number = 1;; ++number) {
        try {
            if (!writer_) writer_ = source_->open_writer(patience);
            source_->begin_writing(*writer_, patience);
            return;
        } catch (const Error& error) {
            if (writer_ && !writer_->is_lost()) throw;
            writer_.reset();
            if (error.code() != ErrorCode::kUnavailable || number == kConnectTries ||
                steady_clock::now() >= patience.until)
                throw;
        }
        std::this_thread::sleep_until(std::min(steady_clock::now() + pause, patience.until));
        pause *= 2;
    }
}

void Database::commit(const Queue& batch) {
    const Patience patience =
        (*std::min_element(batch.begin(), batch.end(), [](auto* one, auto* other) {
            return one->patience.until < other->patience.until;
        }))->patience;
    bool begun = false;
    bool committing = false;
    try {
        if (before_commit_) before_commit_();
        begin(patience);
        begun = true;
        run_in_time(batch, patience);
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
        const bool is_late = !begun && steady_clock::now() + kSameTime >= patience.until;
        for (Pending* pending : batch) {
            if (is_late && pending->patience.until > patience.until + kSameTime)
                pending->waits_on = true;
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

/// Where an answer is due and the index is slow, as many together as there is time for: else all
/// would be given up, and come again together. The others wait on.
void Database::run_in_time(const Queue& batch, const Patience& patience) {
    const auto begun = steady_clock::now();
    const auto half = std::max<steady_clock::duration>(patience.until - begun, kShortestTurn) / 2;
    bool is_enough = false;
    for (Pending* pending : batch) {
        if (is_enough) {
            pending->waits_on = steady_clock::now() < pending->patience.until;
            if (!pending->waits_on) pending->error = std::make_exception_ptr(kept_for_too_long());
            continue;
        }
        run_one(*pending);
        is_enough = patience.pace == Pace::kAnswerIsDue && steady_clock::now() - begun >= half;
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

void Database::require_whole() {
    read([&](Connection& index) { source_->require_whole(index); });
}

std::uint64_t Database::commits() const {
    return commits_;
}

std::size_t Database::waiting() const {
    const std::lock_guard lock(mutex_);
    return gathered_.size();
}

std::unique_ptr<Connection> Database::take_reader(const Patience& patience) {
    const std::size_t most = source_->most_readers();
    std::unique_ptr<Connection> taken;
    // Whoever reads already may be what the others wait for.
    const auto is_there = [&](const Readers& readers) {
        return most == 0 || readers.taken < most || leases_of_this_thread > 0;
    };
    const auto take = [&](Readers& readers) {
        ++readers.taken;
        if (readers.idle.empty()) return;
        taken = std::move(readers.idle.back());
        readers.idle.pop_back();
    };
    const auto moment = steady_clock::now() + kMoment;
    if (!readers_.when_by(std::min(moment, patience.until), is_there, take)) {
        const OutsideWait outside("the index", OutsideWait::Crowded::kWaits);
        if (!readers_.when_by(patience.until, is_there, take))
            throw Error(ErrorCode::kUnavailable, "others keep the index for too long");
    }
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

void Database::drop_idle_readers() {
    std::vector<std::unique_ptr<Connection>> dropped;
    readers_.change([&](Readers& readers) { dropped.swap(readers.idle); });
}

Database::Lease::Lease(Database& owner) : database(owner) {
    const Patience patience = owner.patience_to_read();
    bool is_taken = false;
    try {
        // One that was lost while it lay idle is dropped.
        for (;;) {
            connection = owner.take_reader(patience);
            is_taken = true;
            if (!connection) break;
            try {
                owner.source_->begin_reading(*connection, patience);
                return;
            } catch (const Error& error) {
                if (!connection->is_lost() || error.code() != ErrorCode::kUnavailable ||
                    steady_clock::now() >= patience.until) {
                    // The others lead to the same machine.
                    if (connection->is_lost()) owner.drop_idle_readers();
                    throw;
                }
            }
            owner.give_back(nullptr);
            is_taken = false;
        }
        connection = owner.source_->open_reader(patience);
        owner.source_->begin_reading(*connection, patience);
    } catch (...) {
        if (is_taken) owner.give_back(nullptr);
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

std::unique_ptr<Database::Alone> Database::require_alone() {
    if (auto held = alone()) return held;
    throw Error(ErrorCode::kConflict,
                "other processes are at work on this archive: end them first");
}

Database::Alone::~Alone() {
    try {
        database_.write([&](Connection& index) { database_.source_->share(index); });
    } catch (const Error&) {
        // Where the connection is lost, so is the lock.
    }
}

}  // namespace lucerna::store
