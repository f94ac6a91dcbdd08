#include "retrieve/ups_subscriptions.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/split.h"
#include "dicom/parsing_room.h"
#include "http/answer_memory.h"
#include "retrieve/address.h"
#include "retrieve/object_keys.h"
#include "retrieve/workitem_reports.h"
#include "retrieve/workitem_search.h"
#include "store/matching.h"

namespace lucerna::retrieve {
namespace {

using namespace std::chrono_literals;

constexpr const char* kAll = "1.2.840.10008.5.1.4.34.5";
constexpr const char* kFiltered = "1.2.840.10008.5.1.4.34.5.1";
/// Between two looks for something to tell.
constexpr auto kLook = 250ms;
/// Taken out of the index at once.
constexpr std::size_t kBatch = 64;
/// Those that are held together while a client takes them, one after the other.
constexpr std::size_t kSmall = http::AnswerMemory::kFreely;

/// Subscribers that have not been told yet that this process has started.
using Restarted = Guarded<std::set<std::string>>;

struct Desk {
    store::SubscriptionBook& book;
    std::shared_ptr<Restarted> restarted;
};

/// AE of PS3.5 6.2: at most 16 printable characters but the backslash.
std::string subscriber_of(const http::Request& request) {
    std::string title = std::string(store::trimmed(request.parameter("aetitle")));
    const bool is_title = !title.empty() && title.size() <= 16 &&
                          std::all_of(title.begin(), title.end(),
                                      [](char c) { return c >= 0x20 && c < 0x7F && c != '\\'; });
    if (!is_title)
        throw Error(ErrorCode::kInvalidInput,
                    "the subscriber in the address is not an application entity title");
    return title;
}

std::string channel_address(const http::Request& request, const std::string& subscriber) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string url = base_of(request);
    if (url.starts_with("http")) url.replace(0, 4, "ws");
    url += "/subscribers/";
    for (const char c : subscriber) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::string_view("-._~").find(c) != std::string_view::npos || (c >= '0' && c <= '9') ||
            (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
            url += c;
        else
            url.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
    return url;
}

void note(const char* event, const http::Request& request, const std::string& subscriber,
          const std::string& workitem, bool lock = false) {
    log_event(LogLevel::kInfo, event,
              {{"request", request.id},
               {"subscriber", subscriber},
               {"workitem", workitem},
               {"deletion_lock", lock},
               {"principal", request.principal}});
}

bool wants_lock(const http::Request& request) {
    const std::string lock = request.query.get_or("deletionlock", "false");
    if (lock != "true" && lock != "false")
        throw Error(ErrorCode::kInvalidInput, "deletionlock must be true or false");
    return lock == "true";
}

/// Each "attribute=value" in `text`; a part without "=" goes on with the value before it.
void add_keys(const std::string& text, Json& pairs) {
    for (const std::string_view part : split(text, ",")) {
        const std::size_t equals = part.find('=');
        if (equals != std::string_view::npos) {
            pairs.push_back({part.substr(0, equals), part.substr(equals + 1)});
        } else if (!pairs.empty()) {
            Json& value = pairs.back()[1];
            value = value.get<std::string>() + "," + std::string(part);
        } else {
            throw Error(ErrorCode::kInvalidInput,
                        "a filter is a list of attribute=value (PS3.18 11.10.1.2)");
        }
    }
}

/// Throws Error(kInvalidInput) for what no work item can be matched by.
dicom::DataSet keys_of(const Json& pairs) {
    ObjectKeys keys;
    for (const Json& pair : pairs) {
        const auto name = pair[0].get<std::string>();
        if (!keys.add(attribute_path(name), pair[1].get<std::string>()))
            throw Error(ErrorCode::kInvalidInput, "no text is a key of " + name.substr(0, 64));
    }
    return keys.identifier();
}

/// [["attribute", "value"], ...], from `filter` or, as in earlier editions, one by one.
std::string filter_of(const http::Request& request) {
    constexpr std::array<std::string_view, 3> kReserved = {"deletionlock", "accept", "charset"};
    Json pairs = Json::array();
    for (const auto& [name, value] : request.query.all()) {
        if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) continue;
        if (name == "filter")
            add_keys(value, pairs);
        else
            pairs.push_back({name, value});
    }
    if (pairs.empty())
        throw Error(ErrorCode::kInvalidInput, "a filtered subscription needs a filter");
    (void)keys_of(pairs);
    // What is no UTF-8 fits nothing.
    return pairs.dump(-1, ' ', false, Json::error_handler_t::replace);
}

http::Response subscribe(http::Request& request, const Desk& desk) {
    const std::string& workitem = uid_of(request, "workitem");
    const std::string subscriber = subscriber_of(request);
    const bool lock = wants_lock(request);
    const auto kept = lock ? store::DeletionLock::kYes : store::DeletionLock::kNo;
    if (workitem == kAll) {
        desk.book.subscribe_to_all(subscriber, kAll, {}, {}, kept);
    } else if (workitem == kFiltered) {
        const std::string filter = filter_of(request);
        const MemoryBudget::Share room = room_for_search();
        desk.book.subscribe_to_all(
            subscriber, kFiltered, filter,
            [&](const std::string& json) {
                return fits_filter(SearchedItem(Json::parse(json)), filter);
            },
            kept);
    } else {
        desk.book.subscribe(subscriber, workitem, kept);
    }
    note("ups.subscribed", request, subscriber, workitem, lock);
    http::Response response;
    response.status = 201;
    response.headers.set("Content-Location", channel_address(request, subscriber));
    return response;
}

http::Response unsubscribe(http::Request& request, const Desk& desk) {
    const std::string& workitem = uid_of(request, "workitem");
    const std::string subscriber = subscriber_of(request);
    bool was = false;
    if (workitem == kAll)
        was = desk.book.unsubscribe_from_all(subscriber, {kAll, kFiltered});
    else if (workitem == kFiltered)
        was = desk.book.unsubscribe_from_all(subscriber, {kFiltered});
    else
        was = desk.book.unsubscribe(subscriber, workitem);
    if (!was) throw Error(ErrorCode::kNotFound, "there is no such subscription");
    note("ups.unsubscribed", request, subscriber, workitem);
    return {};
}

http::Response suspend(http::Request& request, const Desk& desk) {
    const std::string& workitem = uid_of(request, "workitem");
    const std::string subscriber = subscriber_of(request);
    // PS3.4 C314H: not appropriate for one work item.
    if (workitem != kAll && workitem != kFiltered)
        throw Error(ErrorCode::kInvalidInput,
                    "only the Global and the Filtered Global Subscription can be suspended");
    if (!desk.book.suspend(subscriber, workitem))
        throw Error(ErrorCode::kNotFound, "there is no such subscription");
    note("ups.suspended", request, subscriber, workitem);
    return {};
}

/// What one channel tells, from where its subscriber was left.
class Telling {
  public:
    Telling(const Desk& desk, std::string subscriber)
        : book_(desk.book),
          restarted_(desk.restarted),
          subscriber_(std::move(subscriber)),
          owes_restart_(
              restarted_->with([&](const auto& owed) { return owed.contains(subscriber_); })),
          taken_(book_.last_told(subscriber_)),
          told_(taken_) {}

