#include "retrieve/ups.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dicom/native_model.h"
#include "retrieve/address.h"
#include "store/store_test_support.h"

namespace lucerna::retrieve {
namespace {

using nlohmann::json;

constexpr const char* kItem = "/dicom-web/workitems/1.2.3";
constexpr const char* kUid = "2.25.77";

json value(const char* vr, json one) {
    return {{"vr", vr}, {"Value", json::array({std::move(one)})}};
}

/// What a new work item must say, with everything that may be empty.
json scheduled() {
    json set = {{"00741200", value("CS", "HIGH")},
                {"00741204", value("LO", "Read mammograms")},
                {"00741202", value("LO", "Screening")},
                {"00404005", value("DT", "20260301083000")},
                {"00404041", value("CS", "READY")},
                {"00741000", value("CS", "SCHEDULED")},
                {"0020000D", value("UI", "1.2.840.1")},
                {"00100010", value("PN", {{"Alphabetic", "M\u00FCller^Eva"}})},
                {"00100020", value("LO", "P1")}};
    set["00404018"] = value("SQ", {{"00080100", value("SH", "110005")}});
    for (const char* tag : {"00741210", "00404025", "00404026", "00404027", "00404021", "00380014",
                            "00081084", "0040A370", "00100024", "00101002", "00741002", "00741216"})
        set[tag] = {{"vr", "SQ"}};
    for (const auto& [tag, vr] : {std::pair("00400400", "LT"),
                                  {"00100030", "DA"},
                                  {"00100040", "CS"},
                                  {"00100021", "LO"},
                                  {"00380010", "LO"},
                                  {"00081080", "LO"}})
        set[tag] = {{"vr", vr}};
    return set;
}

class Ups : public testing::Test {
  protected:
    Ups() { add_ups(router, store.workitems(), store.subscriptions(), clock); }

    http::Response ask(const std::string& method, const std::string& path,
                       const std::string& body = {}, const std::string& type = {},
                       const std::string& accept = "*/*") {
        http::BodyInMemory in_memory(body);
        http::Request request(in_memory);
        request.method = method;
        const std::size_t mark = path.find('?');
        request.path = path.substr(0, mark);
        if (mark != std::string::npos) request.query = http::Query::parse(path.substr(mark + 1));
        request.origin = "http://localhost";
        request.headers.set("Accept", accept);
        if (!type.empty()) request.headers.set("Content-Type", type);
        return router.handle(request);
    }
    int status(const std::string& method, const std::string& path, const std::string& body = {}) {
        return ask(method, path, body).status;
    }
    json got() { return json::parse(std::get<std::string>(ask("GET", kItem).body)).front(); }
    std::string state() { return got()["00741000"]["Value"][0]; }
    http::Response move_to(const std::string& to, const std::string& transaction) {
        json set = {{"00741000", value("CS", to)}};
        if (!transaction.empty()) set["00081195"] = value("UI", transaction);
        return ask("PUT", std::string(kItem) + "/state", set.dump());
    }
    static std::string warning(const http::Response& response) {
        return response.headers.get_or("Warning", "");
    }
    void create() {
        ASSERT_EQ(status("POST", "/dicom-web/workitems?1.2.3", scheduled().dump()), 201);
    }
    std::size_t found(const std::string& query) {
        return json::parse(std::get<std::string>(ask("GET", "/dicom-web/workitems?" + query).body))
            .size();
    }

