#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "store/sealed_vfs.h"
#include "store/sqlite.h"
#include "vault/secret_key.h"

namespace lucerna::store {

/// The index file: one connection that writes, as many that read as there are readers.
///
/// Writers share transactions. Whoever finds nobody committing commits what has gathered, its own
/// and the others', with one flush to the device; while that flush runs the next batch gathers. So
/// a single writer waits for nobody and many writers cost hardly more than one.
class Database {
  public:
    using Work = std::function<void(Connection&)>;

    /// Creates it with the present schema, or opens it, sealed under `key`, and brings it up to that;
    /// one that an earlier program left unsealed is sealed first. `before_commit` runs once before
    /// each batch is committed; if it throws, nothing of the batch is. Throws Error(kUnsupported)
    /// when the file is of a newer version, Error(kCorrupt) when it is not a Lucerna index, or
    /// altered.
    Database(std::filesystem::path path, const vault::SecretKey& key,
             std::function<void()> before_commit);
    ~Database();

    /// Runs `work` in a transaction; durable on return. What `work` throws undoes its own part only
    /// and comes back here. `work` must not call `write`, and may run in another writer's thread.
    void write(const Work& work);

    /// Runs `work` on a consistent snapshot.
    template <typename Reading>
    auto read(Reading&& work) {
        const Lease lease(*this);
        return work(*lease.connection);
    }

    /// Empties the log into the file, so that what was deleted is in neither.
    void checkpoint();

    /// Transactions committed so far: shows how many writers shared one.
    [[nodiscard]] std::uint64_t commits() const;

    /// It was made by this opening.
    [[nodiscard]] bool is_new() const { return new_; }

    /// Reads every page of the file and names those that are not what was written; where all are,
    /// what SQLite finds wrong in their content.
    [[nodiscard]] std::vector<std::string> damages();

  private:
    struct Pending {
        const Work* work = nullptr;
        std::exception_ptr error;
        bool done = false;
    };
    struct Lease {
        explicit Lease(Database& owner);
        ~Lease();
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        Database& database;
        std::unique_ptr<Connection> connection;
    };

    void commit(const std::vector<Pending*>& batch);
    void run_one(Pending& pending);

    std::filesystem::path path_;
    vault::SecretKey key_;
    SealedVfs vfs_;
    bool new_ = false;
    std::function<void()> before_commit_;
    std::unique_ptr<Connection> writer_;
    Guarded<std::vector<std::unique_ptr<Connection>>> readers_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Pending*> gathered_;
    bool committing_ = false;
    std::atomic<std::uint64_t> commits_ = 0;
};

/// The file begins as SQLite itself begins one: an earlier program left it unsealed.
[[nodiscard]] bool is_unsealed(const std::filesystem::path& path);

}  // namespace lucerna::store
