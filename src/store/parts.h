#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "store/archive.h"
#include "store/bell.h"
#include "store/database.h"
#include "store/exam_book.h"
#include "store/facts.h"
#include "store/index_witness.h"
#include "store/key_ring.h"
#include "store/objects.h"
#include "store/order_book.h"
#include "store/performed_book.h"
#include "store/store.h"
#include "store/subscription_book.h"
#include "store/unknown_objects.h"
#include "store/work_queue.h"
#include "store/workitem_book.h"
#include "vault/audit_trail.h"

namespace lucerna::store {

/// Holds a data folder for this process until it ends, however it ends.
class FolderLock {
  public:
    /// Creates the folder. Throws Error(kUnavailable) when another process holds it.
    explicit FolderLock(const std::filesystem::path& folder);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

  private:
    void close() const;

    int file_;
    int folder_ = -1;
};

/// What archive, exam book and queue share.
struct Parts {
    Parts(const StoreOptions& options, std::unique_ptr<FolderLock> held,
          std::unique_ptr<Objects> object_store, std::unique_ptr<Records> key_records,
          vault::KeyProvider& provider, const Clock& time);

    const Clock& clock;
    std::filesystem::path folder;
    ViewOf view_of;
    std::unique_ptr<FolderLock> lock;
    std::unique_ptr<Objects> objects;
    std::unique_ptr<Records> records;
    vault::AuditTrail trail;
    Database index;
    IndexWitness witness;
    KeyRing keys;
    Bell bell;
    Archive archive;
    ExamBook exams;
    WorkitemBook workitems;
    SubscriptionBook subscriptions;
    WorkQueue queue;
    OrderBook orders;
    PerformedBook performed;
    /// Archive::own_erasures.
    std::atomic<std::uint64_t> erasures = 0;
    /// What keys_of_unknown found, once it was asked.
    Guarded<std::optional<ByKey>> unknown;
    /// While what is doomed is taken off the disk.
    std::mutex working_off;
    /// What was to be taken off the disk next, at the last of the looks for it.
    Guarded<std::string> next_doomed;
    /// How many processes were ended by this one, and of how many of them it removed what they had
    /// in hand. Where this one ends before that, whoever finds that does it.
    std::atomic<std::uint64_t> ended_processes = 0;
    std::atomic<std::uint64_t> recovered_processes = 0;
    /// Held while two files are compared that have to be whole for it (judge_duplicate).
    std::timed_mutex comparing_wholes;
};

}  // namespace lucerna::store
