#include "review/api.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "store/instance_revision.h"
#include "store/kept_reading.h"

namespace lucerna::review {
namespace {

using nlohmann::json;

constexpr const char* kStudy = "2.25.7";
constexpr const char* kDecide = "/api/exams/2.25.7/findings/R-CC-1/decisions";

/// Exams in memory.
class FewExams final : public Exams {
  public:
    FewExams() {
        store::ExamEntry read;
        read.study_instance_uid = kStudy;
        read.state = store::ExamState::kRead;
        read.model_sha256 = "m1";
        read.score = 0.8;
        store::ExamEntry waiting;
        waiting.study_instance_uid = "2.25.8";
        waiting.state = store::ExamState::kWaiting;
        entries = {read, waiting};
    }
    void each_of_worklist(std::optional<store::ExamState> only, std::size_t limit,
                          const std::function<bool(const store::ExamEntry&)>& take) override {
        for (const auto& entry : entries)
            if ((!only || entry.state == *only) && (limit-- == 0 || !take(entry))) return;
    }
    std::optional<store::ExamEntry> exam(const std::string& study) override {
        for (const auto& entry : entries)
            if (entry.study_instance_uid == study) return entry;
        return std::nullopt;
    }
    std::vector<store::InstanceRow> images(const std::string& study, std::size_t most) override {
        std::vector<store::InstanceRow> rows(std::min(most, image_count));
        for (store::InstanceRow& row : rows) row.object = std::to_string(entries[0].revision);
        if (changes-- > 0) {
            // Others came in their place, and were read.
            for (store::ExamEntry& entry : entries)
                if (entry.study_instance_uid == study) ++entry.revision;
            reading = reading_at(500);
        }
        return rows;
    }
    std::string reading_json(const std::string& study) override {
        return study == kStudy ? reading : "";
    }
    std::vector<store::Decision> decisions(const std::string&, std::size_t limit,
                                           std::size_t offset) override {
        const auto from = said.begin() + static_cast<std::ptrdiff_t>(std::min(offset, said.size()));
        const auto left = static_cast<std::size_t>(said.end() - from);
        return {from, from + static_cast<std::ptrdiff_t>(std::min(limit, left))};
    }
    std::size_t count_decisions(const std::string&) override { return said.size(); }
    void each_newest_decision(const std::string&,
                              const std::function<void(store::Decision&&)>& take) override {
        for (auto one = said.rbegin(); one != said.rend(); ++one) take(store::Decision(*one));
    }
    void decide(const store::Decision& decision, const std::string& shown) override {
        EXPECT_EQ(shown, store::reading_id(reading));
        said.push_back(decision);
        said.back().place = store::kept_reading(reading).find(decision.finding)->place;
        ++number;
    }
    std::uint64_t revision() override { return number; }

    std::vector<store::ExamEntry> entries;
    std::vector<store::Decision> said;
    std::size_t image_count = 0;
    /// How many times something changes while the images are looked at.
    int changes = 0;
    std::uint64_t number = 5;
    std::string reading = reading_at(100);

    /// With R-CC-1 there.
    static std::string reading_at(int left) {
        return R"({"model":{"sha256":"m1"},"views":[{"sop_instance_uid":"2.25.9","findings":[)"
               R"({"id":"R-CC-1","box":{"left":)" +
               std::to_string(left) + R"(,"top":1,"width":9,"height":9}}]}]})";
    }
};

class Api : public testing::Test {
  protected:
    Api() { add_api(router, exams, about(), clock); }

    static About about() {
        About about;
        about.version = "1.2.3";
        about.model_name = "cbis-mass";
        about.use_statement = "Research use only.";
        return about;
    }

    http::Response ask(const std::string& method, const std::string& target,
                       const std::string& body = "", const std::string& principal = "",
                       const std::string& type = "application/json") {
        http::BodyInMemory reader(body);
        http::Request request(reader);
        request.method = method;
        request.path = target.substr(0, target.find('?'));
        if (target.find('?') != std::string::npos)
            request.query = http::Query::parse(target.substr(target.find('?') + 1));
        if (!type.empty()) request.headers.set("Content-Type", type);
        request.principal = principal;
        return router.handle(request);
    }
    static json json_of(const http::Response& response) {
        return json::parse(std::get<std::string>(response.body));
    }

