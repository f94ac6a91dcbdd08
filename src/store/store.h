#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "store/archive.h"
#include "store/exam_book.h"
#include "store/objects.h"
#include "store/order_book.h"
#include "store/performed_book.h"
#include "store/s3.h"
#include "store/subscription_book.h"
#include "store/work_queue.h"
#include "store/workitem_book.h"
#include "vault/key_provider.h"

namespace lucerna::store {

struct StoreOptions {
    /// Holds index.sqlite, objects/ and keys/ where they are not elsewhere, the audit trail and a
    /// lock; created if it does not exist.
    std::filesystem::path folder;
    /// Names an image's view for the worklist ("R-CC", or empty). Without it laterality and View
    /// Position are taken as they stand.
    std::function<std::string(const dicom::DataSet&)> view_of = {};
    /// Address of the database that holds the index, as libpq takes it; empty: SQLite in the
    /// folder.
    std::string postgres = {};
    /// Where objects and wrapped keys lie; none: in the folder.
    std::optional<S3Options> bucket = {};
    /// How long the database may take to answer one question; what is to take long (pace.h), and
    /// what is due sooner, aside. None: as long as it likes.
    std::optional<std::chrono::milliseconds> longest_statement = {};
    /// Once it says so a silent database is not waited for.
    std::function<bool()> is_stopping = {};
};

/// Notes durably in the folder what holds index and objects, so that it opens with nothing else
/// from then on. For the server, which alone is told so for certain, while it has the folder open.
/// Throws Error: kConflict, kIo, kOutOfSpace.
void note_back_ends(const StoreOptions& options);

/// Everything that is kept: the archive, the exams, the queue and the orders share one index and
/// thereby one transaction. One process opens a folder at a time; where index and objects are both
/// elsewhere, several processes, each with a folder of its own, share them.
class Store {
  public:
    /// Opens or creates it and repairs what a crash left: half-written objects go, leases and
    /// exams in reading are freed. Throws Error: kUnavailable (another process has it),
    /// kConflict (the folder belongs to other back ends), kUnsupported (the index is of a newer
    /// version), kCorrupt, kIo, kOutOfSpace.
    Store(const StoreOptions& options, vault::KeyProvider& keys, const Clock& clock);
    /// The same with objects and wrapped keys elsewhere than in the folder.
    Store(const StoreOptions& options, std::unique_ptr<Objects> objects,
          std::unique_ptr<Records> records, vault::KeyProvider& keys, const Clock& clock);
    ~Store();

    [[nodiscard]] Archive& archive();
    [[nodiscard]] ExamBook& exams();
    [[nodiscard]] WorkitemBook& workitems();
    [[nodiscard]] SubscriptionBook& subscriptions();
    [[nodiscard]] WorkQueue& queue();
    [[nodiscard]] OrderBook& orders();
    [[nodiscard]] PerformedBook& performed();

  private:
    std::unique_ptr<Parts> parts_;
};

}  // namespace lucerna::store
