#include "store/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/file.h"
#include "dicom/data_set.h"
#include "dicom/tags.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

using test::error_of;
using test::message_of;
using test::StoredInstance;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Archive, RefusesIdsOfSeveralValues) {
    TestStore store;
    test::StoredInstance instance;
    instance.patient_id = "QQC\\01";
    EXPECT_EQ(error_of([&] { store.archive().keep(instance.file()); }), "invalid-input");
    EXPECT_THAT(message_of([&] { store.archive().keep(instance.file()); }),
                testing::HasSubstr("PatientID"));
    instance = {};
    instance.series = "1.2.3\\1.2.4";
    EXPECT_EQ(error_of([&] { store.archive().keep(instance.file()); }), "invalid-input");
    EXPECT_EQ(store.archive().totals().instances, 0U);
}

TEST(Archive, GivesBackWhatItKeptBitForBit) {
    TestStore store;
    for (const std::size_t pixels : {2U, 60000U, 65536U, 131072U, 1000000U}) {
        StoredInstance instance;
        instance.sop_instance = "1.2.3.4.1." + std::to_string(pixels);
        instance.pixels = pixels;
        const Bytes file = instance.file();
        EXPECT_EQ(store.archive().keep(file), Kept::kNew);
        EXPECT_EQ(store.archive().object(instance.sop_instance), file);
    }
    store.open();
    StoredInstance last;
    last.sop_instance = "1.2.3.4.1.1000000";
    last.pixels = 1000000;
    EXPECT_EQ(store.archive().object(last.sop_instance), last.file());
    EXPECT_EQ(store.archive().totals().instances, 5U);
}

TEST(Archive, TellsWhatItHoldsOfAStudy) {
    TestStore store;
    StoredInstance instance;
    store.archive().keep(instance.file());
    const auto rows = store.archive().instances_of("1.2.3.4");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].sop_instance_uid, instance.sop_instance);
    EXPECT_EQ(rows[0].series_instance_uid, "1.2.3.4.1");
    EXPECT_EQ(rows[0].transfer_syntax_uid, "1.2.840.10008.1.2.1");
    EXPECT_EQ(rows[0].modality, "MG");
    EXPECT_EQ(rows[0].view, "R-CC");
    EXPECT_EQ(rows[0].size, instance.file().size());
    EXPECT_EQ(rows[0].received_at, store.clock.now());
    EXPECT_EQ(rows[0].role, Role::kReceived);
    EXPECT_TRUE(store.archive().instances_of("1.2.3.5").empty());
    EXPECT_FALSE(store.archive().instance("1.2.3.5"));
}

TEST(Archive, ReadsRangesAcrossChunks) {
    TestStore store;
    StoredInstance instance;
    instance.pixels = 200000;
    const Bytes file = instance.file();
    store.archive().keep(file);
    const auto part = [&](std::size_t from, std::size_t length) {
        return Bytes(file.begin() + static_cast<std::ptrdiff_t>(from),
                     file.begin() + static_cast<std::ptrdiff_t>(from + length));
    };
    const auto opened = store.archive().open(*store.archive().instance(instance.sop_instance));
    for (const auto& [from, length] :
         {std::pair{0U, 1U}, {65535U, 2U}, {65536U, 65536U}, {1000U, 150000U}, {131071U, 1U}})
        EXPECT_EQ(opened->read(from, length), part(from, length));
    EXPECT_EQ(opened->read(file.size() - 5, 100), part(file.size() - 5, 5));
    EXPECT_TRUE(opened->read(file.size(), 1).empty());
    EXPECT_EQ(opened->size(), file.size());
    EXPECT_EQ(store.archive().instance(instance.sop_instance)->head_bytes,
              file.size() - 200000 - 12);
}

TEST(Archive, ReadsNoOtherObjectThanTheOneThatWasOpened) {
    TestStore store;
    StoredInstance instance;
    instance.pixels = 2'000'000;
    const Bytes file = instance.file();
    store.archive().keep(file);
    const InstanceRow row = *store.archive().instance(instance.sop_instance);
    const auto opened = store.archive().open(row);
    const Bytes begin = opened->read(0, 1000);
    store.archive().erase_study(instance.study);
    StoredInstance other = instance;
    other.seed = 9;
    ASSERT_NE(other.file(), file);
    store.archive().keep(other.file());
    EXPECT_EQ(Bytes(file.begin(), file.begin() + 1000), begin);
    EXPECT_EQ(error_of([&] { (void)opened->read(1000, file.size()); }), "not-found");
    EXPECT_EQ(error_of([&] { (void)store.archive().open(row); }), "not-found") << "no damage";
}

