#include "retrieve/ups.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/error.h"
#include "dicom/parsing_room.h"
#include "dicom/uids.h"
#include "retrieve/address.h"
#include "retrieve/object_keys.h"
#include "retrieve/search_room.h"
#include "retrieve/ups_subscriptions.h"
#include "retrieve/workitem.h"
#include "retrieve/workitem_media.h"
#include "retrieve/workitem_reports.h"
#include "retrieve/workitem_search.h"
#include "store/matching.h"

namespace lucerna::retrieve {
namespace {

constexpr const char* kUpsPush = "1.2.840.10008.5.1.4.34.6.1";

struct Shop {
    store::WorkitemBook& book;
    const Clock& clock;
    QidoOptions options;
};

void warn(http::Response& response, std::string_view text) {
    response.headers.add("Warning", "299 lucerna " + json_quoted(text));
}

/// A refusal that says why in a Warning header, too (PS3.18 11.6.3, 11.7.3, 11.8.3).
http::Response refused(const http::Request& request, int status, std::string_view warning) {
    http::Response response =
        http::refusal(status, status == 409 ? "conflict" : "invalid-input", warning, request.id);
    warn(response, warning);
    return response;
}

/// What each transaction says of an inconsistent state.
constexpr std::string_view kInconsistentUpdate =
    "The submitted request is inconsistent with the current state of the Workitem.";
constexpr std::string_view kInconsistentChange =
    "The submitted request is inconsistent with the state of the UPS Instance.";

/// The outcomes that every transaction under a Transaction UID may have
/// (Tables 11.6.3-1, 11.7.3-1).
std::optional<http::Response> refusal_of_uid(const http::Request& request, StateOutcome outcome) {
    if (outcome == StateOutcome::kUidMissing)
        return refused(request, 400, "The Transaction UID is missing.");
    if (outcome == StateOutcome::kUidIncorrect)
        return refused(request, 400, "The Transaction UID is incorrect.");
    return std::nullopt;
}

http::Response answer_update(const http::Request& request, StateOutcome outcome) {
    if (auto refusal = refusal_of_uid(request, outcome)) return *std::move(refusal);
    if (outcome == StateOutcome::kNotClaimed)
        return refused(request, 409, "The target URI did not reference a claimed Workitem.");
    // PS3.18 11.6.2: of one that is COMPLETED or CANCELED.
    if (outcome != StateOutcome::kDone) return refused(request, 400, kInconsistentUpdate);
    return {};
}

http::Response answer_change(const http::Request& request, StateOutcome outcome,
                             const std::string& state) {
    if (auto refusal = refusal_of_uid(request, outcome)) return *std::move(refusal);
    http::Response response;
    if (outcome == StateOutcome::kAlreadyThere)
        warn(response, "The UPS is already in the requested state of " + state + ".");
    else if (outcome != StateOutcome::kDone)
        return refused(request, 409, kInconsistentChange);
    return response;
}

const std::string& uid_named(const http::Request& request) {
    const std::string& uid = request.parameter("workitem");
    if (!dicom::is_valid_uid(uid))
        throw Error(ErrorCode::kInvalidInput, "a work item is named by a UID (PS3.5 9.1)");
    return uid;
}

/// A UID in the query, under one of `names` or as the whole of it ("?1.2.3", PS3.18 11.4.1).
std::string uid_in_query(const http::Request& request,
                         std::initializer_list<std::string_view> names) {
    for (const auto& [name, value] : request.query.all()) {
        if (std::find(names.begin(), names.end(), name) != names.end()) return value;
        // PS3.18 11.4.1.1: the UID alone. What is none is refused as one.
        if (value.empty()) return name;
    }
    return {};
}

/// As dicom::issuer_of_patient_id.
std::string issuer_in(const Json& set) {
    const std::string issuer(store::trimmed(first_text(set, "00100021")));
    const auto qualifiers = set.find("00100024");
    if (!issuer.empty() || qualifiers == set.end()) return issuer;
    const auto items = qualifiers->find("Value");
    if (items == qualifiers->end() || items->empty()) return issuer;
    return std::string(store::trimmed(first_text(items->front(), "00400032")));
}

void take_over_columns(store::Workitem& item, const Json& set) {
    item.state = first_text(set, "00741000");
    item.patient_id = store::trimmed(first_text(set, "00100020"));
    item.issuer_of_patient_id = issuer_in(set);
    item.study_instance_uid = store::trimmed(first_text(set, "0020000D"));
    item.json = set.dump();
}

http::Response create(http::Request& request, const Shop& shop) {
    SetInBody body = data_set_in(request);
    Json& set = body.set;
    const std::string in_body = first_text(set, "00080018");
    std::string uid = uid_in_query(request, {"workitem", "AffectedSOPInstanceUID"});
    if (!uid.empty() && !in_body.empty() && uid != in_body)
        throw Error(ErrorCode::kInvalidInput,
                    "SOP Instance UID (0008,0018) is another than the address names");
    if (uid.empty()) uid = in_body.empty() ? dicom::new_uid() : in_body;
    if (!dicom::is_valid_uid(uid))
        throw Error(ErrorCode::kInvalidInput, "a work item is named by a UID (PS3.5 9.1)");
    // The subscriptions to all work items are among them.
    if (dicom::is_registered_uid(uid))
        throw Error(ErrorCode::kInvalidInput,
                    "a work item cannot have a UID that the standard has given (PS3.6 A)");
    const bool is_modified = complete_new(set, shop.clock.now());
    put(set, "00080016", "UI", kUpsPush);
    put(set, "00080018", "UI", uid);
    store::Workitem item;
    item.sop_instance_uid = uid;
    take_over_columns(item, set);
    item.reports = short_enough(reports_of_new(set));
    const SearchedItem searched(set);
    const auto fits = [&](const std::string& filter) { return fits_filter(searched, filter); };
    if (!shop.book.add(item, fits))
        return http::refusal(409, "conflict", "there is a work item of that UID already",
                             request.id);
    http::Response response;
    response.status = 201;
    response.headers.set("Location", base_of(request) + "/workitems/" + uid);
    if (is_modified) warn(response, "The Workitem was created with modifications.");
    return response;
}

http::Response give(http::Request& request, const Shop& shop) {
    const auto form = choose_form(accepted_by(request), Count::kOne);
    if (!form) return not_acceptable(request, kDataSetForms);
    const MemoryBudget::Share room = room_to_read();
    auto item = shop.book.find(uid_named(request));
    if (!item) throw Error(ErrorCode::kNotFound, "there is no such work item");
    std::vector<std::string> items;
    items.push_back(std::move(item->json));
    return in_form(*form, std::move(items));
}

http::Response update(http::Request& request, const Shop& shop) {
    const std::string& uid = uid_named(request);
    const SetInBody body = data_set_in(request);
    const Json& change = body.set;
    std::string transaction = uid_in_query(request, {"transaction-uid", "transaction"});
    if (transaction.empty()) transaction = first_text(change, "00081195");
    StateOutcome outcome = StateOutcome::kDone;
    shop.book.change(uid, [&](store::Workitem& item) {
        outcome = may_update(item, transaction);
        if (outcome != StateOutcome::kDone) return;
        const Json before = Json::parse(item.json);
        Json set = before;
        apply_update(set, change, shop.clock.now());
        // The study may be another: it goes with that one.
        take_over_columns(item, set);
        require_moderate(item.json);
        item.reports = short_enough(reports_of_change(before, set));
    });
    return answer_update(request, outcome);
}

http::Response set_state(http::Request& request, const Shop& shop) {
    const std::string& uid = uid_named(request);
    const SetInBody body = data_set_in(request);
    const Json& asked = body.set;
    const std::string state = first_text(asked, "00741000");
    const std::string transaction = first_text(asked, "00081195");
    if (state != "IN PROGRESS" && state != "COMPLETED" && state != "CANCELED" &&
        state != "SCHEDULED")
        throw Error(ErrorCode::kInvalidInput,
                    "Procedure Step State (0074,1000) is IN PROGRESS, COMPLETED or CANCELED");
    if (!transaction.empty() && !dicom::is_valid_uid(transaction))
        throw Error(ErrorCode::kInvalidInput, "Transaction UID (0008,1195) is not a UID");
    StateOutcome outcome = StateOutcome::kDone;
    std::vector<std::string> missing;
    shop.book.change(uid, [&](store::Workitem& item) {
        const Json before = Json::parse(item.json);
        outcome = change_state(item, state, transaction, shop.clock.now());
        item.reports = short_enough(reports_of_change(before, Json::parse(item.json)));
        if (outcome == StateOutcome::kNotComplete)
            missing = missing_for_final(Json::parse(item.json), state);
    });
    http::Response response = answer_change(request, outcome, state);
    for (const std::string& one : missing)
        warn(response, "A completed work item must have " + one + ".");
    return response;
}

/// Who asks for a cancellation, as an application entity title.
std::string requesting_ae(const http::Request& request) {
    std::string title = request.principal.substr(0, 16);
    std::replace_if(
        title.begin(), title.end(), [](char c) { return c < 0x20 || c > 0x7E || c == '\\'; }, '_');
    return title.empty() ? "ANONYMOUS" : title;
}

http::Response request_cancellation(http::Request& request, const Shop& shop) {
    const std::string& uid = uid_named(request);
    const SetInBody body = data_set_in(request, EmptyBody::kIsEmptySet);
    const Json& reasons = body.set;
    const std::vector<std::string> told =
        short_enough({cancel_report(reasons, requesting_ae(request))});
    std::string before;
    bool is_watched = false;
    shop.book.change(uid, [&](store::Workitem& item) {
        before = item.state;
        is_watched = item.is_watched;
        if (before != "SCHEDULED" && before != "IN PROGRESS") return;
        item.reports = told;
        if (before == "IN PROGRESS") return;
        Json set = Json::parse(item.json);
        // PS3.4 CC.2.2.3: first in progress, then cancelled.
        for (const char* state : {"IN PROGRESS", "CANCELED"}) {
            if (state == std::string_view("CANCELED"))
                note_cancellation(set, reasons, shop.clock.now());
            put(set, "00741000", "CS", state);
            item.reports.push_back(state_report(set));
        }
        take_over_columns(item, set);
    });
    // PS3.4 CC.2.2.3: where nobody is subscribed, nobody can be told (C312H).
    if (before == "IN PROGRESS" && !is_watched)
        return refused(request, 409, "The performer cannot be contacted.");
    if (before == "COMPLETED") return refused(request, 409, "The UPS is already COMPLETED.");
    http::Response response;
    response.status = 202;
    if (before == "CANCELED")
        warn(response, "The UPS is already in the requested state of CANCELED.");
    return response;
}

/// What a search is to find.
struct WorkitemSearch {
    ObjectKeys keys;
    std::size_t limit = 0;
    std::size_t skip = 0;
    std::size_t most_bytes = 0;
    /// So many of them in any case.
    std::size_t least = 0;
};

struct FoundWorkitems {
    std::vector<std::string> items;
    /// No more than kMostCounted.
    std::size_t remaining = 0;
    /// There would be more bytes of them.
    bool is_cut_short = false;
};

FoundWorkitems found_by(const WorkitemSearch& search, store::WorkitemBook& book) {
    const dicom::DataSet identifier = search.keys.identifier();
    FoundWorkitems found;
    std::size_t limit = search.limit;
    std::size_t skip = search.skip;
    std::size_t bytes = 0;
    book.for_each(narrowed_by(identifier), [&](const store::Workitem& item) {
        if (!search.keys.empty() && !SearchedItem(Json::parse(item.json)).meets(identifier))
            return true;
        if (skip > 0) return skip-- > 0;
        if (bytes + item.json.size() > search.most_bytes) {
            found.is_cut_short = true;
            limit = std::min(limit, std::max(found.items.size(), search.least));
        }
        if (found.items.size() == limit) {
            // The answer says no more than that there are more.
            return ++found.remaining <= kMostCounted;
        }
        bytes += item.json.size();
        found.items.push_back(item.json);
        return true;
    });
    return found;
}

http::Response search(http::Request& request, const Shop& shop) {
    constexpr std::array<std::string_view, 8> kReserved = {
        "limit",  "offset",  "fuzzymatching",      "includefield",
        "accept", "charset", "emptyvaluematching", "multiplevaluematching"};
    // So much everybody may find at once.
    constexpr std::size_t kLittle = std::size_t{128} << 10;
    // One alone may be as large.
    constexpr std::size_t kMostFound = std::size_t{4} << 20;
    const auto form = choose_form(accepted_by(request), Count::kMany);
    if (!form) return not_acceptable(request, kDataSetForms);
    WorkitemSearch search;
    std::string not_matched;
    for (const auto& [name, value] : request.query.all()) {
        if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) continue;
        if (!search.keys.add(attribute_path(name), value))
            not_matched += (not_matched.empty() ? "" : ", ") + name;
    }
    constexpr std::size_t kMost = 1U << 30;
    search.limit = std::min(request.query.number_or("limit", shop.options.default_limit, 0, kMost),
                            shop.options.max_limit);
    search.skip = request.query.number_or("offset", 0, 0, kMost);
    const std::size_t most_bytes = std::min(kMostFound, shop.options.max_answer_bytes);
    search.most_bytes = std::min(kLittle, most_bytes);
    const MemoryBudget::Share turn = room_to_read();
    MemoryBudget::Share room_to_match;
    if (!search.keys.empty()) room_to_match = room_for_search();
    SearchRoom room(most_bytes);
    FoundWorkitems found = found_by(search, shop.book);
    if (found.is_cut_short) {
        found = {};
        room.take_all();
        search.most_bytes = most_bytes;
        search.least = 1;
        found = found_by(search, shop.book);
    }
    http::Response response = in_form(*form, std::move(found.items));
    warn_of_remaining(response, base_of(request), found.remaining);
    if (!not_matched.empty())
        warn(response, "Not matched by, because no text is a key of it: " + not_matched);
    if (request.query.get_or("fuzzymatching", "false") == "true")
        warn(response,
             "The fuzzymatching parameter is not supported. Only literal matching has been "
             "performed.");
    return response;
}

}  // namespace

void add_ups(http::Router& router, store::WorkitemBook& book,
             store::SubscriptionBook& subscriptions, const Clock& clock,
             const QidoOptions& options) {
    add_ups_subscriptions(router, subscriptions);
    const std::string all = std::string(kRoot) + "/workitems";
    const std::string one = all + "/{workitem}";
    const auto add = [&](const char* method, const std::string& pattern, auto serve) {
        router.add(method, pattern,
                   [shop = Shop{book, clock, options}, serve](http::Request& request) {
                       if (auto refusal = refusal_of_form(request)) return *std::move(refusal);
                       return serve(request, shop);
                   });
    };
    add("POST", all, create);
    add("GET", all, search);
    add("GET", one, give);
    add("POST", one, update);
    add("PUT", one + "/state", set_state);
    add("POST", one + "/cancelrequest", request_cancellation);
}

}  // namespace lucerna::retrieve
