#include "receive/stow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/current_peer.h"
#include "base/error.h"
#include "dicom/byte_budget.h"
#include "dicom/data_set.h"
#include "dicom/json.h"
#include "dicom/native_model.h"
#include "dicom/uids.h"
#include "receive/store_response.h"
#include "support/early_arrival.h"
#include "support/no_threads.h"
#include "support/other_encodings.h"
#include "support/small_object.h"

namespace lucerna::receive {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::small_object;
using testing::HasSubstr;

class FakeSink : public InstanceSink {
  public:
    KeptAs keep(ByteView file, const Origin& origin) override {
        const std::string uid = dicom::split_part10(file).head.sop_instance_uid;
        std::unique_lock lock(mutex_);
        most_inside = std::max(most_inside, ++inside_);
        changed_.notify_all();
        // Patience, for who never comes.
        changed_.wait_for(lock, std::chrono::minutes(2),
                          [&] { return most_inside >= wait_for_inside; });
        --inside_;
        if (uid == has_no_memory_for) throw std::bad_alloc();
        ++asked;
        if (!silent_for.empty() && uid.starts_with(silent_for)) {
            changed_.wait_for(lock, std::chrono::minutes(2),
                              [&] { return kept.size() >= silent_after; });
            throw Silence("it says nothing to " + uid, silence);
        }
        if (fails.contains(uid)) throw Error(fails.at(uid), "the sink says no");
        last_protocol = origin.protocol;
        last_sender = origin.sender;
        changed_.notify_all();
        return kept.insert_or_assign(uid, Bytes(file.begin(), file.end())).second
                   ? KeptAs::kNew
                   : KeptAs::kAlreadyKept;
    }

    std::unique_ptr<dicom::Arrival> arriving(const Origin& origin) override {
        if (full) throw Error(ErrorCode::kOutOfSpace, "the sink is full");
        if (!takes_early) return nullptr;
        ++arrivals;
        return std::make_unique<test::EarlyArrival>(
            [this, origin](const Bytes& file) { keep(file, origin); });
    }

    bool takes_early = false;
    bool full = false;
    int arrivals = 0;
    std::map<std::string, Bytes> kept;
    std::map<std::string, ErrorCode> fails;
    std::string has_no_memory_for;
    /// UIDs that begin so.
    std::string silent_for;
    /// So many are kept; parts are kept side by side.
    std::size_t silent_after = 0;
    /// Longer than any request takes.
    std::chrono::milliseconds silence = 1h;
    int asked = 0;
    std::string last_protocol;
    std::string last_sender;
    /// No call returns before so many have come.
    int wait_for_inside = 0;
    int most_inside = 0;

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int inside_ = 0;
};

std::string body_of(const std::vector<Bytes>& files,
                    const std::string& type = "application/dicom") {
    std::string body;
    for (const Bytes& file : files)
        body += "--xyz\r\nContent-Type: " + type + "\r\n\r\n" + std::string(as_text(file)) + "\r\n";
    return body + "--xyz--\r\n";
}

class Stow : public testing::Test {
  protected:
    http::Response post(const std::string& body, const std::optional<std::string>& study = {}) {
        http::BodyInMemory reader(body);
        http::Request request(reader);
        request.id = "r1";
        request.method = "POST";
        request.principal = "modality";
        request.origin = origin;
        if (!content_type.empty()) request.headers.set("Content-Type", content_type);
        for (const auto& [name, value] : more_headers) request.headers.set(name, value);
        if (study) request.parameters["study"] = *study;
        return stow_handler(sink, options)(request);
    }
    static std::string text_of(const http::Response& response) {
        if (const auto* text = std::get_if<std::string>(&response.body)) return *text;
        std::string text;
        for (bool is_last = false; !is_last;) {
            const http::Chunk chunk = std::get<http::Stream>(response.body).next();
            text += as_text(chunk.bytes);
            is_last = chunk.last;
        }
        return text;
    }
    static json parsed(const http::Response& response) { return json::parse(text_of(response)); }
    static json items(const http::Response& response, const char* sequence) {
        const json whole = parsed(response);
        return whole.contains(sequence) ? whole[sequence]["Value"] : json::array();
    }