    ManualClock clock{from_rfc3339("2026-03-01T08:00:00.000Z")};
    store::TestStore store;
    http::Router router;
};

TEST_F(Ups, CreatesAndGivesBack) {
    const http::Response made =
        ask("POST", "/dicom-web/workitems?1.2.3", json::array({scheduled()}).dump());
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.headers.get("Location"), "http://localhost/dicom-web/workitems/1.2.3");
    EXPECT_EQ(warning(made), "");
    const json set = got();
    EXPECT_EQ(set["00080018"]["Value"][0], "1.2.3");
    EXPECT_EQ(set["00080016"]["Value"][0], "1.2.840.10008.5.1.4.34.6.1");
    EXPECT_EQ(set["00404010"]["Value"][0], "20260301080000.000000");
    EXPECT_EQ(status("POST", "/dicom-web/workitems?workitem=1.2.3", scheduled().dump()), 409);
    EXPECT_EQ(status("POST", "/dicom-web/workitems?notuid", scheduled().dump()), 400);
    EXPECT_EQ(status("GET", "/dicom-web/workitems/1.2.4"), 404);
    EXPECT_EQ(status("GET", "/dicom-web/workitems/1.2.x"), 400);
    const http::Response unnamed = ask("POST", "/dicom-web/workitems", scheduled().dump());
    EXPECT_EQ(unnamed.status, 201);
    EXPECT_NE(unnamed.headers.get_or("Location", "").find("/workitems/2.25."), std::string::npos);
}

TEST_F(Ups, AddsWhatMayBeEmptyAndSaysSo) {
    json set = scheduled();
    set.erase("00404025");
    const http::Response made = ask("POST", "/dicom-web/workitems?1.2.3", set.dump());
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(warning(made), "299 lucerna \"The Workitem was created with modifications.\"");
    EXPECT_TRUE(got().contains("00404025"));
    EXPECT_EQ(got()["00741202"]["Value"][0], "Screening");
    set["00741202"] = {{"vr", "LO"}};
    ASSERT_EQ(status("POST", "/dicom-web/workitems?1.2.4", set.dump()), 201);
    const http::Response other = ask("GET", "/dicom-web/workitems/1.2.4");
    EXPECT_EQ(json::parse(std::get<std::string>(other.body)).front()["00741202"]["Value"][0],
              "LUCERNA")
        << "the provider fills it in";
}

TEST_F(Ups, RefusesWhatIsNoNewWorkitem) {
    for (const char* tag : {"00741200", "00741204", "00404005", "00404041", "00741000"}) {
        json set = scheduled();
        set.erase(tag);
        EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3", set.dump()), 400) << tag;
    }
    json started = scheduled();
    started["00741000"] = value("CS", "IN PROGRESS");
    json locked = scheduled();
    locked["00081195"] = value("UI", kUid);
    json urgent = scheduled();
    urgent["00741200"] = value("CS", "URGENT");
    for (const json& set : {started, locked, urgent, json(), json::array(), json("x")})
        EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3", set.dump()), 400);
    EXPECT_EQ(status("POST", "/dicom-web/workitems", "{"), 400);
    json numbered = scheduled();
    numbered["00100020"] = value("LO", 4711);
    json odd_item = scheduled();
    odd_item["00404018"] = value("SQ", {{"00080100", {{"vr", 5}, {"Value", {"x"}}}}});
    for (const json& set : {numbered, odd_item})
        EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3", set.dump()), 400);
    const std::string deep(500000, '[');
    EXPECT_EQ(status("POST", "/dicom-web/workitems", deep + std::string(500000, ']')), 400);
    EXPECT_EQ(status("POST", "/dicom-web/workitems",
                     R"({"00080005":{"vr":"CS","Value":)" + deep + std::string(500000, ']') + "}}"),
              400);
}

// What is kept is what other programs read: a value that its VR cannot hold is none.
TEST_F(Ups, RefusesValuesThatTheirVrCannotHold) {
    for (const auto& [tag, element] :
         {std::pair("00400400", json{{"vr", "\"/><x"}, {"Value", {"y"}}}),
          {"00100010", value("PN", 7)},
          {"00404018", value("SQ", "item")},
          {"00281050", value("US", "many")},
          {"00404005", value("DT", "yesterday")},
          {"00404005", value("DT", "20260301-20260302")},
          {"00404005", value("LO", "20260301")},
          {"00100030", value("DA", "notadate")},
          {"00100030", value("DA", "20260230")},
          {"00080030", value("TM", "2561")},
          {"0020000D", value("UI", "abc")},
          {"0020000D", json{{"vr", "UI"}, {"Value", {"1.2.3", "1.2.4"}}}},
          {"00100020", json{{"vr", "LO"}, {"Value", {"A", "B"}}}},
          {"00741000", json{{"vr", "CS"}, {"Value", {"SCHEDULED", "IN PROGRESS"}}}},
          {"00404041", json{{"vr", "CS"}, {"Value", {"READY", "BOGUS"}}}},
          {"00404021", value("SQ", json{{"00081150", value("UI", "x")}})}}) {
        json set = scheduled();
        set[tag] = element;
        EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3", set.dump()), 400) << tag;
    }
    std::string twice = scheduled().dump();
    twice.insert(1, R"("00741204":{"vr":"LO","Value":["other"]},)");
    EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3", twice), 400) << "said twice";
    EXPECT_EQ(status("GET", kItem), 404);
    EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.840.10008.5.1.4.34.5", scheduled().dump()),
              400)
        << "that of the subscription to all";
}

