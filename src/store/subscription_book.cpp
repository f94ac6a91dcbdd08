#include "store/subscription_book.h"

#include <optional>

#include "base/error.h"
#include "store/parts.h"

namespace lucerna::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Between two looks for what other processes reported.
constexpr milliseconds kLook{250};
/// What nobody came for within this is not told any more.
constexpr std::chrono::hours kKept{24};
/// Work items that are subscribed to in one transaction, so that nobody waits for long.
constexpr std::size_t kBatch = 200;
/// Rows that are taken out in one.
constexpr std::int64_t kMostAtOnce = 1000;

int number_of(DeletionLock lock) {
    return lock == DeletionLock::kYes ? 1 : 0;
}

std::int64_t last_told_of(Connection& index, const std::string& subscriber) {
    Statement find =
        index.prepare("SELECT max(id) FROM workitem_reports WHERE subscriber = ? AND told = 1");
    return find.bind(subscriber).step() && !find.is_null(0) ? find.integer(0) : std::int64_t{0};
}

/// One that was not told yet tells it, too: the state is looked up when it is. Of those that were
/// told only the last is needed. (An item has few reports, a subscriber may have many: || keeps
/// their index out of it.)
void enter_state_report(Connection& index, const std::string& subscriber,
                        const std::string& sop_instance_uid, std::int64_t last_told, Instant now) {
    index
        .prepare(
            "DELETE FROM workitem_reports WHERE subscriber || '' = ? AND sop_instance_uid = ? AND "
            "report = '' AND told = 1 AND id < ?")
        .bind(subscriber)
        .bind(sop_instance_uid)
        .bind(last_told)
        .run();
    index
        .prepare(
            "INSERT INTO workitem_reports (subscriber, sop_instance_uid, report, told, created_at) "
            "SELECT ?1, sop_instance_uid, '', 0, ?2 FROM workitems WHERE sop_instance_uid = ?3 AND "
            "NOT EXISTS (SELECT 1 FROM workitem_reports WHERE subscriber || '' = ?1 AND "
            "sop_instance_uid = ?3 AND report = '' AND told = 0)")
        .bind(subscriber)
        .bind(now)
        .bind(sop_instance_uid)
        .run();
}

/// One that went meanwhile is no matter.
void enter_subscription(Connection& index, const std::string& subscriber,
                        const std::string& sop_instance_uid, int lock) {
    index
        .prepare(
            "INSERT INTO workitem_subscriptions (subscriber, sop_instance_uid, deletion_lock) "
            "SELECT ?, sop_instance_uid, ? FROM workitems WHERE sop_instance_uid = ? "
            "ON CONFLICT DO NOTHING")
        .bind(subscriber)
        .bind(lock)
        .bind(sop_instance_uid)
        .run();
}

}  // namespace