    http::Chunk next() {
        if (std::exchange(owes_restart_, false)) {
            is_restart_told_ = true;
            return message(status_report("RESTARTED"), kAll, true);
        }
        if (std::exchange(is_restart_told_, false))
            restarted_->with([&](auto& owed) { owed.erase(subscriber_); });
        if (waiting_.empty()) look();
        if (waiting_.empty()) return {.wait = kLook};
        const store::WorkitemReport report = std::move(waiting_.front());
        waiting_.pop_front();
        taken_ = report.id;
        return message(
            report.report.empty() ? state_report(Json::parse(report.json)) : report.report,
            report.sop_instance_uid, waiting_.empty());
    }

  private:
    void look() {
        if (taken_ > told_) {
            book_.note_told(subscriber_, taken_);
            told_ = taken_;
        }
        const std::int64_t newest = book_.newest();
        if (newest == looked_until_) return;
        const std::vector<std::size_t> lengths = book_.lengths_after(subscriber_, taken_, kBatch);
        if (lengths.empty()) looked_until_ = newest;
        std::size_t count = 0;
        std::size_t bytes = 0;
        while (count < lengths.size() && (count == 0 || bytes + lengths[count] <= kSmall))
            bytes += lengths[count++];
        // What is sent, and what it is made of, copy by copy. Where there is no room, it is looked
        // for again.
        if (bytes > kSmall) room_ = http::answer_memory().take(8 * bytes, {});
        if (count == 0 || (bytes > kSmall && !room_)) return;
        for (auto& report : book_.reports_after(subscriber_, taken_, count))
            waiting_.push_back(std::move(report));
        // They may have gone since.
        if (waiting_.empty()) room_.reset();
    }

