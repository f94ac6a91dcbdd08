#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "store/connection.h"

namespace lucerna::store {

struct Parts;

/// Whether a work item is to stay, once it has ended, until the subscriber lets it go.
enum class DeletionLock { kNo, kYes };

/// Something that a subscriber is to be told of a work item.
struct WorkitemReport {
    /// Rises in the order in which things happened, whichever process they happened in.
    std::int64_t id = 0;
    std::string sop_instance_uid;
    /// As Workitem::reports had it; empty: the state that the item is in.
    std::string report;
    /// The item's data set where `report` is empty.
    std::string json;
};

/// Who is told what becomes of work items, and what they are still to be told (PS3.4 CC.2.3,
/// CC.2.4). A subscriber is an application entity title. Safe from several threads; durable on
/// return. What was not told within a day is forgotten.
class SubscriptionBook {
  public:
    /// Of a work item, as Workitem::json has it.
    using Fits = std::function<bool(const std::string& json)>;

    explicit SubscriptionBook(Parts& parts);

    /// To one work item, whose state is reported at once. Throws Error(kNotFound).
    void subscribe(const std::string& subscriber, const std::string& sop_instance_uid,
                   DeletionLock lock);
    /// To those that are there and those to come, under the name `worklist_uid`: all of them where
    /// `filter` is empty, else those that it fits, in place of an earlier filter. What is
    /// subscribed to already stays as it is. With a lock the state of each is reported (Table
    /// CC.2.3-2).
    void subscribe_to_all(const std::string& subscriber, const std::string& worklist_uid,
                          const std::string& filter, const Fits& fits, DeletionLock lock);

    /// These say whether there was anything to end. From one work item:
    bool unsubscribe(const std::string& subscriber, const std::string& sop_instance_uid);
    /// From those to come, and from all that are there.
    bool unsubscribe_from_all(const std::string& subscriber,
                              const std::vector<std::string>& worklist_uids);
    /// From those to come.
    bool suspend(const std::string& subscriber, const std::string& worklist_uid);

    [[nodiscard]] std::vector<std::string> subscribers();

    /// The id of the last report that the subscriber was told, 0 where there is none.
    [[nodiscard]] std::int64_t last_told(const std::string& subscriber);
    /// How long each of the next ones is, in letters, oldest first: so that whoever takes them can
    /// have room for them.
    [[nodiscard]] std::vector<std::size_t> lengths_after(const std::string& subscriber,
                                                         std::int64_t id, std::size_t limit);
    /// The next ones, oldest first.
    [[nodiscard]] std::vector<WorkitemReport> reports_after(const std::string& subscriber,
                                                            std::int64_t id, std::size_t limit);
    void note_told(const std::string& subscriber, std::int64_t until);
    /// The newest of all, for whoever waits: looked up at most every quarter of a second.
    [[nodiscard]] std::int64_t newest();
    /// There may be a newer one than `newest` knows of.
    void has_news();

  private:
    struct Newest {
        std::int64_t id = 0;
        std::chrono::steady_clock::time_point looked_at = {};
    };
    Parts& parts_;
    Guarded<Newest> newest_;
};

// Within the transaction that a work item is made or changed in.

[[nodiscard]] bool has_subscribers(Connection& index, const std::string& sop_instance_uid);
/// Of the subscriptions to work items to come.
[[nodiscard]] std::vector<std::string> filters_of_subscriptions(Connection& index);
/// Subscribes to it whoever is subscribed to those to come: `fits` is asked for filters.
void subscribe_to_new(Connection& index, const std::string& sop_instance_uid,
                      const std::function<bool(const std::string& filter)>& fits);
void tell_subscribers(Connection& index, const std::string& sop_instance_uid,
                      const std::vector<std::string>& reports, Instant now);

}  // namespace lucerna::store