namespace {

/// Of reports taken out of the index at once, but for the last.
constexpr std::size_t kMostBytes = std::size_t{1} << 20;
/// Each change of a work item is written down for each of them.
constexpr std::int64_t kMostSubscribers = 256;

/// Throws Error(kConflict) for one more.
void require_room_for(Connection& index, const std::string& subscriber) {
    Statement known = index.prepare(
        "SELECT 1 FROM workitem_subscriptions WHERE subscriber = ?1 UNION SELECT 1 FROM "
        "worklist_subscriptions WHERE subscriber = ?1");
    if (known.bind(subscriber).step()) return;
    if (index.number("SELECT count(*) FROM (SELECT subscriber FROM workitem_subscriptions UNION "
                     "SELECT subscriber FROM worklist_subscriptions) all_of_them") >=
        kMostSubscribers)
        throw Error(ErrorCode::kConflict, "there are " + std::to_string(kMostSubscribers) +
                                              " subscribers already: unsubscribe one");
}

/// Work items that came one after the other: after the first, up to the last.
struct Page {
    std::int64_t after = 0;
    std::int64_t last = 0;
};

/// Nothing where there is none.
std::optional<Page> page_after(Connection& index, std::int64_t after, std::int64_t newest) {
    Statement find = index.prepare(
        "SELECT max(id) FROM (SELECT id FROM workitems WHERE id > ? AND id <= ? ORDER BY id LIMIT "
        "?) page");
    find.bind(after).bind(newest).bind(static_cast<std::int64_t>(kBatch));
    if (!find.step() || find.is_null(0)) return {};
    return Page{after, find.integer(0)};
}

/// As enter_subscription and enter_state_report of each.
void subscribe_to_page(Connection& index, const std::string& subscriber, const Page& page,
                       DeletionLock lock, std::int64_t last_told, Instant now) {
    index
        .prepare(
            "INSERT INTO workitem_subscriptions (subscriber, sop_instance_uid, deletion_lock) "
            "SELECT ?, sop_instance_uid, ? FROM workitems WHERE id > ? AND id <= ? ON CONFLICT DO "
            "NOTHING")
        .bind(subscriber)
        .bind(number_of(lock))
        .bind(page.after)
        .bind(page.last)
        .run();
    if (lock == DeletionLock::kNo) return;
    if (last_told > 0)
        index
            .prepare(
                "DELETE FROM workitem_reports WHERE subscriber || '' = ? AND report = '' AND told "
                "= 1 AND id < ? AND sop_instance_uid IN (SELECT sop_instance_uid FROM workitems "
                "WHERE id > ? AND id <= ?)")
            .bind(subscriber)
            .bind(last_told)
            .bind(page.after)
            .bind(page.last)
            .run();
    // With NOT EXISTS PostgreSQL reads all reports for each page.
    index
        .prepare(
            "INSERT INTO workitem_reports (subscriber, sop_instance_uid, report, told, created_at) "
            "SELECT ?1, w.sop_instance_uid, '', 0, ?2 FROM workitems w WHERE w.id > ?3 AND w.id <= "
            "?4 AND (SELECT count(*) FROM workitem_reports r WHERE r.subscriber || '' = ?1 AND "
            "r.sop_instance_uid = w.sop_instance_uid AND r.report = '' AND r.told = 0) = 0 ORDER "
            "BY w.id")
        .bind(subscriber)
        .bind(now)
        .bind(page.after)
        .bind(page.last)
        .run();
}

/// To the work items that are there: to those to come it is subscribed already.
void subscribe_to_every(Database& database, const std::string& subscriber, DeletionLock lock,
                        Instant now) {
    std::int64_t newest = 0;
    // What is told meanwhile stays: the next time takes it out.
    std::int64_t last_told = 0;
    database.read([&](Connection& index) {
        newest = index.number("SELECT coalesce(max(id), 0) FROM workitems");
        last_told = last_told_of(index, subscriber);
    });
    std::optional<Page> page = Page{};
    while (page) {
        const std::int64_t after = page->last;
        database.write([&](Connection& index) {
            page = page_after(index, after, newest);
            if (page) subscribe_to_page(index, subscriber, *page, lock, last_told, now);
        });
    }
}

bool is_subscribed_to_all(Connection& index, const std::string& subscriber) {
    Statement find = index.prepare("SELECT 1 FROM worklist_subscriptions WHERE subscriber = ?");
    return find.bind(subscriber).step();
}

}  // namespace

SubscriptionBook::SubscriptionBook(Parts& parts) : parts_(parts) {}

void SubscriptionBook::subscribe(const std::string& subscriber, const std::string& sop_instance_uid,
                                 DeletionLock lock) {
    const Instant now = parts_.clock.now();
    parts_.index.write([&](Connection& index) {
        Statement find = index.prepare("SELECT 1 FROM workitems WHERE sop_instance_uid = ?");
        if (!find.bind(sop_instance_uid).step())
            throw Error(ErrorCode::kNotFound, "there is no such work item");
        require_room_for(index, subscriber);
        index
            .prepare(
                "INSERT INTO workitem_subscriptions (subscriber, sop_instance_uid, deletion_lock) "
                "VALUES (?,?,?) ON CONFLICT (subscriber, sop_instance_uid) DO UPDATE SET "
                "deletion_lock = excluded.deletion_lock")
            .bind(subscriber)
            .bind(sop_instance_uid)
            .bind(number_of(lock))
            .run();
        enter_state_report(index, subscriber, sop_instance_uid, last_told_of(index, subscriber),
                           now);
    });
    has_news();
}