    FewExams exams;
    ManualClock clock{from_rfc3339("2026-03-01T08:15:30.250Z")};
    http::Router router;
};

TEST_F(Api, SaysWhatItIsAndForWhatItMayBeUsed) {
    const json out = json_of(ask("GET", "/api/about", "", "reader-1"));
    EXPECT_EQ(out["version"], "1.2.3");
    EXPECT_EQ(out["model"]["name"], "cbis-mass");
    EXPECT_EQ(out["use_statement"], "Research use only.");
    EXPECT_EQ(out["research_only"], true);
    EXPECT_EQ(out["principal"], "reader-1");
}

TEST_F(Api, ListsAllExamsOrThoseOfAState) {
    EXPECT_EQ(json_of(ask("GET", "/api/worklist"))["exams"].size(), 2U);
    const json waiting = json_of(ask("GET", "/api/worklist?state=waiting"));
    ASSERT_EQ(waiting["exams"].size(), 1U);
    EXPECT_EQ(waiting["exams"][0]["study_instance_uid"], "2.25.8");
    EXPECT_EQ(waiting["revision"], 5);
    EXPECT_EQ(json_of(ask("GET", "/api/worklist?limit=1"))["exams"].size(), 1U);
}

TEST_F(Api, RefusesAStateOrLimitThatIsNone) {
    const http::Response state = ask("GET", "/api/worklist?state=done");
    EXPECT_EQ(state.status, 400);
    EXPECT_NE(std::get<std::string>(state.body).find("state"), std::string::npos);
    EXPECT_EQ(ask("GET", "/api/worklist?limit=0").status, 400);
    EXPECT_EQ(ask("GET", "/api/worklist?limit=many").status, 400);
}

TEST_F(Api, GivesAnExamWithItsReading) {
    const json out = json_of(ask("GET", "/api/exams/2.25.7"));
    EXPECT_EQ(out["exam"]["score"], 0.8);
    EXPECT_EQ(out["reading"]["views"][0]["findings"][0]["id"], "R-CC-1");
    EXPECT_EQ(ask("GET", "/api/exams/2.25.99").status, 404);
    EXPECT_EQ(ask("GET", "/api/exams/2.25.99/decisions").status, 404);
}

TEST_F(Api, GivesNoReadingBesideOtherImagesThanItIsOf) {
    exams.image_count = 1;
    exams.changes = 2;
    const json out = json_of(ask("GET", "/api/exams/2.25.7"));
    store::InstanceRow newest;
    newest.object = "2";
    EXPECT_EQ(out["reading_id"], store::reading_id(FewExams::reading_at(500)));
    EXPECT_EQ(out["images"][0]["revision"], store::revision_of(newest));
    exams.changes = 1000;
    EXPECT_EQ(ask("GET", "/api/exams/2.25.7").status, 503);
}

TEST_F(Api, GivesAnExamWithoutReadingWhileImagesCome) {
    exams.image_count = 1;
    exams.changes = 1000;
    const json out = json_of(ask("GET", "/api/exams/2.25.8"));
    EXPECT_TRUE(out["reading"].is_null());
    EXPECT_EQ(out["images"].size(), 1U);
}

TEST_F(Api, KeepsADecisionWithWhoAndWhen) {
    const auto response =
        ask("POST", kDecide, R"({"action":"dismiss","comment":"old scar","reader":"A. Reader"})");
    EXPECT_EQ(response.status, 201);
    ASSERT_EQ(exams.said.size(), 1U);
    const store::Decision& kept = exams.said[0];
    EXPECT_EQ(kept.study_instance_uid, kStudy);
    EXPECT_EQ(kept.finding, "R-CC-1");
    EXPECT_EQ(kept.model_sha256, "m1");
    EXPECT_EQ(kept.action, "dismiss");
    EXPECT_EQ(kept.comment, "old scar");
    EXPECT_EQ(kept.who, "A. Reader");
    EXPECT_TRUE(kept.self_declared);
    EXPECT_EQ(kept.when, clock.now());
    EXPECT_EQ(json_of(ask("GET", "/api/exams/2.25.7/decisions"))["decisions"][0],
              json_of(response));
}

TEST_F(Api, BelievesTheConnectionBeforeTheBody) {
    ask("POST", kDecide, R"({"action":"accept","reader":"Somebody Else"})", "dr-real");
    ASSERT_EQ(exams.said.size(), 1U);
    EXPECT_EQ(exams.said[0].who, "dr-real");
    EXPECT_FALSE(exams.said[0].self_declared);
}

TEST_F(Api, NamesTheWrongFieldAndKeepsNothing) {
    const auto response = ask("POST", kDecide, R"({"action":"agree","reader":"A"})");
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(json_of(response)["field"], "action");
    EXPECT_EQ(ask("POST", kDecide, "{").status, 400);
    EXPECT_EQ(ask("POST", kDecide, std::string(17 * 1024, ' ')).status, 400);
    EXPECT_TRUE(exams.said.empty());
}

TEST_F(Api, RefusesWhatAnotherSitesFormCouldSend) {
    const std::string body = R"({"action":"accept","reader":"A"})";
    EXPECT_EQ(ask("POST", kDecide, body, "", "text/plain").status, 415);
    EXPECT_EQ(ask("POST", kDecide, body, "", "").status, 415);
    EXPECT_TRUE(exams.said.empty());
    EXPECT_EQ(ask("POST", kDecide, body, "", "application/json; charset=utf-8").status, 201);
}

TEST_F(Api, DecidesOnlyOnFindingsThatAreThere) {
    const std::string body = R"({"action":"accept","reader":"A"})";
    EXPECT_EQ(ask("POST", "/api/exams/2.25.7/findings/R-CC-9/decisions", body).status, 404);
    EXPECT_EQ(ask("POST", "/api/exams/2.25.8/findings/R-CC-1/decisions", body).status, 404);
    EXPECT_EQ(ask("POST", "/api/exams/2.25.99/findings/R-CC-1/decisions", body).status, 404);
    EXPECT_TRUE(exams.said.empty());
}

TEST_F(Api, RefusesADecisionOnAReadingThatWasReplaced) {
    const std::string body = R"({"action":"accept","reader":"A","model_sha256":")";
    EXPECT_EQ(ask("POST", kDecide, body + "m0\"}").status, 409);
    EXPECT_EQ(ask("POST", kDecide, body + "m1\"}").status, 201);
}

TEST_F(Api, RefusesADecisionOnAFindingThatIsNotOnTheScreenAnyMore) {
    const std::string shown = json_of(ask("GET", "/api/exams/2.25.7"))["reading_id"];
    const std::string body = R"({"action":"accept","reader":"A","reading_id":")" + shown + "\"}";
    EXPECT_EQ(ask("POST", kDecide, body).status, 201);
    exams.reading = FewExams::reading_at(500);
    EXPECT_EQ(ask("POST", kDecide, body).status, 409);
    EXPECT_EQ(exams.said.size(), 1U);
    const json exam = json_of(ask("GET", "/api/exams/2.25.7"));
    EXPECT_EQ(exam["decisions"], json::array()) << "R-CC-1 is another finding";
    EXPECT_EQ(exam["former_decisions"][0]["finding"], "R-CC-1");
    const json all = json_of(ask("GET", "/api/exams/2.25.7/decisions"));
    EXPECT_TRUE(all["decisions"][0]["holds_for"].is_null());
    exams.reading = FewExams::reading_at(100);
    EXPECT_EQ(json_of(ask("GET", "/api/exams/2.25.7"))["decisions"][0]["holds_for"], "R-CC-1");
}

