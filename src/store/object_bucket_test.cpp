#include "store/object_bucket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <thread>

#include "base/answer_due.h"
#include "base/error.h"
#include "store/fetched_ahead.h"
#include "support/s3_stand_in.h"
#include "support/temporary_folder.h"
#include "vault/secret_key.h"

namespace lucerna::store {
namespace {

using testing::HasSubstr;

const std::string kName = "00112233445566778899aabbccddeeff";
const std::string kOther = "ff112233445566778899aabbccddeeff";

Bytes pattern(std::size_t size, unsigned seed = 7) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::uint8_t>((i * 31 + i / 251 + seed) & 0xff);
    return bytes;
}

/// In a real service where LUCERNA_TEST_S3 names one, else in the stand-in; faults always in that.
class ObjectBucketTest : public testing::Test {
  protected:
    static S3Options options(const std::string& endpoint) {
        S3Options made;
        made.endpoint = endpoint;
        made.bucket = "lucerna";
        made.prefix = "test-" + vault::to_text(vault::random_id()) + "/";
        made.credentials = {"someone", "a secret"};
        made.pause = std::chrono::milliseconds(5);
        made.stall = std::chrono::seconds(1);
        return made;
    }
    S3Options real() {
        const char* endpoint = std::getenv("LUCERNA_TEST_S3");
        if (endpoint == nullptr) return options(stand_in.endpoint());
        S3Options made = options(endpoint);
        made.credentials = s3_credentials({});
        return made;
    }
    static void keep(Objects& objects, const std::string& name, ByteView bytes) {
        const auto writer = objects.create(name);
        for (std::size_t at = 0; at < bytes.size(); at += 300'000)
            writer->append(bytes.subspan(at, std::min<std::size_t>(300'000, bytes.size() - at)));
        writer->finish();
    }
    static Bytes whole(Objects& objects, const std::string& name) {
        const auto reader = objects.open(name);
        Bytes bytes(reader->size());
        // As the sealing reads: a little, then piece by piece.
        std::size_t done = 0;
        while (done < bytes.size()) {
            const std::size_t some = std::min<std::size_t>(65536, bytes.size() - done);
            EXPECT_EQ(reader->read(done, std::span(bytes).subspan(done, some)), some);
            done += some;
        }
        return bytes;
    }
    static std::set<std::string> names(Objects& objects) {
        std::set<std::string> all;
        objects.for_each([&](const std::string& name) { all.insert(name); });
        return all;
    }
    static ErrorCode code_of(const std::function<void()>& work) {
        try {
            work();
        } catch (const Error& error) {
            said_ = error.what();
            return error.code();
        }
        return ErrorCode::kInternal;
    }
    static bool nobody(const std::string&) { return false; }

    test::TemporaryFolder folder;
    test::S3StandIn stand_in{folder.path()};
    static inline std::string said_;
};

TEST_F(ObjectBucketTest, KeepsSmallAndLargeObjectsBitForBit) {
    ObjectBucket objects(std::make_shared<S3>(real()));
    for (const std::size_t size : {1UL, 1000UL, 300'000UL, 8UL << 20, 17'000'001UL}) {
        const Bytes bytes = pattern(size);
        keep(objects, kName, bytes);
        objects.publish(kName);
        EXPECT_EQ(whole(objects, kName), bytes) << size;
        objects.remove(kName);
    }
    EXPECT_EQ(code_of([&] { (void)objects.open(kName); }), ErrorCode::kNotFound);
}

TEST_F(ObjectBucketTest, ReadsAnyPartAndNothingBehindTheEnd) {
    ObjectBucket objects(std::make_shared<S3>(real()));
    const Bytes bytes = pattern(3'000'000);
    keep(objects, kName, bytes);
    const auto reader = objects.open(kName);
    for (const std::size_t offset : {2'999'990UL, 0UL, 1'500'000UL, 700'000UL}) {
        Bytes part(100);
        const std::size_t got = reader->read(offset, part);
        EXPECT_EQ(got, std::min<std::size_t>(100, bytes.size() - offset));
        EXPECT_TRUE(std::equal(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got),
                               bytes.begin() + static_cast<std::ptrdiff_t>(offset)));
    }
    Bytes part(10);
    EXPECT_EQ(reader->read(3'000'000, part), 0U);
}

// As answers do whose clients are slow.
TEST_F(ObjectBucketTest, ManyReadersFetchLittleAhead) {
    ObjectBucket objects(std::make_shared<S3>(real()));
    const Bytes bytes = pattern(9'000'000);
    keep(objects, kName, bytes);
    std::vector<std::unique_ptr<ObjectReader>> readers;
    constexpr std::size_t kStep = 50'000;
    Bytes part(kStep);
    for (int i = 0; i < 20; ++i) {
        readers.push_back(objects.open(kName));
        for (std::size_t at = 0; at < 4'000'000; at += kStep) {
            ASSERT_EQ(readers.back()->read(at, part), kStep);
            ASSERT_TRUE(std::equal(part.begin(), part.end(),
                                   bytes.begin() + static_cast<std::ptrdiff_t>(at)));
        }
        EXPECT_LE(bytes_fetched_ahead(), std::size_t{32} << 20);
    }
    EXPECT_GT(bytes_fetched_ahead(), std::size_t{20} << 20) << "while there is room";
    Bytes rest(bytes.size() - 4'000'000);
    for (const auto& reader : readers) EXPECT_EQ(reader->read(4'000'000, rest), rest.size());
    EXPECT_EQ(bytes_fetched_ahead(), 0U) << "nobody can read on";
}

TEST_F(ObjectBucketTest, AnUnfinishedObjectLeavesNothing) {
    const auto bucket = std::make_shared<S3>(real());
    ObjectBucket objects(bucket);
    {
        const auto writer = objects.create(kName);
        writer->append(pattern(9 << 20));
    }
    EXPECT_TRUE(names(objects).empty());
    bucket->for_each("", [](const std::string& key) { ADD_FAILURE() << key; });
}

TEST_F(ObjectBucketTest, RecoveringDropsWhatADeadWriterLeftAndNothingElse) {
    const S3Options options = real();
    ObjectBucket alive(std::make_shared<S3>(options));
    alive.write_as("alive");
    const std::string third(32, '3');
    keep(alive, third, pattern(10));
    {
        ObjectBucket dead(std::make_shared<S3>(options));
        dead.write_as("dead");
        keep(dead, kName, pattern(20));
        keep(dead, kOther, pattern(30));
    }
    const auto known = [](const std::string& name) { return name == kName; };
    const auto is_alive = [](const std::string& writer) { return writer == "alive"; };
    EXPECT_EQ(alive.recover(known, is_alive).removed, 1U);
    EXPECT_EQ(names(alive), (std::set<std::string>{kName, third}));
    S3(options).ask({.method = "PUT", .key = "objects/ff/" + kOther, .body = pattern(30)});
    EXPECT_EQ(alive.recover(known, is_alive).removed, 0U);
    EXPECT_EQ(names(alive), (std::set<std::string>{kName, third})) << "it arrived after all";
    EXPECT_EQ(alive.recover(known, nobody).removed, 1U) << "once that writer is dead as well";
    EXPECT_EQ(names(alive), std::set<std::string>{kName});
}

TEST_F(ObjectBucketTest, RemovesAgainAnHourAfterWhatWasErasedAndCameLate) {
    const S3Options options = real();
    ObjectBucket objects(std::make_shared<S3>(options));
    const std::string third(32, '3');
    const auto known = [&](const std::string& name) { return name == third; };
    bool goes_on = true;
    const auto remove_late = [&] { return objects.remove_late(known, [&] { return goes_on; }); };
    const auto arrive = [&](const std::string& name) {
        const std::string key = "objects/" + name.substr(0, 2) + "/" + name;
        S3(options).ask({.method = "PUT", .key = key, .body = pattern(20)});
    };
    const auto lists = [&] {
        std::vector<std::string> found;
        S3(options).for_each("erased/", [&](const std::string& key) { found.push_back(key); });
        return found;
    };
    arrive(third);
    arrive(kOther);
    const std::vector<std::string> erased{kName, kOther, third};
    objects.note_erased(erased);
    ASSERT_EQ(lists().size(), 1U);
    objects.recover(known, nobody);
    EXPECT_EQ(remove_late(), 0U) << "more may come";
    EXPECT_EQ(names(objects), (std::set<std::string>{third, kOther}))
        << "who puts back what was erased by mistake starts on it";

    // The same, of long ago.
    const std::string list = S3(options).ask({.key = "erased/" + lists().front()}).body;
    S3(options).ask({.method = "DELETE", .key = "erased/" + lists().front()});
    S3(options).ask({.method = "PUT", .key = "erased/1000/" + kName, .body = as_byte_view(list)});
    objects.recover(known, nobody);
    goes_on = false;
    EXPECT_EQ(remove_late(), 0U);
    EXPECT_EQ(lists().size(), 1U) << "there is more to do";
    EXPECT_EQ(names(objects), (std::set<std::string>{third, kOther}));
    goes_on = true;
    EXPECT_EQ(remove_late(), 1U);
    EXPECT_EQ(names(objects), std::set<std::string>{third}) << "what the index knows stays";
    EXPECT_TRUE(lists().empty());
}

TEST_F(ObjectBucketTest, RemovesAMarkerThatStayedWithTheNextThatGoes) {
    S3Options impatient = options(stand_in.endpoint());
    impatient.patience = std::chrono::milliseconds(0);
    ObjectBucket objects(std::make_shared<S3>(impatient));
    for (const std::string& name : {kName, kOther}) keep(objects, name, pattern(20));
    stand_in.meet("503");
    EXPECT_EQ(code_of([&] { objects.publish(kName); }), ErrorCode::kUnavailable);
    EXPECT_EQ(objects.unpublished(), (std::set<std::string>{kName, kOther}));
    stand_in.meet("ok 503");
    objects.publish(kOther);
    EXPECT_EQ(objects.unpublished(), std::set<std::string>{kName}) << "not yet";
    keep(objects, std::string(32, '3'), pattern(20));
    objects.publish(std::string(32, '3'));
    EXPECT_TRUE(objects.unpublished().empty());
}

TEST_F(ObjectBucketTest, ListsMoreThanOnePage) {
    ObjectBucket objects(std::make_shared<S3>(real()));
    std::set<std::string> kept;
    for (const char digit : std::string("0123456789")) {
        kept.insert(std::string(32, digit));
        keep(objects, std::string(32, digit), pattern(5));
    }
    EXPECT_EQ(names(objects), kept);
}

// A listing of the stand-in has three at a time, of S3 a thousand.
TEST_F(ObjectBucketTest, EndsUploadsBeyondTheFirstPageOfThem) {
    const auto bucket = std::make_shared<S3>(real());
    std::set<std::string> begun;
    for (const char digit : std::string("0123456789")) {
        const std::string name(32, digit);
        bucket->ask({.method = "PUT", .key = "pending/dead/" + name});
        // Two of one object: a listing may end between them.
        for (int i = 0; i < 2; ++i)
            bucket->ask({.method = "POST",
                         .key = "objects/" + name.substr(0, 2) + "/" + name,
                         .query = {{"uploads", ""}}});
        begun.insert(name);
    }
    const auto uploads = [&] {
        std::size_t count = 0;
        bucket->for_each_upload("objects/", [&](const std::string& key, const std::string&) {
            EXPECT_TRUE(begun.contains(key.substr(key.rfind('/') + 1)));
            ++count;
        });
        return count;
    };
    EXPECT_EQ(uploads(), 20U);
    ObjectBucket objects(bucket);
    EXPECT_EQ(objects
                  .recover([](const std::string&) { return false; },
                           [](const std::string&) { return false; })
                  .removed,
              10U);
    EXPECT_EQ(uploads(), 0U);
}

TEST_F(ObjectBucketTest, ReadsAnEmptyObjectAsOneWithoutBytes) {
    const auto bucket = std::make_shared<S3>(real());
    bucket->ask(
        {.method = "PUT", .key = "objects/" + std::string(kName).substr(0, 2) + "/" + kName});
    ObjectBucket objects(bucket);
    const auto reader = objects.open(kName);
    EXPECT_EQ(reader->size(), 0U);
    Bytes into(10);
    EXPECT_EQ(reader->read(0, into), 0U);
}

TEST_F(ObjectBucketTest, TakesNoNameThatCouldBeAPath) {
    ObjectBucket objects(std::make_shared<S3>(real()));
    EXPECT_EQ(code_of([&] { (void)objects.create("../../etc/passwd"); }), ErrorCode::kInternal);
    EXPECT_EQ(code_of([&] { objects.remove("*"); }), ErrorCode::kInternal);
}

TEST_F(ObjectBucketTest, RecordsAreReplacedWhole) {
    RecordBucket records(std::make_shared<S3>(real()));
    records.write(kName, pattern(10));
    records.write(kName, pattern(20, 9));
    EXPECT_EQ(records.read(kName), pattern(20, 9));
    records.write(kOther, pattern(1));
    std::set<std::string> all;
    records.for_each([&](const std::string& name) { all.insert(name); });
    EXPECT_EQ(all, (std::set<std::string>{kName, kOther}));
    records.remove(kName);
    records.remove(kName);
    EXPECT_EQ(code_of([&] { (void)records.read(kName); }), ErrorCode::kNotFound);
}

// Half of one is seen to be that.
TEST_F(ObjectBucketTest, RecordsAreReadWholeWhateverTheirSize) {
    RecordBucket records(std::make_shared<S3>(options(stand_in.endpoint())));
    for (const std::size_t size : {0UL, 1UL, 400UL, 4096UL, 4097UL, 100'000UL}) {
        records.write(kName, pattern(size));
        EXPECT_EQ(records.read(kName), pattern(size)) << size;
        stand_in.meet(size == 0 ? "503" : "part vast");
        EXPECT_EQ(records.read(kName), pattern(size)) << size;
        EXPECT_TRUE(stand_in.met_all());
    }
    records.write(kName, pattern(2 << 20));
    EXPECT_EQ(code_of([&] { (void)records.read(kName); }), ErrorCode::kCorrupt);
}

// Silent for half a minute, the stand-in ends the connection.
TEST_F(ObjectBucketTest, WaitsForARecordOrAListingNoLongerThanAnAnswerMayTake) {
    S3Options patient = options(stand_in.endpoint());
    patient.stall = std::chrono::hours(1);
    RecordBucket records(std::make_shared<S3>(patient));
    records.write(kName, pattern(400));
    const auto all = [&] { records.for_each([](const std::string&) {}); };
    for (const auto& work :
         std::vector<std::function<void()>>{[&] { (void)records.read(kName); }, all}) {
        const AnswerDue due(std::chrono::milliseconds(1));
        stand_in.meet("silent");
        EXPECT_EQ(code_of(work), ErrorCode::kUnavailable);
        EXPECT_THAT(said_, HasSubstr("Timeout was reached"));
    }
    stand_in.meet("");
    EXPECT_EQ(records.read(kName), pattern(400));
}

TEST_F(ObjectBucketTest, RecoveringDropsRecordsThatADeadWriterLeft) {
    const S3Options options = real();
    const std::string third(32, '3');
    RecordBucket alive(std::make_shared<S3>(options));
    alive.write_as("alive");
    alive.write_new(third, pattern(3));
    {
        RecordBucket dead(std::make_shared<S3>(options));
        dead.write_as("dead");
        for (const std::string& name : {kName, kOther}) dead.write_new(name, pattern(2));
        dead.write_new(std::string(32, '4'), pattern(4));
        dead.publish(std::string(32, '4'));
    }
    const auto known = [](const std::string& name) { return name == kName; };
    alive.recover(known, [](const std::string& writer) { return writer == "alive"; });
    std::set<std::string> left;
    const auto visit = [&](const std::string& key) { left.insert(key); };
    S3(options).for_each("", visit);
    EXPECT_EQ(left, (std::set<std::string>{"keys/" + std::string(kName), "keys/" + third,
                                           "keys/" + std::string(32, '4'),
                                           "pending-keys/alive/" + third}));
    EXPECT_EQ(alive.unpublished(), std::set<std::string>{third});
    alive.publish(third);
    EXPECT_TRUE(alive.unpublished().empty());
    alive.recover(known, nobody);
    left.clear();
    S3(options).for_each("pending-keys/", visit);
    EXPECT_TRUE(left.empty());
    EXPECT_EQ(alive.read(third), pattern(3));
}

TEST_F(ObjectBucketTest, TriesAgainWhatFailedForAWhile) {
    ObjectBucket objects(std::make_shared<S3>(options(stand_in.endpoint())));
    const Bytes small = pattern(1000);
    const Bytes large = pattern(17'000'000);
    stand_in.meet("500 503 lost ok 503 lost lost");
    keep(objects, kName, small);
    EXPECT_TRUE(stand_in.met_all());
    stand_in.meet("cut 503 cut");
    EXPECT_EQ(whole(objects, kName), small);
    // Marker, begin, two parts, the rest, complete: each answer lost once.
    stand_in.meet("lost ok lost ok lost ok lost ok lost ok lost ok");
    keep(objects, kOther, large);
    EXPECT_TRUE(stand_in.met_all());
    stand_in.meet("503 cut 503 cut ok 500 ok lost");
    EXPECT_EQ(whole(objects, kOther), large);
    stand_in.meet("silent");
    EXPECT_EQ(whole(objects, kName), small);
}

TEST_F(ObjectBucketTest, RefusesWhatHasTriedForTooLong) {
    S3Options impatient = options(stand_in.endpoint());
    impatient.patience = std::chrono::milliseconds(0);
    ObjectBucket objects(std::make_shared<S3>(impatient));
    keep(objects, kName, pattern(1000));
    stand_in.meet("503 503 503");
    EXPECT_EQ(code_of([&] { (void)whole(objects, kName); }), ErrorCode::kUnavailable);
    EXPECT_FALSE(stand_in.met_all()) << "it tries no more";
    stand_in.meet("");
    EXPECT_EQ(whole(objects, kName), pattern(1000));
}

TEST_F(ObjectBucketTest, SaysWhatFailedForGood) {
    ObjectBucket objects(std::make_shared<S3>(options(stand_in.endpoint())));
    stand_in.meet("ok 503 503 503 503 503");
    EXPECT_EQ(code_of([&] { keep(objects, kName, pattern(10)); }), ErrorCode::kUnavailable);
    EXPECT_THAT(said_, HasSubstr("answers 503 SlowDown to PUT /lucerna/"));
    EXPECT_TRUE(names(objects).empty());
    stand_in.meet("403");
    EXPECT_EQ(code_of([&] { (void)objects.open(kName); }), ErrorCode::kUnavailable);
    EXPECT_THAT(said_, HasSubstr("AccessDenied"));
    stand_in.meet("507");
    EXPECT_EQ(code_of([&] { keep(objects, kName, pattern(10)); }), ErrorCode::kOutOfSpace);
    stand_in.stop();
    EXPECT_EQ(code_of([&] { (void)objects.open(kName); }), ErrorCode::kUnavailable);
    EXPECT_THAT(said_, HasSubstr("can't be reached"));
    stand_in.start_again();
    keep(objects, kName, pattern(10));
    EXPECT_EQ(whole(objects, kName), pattern(10));
}

TEST_F(ObjectBucketTest, WantsAnEndpointAndKeys) {
    S3Options wrong = options(stand_in.endpoint() + "/path");
    EXPECT_EQ(code_of([&] { S3 bucket(wrong); }), ErrorCode::kInvalidInput);
    wrong = options("s3.example");
    EXPECT_EQ(code_of([&] { S3 bucket(wrong); }), ErrorCode::kInvalidInput);
    const auto keys = folder.path() / "s3-keys";
    write_file(keys, as_byte_view("access_key A\nsecret_key B\n"));
    EXPECT_EQ(s3_credentials(keys).access_key, "A");
    EXPECT_EQ(s3_credentials(keys).secret_key, "B");
    write_file(keys, as_byte_view("access_key A\n"));
    EXPECT_EQ(code_of([&] { (void)s3_credentials(keys); }), ErrorCode::kInvalidInput);
}

TEST_F(ObjectBucketTest, MakesAnObjectOnceHoweverManyDo) {
    S3 bucket(real());
    const auto create = [&](const std::string& text) {
        bucket.create("projects/a.json", as_byte_view(text));
        return bucket.ask({.key = "projects/a.json"}).body;
    };
    EXPECT_EQ(create("one"), "one");
    EXPECT_EQ(create("other"), "one");
    EXPECT_EQ(code_of([&] {
                  bucket.ask({.method = "PUT",
                              .key = "projects/a.json",
                              .existing = S3::Request::Existing::kStays});
              }),
              ErrorCode::kConflict);
}

TEST_F(ObjectBucketTest, MakesAnObjectOnceThoughTheAnswerIsLost) {
    S3 bucket(options(stand_in.endpoint()));
    stand_in.meet("lost");
    bucket.create("a", as_byte_view("one"));
    EXPECT_EQ(bucket.ask({.key = "a"}).body, "one");
}

TEST_F(ObjectBucketTest, WaitsForOthersWhereConditionsAreNotKnown) {
    S3Options heedless = options(stand_in.endpoint());
    heedless.settling = std::chrono::milliseconds(1500);
    S3 bucket(heedless);
    for (const char* const faults : {"heedless heedless", "501 ok", "ok 501 ok"}) {
        stand_in.meet(faults);
        std::jthread first([&] { bucket.create(faults, as_byte_view("one")); });
        // Long after it has put its own, and long before it looks again.
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        bucket.ask({.method = "PUT", .key = faults, .body = as_byte_view("another's")});
        first.join();
        EXPECT_EQ(bucket.ask({.key = faults}).body, "another's") << faults;
    }
}

// What stands between the two may answer so, whatever it is asked.
TEST_F(ObjectBucketTest, TakesNoPageForAnAnswer) {
    ObjectBucket objects(std::make_shared<S3>(options(stand_in.endpoint())));
    const Bytes small = pattern(1000);
    stand_in.meet("page ok page page");
    keep(objects, kName, small);
    stand_in.meet("page page");
    EXPECT_EQ(whole(objects, kName), small);
    stand_in.meet("page page");
    EXPECT_EQ(names(objects), std::set<std::string>{kName});
    stand_in.meet("page page");
    objects.remove(kName);
    EXPECT_TRUE(names(objects).empty());
    keep(objects, kName, small);
    const std::string for_good = "page page page page page";
    for (const auto& work : std::vector<std::function<void()>>{
             [&] { keep(objects, kOther, small); }, [&] { (void)objects.open(kName); },
             [&] { objects.remove(kName); }, [&] { (void)names(objects); }}) {
        stand_in.meet(for_good);
        EXPECT_EQ(code_of(work), ErrorCode::kUnavailable);
        EXPECT_THAT(said_, HasSubstr("with a page"));
        EXPECT_TRUE(stand_in.met_all());
    }
    EXPECT_EQ(whole(objects, kName), small);
}

// Services that answer 200 to DELETE are looked at again: the stand-in does so, and does nothing,
// where it is told.
TEST_F(ObjectBucketTest, CallsNothingRemovedThatIsStillThere) {
    ObjectBucket objects(std::make_shared<S3>(options(stand_in.endpoint())));
    keep(objects, kName, pattern(1000));
    stand_in.meet("claim ok claim ok claim ok claim ok claim ok");
    EXPECT_EQ(code_of([&] { objects.remove(kName); }), ErrorCode::kUnavailable);
    EXPECT_THAT(said_, HasSubstr("does not show that it is gone"));
    stand_in.meet("claim ok ok");
    objects.remove(kName);
    EXPECT_TRUE(names(objects).empty());
    stand_in.meet("claim");
    objects.remove(kName);
    EXPECT_TRUE(stand_in.met_all()) << "it is gone, as one may see";
}

TEST_F(ObjectBucketTest, CallsNothingMissingForOneAnswer) {
    const auto bucket = std::make_shared<S3>(options(stand_in.endpoint()));
    ObjectBucket objects(bucket);
    RecordBucket records(bucket);
    keep(objects, kName, pattern(1000));
    records.write(kName, pattern(10));
    stand_in.meet("missing");
    EXPECT_EQ(whole(objects, kName), pattern(1000));
    stand_in.meet("missing");
    EXPECT_EQ(records.read(kName), pattern(10));
    stand_in.meet("missing missing ok");
    EXPECT_EQ(code_of([&] { (void)objects.open(kName); }), ErrorCode::kNotFound);
    EXPECT_FALSE(stand_in.met_all());
    stand_in.meet("503 missing");
    EXPECT_EQ(records.read(kName), pattern(10));
    stand_in.meet("missing");
    records.remove(kName);
    stand_in.meet("");
    EXPECT_EQ(code_of([&] { (void)records.read(kName); }), ErrorCode::kNotFound) << "it is gone";
    S3Options impatient = options(stand_in.endpoint());
    impatient.tries = 2;
    ObjectBucket hurried(std::make_shared<S3>(impatient));
    stand_in.meet("503 missing");
    EXPECT_EQ(code_of([&] { (void)hurried.open(kName); }), ErrorCode::kUnavailable)
        << "whether it is missing is not known";
}

TEST_F(ObjectBucketTest, BelievesNoSizeThatTheBytesContradict) {
    ObjectBucket objects(std::make_shared<S3>(options(stand_in.endpoint())));
    keep(objects, kName, pattern(5000));
    stand_in.meet("vast part");
    EXPECT_EQ(objects.open(kName)->size(), 5000U);
    EXPECT_TRUE(stand_in.met_all());
    stand_in.meet("vast vast vast vast vast");
    EXPECT_EQ(code_of([&] { (void)objects.open(kName); }), ErrorCode::kUnavailable);
    EXPECT_THAT(said_, HasSubstr("other bytes than were asked for"));
    // Of a larger one the first bytes do not tell.
    keep(objects, kOther, pattern(3'000'000));
    const auto reader = objects.open(kOther);
    Bytes into(100);
    stand_in.meet("vast");
    EXPECT_EQ(reader->read(1'000'000, into), into.size());
    stand_in.meet("vast vast");
    EXPECT_EQ(code_of([&] { (void)reader->read(2'000'000, into); }), ErrorCode::kCorrupt);
    EXPECT_EQ(reader->size(), 3'000'000U);
}

// Its bytes have taken their time, and the answer is due.
TEST_F(ObjectBucketTest, CompletesALargeObjectHoweverLateItIs) {
    S3Options patient = options(stand_in.endpoint());
    patient.stall = std::chrono::seconds(20);
    ObjectBucket objects(std::make_shared<S3>(patient));
    const Bytes large = pattern(17'000'000);
    const AnswerDue due(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    // Marker, begin, two parts, the rest, complete.
    stand_in.meet("ok 503 ok ok 503 ok ok late");
    keep(objects, kName, large);
    EXPECT_TRUE(stand_in.met_all());
    stand_in.meet("503");
    objects.publish(kName);
    EXPECT_EQ(whole(objects, kName), large);
}

// For longer than others may stall. What would be asked after it is refused.
TEST_F(ObjectBucketTest, WaitsForAnUploadToBeCompletedThoughNoByteComes) {
    ObjectBucket objects(std::make_shared<S3>(options(stand_in.endpoint())));
    const Bytes large = pattern(17'000'000);
    stand_in.meet("ok ok ok ok ok late 403");
    keep(objects, kName, large);
    EXPECT_FALSE(stand_in.met_all()) << "it was asked once";
    stand_in.meet("");
    EXPECT_EQ(whole(objects, kName), large);
}

// However it goes on to send a byte now and then: the stand-in does so for half a minute.
TEST_F(ObjectBucketTest, WaitsNoLongerForWhatDripsThanAnAnswerMayTake) {
    S3Options patient = options(stand_in.endpoint());
    patient.stall = std::chrono::seconds(20);
    ObjectBucket objects(std::make_shared<S3>(patient));
    keep(objects, kName, pattern(1000));
    stand_in.meet("drip drip drip drip drip");
    {
        const AnswerDue due(std::chrono::milliseconds(100));
        EXPECT_EQ(code_of([&] { keep(objects, kOther, pattern(1000)); }), ErrorCode::kUnavailable);
    }
    EXPECT_FALSE(stand_in.met_all()) << "it was not waited for, and not asked again and again";
    stand_in.meet("");
    patient.whole = std::chrono::seconds(1);
    ObjectBucket hurried(std::make_shared<S3>(patient));
    stand_in.meet("drip drip");
    EXPECT_EQ(code_of([&] { (void)hurried.open(kName); }), ErrorCode::kUnavailable);
    EXPECT_FALSE(stand_in.met_all()) << "what drips is not asked again";
    stand_in.meet("");
    EXPECT_EQ(whole(objects, kName), pattern(1000));
}

}  // namespace
}  // namespace lucerna::store
