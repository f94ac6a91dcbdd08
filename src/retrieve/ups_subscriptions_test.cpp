#include "retrieve/ups_subscriptions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "retrieve/ups.h"
#include "store/store_test_support.h"

namespace lucerna::retrieve {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kAll = "1.2.840.10008.5.1.4.34.5";
constexpr const char* kFiltered = "1.2.840.10008.5.1.4.34.5.1";

json value(const char* vr, json one) {
    return {{"vr", vr}, {"Value", json::array({std::move(one)})}};
}
json code(const char* text) {
    return {{"00080100", value("SH", text)}};
}
json scheduled(const char* label = "Read mammograms") {
    return {{"00741200", value("CS", "HIGH")},     {"00741204", value("LO", label)},
            {"00741202", value("LO", "Screen")},   {"00404005", value("DT", "20260301083000")},
            {"00404041", value("CS", "READY")},    {"00741000", value("CS", "SCHEDULED")},
            {"0020000D", value("UI", "1.2.840.1")}};
}

class UpsSubscriptions : public testing::Test {
  protected:
    UpsSubscriptions() { start(); }

    void start() {
        http::Router fresh;
        add_ups(fresh, store.workitems(), store.subscriptions(), clock);
        router = std::move(fresh);
    }
    http::Response ask(const std::string& method, const std::string& path,
                       const std::string& body = {}, bool upgrades = false) {
        http::BodyInMemory in_memory(body);
        http::Request request(in_memory);
        request.method = method;
        const std::size_t mark = path.find('?');
        request.path = "/dicom-web" + path.substr(0, mark);
        if (mark != std::string::npos) request.query = http::Query::parse(path.substr(mark + 1));
        request.origin = "https://pacs.example";
        request.principal = "tester";
        request.upgrades = upgrades;
        return router.handle(request);
    }
    int subscribe(const std::string& uid, const std::string& who = "WATCHER") {
        const std::size_t mark = uid.find('?');
        return ask("POST", "/workitems/" + uid.substr(0, mark) + "/subscribers/" + who +
                               (mark == std::string::npos ? "" : uid.substr(mark)))
            .status;
    }
    int remove(const std::string& uid, const std::string& who = "WATCHER") {
        return ask("DELETE", "/workitems/" + uid + "/subscribers/" + who).status;
    }
    void create(const std::string& uid, const json& set = scheduled()) {
        ASSERT_EQ(ask("POST", "/workitems?" + uid, set.dump()).status, 201);
    }
    void update(const std::string& uid, const json& set) {
        ASSERT_EQ(ask("POST", "/workitems/" + uid, set.dump()).status, 200);
    }
    void move(const std::string& uid, const char* state) {
        const json set = {{"00741000", value("CS", state)}, {"00081195", value("UI", "2.25.1")}};
        ASSERT_EQ(ask("PUT", "/workitems/" + uid + "/state", set.dump()).status, 200);
    }
    /// What an open channel says until it has nothing more to say.
    static std::vector<json> said(http::Response& channel) {
        std::vector<json> events;
        for (;;) {
            const http::Chunk chunk = channel.channel->next();
            if (chunk.bytes.empty()) return events;
            events.push_back(json::parse(chunk.bytes.begin(), chunk.bytes.end()));
        }
    }
    std::vector<json> heard(const std::string& who = "WATCHER") {
        http::Response channel = ask("GET", "/subscribers/" + who, {}, true);
        EXPECT_EQ(channel.status, 101);
        return said(channel);
    }
    /// "1 1.2.3 SCHEDULED": event type, work item, state.
    static std::vector<std::string> brief(const std::vector<json>& events) {
        std::vector<std::string> texts;
        for (const json& event : events) {
            std::string text = event["00001002"]["Value"][0].dump() + " " +
                               event["00001000"]["Value"][0].get<std::string>();
            if (event.contains("00741000"))
                text += " " + event["00741000"]["Value"][0].get<std::string>();
            texts.push_back(text);
        }
        return texts;
    }