TEST_F(Api, GivesNoMoreDecisionsOrImagesThanItSaysThatThereAre) {
    for (int i = 0; i < 600; ++i) {
        store::Decision decision;
        decision.finding = "R-CC-1";
        decision.model_sha256 = "m1";
        decision.comment = std::to_string(i);
        decision.place = store::kept_reading(exams.reading).find("R-CC-1")->place;
        exams.said.push_back(decision);
    }
    exams.image_count = 3000;
    const json exam = json_of(ask("GET", "/api/exams/2.25.7"));
    EXPECT_EQ(exam["decisions"].size(), 20U);
    EXPECT_EQ(exam["decisions"].back()["comment"], "599") << "the newest counts";
    EXPECT_EQ(exam["decisions_left_out"], 580);
    EXPECT_EQ(exam["images"].size(), 2000U);
    EXPECT_EQ(exam["more_images"], true);
    const json first = json_of(ask("GET", "/api/exams/2.25.7/decisions"));
    EXPECT_EQ(first["count"], 600);
    EXPECT_EQ(first["decisions"].size(), 500U);
    const json rest = json_of(ask("GET", "/api/exams/2.25.7/decisions?offset=500&limit=50"));
    ASSERT_EQ(rest["decisions"].size(), 50U);
    EXPECT_EQ(rest["decisions"][0]["comment"], "500");
    EXPECT_EQ(ask("GET", "/api/exams/2.25.7/decisions?limit=501").status, 400);
}

TEST_F(Api, TheWorklistIsAsLongAsAnAnswerMayBe) {
    EXPECT_EQ(json_of(ask("GET", "/api/worklist"))["more"], false);
    exams.entries.assign(2, exams.entries[0]);
    EXPECT_EQ(json_of(ask("GET", "/api/worklist?limit=2"))["more"], false);
    const json one = json_of(ask("GET", "/api/worklist?limit=1"));
    EXPECT_EQ(one["more"], true);
    EXPECT_EQ(one["exams"].size(), 1U);
    exams.entries.assign(3000, exams.entries[0]);
    for (auto& entry : exams.entries) entry.study_description = std::string(4000, 'x');
    const http::Response answer = ask("GET", "/api/worklist?limit=3000");
    EXPECT_LT(std::get<std::string>(answer.body).size(), (std::size_t{4} << 20) + 100);
    const json list = json_of(answer);
    EXPECT_EQ(list["more"], true);
    EXPECT_GT(list["exams"].size(), 800U);
}

TEST_F(Api, AnnouncesEachChangeOnce) {
    const http::Response response = ask("GET", "/api/events");
    const auto& stream = std::get<http::Stream>(response.body);
    // Comments between events keep the line alive.
    const auto said = [&] {
        std::string text;
        for (int asked = 0; asked < 4; ++asked) text += as_text(stream.next().bytes);
        return text;
    };
    EXPECT_NE(said().find("data: 5"), std::string::npos);
    EXPECT_EQ(said().find("data:"), std::string::npos);
    exams.number = 6;
    const std::string event = said();
    EXPECT_NE(event.find("event: changed"), std::string::npos);
    EXPECT_NE(event.find("data: 6"), std::string::npos);
    EXPECT_EQ(event.find("data: 6"), event.rfind("data: 6"));
}

}  // namespace
}  // namespace lucerna::review