TEST_F(Ups, GoesFromScheduledToCompletedUnderItsTransactionUid) {
    create();
    EXPECT_NE(warning(move_to("COMPLETED", kUid)).find("inconsistent"), std::string::npos);
    EXPECT_NE(warning(move_to("IN PROGRESS", "")).find("UID is missing"), std::string::npos);
    EXPECT_EQ(move_to("IN PROGRESS", kUid).status, 200);
    EXPECT_EQ(state(), "IN PROGRESS");
    EXPECT_EQ(move_to("IN PROGRESS", "2.25.78").status, 400) << "somebody has it";
    EXPECT_EQ(move_to("IN PROGRESS", kUid).status, 409);
    EXPECT_EQ(move_to("SCHEDULED", kUid).status, 409);
    EXPECT_NE(warning(move_to("COMPLETED", "2.25.78")).find("incorrect"), std::string::npos);
    EXPECT_EQ(move_to("COMPLETED", kUid).status, 409) << "nothing says what was done";

    json done = {{"00404050", value("DT", "20260301083100")},
                 {"00404051", value("DT", "20260301083200")},
                 {"00404019", value("SQ", {{"00080100", value("SH", "110005")}})},
                 {"00404028", value("SQ", {{"00080100", value("SH", "READER-1")}})},
                 {"00404033", {{"vr", "SQ"}}}};
    const json update = {{"00741216", value("SQ", done)}};
    EXPECT_NE(warning(ask("POST", kItem, update.dump())).find("missing"), std::string::npos);
    EXPECT_EQ(status("POST", std::string(kItem) + "?2.25.78", update.dump()), 400);
    for (const char* tag : {"00404028", "00404033", "00404050"}) {
        json lacking = done;
        lacking.erase(tag);
        EXPECT_EQ(status("POST", std::string(kItem) + "?" + kUid,
                         json{{"00741216", value("SQ", lacking)}}.dump()),
                  200);
        EXPECT_EQ(move_to("COMPLETED", kUid).status, 409) << tag;
    }
    EXPECT_EQ(status("POST", std::string(kItem) + "?" + kUid, update.dump()), 200);
    EXPECT_EQ(move_to("COMPLETED", kUid).status, 200);
    EXPECT_EQ(state(), "COMPLETED");
    const http::Response again = move_to("COMPLETED", kUid);
    EXPECT_EQ(again.status, 200);
    EXPECT_NE(warning(again).find("already in the requested state of COMPLETED"),
              std::string::npos);
    EXPECT_EQ(move_to("COMPLETED", "2.25.78").status, 400) << "whoever asks must know the UID";
    EXPECT_EQ(move_to("CANCELED", kUid).status, 409);
    EXPECT_EQ(status("POST", std::string(kItem) + "?" + kUid, update.dump()), 400);
}

TEST_F(Ups, NeverGivesOutTheTransactionUid) {
    create();
    ASSERT_EQ(move_to("IN PROGRESS", kUid).status, 200);
    const json update = {{"00081195", value("UI", kUid)}, {"00741204", value("LO", "Again")}};
    ASSERT_EQ(status("POST", kItem, update.dump()), 200);
    EXPECT_EQ(got()["00741204"]["Value"][0], "Again");
    EXPECT_EQ(got().dump().find(kUid), std::string::npos);
    EXPECT_EQ(std::get<std::string>(ask("GET", "/dicom-web/workitems").body).find(kUid),
              std::string::npos);
}