    /// After `last` it is asked for more when they all came, and notes that then.
    http::Chunk message(const std::string& report, std::string_view uid, bool last) {
        message_id_ = static_cast<std::uint16_t>(message_id_ % 65534 + 1);
        const std::string text = event_text(report, uid, message_id_);
        return {.bytes = Bytes(text.begin(), text.end()),
                .until_heard = last,
                .room = std::exchange(room_, nullptr)};
    }

    store::SubscriptionBook& book_;
    std::shared_ptr<Restarted> restarted_;
    std::string subscriber_;
    bool owes_restart_;
    bool is_restart_told_ = false;
    std::int64_t taken_;
    std::int64_t told_;
    std::int64_t looked_until_ = -1;
    std::uint16_t message_id_ = 0;
    std::deque<store::WorkitemReport> waiting_;
    /// Of a large one, which is by itself.
    std::shared_ptr<const void> room_;
};

http::Response open_channel(http::Request& request, const Desk& desk) {
    const std::string subscriber = subscriber_of(request);
    if (!request.upgrades) {
        http::Response response =
            http::refusal(426, "upgrade-required",
                          "this address opens a WebSocket (RFC 6455) and nothing else", request.id);
        response.headers.set("Upgrade", "websocket");
        return response;
    }
    const auto telling = std::make_shared<Telling>(desk, subscriber);
    const std::string farewell = event_text(status_report("GOING DOWN"), kAll, 65535);
    note("ups.channel-opened", request, subscriber, {});
    http::Response response;
    response.status = 101;
    response.channel = {[telling] { return telling->next(); },
                        Bytes(farewell.begin(), farewell.end())};
    return response;
}

}  // namespace

bool fits_filter(const SearchedItem& item, const std::string& filter) {
    try {
        return item.meets(keys_of(Json::parse(filter)));
    } catch (const Error&) {
        // An earlier program took it: nothing can meet it.
        return false;
    }
}

void add_ups_subscriptions(http::Router& router, store::SubscriptionBook& book) {
    const std::vector<std::string> known = book.subscribers();
    const auto restarted =
        std::make_shared<Restarted>(std::set<std::string>(known.begin(), known.end()));
    const auto add = [&](const char* method, const std::string& pattern, auto serve) {
        router.add(method, std::string(kRoot) + pattern,
                   [desk = Desk{book, restarted}, serve](http::Request& request) {
                       return serve(request, desk);
                   });
    };
    const std::string one = "/workitems/{workitem}/subscribers/{aetitle}";
    add("POST", one, subscribe);
    add("DELETE", one, unsubscribe);
    add("POST", one + "/suspend", suspend);
    // What a channel was given is not given again: to read only is not enough.
    router.add(
        "GET", std::string(kRoot) + "/subscribers/{aetitle}",
        [desk = Desk{book, restarted}](http::Request& request) {
            return open_channel(request, desk);
        },
        http::Access::kWrite);
}

}  // namespace lucerna::retrieve