    ManualClock clock{from_rfc3339("2026-03-01T08:00:00.000Z")};
    store::TestStore store;
    http::Router router;
};

TEST_F(UpsSubscriptions, NameTheChannelAndAreRefusedForWhatThereIsNot) {
    create("1.2.3");
    const http::Response made =
        ask("POST", "/workitems/1.2.3/subscribers/READ%20ER?deletionlock=true");
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.headers.get("Content-Location"),
              "wss://pacs.example/dicom-web/subscribers/READ%20ER");
    EXPECT_EQ(subscribe("1.2.4"), 404);
    EXPECT_EQ(subscribe("1.2.x"), 400);
    EXPECT_EQ(subscribe("1.2.3", "TOO_LONG_FOR_A_TITLE"), 400);
    EXPECT_EQ(subscribe("1.2.3", "BACK%5CSLASH"), 400);
    EXPECT_EQ(subscribe("1.2.3?deletionlock=yes"), 400);
    EXPECT_EQ(subscribe(std::string(kFiltered)), 400) << "without a filter";
    EXPECT_EQ(subscribe(std::string(kFiltered) + "?filter=Nonsense=1"), 400);
    EXPECT_EQ(subscribe(std::string(kFiltered) + "?filter=PatientID"), 400);
    EXPECT_EQ(subscribe(std::string(kFiltered) + "?filter=PatientID=%F5", "ODD"), 201)
        << "no UTF-8: it fits nothing";
    EXPECT_EQ(remove("1.2.3"), 404);
    EXPECT_EQ(remove(kAll), 404);
    EXPECT_EQ(ask("POST", "/workitems/1.2.3/subscribers/READ%20ER/suspend").status, 400);
    EXPECT_EQ(ask("POST", std::string("/workitems/") + kAll + "/subscribers/X/suspend").status,
              404);
    const http::Response plain = ask("GET", "/subscribers/WATCHER");
    EXPECT_EQ(plain.status, 426);
    EXPECT_EQ(plain.headers.get("Upgrade"), "websocket");
    EXPECT_EQ(remove("1.2.3", "READ%20ER"), 200);
}

TEST_F(UpsSubscriptions, ReportAsTheStandardHasIt) {
    create("1.2.3");
    ASSERT_EQ(subscribe("1.2.3"), 201);
    const std::vector<json> events = heard();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0], (json{{"00000002", value("UI", "1.2.840.10008.5.1.4.34.6.1")},
                               {"00000110", value("US", 1)},
                               {"00001000", value("UI", "1.2.3")},
                               {"00001002", value("US", 1)},
                               {"00404041", value("CS", "READY")},
                               {"00741000", value("CS", "SCHEDULED")}}));
}

TEST_F(UpsSubscriptions, ReportEachChangeOnce) {
    create("1.2.3");
    ASSERT_EQ(subscribe("1.2.3"), 201);
    http::Response channel = ask("GET", "/subscribers/WATCHER", {}, true);
    EXPECT_THAT(brief(said(channel)), ElementsAre("1 1.2.3 SCHEDULED"));
    update("1.2.3", {{"00741200", value("CS", "LOW")}});
    EXPECT_THAT(said(channel), IsEmpty()) << "nothing that is reported";
    update("1.2.3", {{"00404041", value("CS", "UNAVAILABLE")}});
    update("1.2.3", {{"00404025", value("SQ", code("STATION1"))}});
    EXPECT_THAT(brief(said(channel)), ElementsAre("1 1.2.3 SCHEDULED", "5 1.2.3"));
    move("1.2.3", "IN PROGRESS");
    const json progress = {{"00081195", value("UI", "2.25.1")},
                           {"00741002", value("SQ", {{"00741004", value("DS", 50)}})}};
    update("1.2.3", progress);
    update("1.2.3", progress);
    const std::vector<json> events = said(channel);
    EXPECT_THAT(brief(events), ElementsAre("1 1.2.3 IN PROGRESS", "3 1.2.3"));
    EXPECT_EQ(events[1]["00741002"]["Value"][0]["00741004"]["Value"][0], 50);
    move("1.2.3", "CANCELED");
    EXPECT_EQ(remove("1.2.3"), 200);
    create("1.2.4");
    EXPECT_THAT(said(channel), IsEmpty()) << "not even what was still to be told";
}

TEST_F(UpsSubscriptions, SayWhoWasAssigned) {
    ASSERT_EQ(subscribe(kAll), 201);
    json set = scheduled();
    set["00404034"] = value(
        "SQ", {{"00404009", value("SQ", code("DR1"))}, {"00404036", value("LO", "Radiology")}});
    create("1.2.3", set);
    const std::vector<json> events = heard();
    EXPECT_THAT(brief(events), ElementsAre("1 1.2.3 SCHEDULED", "5 1.2.3"));
    EXPECT_EQ(events[1]["00404034"], set["00404034"]);
    EXPECT_EQ(events[1]["00404036"]["Value"][0], "Radiology");
}

TEST_F(UpsSubscriptions, PassOnRequestsToCancel) {
    create("1.2.3");
    create("1.2.4");
    move("1.2.3", "IN PROGRESS");
    const json reasons = {{"00741238", value("LT", "moved away")},
                          {"0074100C", value("LO", "Front desk")}};
    EXPECT_EQ(ask("POST", "/workitems/1.2.3/cancelrequest", reasons.dump()).status, 409)
        << "nobody would hear of it";
    ASSERT_EQ(subscribe(kAll), 201);
    EXPECT_EQ(ask("POST", "/workitems/1.2.3/cancelrequest", reasons.dump()).status, 202);
    EXPECT_EQ(ask("POST", "/workitems/1.2.4/cancelrequest", reasons.dump()).status, 202);
    const std::vector<json> events = heard();
    EXPECT_THAT(brief(events),
                ElementsAre("2 1.2.3", "2 1.2.4", "1 1.2.4 IN PROGRESS", "1 1.2.4 CANCELED"));
    EXPECT_EQ(events[0]["00741236"]["Value"][0], "tester");
    EXPECT_EQ(events[0]["00741238"]["Value"][0], "moved away");
    EXPECT_EQ(events[0]["0074100C"]["Value"][0], "Front desk");
    EXPECT_EQ(events[3]["00741238"]["Value"][0], "moved away");
    EXPECT_FALSE(events[2].contains("00741238"));
}