TEST_F(Ups, UpdatesOnlyWhatMayChange) {
    create();
    EXPECT_EQ(status("POST", kItem, json{{"00741200", value("CS", "LOW")}}.dump()), 200);
    EXPECT_EQ(got()["00741200"]["Value"][0], "LOW");
    for (const auto& [tag, vr, text] :
         {std::tuple("00741000", "CS", "COMPLETED"), std::tuple("00100020", "LO", "P2"),
          std::tuple("00741224", "SQ", ""), std::tuple("00741200", "CS", "SOON")})
        EXPECT_EQ(status("POST", kItem, json{{tag, value(vr, text)}}.dump()), 400) << tag;
    EXPECT_EQ(status("POST", kItem, R"({"00741202":{"vr":"LO"}})"), 400);
    const http::Response unclaimed = ask("POST", std::string(kItem) + "?" + kUid, "{}");
    EXPECT_EQ(unclaimed.status, 409);
    EXPECT_NE(warning(unclaimed).find("did not reference a claimed"), std::string::npos);
    // The performer may do it in another study; there it goes when that is erased.
    EXPECT_EQ(status("POST", kItem, json{{"0020000D", value("UI", "1.2.9")}}.dump()), 200);
    store.archive().erase_study("1.2.840.1");
    EXPECT_EQ(status("GET", kItem), 200);
    store.archive().erase_study("1.2.9");
    EXPECT_EQ(status("GET", kItem), 404);
    EXPECT_EQ(status("POST", "/dicom-web/workitems/1.9", "{}"), 404);
}