TEST(Archive, KeepsADuplicateOnce) {
    TestStore store;
    StoredInstance instance;
    EXPECT_EQ(store.archive().keep(instance.file()), Kept::kNew);
    EXPECT_EQ(store.archive().keep(instance.file()), Kept::kAlreadyKept);
    instance.source_aet = "OTHER";
    EXPECT_EQ(store.archive().keep(instance.file()), Kept::kAlreadyKept)
        << "another sender writes another file meta";
    EXPECT_EQ(store.archive().totals().instances, 1U);
    EXPECT_EQ(store.objects().size(), 1U);
}

TEST(Archive, RefusesAnotherContentUnderAKeptUid) {
    TestStore store;
    StoredInstance instance;
    const Bytes first = instance.file();
    store.archive().keep(first);
    instance.seed = 2;
    EXPECT_EQ(error_of([&] { store.archive().keep(instance.file()); }), "conflict");
    EXPECT_THAT(message_of([&] { store.archive().keep(instance.file()); }),
                HasSubstr("(0008,0018)"));
    EXPECT_EQ(store.archive().object(instance.sop_instance), first);
    EXPECT_EQ(store.objects().size(), 1U);
}

TEST(Archive, KeepsTheFirstOfAResultThatIsMadeAgain) {
    TestStore store;
    StoredInstance result;
    const Bytes first = result.file();
    const Job reading = store.leased_reading(result.study);
    EXPECT_EQ(store.archive().keep_result(first, reading), Kept::kNew);
    const auto log_of = [&](const Bytes& again) {
        testing::internal::CaptureStderr();
        EXPECT_EQ(store.archive().keep_result(again, reading), Kept::kAlreadyKept);
        return testing::internal::GetCapturedStderr();
    };
    EXPECT_EQ(log_of(first), "");
    dicom::DataSet later = dicom::DataSet::parse(first);
    later.set_text(dicom::kContentDate, "20260302");
    later.set_text(dicom::kInstanceCreationTime, "101112.5");
    EXPECT_EQ(log_of(later.to_part10()), "") << "it is the same, made later";
    result.seed = 2;
    EXPECT_THAT(log_of(result.file()), HasSubstr("store.result-differs"));
    EXPECT_EQ(store.archive().object(result.sop_instance), first);
    EXPECT_EQ(error_of([&] { store.archive().keep(result.file()); }), "conflict");
    EXPECT_FALSE(store.exams().exam("1.2.3.4")) << "a result makes no exam";
}

TEST(Archive, NamesTheUidThatIsMissingOrIsNone) {
    TestStore store;
    struct Wrong {
        std::string StoredInstance::*field;
        const char* tag;
    };
    const Wrong fields[] = {{&StoredInstance::study, "(0020,000d)"},
                            {&StoredInstance::series, "(0020,000e)"}};
    for (const Wrong& wrong : fields) {
        for (const char* value : {"", "../../etc/passwd", "1.2/3", "1..2", "1.2.", "abc",
                                  "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24."
                                  "25"}) {
            StoredInstance instance;
            instance.*wrong.field = value;
            EXPECT_EQ(error_of([&] { store.archive().keep(instance.file()); }), "invalid-input")
                << value;
            EXPECT_THAT(message_of([&] { store.archive().keep(instance.file()); }),
                        HasSubstr(wrong.tag));
        }
    }
    EXPECT_TRUE(store.objects().empty());
}

TEST(Archive, RefusesWhatIsNoDicomFile) {
    TestStore store;
    Bytes file = StoredInstance().file();
    file[128] = 'X';
    EXPECT_EQ(error_of([&] { store.archive().keep(file); }), "invalid-input");
    EXPECT_EQ(error_of([&] { store.archive().keep({}); }), "invalid-input");
    const Bytes whole = StoredInstance().file();
    EXPECT_EQ(error_of([&] { store.archive().keep(ByteView(whole).first(whole.size() - 10)); }),
              "invalid-input");
    EXPECT_TRUE(store.objects().empty());
}