TEST_F(UpsSubscriptions, GoByAFilter) {
    create("1.2.3", scheduled("Print"));
    ASSERT_EQ(subscribe(std::string(kFiltered) +
                        "?deletionlock=true&filter=ProcedureStepLabel=Read*,PatientID="),
              201);
    create("1.2.4", scheduled("Read"));
    create("1.2.5", scheduled("Print"));
    EXPECT_THAT(brief(heard()), ElementsAre("1 1.2.4 SCHEDULED"));
    ASSERT_EQ(subscribe(std::string(kFiltered) + "?deletionlock=true&ProcedureStepLabel=Print"),
              201)
        << "as in earlier editions; in place of the filter before";
    EXPECT_THAT(brief(heard()), ElementsAre("1 1.2.3 SCHEDULED", "1 1.2.5 SCHEDULED"));
    create("1.2.6", scheduled("Read"));
    EXPECT_THAT(heard(), IsEmpty());
    EXPECT_EQ(remove(kFiltered), 200);
    move("1.2.4", "IN PROGRESS");
    EXPECT_THAT(heard(), IsEmpty());
}

TEST_F(UpsSubscriptions, ToAllStayWhereThoseByAFilterEnd) {
    create("1.2.3");
    ASSERT_EQ(subscribe(kAll), 201);
    EXPECT_EQ(remove(kFiltered), 404);
    ASSERT_EQ(subscribe(std::string(kFiltered) + "?filter=ProcedureStepLabel=Read*"), 201);
    EXPECT_EQ(remove(kFiltered), 200);
    move("1.2.3", "IN PROGRESS");
    EXPECT_THAT(brief(heard()), ElementsAre("1 1.2.3 IN PROGRESS"));
    ASSERT_EQ(subscribe(std::string(kFiltered) + "?filter=ProcedureStepLabel=Read*"), 201);
    EXPECT_EQ(remove(kAll), 200);
    EXPECT_EQ(remove(kFiltered), 404) << "all lists end with that of all";
}

TEST_F(UpsSubscriptions, GoByAFilterWhoseKeysOneItemMeets) {
    json set = scheduled("Read");
    set["00404018"] = {{"vr", "SQ"},
                       {"Value",
                        {{{"00080100", {{"vr", "SH"}, {"Value", {"A"}}}},
                          {"00080102", {{"vr", "SH"}, {"Value", {"99X"}}}}},
                         {{"00080100", {{"vr", "SH"}, {"Value", {"B"}}}},
                          {"00080102", {{"vr", "SH"}, {"Value", {"DCM"}}}}}}}};
    const std::string code = std::string(kFiltered) + "?filter=00404018.00080100=";
    ASSERT_EQ(subscribe(code + "A,00404018.00080102=DCM", "NEITHER"), 201);
    ASSERT_EQ(subscribe(code + "B,00404018.00080102=DCM"), 201);
    create("1.2.3", set);
    EXPECT_THAT(heard("NEITHER"), IsEmpty());
    EXPECT_THAT(brief(heard()), ElementsAre("1 1.2.3 SCHEDULED"));
    EXPECT_EQ(subscribe(std::string(kFiltered) + "?filter=00404005=soon"), 400);
    EXPECT_EQ(subscribe(std::string(kFiltered) + "?filter=00404018=1"), 400);
}

TEST_F(UpsSubscriptions, TellWhatWasMissedAndThatTheServerWasRestarted) {
    create("1.2.3");
    ASSERT_EQ(subscribe("1.2.3"), 201);
    EXPECT_EQ(heard().size(), 1U);
    store.open();
    start();
    move("1.2.3", "IN PROGRESS");
    const std::vector<json> events = heard();
    EXPECT_THAT(brief(events), ElementsAre(std::string("4 ") + kAll, "1 1.2.3 IN PROGRESS"));
    EXPECT_EQ(events[0]["00741242"]["Value"][0], "RESTARTED");
    EXPECT_EQ(events[0]["00741244"]["Value"][0], "WARM START");
    EXPECT_EQ(events[0]["00741246"]["Value"][0], "WARM START");
    EXPECT_THAT(heard(), IsEmpty());
    const http::Response channel = ask("GET", "/subscribers/WATCHER", {}, true);
    const json last =
        json::parse(channel.channel->farewell.begin(), channel.channel->farewell.end());
    EXPECT_EQ(last["00741242"]["Value"][0], "GOING DOWN");
}

}  // namespace
}  // namespace lucerna::retrieve