void SubscriptionBook::subscribe_to_all(const std::string& subscriber,
                                        const std::string& worklist_uid, const std::string& filter,
                                        const Fits& fits, DeletionLock lock) {
    const Instant now = parts_.clock.now();
    parts_.index.write([&](Connection& index) {
        require_room_for(index, subscriber);
        index
            .prepare(
                "INSERT INTO worklist_subscriptions (subscriber, worklist_uid, filter, "
                "deletion_lock) VALUES (?,?,?,?) ON CONFLICT (subscriber, worklist_uid) DO UPDATE "
                "SET filter = excluded.filter, deletion_lock = excluded.deletion_lock")
            .bind(subscriber)
            .bind(worklist_uid)
            .bind(filter)
            .bind(number_of(lock))
            .run();
    });
    // What comes in from here on is subscribed to as it comes, so that looking at what is there
    // holds up nobody.
    std::vector<std::string> found;
    const auto enter = [&] {
        parts_.index.write([&](Connection& index) {
            const std::int64_t last_told = last_told_of(index, subscriber);
            for (const std::string& uid : found) {
                enter_subscription(index, subscriber, uid, number_of(lock));
                if (lock == DeletionLock::kYes)
                    enter_state_report(index, subscriber, uid, last_told, now);
            }
        });
        found.clear();
    };
    if (filter.empty())
        subscribe_to_every(parts_.index, subscriber, lock, now);
    else
        parts_.workitems.for_each(WorkitemFilter{}, [&](const Workitem& item) {
            if (fits(item.json)) found.push_back(item.sop_instance_uid);
            if (found.size() == kBatch) enter();
            return true;
        });
    if (!found.empty()) enter();
    has_news();
}

bool SubscriptionBook::unsubscribe(const std::string& subscriber,
                                   const std::string& sop_instance_uid) {
    bool was = false;
    parts_.index.write([&](Connection& index) {
        index
            .prepare(
                "DELETE FROM workitem_subscriptions WHERE subscriber = ? AND sop_instance_uid = ?")
            .bind(subscriber)
            .bind(sop_instance_uid)
            .run();
        was = index.changes() > 0;
        index.prepare("DELETE FROM workitem_reports WHERE subscriber = ? AND sop_instance_uid = ?")
            .bind(subscriber)
            .bind(sop_instance_uid)
            .run();
    });
    return was;
}

bool SubscriptionBook::unsubscribe_from_all(const std::string& subscriber,
                                            const std::vector<std::string>& worklist_uids) {
    bool was = false;
    parts_.index.write([&](Connection& index) {
        was = false;
        for (const std::string& uid : worklist_uids) {
            index
                .prepare(
                    "DELETE FROM worklist_subscriptions WHERE subscriber = ? AND worklist_uid = ?")
                .bind(subscriber)
                .bind(uid)
                .run();
            was = was || index.changes() > 0;
        }
    });
    // Others write between.
    const auto take_out = [&](const char* sql) {
        bool has_any = false;
        for (bool is_left = true; is_left;) {
            parts_.index.write([&](Connection& index) {
                is_left = false;
                // What the other worklist subscribes to stays, or one that came just now.
                if (is_subscribed_to_all(index, subscriber)) return;
                index.prepare(sql).bind(subscriber).bind(kMostAtOnce).run();
                is_left = index.changes() > 0;
            });
            has_any = has_any || is_left;
        }
        return has_any;
    };
    const bool was_to_some = take_out(
        "DELETE FROM workitem_subscriptions WHERE subscriber = ?1 AND sop_instance_uid IN (SELECT "
        "sop_instance_uid FROM workitem_subscriptions WHERE subscriber = ?1 LIMIT ?2)");
    (void)take_out(
        "DELETE FROM workitem_reports WHERE id IN (SELECT id FROM workitem_reports WHERE "
        "subscriber = ? ORDER BY id LIMIT ?)");
    return was || was_to_some;
}

bool SubscriptionBook::suspend(const std::string& subscriber, const std::string& worklist_uid) {
    bool was = false;
    parts_.index.write([&](Connection& index) {
        index
            .prepare("DELETE FROM worklist_subscriptions WHERE subscriber = ? AND worklist_uid = ?")
            .bind(subscriber)
            .bind(worklist_uid)
            .run();
        was = index.changes() > 0;
    });
    return was;
}

std::vector<std::string> SubscriptionBook::subscribers() {
    std::vector<std::string> all;
    parts_.index.read([&](Connection& index) {
        Statement find = index.prepare(
            "SELECT subscriber FROM workitem_subscriptions UNION SELECT subscriber FROM "
            "worklist_subscriptions ORDER BY 1");
        while (find.step()) all.push_back(find.text(0));
    });
    return all;
}

std::int64_t SubscriptionBook::last_told(const std::string& subscriber) {
    return parts_.index.read([&](Connection& index) { return last_told_of(index, subscriber); });
}

std::vector<std::size_t> SubscriptionBook::lengths_after(const std::string& subscriber,
                                                         std::int64_t id, std::size_t limit) {
    std::vector<std::size_t> lengths;
    parts_.index.read([&](Connection& index) {
        Statement find = index.prepare(
            "SELECT CASE WHEN r.report = '' THEN length(w.dataset_json) ELSE length(r.report) END "
            "FROM workitem_reports r JOIN workitems w ON w.sop_instance_uid = r.sop_instance_uid "
            "WHERE r.subscriber = ? AND r.id > ? ORDER BY r.id LIMIT ?");
        find.bind(subscriber).bind(id).bind(static_cast<std::int64_t>(limit));
        while (find.step()) lengths.push_back(static_cast<std::size_t>(find.integer(0)));
    });
    return lengths;
}