TEST_F(Ups, GrowsNoFurtherThanItMay) {
    EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3", scheduled().dump()), 201);
    const auto with_text = [](int number, std::size_t letters) {
        json change;
        char tag[9];
        std::snprintf(tag, sizeof tag, "0040%04X", 0xA000 + number);
        change[tag] = value("UT", std::string(letters, 'x'));
        return change.dump();
    };
    int last = 200;
    for (int i = 0; i < 8 && last == 200; ++i) last = status("POST", kItem, with_text(i, 900'000));
    EXPECT_EQ(last, 400) << "of four megabytes no more";
    EXPECT_LT(got().dump().size(), std::size_t{4} << 20);
    EXPECT_EQ(status("POST", kItem, with_text(20, 1000)), 200) << "it is as it was";
    json many = value("SQ", json::object());
    for (int i = 0; i < 60'000; ++i) many["Value"].push_back(json::object());
    EXPECT_EQ(status("POST", kItem, json({{"00404035", many}}).dump()), 400);
}

TEST_F(Ups, CancelsWhatIsScheduled) {
    create();
    clock.advance(std::chrono::minutes(1));
    const std::string path = std::string(kItem) + "/cancelrequest";
    EXPECT_EQ(status("POST", path, json{{"00741238", value("LT", "moved away")}}.dump()), 202);
    EXPECT_EQ(state(), "CANCELED");
    const json item = got()["00741002"]["Value"][0];
    EXPECT_EQ(item["00741238"]["Value"][0], "moved away");
    EXPECT_EQ(got()["00404010"]["Value"][0], "20260301080100.000000") << "when it was modified";
    EXPECT_EQ(item["00404052"]["Value"][0], "20260301080100.000000");
    EXPECT_EQ(item["0074100E"]["Value"][0]["00080100"]["Value"][0], "110513")
        << "for an unspecified reason";
    const http::Response again = ask("POST", path);
    EXPECT_EQ(again.status, 202);
    EXPECT_NE(warning(again).find("already in the requested state of CANCELED"), std::string::npos);
    EXPECT_EQ(status("POST", "/dicom-web/workitems/1.9/cancelrequest"), 404);
}

TEST_F(Ups, RefusesToCancelWhatSomebodyDoes) {
    create();
    ASSERT_EQ(move_to("IN PROGRESS", kUid).status, 200);
    const http::Response refused = ask("POST", std::string(kItem) + "/cancelrequest");
    EXPECT_EQ(refused.status, 409);
    EXPECT_NE(warning(refused).find("performer cannot be contacted"), std::string::npos);
    EXPECT_EQ(state(), "IN PROGRESS");
    EXPECT_EQ(move_to("CANCELED", kUid).status, 200) << "but the performer may";
    EXPECT_EQ(state(), "CANCELED");
}

TEST_F(Ups, IsFoundByWhatItSays) {
    create();
    for (const char* query :
         {"", "ProcedureStepState=SCHEDULED", "00741000=SCHED*", "PatientName=m\u00FCll*",
          "PatientID=P1", "StudyInstanceUID=1.2,1.2.840.1", "WorklistLabel=Scr?ening",
          "ScheduledWorkitemCodeSequence.CodeValue=110005",
          "ScheduledProcedureStepStartDateTime=20260301-20260302",
          "ScheduledProcedureStepStartDateTime=20260301"})
        EXPECT_EQ(found(query), 1U) << query;
    for (const char* query : {"ProcedureStepState=COMPLETED", "PatientID=P2", "PatientID=p1",
                              "ScheduledProcedureStepStartDateTime=20260302-", "offset=1",
                              "ScheduledWorkitemCodeSequence.CodeValue=1", "limit=0"})
        EXPECT_EQ(found(query), 0U) << query;
    EXPECT_EQ(status("GET", "/dicom-web/workitems?Nonsense=1"), 400);
    ASSERT_EQ(status("POST", "/dicom-web/workitems", scheduled().dump()), 201);
    const http::Response first = ask("GET", "/dicom-web/workitems?limit=1");
    EXPECT_NE(
        warning(first).find("/dicom-web: There are 1 additional results that can be requested"),
        std::string::npos);
    EXPECT_EQ(found("charset=utf-8&emptyvaluematching=false&multiplevaluematching=false"), 2U);
}

// PS3.4 C.2.2.2.5: "the offset shall be taken into account".
TEST_F(Ups, IsFoundByMomentsOfWhateverZone) {
    json set = scheduled();
    set["00404005"] = value("DT", "20260301083000-0500");
    EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3", set.dump()), 201);
    const auto found = [&](const std::string& moment) {
        const auto body =
            ask("GET", "/dicom-web/workitems?ScheduledProcedureStepStartDateTime=" + moment).body;
        return json::parse(std::get<std::string>(body)).size();
    };
    EXPECT_EQ(found("20260301083000-0500"), 1U) << "its own";
    EXPECT_EQ(found("20260301133000%2B0000"), 1U);
    EXPECT_EQ(found("20260301083000%2B0000"), 0U);
    EXPECT_EQ(found("20260301080000-0500-20260301090000-0500"), 1U);
    EXPECT_EQ(found("20260301143000%2B0100-"), 1U);
    EXPECT_EQ(found("20260301143001%2B0100-"), 0U);
    EXPECT_EQ(found("20260301"), 1U);
    EXPECT_EQ(found("20260301143000&TimezoneOffsetFromUTC=%2B0100"), 1U);
    EXPECT_EQ(found("20260301083000&TimezoneOffsetFromUTC=%2B0100"), 0U);
    for (const char* nonsense : {"00404005=garbage", "PatientBirthDate=soon", "StudyTime=x",
                                 "ReferencedRequestSequence.StudyDate=20261-"})
        EXPECT_EQ(status("GET", std::string("/dicom-web/workitems?") + nonsense), 400) << nonsense;
}

TEST_F(Ups, IsFoundByNamesAsOthersAre) {
    json set = scheduled();
    set["00100010"] =
        value("PN", {{"Alphabetic", "Yamada^Tarou"}, {"Ideographic", "\u5C71\u7530^\u592A\u90CE"}});
    EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3", set.dump()), 201);
    for (const char* name :
         {"YAMADA^Tarou", "Yamada^Tarou^^", "yam*", "\u5C71*", "Yamada*=\u5C71*"})
        EXPECT_EQ(found("PatientName=" + std::string(name)), 1U) << name;
    for (const char* name : {"Yamada", "Yamada*=Other*"})
        EXPECT_EQ(found("PatientName=" + std::string(name)), 0U) << name;
    const http::Response other = ask("GET", "/dicom-web/workitems?InputInformationSequence=1");
    EXPECT_EQ(other.status, 200);
    EXPECT_NE(warning(other).find("Not matched by"), std::string::npos);
}

TEST_F(Ups, SaysHowManyMoreThereAreUpToSomeNumber) {
    for (std::size_t i = 0; i <= kMostCounted + 1; ++i)
        EXPECT_TRUE(store.workitems().add(
            {"1.2.9." + std::to_string(i), "SCHEDULED", "", "P1", "", "", scheduled().dump()}));
    EXPECT_NE(warning(ask("GET", "/dicom-web/workitems?limit=2")).find("are 1000 additional"),
              std::string::npos);
    EXPECT_NE(warning(ask("GET", "/dicom-web/workitems?limit=1")).find("more than 1000 additional"),
              std::string::npos);
    EXPECT_EQ(found("PatientID=P1&StudyInstanceUID=1.2.840.2"), 0U);
}

// PS3.4 C.2.2.2.6: all keys of a sequence are met by one item.
TEST_F(Ups, IsFoundByOneItemOfASequence) {
    json set = scheduled();
    set["00404018"] = {{"vr", "SQ"},
                       {"Value",
                        {{{"00080100", value("SH", "A")}, {"00080102", value("SH", "99X")}},
                         {{"00080100", value("SH", "B")}, {"00080102", value("SH", "DCM")}}}}};
    EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3", set.dump()), 201);
    const auto found = [&](const std::string& code, const std::string& scheme) {
        const auto body = ask("GET", "/dicom-web/workitems?00404018.00080100=" + code +
                                         "&00404018.00080102=" + scheme)
                              .body;
        return json::parse(std::get<std::string>(body)).size();
    };
    EXPECT_EQ(found("A", "99X"), 1U);
    EXPECT_EQ(found("B", "DCM"), 1U);
    EXPECT_EQ(found("A", "DCM"), 0U);
    EXPECT_EQ(found("A", "*"), 1U);
}

TEST_F(Ups, ComesAndGoesAsXml) {
    constexpr const char* kXmlParts = "multipart/related; type=\"application/dicom+xml\"";
    const std::string xml = dicom::to_native_xml(scheduled());
    EXPECT_EQ(ask("POST", "/dicom-web/workitems?1.2.3", xml, "application/dicom+xml").status, 201);
    const std::string parts =
        "--b\r\nContent-Type: application/dicom+xml\r\n\r\n" + xml + "\r\n--b--\r\n";
    EXPECT_EQ(
        ask("POST", "/dicom-web/workitems?1.2.4", parts, std::string(kXmlParts) + "; boundary=b")
            .status,
        201);
    json expected = scheduled();
    const json kept = got();
    for (const auto& [tag, element] : kept.items())
        if (!expected.contains(tag)) expected[tag] = element;
    EXPECT_EQ(kept, expected);
    const http::Response one = ask("GET", kItem, {}, {}, "application/dicom+xml");
    EXPECT_EQ(one.headers.get("Content-Type"), "application/dicom+xml");
    EXPECT_EQ(dicom::from_native_xml(std::get<std::string>(one.body)), got());
    const http::Response all = ask("GET", "/dicom-web/workitems", {}, {}, kXmlParts);
    EXPECT_EQ(all.status, 200);
    EXPECT_TRUE(all.headers.get_or("Content-Type", "").starts_with(kXmlParts));
    EXPECT_EQ(ask("GET", "/dicom-web/workitems?PatientID=X", {}, {}, kXmlParts).status, 204);
    EXPECT_EQ(ask("GET", "/dicom-web/workitems", {}, {}, "application/dicom+xml").status, 406)
        << "several come in parts";
    EXPECT_EQ(ask("GET", kItem, {}, {}, "text/html").status, 406);
    EXPECT_EQ(ask("GET", kItem, {}, {}, "text/html, */*;q=0.1").headers.get("Content-Type"),
              "application/dicom+json");
    EXPECT_EQ(ask("POST", kItem, "{}", "text/plain").status, 415);
    EXPECT_EQ(ask("POST", kItem, "{}", "application/dicom+xml").status, 400);
    EXPECT_EQ(ask("POST", "/dicom-web/workitems?1.2.4", xml,
                  "application/dicom+xml; charset=windows-1252")
                  .status,
              400);
    EXPECT_EQ(ask("POST", kItem, parts + parts, std::string(kXmlParts) + "; boundary=c").status,
              400);
}

TEST_F(Ups, GivesNoMoreBytesThanItMay) {
    json set = scheduled();
    set["00400400"] = value("LT", std::string(10000, 'x'));
    for (const char* uid : {"1.2.3", "1.2.4", "1.2.5"})
        ASSERT_EQ(status("POST", "/dicom-web/workitems?" + std::string(uid), set.dump()), 201);
    http::Router small;
    add_ups(small, store.workitems(), store.subscriptions(), clock, {.max_answer_bytes = 25000});
    router = std::move(small);
    EXPECT_EQ(found(""), 2U);
    EXPECT_NE(warning(ask("GET", "/dicom-web/workitems")).find("There are 1 additional results"),
              std::string::npos);
    EXPECT_EQ(found("offset=2"), 1U);
    http::Router tiny;
    add_ups(tiny, store.workitems(), store.subscriptions(), clock, {.max_answer_bytes = 1});
    router = std::move(tiny);
    EXPECT_EQ(found("offset=1"), 1U) << "one at least, so that a search comes to its end";
}

TEST_F(Ups, TellsSubscribersNoMoreThanIsKeptForEach) {
    const auto of_stations = [&](int count) {
        json set = scheduled();
        json& stations = set["00404025"]["Value"] = json::array();
        for (int i = 0; i < count; ++i)
            stations.push_back({{"00080100", value("SH", "ROOM1")},
                                {"00080102", value("SH", "99X")},
                                {"00080104", value("LO", "Room 1")}});
        return ask("POST", "/dicom-web/workitems?1.2.3", set.dump());
    };
    const http::Response refused = of_stations(1000);
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(std::get<std::string>(refused.body).find("64 KiB"), std::string::npos);
    EXPECT_EQ(of_stations(100).status, 201);
}

TEST_F(Ups, OutlivesTheServerAndGoesWithThePatient) {
    create();
    store.close();
    store.open();
    http::Router anew;
    add_ups(anew, store.workitems(), store.subscriptions(), clock);
    router = std::move(anew);
    EXPECT_EQ(state(), "SCHEDULED");
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "HOSPITAL").beside.workitems, 1U)
        << "it does not say who gave the Patient ID";
    store.archive().erase_patient("P1", "HOSPITAL");
    EXPECT_EQ(status("GET", kItem), 404);
}

// PS3.3 Table 10-18.
TEST_F(Ups, IsOfTheIssuerThatQualifiersName) {
    json set = scheduled();
    set["00100024"] = value("SQ", {{"00400032", value("UT", "1.2.3")}});
    EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3", set.dump()), 201);
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "4.5.6").beside.workitems, 0U);
    EXPECT_EQ(store.archive().erasure_of_patient("P1", "1.2.3").beside.workitems, 1U);
}