TEST(Archive, FindsAFlippedBitWhereverItIs) {
    TestStore store;
    StoredInstance instance;
    instance.pixels = 140000;
    store.archive().keep(instance.file());
    const auto files = store.objects();
    ASSERT_EQ(files.size(), 1U);
    const Bytes good = store.sealed(files[0]);
    // In each field of the header, and at the begin, middle, tag of each of the three chunks.
    std::vector<std::size_t> places = {0, 7, 8, 9, 10, 16, 31, 32, 48, 63};
    for (const std::size_t chunk : {0U, 1U, 2U})
        for (const std::size_t at : {0U, 5000U, 8100U}) places.push_back(64 + chunk * 65552 + at);
    places.push_back(64 + 65536);
    places.push_back(good.size() - 1);
    for (const std::size_t place : places) {
        Bytes bad = good;
        bad[place] ^= 4;
        store.replace(files[0], bad);
        const std::string error =
            error_of([&] { (void)store.archive().object(instance.sop_instance); });
        // The version byte makes another version of it.
        EXPECT_EQ(error, place == 7 ? "unsupported" : "corrupt") << place;
        const auto damages = store.archive().verify();
        ASSERT_EQ(damages.size(), 1U) << place;
        EXPECT_EQ(damages[0].sop_instance_uid, instance.sop_instance);
        EXPECT_EQ(damages[0].object, files[0]);
    }
    store.replace(files[0], ByteView(good).first(good.size() - 65000));
    EXPECT_EQ(error_of([&] { (void)store.archive().object(instance.sop_instance); }), "corrupt")
        << "cut short";
    store.replace(files[0], ByteView(good).first(64 + 2 * 65552));
    EXPECT_EQ(error_of([&] { (void)store.archive().object(instance.sop_instance); }), "corrupt")
        << "cut at the end of a chunk";
    store.replace(files[0], good);
    EXPECT_TRUE(store.archive().verify().empty());
}

TEST(Archive, FindsObjectsThatWereSwappedOrAreGone) {
    TestStore store;
    StoredInstance one;
    StoredInstance two;
    two.sop_instance = "1.2.3.4.1.2";
    store.archive().keep(one.file());
    store.archive().keep(two.file());
    const auto files = store.objects();
    const Bytes first = store.sealed(files[0]);
    store.replace(files[0], store.sealed(files[1]));
    EXPECT_EQ(store.archive().verify().size(), 1U);
    store.remove(files[0]);
    const auto damages = store.archive().verify();
    ASSERT_EQ(damages.size(), 1U);
    EXPECT_THAT(damages[0].what, HasSubstr(files[0]));
    store.replace(files[0], first);
    EXPECT_TRUE(store.archive().verify().empty());
}

TEST(Archive, FindsObjectsThatTheIndexHasInAnotherStudy) {
    LUCERNA_NEEDS_SQLITE();
    TestStore store;
    StoredInstance one;
    StoredInstance two;
    two.patient_id = "P2";
    two.study = "1.2.9";
    two.series = "1.2.9.1";
    two.sop_instance = "1.2.9.1.1";
    store.archive().keep(one.file());
    store.archive().keep(two.file());
    const std::string object = store.archive().instance(two.sop_instance)->object;
    store.close();
    OpenedIndex(store).connection.execute("UPDATE instances SET series = 1");
    store.open();
    const auto damages = store.archive().verify();
    ASSERT_EQ(damages.size(), 1U);
    EXPECT_EQ(damages[0].object, object);
    EXPECT_THAT(damages[0].what, HasSubstr("another series or study"));
}

TEST(Archive, KeepsWhatManySendersSendAtOnce) {
    TestStore store;
    constexpr int kSenders = 8;
    constexpr int kEach = 25;
    std::atomic<int> news = 0;
    {
        std::vector<std::jthread> senders;
        for (int sender = 0; sender < kSenders; ++sender)
            senders.emplace_back([&] {
                // All send the same, each UID is new once.
                for (int i = 1; i <= kEach; ++i) {
                    StoredInstance instance;
                    instance.sop_instance = "1.2.3.4.1." + std::to_string(i);
                    if (store.archive().keep(instance.file()) == Kept::kNew) ++news;
                }
            });
    }
    EXPECT_EQ(news, kEach);
    EXPECT_EQ(store.objects().size(), static_cast<std::size_t>(kEach));
    EXPECT_TRUE(store.archive().verify().empty());
    EXPECT_EQ(store.exams().exam("1.2.3.4")->images, kEach);
}

TEST(Archive, OpensForOneProcessAtATime) {
    TestStore store;
    const auto opening = [&] {
        const Store second(StoreOptions{store.data(), {}}, store.keys, store.clock);
    };
    EXPECT_EQ(error_of(opening), "unavailable");
    std::filesystem::remove(store.data() / "lock");
    EXPECT_EQ(error_of(opening), "unavailable") << "taken for one that a crash left";
}

TEST(Archive, LeavesNoWordOfThePatientInTheObjects) {
    TestStore store;
    store.archive().keep(StoredInstance().file());
    for (const auto& object : store.objects()) {
        const Bytes bytes = store.sealed(object);
        EXPECT_EQ(as_text(bytes).find("Doe"), std::string_view::npos);
        EXPECT_EQ(as_text(bytes).find("DICM"), std::string_view::npos);
    }
}

}  // namespace
}  // namespace lucerna::store