std::vector<WorkitemReport> SubscriptionBook::reports_after(const std::string& subscriber,
                                                            std::int64_t id, std::size_t limit) {
    std::vector<WorkitemReport> reports;
    parts_.index.read([&](Connection& index) {
        Statement find = index.prepare(
            "SELECT r.id, r.sop_instance_uid, r.report, CASE WHEN r.report = '' THEN "
            "w.dataset_json ELSE '' END FROM workitem_reports r JOIN workitems w ON "
            "w.sop_instance_uid = r.sop_instance_uid WHERE r.subscriber = ? AND r.id > ? ORDER BY "
            "r.id LIMIT ?");
        find.bind(subscriber).bind(id).bind(static_cast<std::int64_t>(limit));
        std::size_t bytes = 0;
        while (bytes < kMostBytes && find.step()) {
            reports.push_back({find.integer(0), find.text(1), find.text(2), find.text(3)});
            bytes += reports.back().report.size() + reports.back().json.size();
        }
    });
    return reports;
}

void SubscriptionBook::note_told(const std::string& subscriber, std::int64_t until) {
    parts_.index.write([&](Connection& index) {
        index
            .prepare(
                "UPDATE workitem_reports SET told = 1 WHERE subscriber = ? AND id <= ? AND told = "
                "0")
            .bind(subscriber)
            .bind(until)
            .run();
    });
}

std::int64_t SubscriptionBook::newest() {
    const auto now = steady_clock::now();
    const Newest known = newest_.with([](const Newest& newest) { return newest; });
    if (now - known.looked_at < kLook) return known.id;
    const std::int64_t id = parts_.index.read([](Connection& index) {
        return index.number("SELECT coalesce(max(id), 0) FROM workitem_reports");
    });
    newest_.with([&](Newest& newest) { newest = {id, now}; });
    return id;
}

void SubscriptionBook::has_news() {
    newest_.with([](Newest& newest) { newest.looked_at = {}; });
}

bool has_subscribers(Connection& index, const std::string& sop_instance_uid) {
    Statement find =
        index.prepare("SELECT 1 FROM workitem_subscriptions WHERE sop_instance_uid = ? LIMIT 1");
    return find.bind(sop_instance_uid).step();
}

std::vector<std::string> filters_of_subscriptions(Connection& index) {
    Statement find =
        index.prepare("SELECT DISTINCT filter FROM worklist_subscriptions WHERE filter <> ''");
    std::vector<std::string> filters;
    while (find.step()) filters.push_back(find.text(0));
    return filters;
}

void subscribe_to_new(Connection& index, const std::string& sop_instance_uid,
                      const std::function<bool(const std::string& filter)>& fits) {
    struct Subscription {
        std::string subscriber;
        std::string filter;
        int lock;
    };
    std::vector<Subscription> all;
    {
        // Those with a lock first: it is the first that stays.
        Statement find = index.prepare(
            "SELECT subscriber, filter, deletion_lock FROM worklist_subscriptions ORDER BY "
            "deletion_lock DESC, subscriber");
        while (find.step()) all.push_back({find.text(0), find.text(1), find.small(2)});
    }
    for (const Subscription& one : all)
        if (one.filter.empty() || (fits && fits(one.filter)))
            enter_subscription(index, one.subscriber, sop_instance_uid, one.lock);
}

void tell_subscribers(Connection& index, const std::string& sop_instance_uid,
                      const std::vector<std::string>& reports, Instant now) {
    for (const std::string& report : reports)
        index
            .prepare(
                "INSERT INTO workitem_reports (subscriber, sop_instance_uid, report, told, "
                "created_at) SELECT subscriber, sop_instance_uid, ?, 0, ? FROM "
                "workitem_subscriptions WHERE sop_instance_uid = ? ORDER BY subscriber")
            .bind(report)
            .bind(now)
            .bind(sop_instance_uid)
            .run();
    // More go than come, and few at once: everybody waits for it.
    index
        .prepare(
            "DELETE FROM workitem_reports WHERE id IN (SELECT id FROM workitem_reports WHERE "
            "created_at < ? ORDER BY created_at LIMIT ?)")
        .bind(now - kKept)
        .bind(kMostAtOnce)
        .run();
}

}  // namespace lucerna::store
