#include "store/database.h"

#include <stop_token>
#include <thread>
#include <utility>

#include "base/error.h"

namespace lucerna::store {
namespace {

using namespace std::chrono_literals;

/// How often a lost connection is made anew before the work is given up, and the first pause
/// between, which doubles: a server that is restarted answers again within seconds.
constexpr int kConnectTries = 6;
constexpr auto kConnectPause = 100ms;

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
    std::unique_lock lock(mutex_);
    gathered_.push_back(&mine);
    while (!mine.done) {
        if (committing_) {
            mine.changed.wait(lock);
            continue;
        }
        committing_ = true;
        const std::vector<Pending*> batch = std::exchange(gathered_, {});
        lock.unlock();
        commit(batch);
        lock.lock();
        committing_ = false;
        for (Pending* pending : batch) {
            pending->done = true;
            pending->changed.notify_one();
        }
        // One of those that gathered meanwhile commits for all of them.
        if (!gathered_.empty()) gathered_.front()->changed.notify_one();
        committed_.notify_all();
    }
    if (mine.error) std::rethrow_exception(mine.error);
}

/// Nothing of the batch has run yet, so a connection that turns out to be lost costs nothing.
void Database::begin() {
    std::chrono::milliseconds pause = kConnectPause;
    for (int number = 1;; ++number) {
        try {
            if (!writer_) writer_ = source_->open_writer();
            writer_->execute(source_->begin_writing());
            return;
        } catch (const Error& error) {
            if (writer_ && !writer_->is_lost()) throw;
            writer_.reset();
            if (error.code() != ErrorCode::kUnavailable || number == kConnectTries) throw;
        }
        std::this_thread::sleep_for(pause);
        pause *= 2;
    }
}

void Database::commit(const std::vector<Pending*>& batch) {
    bool committing = false;
    try {
        if (before_commit_) before_commit_();
        begin();
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
        for (Pending* pending : batch)
            if (!pending->error) pending->error = reason;
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