    FakeSink sink;
    StowOptions options;
    std::string origin;
    std::string content_type = "multipart/related; type=\"application/dicom\"; boundary=xyz";
    std::map<std::string, std::string> more_headers;
};

TEST_F(Stow, KeepsEachPartBitForBitAndSaysWhereItIs) {
    const Bytes first = small_object("1.2.3.4.1", 100'001, "1.2.840.10008.1.2.4.201");
    const Bytes second = small_object("1.2.3.4.2", 100, "1.2.840.10008.1.2.4.90");
    const http::Response response = post(body_of({first, second}));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get_or("Content-Type", ""), "application/dicom+json");
    EXPECT_TRUE(sink.kept.at("1.2.3.4.1") == first);
    EXPECT_TRUE(sink.kept.at("1.2.3.4.2") == second);
    EXPECT_EQ(sink.last_protocol, "stow");
    EXPECT_EQ(sink.last_sender, "modality");

    const json stored = items(response, "00081199");
    ASSERT_EQ(stored.size(), 2u);
    EXPECT_EQ(stored[0]["00081150"]["Value"][0], test::kMammogramClass);
    EXPECT_EQ(stored[0]["00081155"]["Value"][0], "1.2.3.4.1");
    EXPECT_EQ(stored[0]["00081190"]["Value"][0],
              "/dicom-web/studies/1.2.3.4/series/1.2.3.4.1/instances/1.2.3.4.1");
    EXPECT_EQ(parsed(response)["00081190"]["Value"][0], "/dicom-web/studies/1.2.3.4");
    EXPECT_FALSE(parsed(response).contains("00081198"));
}

/// Parts that are no objects, each with a header.
std::string failing(std::size_t count, const std::string& header) {
    std::string body;
    for (std::size_t i = 0; i < count; ++i)
        body += "--xyz\r\nContent-Type: application/dicom\r\n" + header + "\r\n\r\nx\r\n";
    return body + "--xyz--\r\n";
}

TEST_F(Stow, SaysLittleOfWhatASenderWroteBackToIt) {
    const std::string long_name(16'000, '"');
    const std::string body = failing(2, "Content-Encoding: " + long_name);
    for (const char* form : {"application/dicom+json", "application/dicom+xml"}) {
        more_headers["Accept"] = form;
        const std::string answer = std::get<std::string>(post(body).body);
        EXPECT_LT(answer.size(), 4'000U) << form;
        EXPECT_THAT(answer, HasSubstr("is not taken: send the part plain"));
    }
    more_headers["Content-Encoding"] = long_name;
    EXPECT_LT(std::get<std::string>(post(body).body).size(), 1'000U);
}

TEST_F(Stow, OfThousandsOfFailuresTheFirstAreInWordsAndInTheLog) {
    const std::string body = failing(3'000, "Content-Encoding: " + std::string(300, 'a'));
    testing::internal::CaptureStderr();
    const http::Response response = post(body);
    const std::string log = testing::internal::GetCapturedStderr();
    const auto* stream = std::get_if<http::Stream>(&response.body);
    ASSERT_NE(stream, nullptr) << "it is written while it is sent";
    const auto length = stream->length;
    const std::string text = text_of(response);
    EXPECT_EQ(length, text.size());
    const json others = json::parse(text)["0008119A"]["Value"];
    ASSERT_EQ(others.size(), 3'000U);
    EXPECT_TRUE(others[99].contains("00091001"));
    EXPECT_FALSE(others[2'999].contains("00091001"));
    EXPECT_EQ(others[2'999]["00081197"]["Value"][0], 0xC000);
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = log.find("receive.failed", at)) != std::string::npos; ++at)
        ++lines;
    EXPECT_EQ(lines, 101U);
    EXPECT_THAT(log, HasSubstr("\"more\":2900"));
}

TEST_F(Stow, SaysOfThousandsThatAreKeptWhatItSaysOfOneInEitherForm) {
    std::vector<Bytes> files;
    for (int i = 0; i < 700; ++i)
        files.push_back(small_object("1.2.3.4." + std::to_string(i), 10, "1.2.840.10008.1.2.1"));
    const json answer = parsed(post(body_of(files)));
    ASSERT_EQ(answer["00081199"]["Value"].size(), 700U);
    EXPECT_EQ(answer["00081199"]["Value"][699]["00081155"]["Value"][0], "1.2.3.4.699");
    for (const std::string form :
         {"application/dicom+xml", "multipart/related; type=\"application/dicom+xml\""}) {
        more_headers["Accept"] = form;
        std::string text = text_of(post(body_of(files)));
        text = text.substr(text.find("<?xml"));
        text.resize(text.find("</NativeDicomModel>") + 19);
        EXPECT_EQ(dicom::from_native_xml(text), answer) << form;
    }
    EXPECT_EQ(dicom::intake_memory().held(), 0U);
}

TEST_F(Stow, RefusesPartsForWhoseOutcomesThereIsNoRoom) {
    dicom::ByteBudget intake(std::size_t{2} << 20);
    options.intake = &intake;
    dicom::ByteBudget::Holding others(intake);
    ASSERT_TRUE(others.take_as_small(std::size_t{1000} << 10));
    std::vector<Bytes> files;
    for (int i = 0; i < 3'000; ++i)
        files.push_back(small_object("1.2.3.4." + std::to_string(i), 10, "1.2.840.10008.1.2.1"));
    const http::Response response = post(body_of(files));
    EXPECT_EQ(response.status, 202);
    const json answer = parsed(response);
    const std::size_t stored = answer["00081199"]["Value"].size();
    EXPECT_EQ(stored, sink.kept.size());
    EXPECT_LT(stored, 3'000U);
    const json& others_failed = answer["0008119A"]["Value"];
    EXPECT_EQ(others_failed.size(), 3'000U - stored);
    EXPECT_EQ(others_failed[0]["00081197"]["Value"][0], dicom::status::kOutOfResources);
}

TEST_F(Stow, CountsWhatIsHeldForTheHostThatSendsIt) {
    dicom::ByteBudget intake(std::size_t{64} << 20);
    options.intake = &intake;
    const http::Handler handler = stow_handler(sink, options);
    const auto post_from = [&](const std::string& host, const std::string& uid) {
        const CurrentPeer asked_by(host);
        http::BodyInMemory reader(body_of({small_object(uid, 100)}));
        http::Request request(reader);
        request.remote = host;
        request.headers.set("Content-Type", content_type);
        return handler(request).status;
    };
    EXPECT_EQ(post_from("192.0.2.1", "1.2.3.4.1"), 200) << "its buffer is used again";
    dicom::ByteBudget::Holding others(intake);
    {
        const CurrentPeer asked_by("192.0.2.1");
        ASSERT_TRUE(others.take(std::size_t{56} << 20));
    }
    EXPECT_EQ(post_from("192.0.2.1", "1.2.3.4.2"), 503);
    EXPECT_EQ(post_from("192.0.2.2", "1.2.3.4.3"), 200);
}

TEST(StoreResponse, IsCutBetweenLetters) {
    EXPECT_EQ(in_brief("abc", 3), "abc");
    EXPECT_EQ(in_brief("abcd", 3), "abc...");
    EXPECT_EQ(in_brief("ab\xC3\xA4z", 3), "ab...");
}

TEST_F(Stow, SaysWhereThingsAreAsTheClientSeesTheServer) {
    origin = "https://pacs.example/archive";
    const http::Response response = post(body_of({small_object("1.2.3.4.1")}));
    EXPECT_EQ(items(response, "00081199")[0]["00081190"]["Value"][0],
              "https://pacs.example/archive/dicom-web/studies/1.2.3.4/series/1.2.3.4.1/instances/"
              "1.2.3.4.1");
    EXPECT_EQ(parsed(response)["00081190"]["Value"][0],
              "https://pacs.example/archive/dicom-web/studies/1.2.3.4");
}

TEST_F(Stow, KeepsSeveralAtOnceAndAnswersInTheirOrder) {
    sink.wait_for_inside = 3;
    const http::Response response =
        post(body_of({small_object("1.2.3.3"), small_object("1.2.3.1"), small_object("1.2.3.2")}));
    EXPECT_EQ(sink.most_inside, 3) << "one waited for another";
    const json stored = items(response, "00081199");
    ASSERT_EQ(stored.size(), 3u);
    EXPECT_EQ(stored[0]["00081155"]["Value"][0], "1.2.3.3");
    EXPECT_EQ(stored[1]["00081155"]["Value"][0], "1.2.3.1");
    EXPECT_EQ(stored[2]["00081155"]["Value"][0], "1.2.3.2");
}

TEST_F(Stow, KeepsTwoWithOneUidOneAfterTheOther) {
    const Bytes last = small_object("1.2.3.1", 200);
    const http::Response response = post(body_of({small_object("1.2.3.1", 100), last}));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(sink.most_inside, 1);
    EXPECT_TRUE(sink.kept.at("1.2.3.1") == last);
}

TEST_F(Stow, HandsALargePartOverWhileItComes) {
    sink.takes_early = true;
    const Bytes large = small_object("1.2.3.1", 3'000'000);
    const Bytes small = small_object("1.2.3.2", 100);
    EXPECT_EQ(post(body_of({large, small, large})).status, 200);
    EXPECT_EQ(sink.arrivals, 2);
    EXPECT_TRUE(sink.kept.at("1.2.3.1") == large);
    EXPECT_TRUE(sink.kept.at("1.2.3.2") == small);
}

TEST_F(Stow, FailsAPartThatTheSinkCannotTakeAndReadsOn) {
    sink.full = true;
    const http::Response response =
        post(body_of({small_object("1.2.3.1", 3'000'000), small_object("1.2.3.2", 100)}));
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(items(response, "00081198")[0]["00081155"]["Value"][0], "1.2.3.1");
    EXPECT_EQ(items(response, "00081198")[0]["00081197"]["Value"][0], 0xA700);
    EXPECT_EQ(items(response, "00081199")[0]["00081155"]["Value"][0], "1.2.3.2");
}

TEST_F(Stow, HoldsNoMorePartsThanMayBeInFlight) {
    dicom::ByteBudget intake(10'000);
    options.intake = &intake;
    const http::Response response =
        post(body_of({small_object("1.2.3.1", 20'000), small_object("1.2.3.2", 100)}));
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(items(response, "0008119A")[0]["00081197"]["Value"][0], 0xA700);
    EXPECT_TRUE(sink.kept.contains("1.2.3.2"));
}

TEST_F(Stow, AsksToTryAgainWhereOthersHoldTooMuch) {
    dicom::ByteBudget intake(1'000'000);
    options.intake = &intake;
    {
        dicom::ByteBudget::Holding others(intake);
        ASSERT_TRUE(others.take(900'000));
        const http::Response response = post(body_of({small_object("1.2.3.1", 200'000)}));
        EXPECT_EQ(response.status, 503);
        EXPECT_EQ(items(response, "0008119A")[0]["00081197"]["Value"][0], 0xA700);
        EXPECT_THAT(response.headers.get_or("Warning", ""), HasSubstr("send it later"));
        EXPECT_EQ(post(body_of({small_object("1.2.3.1", 200'000), small_object("1.2.3.2")})).status,
                  202);
    }
    EXPECT_EQ(post(body_of({small_object("1.2.3.1", 200'000)})).status, 200);
    EXPECT_EQ(post(body_of({small_object("1.2.3.3", 2'000'000)})).status, 409)
        << "it will never pass";
}

TEST_F(Stow, RefusesWhatBelongsToNoPatient) {
    const std::string hanging_protocol = "1.2.840.10008.5.1.4.38.1";
    const http::Response response =
        post(body_of({small_object("1.2.3.1", 64, test::kExplicitLittle, hanging_protocol)}));
    EXPECT_EQ(response.status, 409);
    const json failed = items(response, "00081198");
    EXPECT_EQ(failed[0]["00081150"]["Value"][0], hanging_protocol);
    EXPECT_EQ(failed[0]["00081197"]["Value"][0], 0x0122);
    EXPECT_TRUE(sink.kept.empty());
}

TEST_F(Stow, WaitsForWhatIsBeingKeptWhenTheBodyBreaks) {
    std::string body = body_of({small_object("1.2.3.1"), small_object("1.2.3.2")});
    body.resize(body.size() - 9);
    const http::Response response = post(body);
    EXPECT_EQ(response.status, 400);
    EXPECT_TRUE(sink.kept.contains("1.2.3.1"));
    EXPECT_THAT(std::get<std::string>(response.body),
                HasSubstr(std::to_string(sink.kept.size()) + " instances before it were stored"));
}

/// A part of a body, with these headers.
std::string part(const std::string& headers, const std::string& body) {
    return "--xyz\r\n" + headers + "\r\n\r\n" + body + "\r\n";
}

TEST_F(Stow, JoinsMetadataWithTheirBulkData) {
    sink.takes_early = true;
    const Bytes large = small_object("1.2.3.1", 3'000'000);
    const Bytes small = small_object("1.2.3.2", 100);
    const dicom::DataSet parsed_large = dicom::DataSet::parse(large);
    const std::string pixels(as_text(parsed_large.bytes(dicom::tags::kPixelData)));
    const std::string metadata =
        dicom::to_dicom_json(parsed_large, {.bulk_data_uri = "http://here"});
    for (const char* type : {"application/dicom+json", "application/dicom+xml"}) {
        sink.kept.clear();
        content_type = "multipart/related; type=\"" + std::string(type) + "\"; boundary=xyz";
        const bool is_xml = std::string_view(type).ends_with("xml");
        const http::Response response =
            post(part("Content-Type: " + std::string(type),
                      is_xml ? dicom::to_native_xml(json::parse(metadata)) : "[" + metadata + "]") +
                 part("Content-Type: application/octet-stream\r\n"
                      "Content-Location: http://here/7FE00010",
                      pixels) +
                 part("Content-Type: application/dicom", std::string(as_text(small))) + "--xyz--");
        EXPECT_EQ(response.status, 200);
        EXPECT_EQ(items(response, "00081199").size(), 2U);
        EXPECT_TRUE(sink.kept.at("1.2.3.1") == large);
        EXPECT_TRUE(sink.kept.at("1.2.3.2") == small);
    }
    EXPECT_EQ(sink.arrivals, 2) << "what is joined is handed over as what comes is";
}

TEST_F(Stow, SaysWhatBecameOfMetadata) {
    content_type = "multipart/related; type=\"application/dicom+json\"; boundary=xyz";
    json set = json::parse(dicom::to_dicom_json(dicom::DataSet::parse(small_object("1.2.3.1"))));
    const std::string whole = set.dump();
    set["00080018"]["Value"] = {"1.2.3.2"};
    set["7FE00010"]["BulkDataURI"] = "a";
    // Parts that name no type are of that of the whole.
    const http::Response response =
        post(part("", whole) + part("", set.dump()) + part("", "{") +
             part("Content-Type: text/plain", "x") +
             part("Content-Location: b\r\nContent-Type: x/y", "x") + "--xyz--");
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(items(response, "00081199")[0]["00081155"]["Value"][0], "1.2.3.1");
    const json failed = items(response, "00081198");
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0]["00081155"]["Value"][0], "1.2.3.2");
    EXPECT_EQ(failed[0]["00081197"]["Value"][0], 0xC000);
    EXPECT_EQ(failed[0]["00091001"]["Value"][0], "no bulk data came at Content-Location a");
    std::vector<std::string> others;
    for (const json& one : items(response, "0008119A"))
        others.push_back(one["00091001"]["Value"][0]);
    EXPECT_THAT(others, testing::ElementsAre(HasSubstr("no JSON"), HasSubstr("neither application"),
                                             HasSubstr("no metadata name")));
    sink.kept.clear();
    EXPECT_EQ(post(part("", whole) + "--xyz--", "1.2.77").status, 409);
    EXPECT_TRUE(sink.kept.empty()) << "it is of another study than the address says";
}

TEST_F(Stow, TakesABoundaryInQuotesAndTheTypeWithout) {
    content_type = "Multipart/Related; type=application/dicom; boundary=\"xyz\"";
    EXPECT_EQ(post(body_of({small_object("1.2.3")})).status, 200);
}

TEST_F(Stow, KeepsPartsItselfWhereTheSystemGivesNoThread) {
    const test::NoThreads none;
    const http::Response response = post(body_of({small_object("1.1"), small_object("1.2")}));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(sink.kept.size(), 2U);
}

TEST_F(Stow, AsksToTryAgainWhereThereIsNoMemory) {
    sink.has_no_memory_for = "1.1";
    EXPECT_EQ(post(body_of({small_object("1.1")})).status, 503);
    EXPECT_EQ(post(body_of({small_object("1.1"), small_object("1.2")})).status, 202);
    EXPECT_EQ(sink.kept.size(), 1U);
}

// It is inflated to be read.
TEST_F(Stow, AsksToTryAgainWhatIsDeflatedWhereThereIsNoMemory) {
    Bytes file = small_object("1.1");
    for (std::uint16_t number = 0; number < 20; ++number)
        test::put_element(file, 0x7FE1, 0x1000 + number, "LT", std::string(60'000, 'c'));
    const Bytes deflated = test::in_deflate(file);
    dicom::intake_memory().set_limit(500'000);
    const int status = post(body_of({deflated})).status;
    dicom::intake_memory().set_limit(dicom::ByteBudget::kNoLimit);
    EXPECT_EQ(status, 503);
    EXPECT_EQ(post(body_of({deflated})).status, 200);
}

std::vector<Bytes> many_objects(int count) {
    std::vector<Bytes> files;
    for (int i = 1; i <= count; ++i) files.push_back(small_object("1.2.3." + std::to_string(i)));
    return files;
}

// Ten are asked for at once: they have begun.
TEST_F(Stow, AsksForNoMorePartsOnceASilenceIsHeard) {
    sink.silent_for = "1.2.3.";
    const http::Response response = post(body_of(many_objects(60)));
    EXPECT_EQ(response.status, 503);
    EXPECT_LE(sink.asked, 10);
    const json refused = items(response, "00081198");
    ASSERT_EQ(refused.size(), 60U);
    for (const json& one : refused) {
        EXPECT_EQ(one["00081197"]["Value"][0], 0xA700);
        EXPECT_THAT(one["00091001"]["Value"][0].get<std::string>(), HasSubstr("it says nothing"));
    }
    EXPECT_EQ(refused[59]["00081155"]["Value"][0], "1.2.3.60");
}

// A line may be so slow that one part comes after another, and each long after what was silent is
// well again.
TEST_F(Stow, AsksForPartsAgainSomeTimeAfterASilence) {
    auto files = many_objects(20);
    files.insert(files.begin(), small_object("1.2.4.1"));
    sink.silent_for = "1.2.4.";
    sink.silence = 0ms;
    EXPECT_EQ(post(body_of(files)).status, 202);
    EXPECT_EQ(sink.asked, 21);
    EXPECT_EQ(sink.kept.size(), 20U);
}

TEST_F(Stow, TakesNoLargePartOnceASilenceIsHeard) {
    sink.takes_early = true;
    sink.silent_for = "1.2.3.1";
    const Bytes large = small_object("1.2.4", 3'000'000);
    // The second waits for the first, as it has its UID.
    const http::Response response =
        post(body_of({small_object("1.2.3.1"), small_object("1.2.3.1"), large}));
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(sink.arrivals, 0);
    EXPECT_EQ(items(response, "00081198")[2]["00081155"]["Value"][0], "1.2.4");
}

TEST_F(Stow, KeepsWhatCameBeforeASilence) {
    auto files = many_objects(60);
    files.insert(files.begin(), small_object("1.2.4.1"));
    sink.silent_for = "1.2.3.";
    sink.silent_after = 1;
    const http::Response response = post(body_of(files));
    EXPECT_EQ(response.status, 202);
    EXPECT_TRUE(sink.kept.contains("1.2.4.1"));
    EXPECT_EQ(items(response, "00081198").size(), 60U);
    EXPECT_LT(sink.asked, 30);
}

TEST_F(Stow, AsksForEachPartWhereTheOthersWereRefusedForThemselves) {
    for (int i = 1; i <= 60; ++i)
        sink.fails["1.2.3." + std::to_string(i)] = ErrorCode::kUnavailable;
    EXPECT_EQ(post(body_of(many_objects(60))).status, 503);
    EXPECT_EQ(sink.asked, 60);
}

TEST_F(Stow, AnswersWith202WhenSomeFail) {
    sink.fails["1.2.3.2"] = ErrorCode::kConflict;
    const http::Response response =
        post(body_of({small_object("1.2.3.1"), small_object("1.2.3.2"), small_object("1.2.3.3")}));
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(items(response, "00081199").size(), 2u);
    const json refused = items(response, "00081198");
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0]["00081155"]["Value"][0], "1.2.3.2");
    EXPECT_EQ(refused[0]["00081197"]["Value"][0], 0x0111);
    EXPECT_EQ(refused[0]["00090010"]["Value"][0], "LUCERNA");
    EXPECT_EQ(refused[0]["00091001"]["vr"], "UT");
    EXPECT_EQ(refused[0]["00091001"]["Value"][0], "the sink says no");
    EXPECT_THAT(response.headers.get_or("Warning", ""), HasSubstr("the sink says no"));
}

TEST_F(Stow, AnswersWith409WhenAllFail) {
    sink.fails["1.2.3.1"] = ErrorCode::kInvalidInput;
    const http::Response response = post(body_of({small_object("1.2.3.1")}));
    EXPECT_EQ(response.status, 409);
    EXPECT_EQ(items(response, "00081198")[0]["00081197"]["Value"][0], 0xC000);
    EXPECT_FALSE(parsed(response).contains("00081199"));
}

TEST_F(Stow, TellsThatTheDiskIsFull) {
    sink.fails["1.2.3.1"] = ErrorCode::kOutOfSpace;
    const http::Response response = post(body_of({small_object("1.2.3.1")}));
    EXPECT_EQ(response.status, http::status_of(ErrorCode::kOutOfSpace));
    EXPECT_GE(response.status, 500);
    EXPECT_EQ(items(response, "00081198")[0]["00081197"]["Value"][0], 0xA700);
}

TEST_F(Stow, RefusesInstancesOfAnotherStudyThanThatOfThePath) {
    const std::vector<Bytes> files = {
        small_object("1.2.3.1", 64, test::kExplicitLittle, test::kMammogramClass, "1.2.77"),
        small_object("1.2.3.2", 64, test::kExplicitLittle, test::kMammogramClass, "1.2.88")};
    const http::Response response = post(body_of(files), "1.2.77");
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(items(response, "00081199").size(), 1u);
    EXPECT_EQ(items(response, "00081198")[0]["00081155"]["Value"][0], "1.2.3.2");
    EXPECT_EQ(items(response, "00081198")[0]["00081197"]["Value"][0], 0xA900);
    EXPECT_EQ(sink.kept.size(), 1u);
}

/// A file whose File Meta Information says what it is of, and its data set another thing.
Bytes contradictory(const std::string& class_in_meta, const std::string& instance_in_meta,
                    const std::string& class_in_data, const std::string& instance_in_data) {
    Bytes file = dicom::part10_head({class_in_meta, instance_in_meta, test::kExplicitLittle}, "");
    const Bytes data_set = test::small_data_set(class_in_data, instance_in_data);
    file.insert(file.end(), data_set.begin(), data_set.end());
    return file;
}

TEST_F(Stow, RefusesWhatTheFileMetaInformationContradicts) {
    const std::string mammogram = test::kMammogramClass;
    const std::string ct(dicom::sop_class::kCt);
    const http::Response response = post(body_of({
        contradictory(mammogram, "1.2.3.1", ct, "1.2.3.1"),
        contradictory(mammogram, "1.2.3.2", mammogram, "1.2.3.9"),
        contradictory(mammogram, "1.2.3.3", "", "1.2.3.3"),
        small_object("1.2.3.4"),
    }));
    EXPECT_EQ(response.status, 202);
    const json refused = items(response, "00081198");
    ASSERT_EQ(refused.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(refused[i]["00081155"]["Value"][0], "1.2.3." + std::to_string(i + 1));
        EXPECT_EQ(refused[i]["00081150"]["Value"][0], mammogram);
        EXPECT_EQ(refused[i]["00081197"]["Value"][0], i == 2 ? 0xC000 : 0xA900) << i;
    }
    EXPECT_THAT(refused[2]["00091001"]["Value"][0].get<std::string>(), HasSubstr("missing"));
    EXPECT_THAT(refused[1]["00091001"]["Value"][0].get<std::string>(), HasSubstr("(0008,0018)"));
    EXPECT_EQ(sink.kept.size(), 1u);
}

TEST_F(Stow, RefusesClassesThatAreNotStoredAndKeepsUnknownOnes) {
    const auto of_class = [](const std::string& sop_class, const std::string& instance) {
        return small_object(instance, 64, test::kExplicitLittle, sop_class);
    };
    const http::Response response = post(body_of({
        of_class(std::string(dicom::sop_class::kVerification), "1.2.3.1"),
        of_class("1.2.840.10008.5.1.4.1.2.2.1", "1.2.3.2"),
        of_class("1.2.840.10008.5.1.4.1.1.999.7", "1.2.3.3"),
        of_class("1.2.276.0.99.1", "1.2.3.4"),
    }));
    EXPECT_EQ(response.status, 202);
    const json refused = items(response, "00081198");
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_EQ(refused[0]["00081197"]["Value"][0], 0x0122);
    EXPECT_EQ(refused[1]["00081197"]["Value"][0], 0x0122);
    EXPECT_TRUE(sink.kept.contains("1.2.3.3") && sink.kept.contains("1.2.3.4"));
}

TEST_F(Stow, CountsPartsThatAreNoObjectsAmongOtherFailures) {
    const http::Response response =
        post(body_of({small_object("1.2.3.1"), Bytes(500, 0), Bytes()}));
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(items(response, "0008119A").size(), 2u);
    EXPECT_EQ(items(response, "0008119A")[0]["00081197"]["Value"][0], 0xC000);
    EXPECT_NE(items(response, "0008119A")[0]["00091001"]["Value"][0], "");
    EXPECT_EQ(post(body_of({small_object("1.2.3.1")}, "image/jpeg")).status, 409);
}

TEST_F(Stow, FailsAPartThatIsEncodedAndKeepsTheOthers) {
    for (const char* encoded : {"Content-Encoding: gzip", "Content-Transfer-Encoding: base64"}) {
        std::string body = body_of({small_object("1.2.3.1"), small_object("1.2.3.2")});
        body.insert(body.find("Content-Type"), std::string(encoded) + "\r\n");
        sink.kept.clear();
        const http::Response response = post(body);
        EXPECT_EQ(response.status, 202) << encoded;
        EXPECT_EQ(items(response, "0008119A")[0]["00091001"]["Value"][0],
                  std::string(encoded).replace(std::string(encoded).find(':'), 1, "") +
                      " is not taken: send the part plain");
        EXPECT_EQ(sink.kept.size(), 1u);
    }
    std::string plain = body_of({small_object("1.2.3.3")});
    plain.insert(plain.find("Content-Type"),
                 "Content-Encoding: identity\r\nContent-Transfer-Encoding: BINARY\r\n");
    EXPECT_EQ(post(plain).status, 200);
}

TEST_F(Stow, NeverPutsAUidThatIsNoneIntoTheAnswer) {
    const http::Response response = post(body_of({small_object("../../etc/passwd\"")}));
    EXPECT_EQ(response.status, 409);
    EXPECT_THAT(std::get<std::string>(response.body), testing::Not(HasSubstr("passwd")));
    EXPECT_TRUE(sink.kept.empty());
}

struct BadHeader {
    const char* name;
    std::string content_type;
    int status;
    std::string says;
};
class StowHeaders : public Stow, public testing::WithParamInterface<BadHeader> {};

TEST_P(StowHeaders, AreRefusedWithAReason) {
    content_type = GetParam().content_type;
    const http::Response response = post(body_of({small_object("1.2.3")}));
    EXPECT_EQ(response.status, GetParam().status);
    EXPECT_THAT(parsed(response)["message"].get<std::string>(), HasSubstr(GetParam().says));
    EXPECT_TRUE(sink.kept.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Bad, StowHeaders,
    testing::Values(
        BadHeader{"NoBoundary", "multipart/related; type=\"application/dicom\"", 400,
                  "no multipart boundary"},
        BadHeader{"BoundaryThatIsNone",
                  "multipart/related; boundary=\"" + std::string(71, 'a') + "\"", 400, "RFC 2046"},
        BadHeader{"OtherBoundary", "multipart/related; boundary=abc", 400, "never comes"},
        BadHeader{"NoType", "", 415, "multipart/related"},
        BadHeader{"BareDicom", "application/dicom", 415, "multipart/related"},
        BadHeader{"FormData", "multipart/form-data; boundary=xyz", 415, "multipart/related"},
        BadHeader{"OtherParts", "multipart/related; type=\"image/jpeg\"; boundary=xyz", 415,
                  "parts of type image/jpeg"}),
    [](const auto& one) { return one.param.name; });

TEST_F(Stow, RefusesAnEncodedBody) {
    more_headers["Content-Encoding"] = "gzip";
    const http::Response response = post("whatever");
    EXPECT_EQ(response.status, 415);
    EXPECT_THAT(parsed(response)["message"].get<std::string>(), HasSubstr("gzip"));
}

TEST_F(Stow, AnswersInTheFormThatIsPreferred) {
    sink.fails["1.2.3.2"] = ErrorCode::kConflict;
    const std::string body =
        body_of({small_object("1.2.3.1"), small_object("1.2.3.2"), Bytes(500, 0)});
    const auto answered = [&](const char* accept) {
        more_headers["Accept"] = accept;
        return post(body);
    };
    const json in_json = parsed(answered("application/dicom+xml;q=0.1, application/dicom+json"));
    EXPECT_EQ(answered("*/*").headers.get_or("Content-Type", ""), "application/dicom+json");
    EXPECT_EQ(answered("application/json").headers.get_or("Content-Type", ""), "application/json");
    const http::Response xml = answered("application/dicom+json;q=0.1, application/dicom+xml");
    EXPECT_EQ(xml.status, 202);
    EXPECT_EQ(xml.headers.get_or("Content-Type", ""), "application/dicom+xml");
    EXPECT_THAT(xml.headers.get_or("Warning", ""), HasSubstr("the sink says no"));
    EXPECT_EQ(dicom::from_native_xml(std::get<std::string>(xml.body)), in_json);
    EXPECT_THAT(std::get<std::string>(xml.body),
                HasSubstr(R"(<DicomAttribute tag="00090001" vr="UT" privateCreator="LUCERNA">)"));

    const http::Response part = answered("multipart/related; type=\"application/dicom+xml\"");
    EXPECT_EQ(part.status, 202);
    EXPECT_THAT(
        part.headers.get_or("Content-Type", ""),
        testing::StartsWith("multipart/related; type=\"application/dicom+xml\"; boundary="));
    EXPECT_EQ(answered("text/html").status, 406);
    EXPECT_EQ(answered("multipart/related; type=\"application/dicom\"").status, 406);
}

TEST_F(Stow, AnswersInXmlWhereAllOrNoneIsStored) {
    more_headers["Accept"] = "application/dicom+xml";
    const http::Response all = post(body_of({small_object("1.2.3.1")}));
    EXPECT_EQ(all.status, 200);
    const json stored = dicom::from_native_xml(std::get<std::string>(all.body));
    EXPECT_EQ(stored["00081199"]["Value"][0]["00081155"]["Value"][0], "1.2.3.1");
    EXPECT_FALSE(stored.contains("00081198"));
    const http::Response none = post(body_of({Bytes(500, 0)}));
    EXPECT_EQ(none.status, 409);
    const json failed = dicom::from_native_xml(std::get<std::string>(none.body));
    EXPECT_EQ(failed["0008119A"]["Value"][0]["00081197"]["Value"][0], 0xC000);
    EXPECT_TRUE(failed["00081190"].contains("vr"));
}

TEST_F(Stow, RefusesABodyWithoutParts) {
    EXPECT_EQ(post("--xyz--\r\n").status, 400);
    EXPECT_EQ(post("").status, 400);
}

TEST_F(Stow, RefusesAStudyThatIsNoUid) {
    EXPECT_EQ(post(body_of({small_object("1.2.3")}), "..").status, 400);
    EXPECT_TRUE(sink.kept.empty());
}

TEST_F(Stow, SaysWhatWasStoredBeforeABodyBreaksOff) {
    std::string body = body_of({small_object("1.2.3.1"), small_object("1.2.3.2")});
    body.resize(body.size() - 40);
    const http::Response response = post(body);
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(parsed(response)["message"].get<std::string>(),
                HasSubstr("1 instances before it were stored"));
    EXPECT_EQ(sink.kept.size(), 1u);
}

TEST_F(Stow, RefusesAPartThatIsTooLarge) {
    options.limits.max_part_bytes = 1000;
    const http::Response response = post(body_of({small_object("1.2.3.1", 5000)}));
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(parsed(response)["message"].get<std::string>(), HasSubstr("1000 bytes"));
}

}  // namespace
}  // namespace lucerna::receive