TEST_F(Ups, GoesWithAStudyThatItNamesAnywhere) {
    json set = scheduled();
    // Of even length by what some fill it up with.
    set["00404021"] = value("SQ", {{"0020000D", value("UI", std::string("1.2.5.7\0", 8))}});
    ASSERT_EQ(status("POST", "/dicom-web/workitems?1.2.3", set.dump()), 201);
    store.archive().erase_study("1.2.5");
    EXPECT_EQ(status("GET", kItem), 200);
    EXPECT_EQ(store.archive().beside_study("1.2.5.7").workitems, 1U);
    store.archive().erase_study("1.2.5.7");
    EXPECT_EQ(status("GET", kItem), 404);
}

TEST_F(Ups, NamesNoStudyOfAnotherPatient) {
    test::StoredInstance image;
    image.patient_id = "P2";
    image.study = "1.2.8";
    store.archive().keep(image.file());
    const json as_its_own = {{"0020000D", value("UI", "1.2.8")}};
    const json as_input = {{"00404021", value("SQ", as_its_own)}};
    for (const json& naming : {as_its_own, as_input}) {
        json set = scheduled();
        set.update(naming);
        EXPECT_EQ(status("POST", "/dicom-web/workitems?1.2.3.4", set.dump()), 409);
        EXPECT_EQ(status("GET", "/dicom-web/workitems/1.2.3.4"), 404);
    }
    create();
    for (const json& naming : {as_its_own, as_input}) {
        const json before = got();
        EXPECT_EQ(status("POST", kItem, naming.dump()), 409);
        EXPECT_EQ(got(), before);
    }
    image.patient_id = "P1";
    image.study = "1.2.9";
    image.series += ".9";
    image.sop_instance += ".9";
    store.archive().keep(image.file());
    EXPECT_EQ(status("POST", kItem, json{{"0020000D", value("UI", "1.2.9")}}.dump()), 200);
    EXPECT_EQ(status("POST", kItem, json{{"0020000D", value("UI", "1.2.10")}}.dump()), 200)
        << "which nobody has yet";
    store.archive().erase_patient("P2", "");
    EXPECT_EQ(status("GET", kItem), 200);
}

TEST_F(Ups, StaysWhatItIsWhereAnothersImagesComeForItsStudy) {
    create();
    test::StoredInstance image;
    image.patient_id = "P2";
    image.study = "1.2.840.1";
    store.archive().keep(image.file());
    EXPECT_EQ(status("POST", kItem, json{{"00741204", value("LO", "Later")}}.dump()), 200);
    move_to("IN PROGRESS", kUid);
    EXPECT_EQ(state(), "IN PROGRESS");
}

}  // namespace
}  // namespace lucerna::retrieve
