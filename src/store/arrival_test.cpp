#include "store/arrival.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "store/store_test_support.h"
#include "support/other_encodings.h"

namespace lucerna::store {
namespace {

using test::error_of;
using test::put_element;
using test::StoredInstance;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A file that comes in pieces, of which is forgotten what may be.
class Coming {
  public:
    Coming(TestStore& store, Bytes file)
        : file_(std::move(file)), arrival_(store.archive().arriving()) {}

    Coming& until(std::size_t end) {
        while (buffer_.size() < end) {
            const std::size_t begin = buffer_.size();
            const std::size_t count = std::min<std::size_t>(100'000, end - begin);
            std::copy_n(file_.begin() + static_cast<std::ptrdiff_t>(begin), count,
                        buffer_.grow(count).begin());
            for (const dicom::ByteRange& range : arrival_->take(buffer_.bytes()))
                buffer_.forget(range);
            most_held = std::max(most_held, buffer_.held());
        }
        return *this;
    }
    Kept keep() { return until(file_.size()).arrival_->keep(buffer_.bytes()); }
    dicom::DataSet header() { return until(file_.size()).arrival_->header(buffer_.bytes()); }

    std::size_t most_held = 0;

  private:
    Bytes file_;
    dicom::ByteBudget budget_{std::size_t{64} << 20};
    dicom::SparseBuffer buffer_{budget_};
    std::unique_ptr<Arrival> arrival_;
};

StoredInstance large() {
    StoredInstance instance;
    instance.pixels = 3'000'000;
    return instance;
}

TEST(Arrival, SealsAFileWhileItComes) {
    TestStore store;
    const StoredInstance instance = large();
    Coming coming(store, instance.file());
    EXPECT_EQ(coming.keep(), Kept::kNew);
    EXPECT_LT(coming.most_held, 400'000U);
    EXPECT_EQ(store.archive().object(instance.sop_instance), instance.file());
    const auto row = store.archive().instance(instance.sop_instance);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->size, instance.file().size());
    EXPECT_EQ(row->head_bytes, instance.file().size() - 3'000'000 - 12);
    EXPECT_EQ(row->view, "R-CC");
    EXPECT_THAT(store.archive().verify(), IsEmpty());
    store.open();
    EXPECT_EQ(store.archive().object(instance.sop_instance), instance.file());
}

// A slow sender's exam is not quiet while its image is still coming.
TEST(Arrival, CountsTheExamsQuietFromTheEndOfTheFile) {
    TestStore store;
    const StoredInstance instance = large();
    Coming coming(store, instance.file());
    coming.until(2'000'000);
    store.clock.advance(std::chrono::seconds(90));
    const Instant end = store.clock.now();
    EXPECT_EQ(coming.keep(), Kept::kNew);
    const auto exam = store.exams().exam(instance.study);
    ASSERT_TRUE(exam);
    EXPECT_EQ(exam->last_received_at, end);
}

TEST(Arrival, TakesFilesOfEverySizeAroundAChunk) {
    TestStore store;
    StoredInstance instance;
    const std::size_t head = instance.file().size() - instance.pixels;
    for (const std::size_t size : {65'536U, 131'072U, 131'074U, 131'070U, 200'000U}) {
        instance.sop_instance = "1.2.3.4.1." + std::to_string(size);
        instance.pixels = (size - head) / 2 * 2;
        EXPECT_EQ(Coming(store, instance.file()).keep(), Kept::kNew);
        EXPECT_EQ(store.archive().object(instance.sop_instance), instance.file());
    }
}

TEST(Arrival, JudgesWhatIsKeptAlready) {
    TestStore store;
    StoredInstance instance = large();
    store.archive().keep(instance.file());
    instance.source_aet = "ANOTHER";
    EXPECT_EQ(Coming(store, instance.file()).keep(), Kept::kAlreadyKept);
    instance.seed = 2;
    EXPECT_EQ(error_of([&] { Coming(store, instance.file()).keep(); }), "conflict");
    EXPECT_THAT(store.objects(), SizeIs(1));
}

TEST(Arrival, HoldsLittleOfWhatIsKeptAlready) {
    TestStore store;
    StoredInstance instance = large();
    instance.pixels = 12'000'000;
    store.archive().keep(instance.file());
    instance.source_aet = "ANOTHER, of another length";
    Coming again(store, instance.file());
    EXPECT_EQ(again.keep(), Kept::kAlreadyKept);
    // What is compared at a time, and what came meanwhile.
    EXPECT_LT(again.most_held, 1'300'000U);
    EXPECT_THAT(store.objects(), SizeIs(1));
}

TEST(Arrival, FindsWhereItDiffersFromWhatIsKept) {
    TestStore store;
    StoredInstance instance = large();
    store.archive().keep(instance.file());
    const Bytes same = instance.file();
    for (const std::size_t at :
         {same.size() - 3'000'000, same.size() - 1'500'000, same.size() - 1}) {
        Bytes file = same;
        file[at] ^= 1;
        Coming coming(store, file);
        EXPECT_EQ(error_of([&] { coming.keep(); }), "conflict") << at;
        EXPECT_LT(coming.most_held, 1'300'000U);
    }
    instance.pixels += 2;
    EXPECT_EQ(error_of([&] { Coming(store, instance.file()).keep(); }), "conflict");
    instance.pixels -= 4;
    EXPECT_EQ(error_of([&] { Coming(store, instance.file()).keep(); }), "conflict");
    // No more of it is needed than where it differs.
    instance = large();
    instance.seed = 2;
    Coming other(store, instance.file());
    EXPECT_EQ(error_of([&] { other.until(2'000'000); }), "conflict");
    EXPECT_THAT(store.objects(), SizeIs(1));
    EXPECT_EQ(store.archive().object(instance.sop_instance), same);
}

TEST(Arrival, ComparesWhatIsKeptInAnotherEncoding) {
    StoredInstance instance = large();
    instance.pixels = 6'000'000;
    Bytes explicit_one = instance.file();
    // Something large before the pixels, and something behind them.
    Bytes private_one;
    put_element(private_one, 0x0029, 0x0010, "LO", "MINE");
    put_element(private_one, 0x0029, 0x1001, "UN", std::string(20'000, 'x'));
    explicit_one.insert(explicit_one.end() - 6'000'012, private_one.begin(), private_one.end());
    put_element(explicit_one, 0x7FE1, 0x0010, "LO", "MINE");
    put_element(explicit_one, 0x7FE1, 0x1001, "UN", std::string(20'000, 'y'));
    const auto encoded = [&](std::string_view syntax) {
        return dicom::DataSet::parse(explicit_one).to_part10(syntax);
    };
    const Bytes implicit_one = encoded(dicom::transfer_syntax::kImplicitVrLittleEndian);
    for (const auto& [kept, again] :
         {std::pair(implicit_one, explicit_one), std::pair(explicit_one, implicit_one)}) {
        TestStore store;
        store.archive().keep(kept);
        Coming coming(store, again);
        EXPECT_EQ(coming.keep(), Kept::kAlreadyKept);
        EXPECT_LT(coming.most_held, 1'400'000U);
        const std::size_t behind = again.size() - 20'000;
        const std::size_t pixels = behind - 6'000'000;
        for (const std::size_t at : {pixels - 1'000, pixels + 200, pixels + 3'000'000, behind - 200,
                                     behind + 200, again.size() - 1}) {
            Bytes other = again;
            other[at] ^= 1;
            EXPECT_EQ(error_of([&] { Coming(store, other).keep(); }), "conflict") << at;
        }
        Bytes shorter = again;
        shorter.resize(shorter.size() - 1'000'000);
        EXPECT_EQ(error_of([&] { Coming(store, shorter).keep(); }), "conflict");
        EXPECT_THAT(store.objects(), SizeIs(1));
        EXPECT_EQ(store.archive().object(instance.sop_instance), kept);
    }
}

/// Against PS3.5 A.4, and in no other encoding.
TEST(Arrival, TakesNoCompressedIconInAPlainObjectForNone) {
    StoredInstance instance = large();
    instance.pixels = 6'000'000;
    dicom::DataSet set = dicom::DataSet::parse(instance.file());
    set.add_item(dicom::tags::kIconImageSequence)
        .set_encapsulated_pixels({.rows = 8, .columns = 8}, {Bytes(40, 1)},
                                 dicom::transfer_syntax::kRleLossless);
    TestStore store;
    store.archive().keep(set.to_part10());
    const Bytes without = dicom::DataSet::parse(instance.file())
                              .to_part10(dicom::transfer_syntax::kImplicitVrLittleEndian);
    EXPECT_EQ(error_of([&] { Coming(store, without).keep(); }), "conflict");
    EXPECT_EQ(store.archive().object(instance.sop_instance), set.to_part10());
}

TEST(Arrival, ComparesWhatHasToBeWholeForThat) {
    StoredInstance instance;
    instance.pixels = 6'000'000;
    const Bytes plain = instance.file();
    Bytes other = plain;
    other[other.size() - 3'000'000] ^= 1;
    StoredInstance renamed = instance;
    renamed.patient_name = "Other^Name";
    const auto same = [](ByteView file) { return Bytes(file.begin(), file.end()); };
    const auto implicit_one = [](ByteView file) {
        return dicom::DataSet::parse(file).to_part10(
            dicom::transfer_syntax::kImplicitVrLittleEndian);
    };
    using Encode = std::function<Bytes(ByteView)>;
    const std::vector<std::pair<Encode, Encode>> pairs = {{same, test::in_big_endian},
                                                          {test::in_big_endian, same},
                                                          {test::in_deflate, implicit_one},
                                                          {test::in_deflate, test::in_big_endian},
                                                          {test::in_big_endian, test::in_deflate},
                                                          {implicit_one, test::in_deflate}};
    for (const auto& [first, second] : pairs) {
        TestStore store;
        store.archive().keep(first(plain));
        Coming coming(store, second(plain));
        EXPECT_EQ(coming.keep(), Kept::kAlreadyKept);
        EXPECT_LT(coming.most_held, 400'000U);
        EXPECT_EQ(error_of([&] { Coming(store, second(other)).keep(); }), "conflict");
        EXPECT_EQ(error_of([&] { Coming(store, second(renamed.file())).keep(); }), "conflict");
        EXPECT_EQ(store.archive().object(instance.sop_instance), first(plain));
        EXPECT_THAT(store.objects(), SizeIs(1));
    }
}

/// With a document of 40 MB, and a waveform of 34 MB within a sequence.
Bytes without_pixels(char seed) {
    dicom::DataSet set = dicom::DataSet::parse(StoredInstance().file());
    set.remove(dicom::tags::kPixelData);
    const auto bytes = [&](std::size_t count) {
        Bytes value(count);
        for (std::size_t i = 0; i < count; ++i)
            value[i] = static_cast<std::uint8_t>(i * 31 + i / 251 + static_cast<std::size_t>(seed));
        return value;
    };
    set.set_bytes({0x0042, 0x0011}, "OB", bytes(40'000'000));
    set.add_item({0x5400, 0x0100}).set_bytes({0x5400, 0x1010}, "OW", bytes(34'000'000));
    return set.to_part10(dicom::transfer_syntax::kExplicitVrLittleEndian);
}

TEST(Arrival, ComparesWhatHasMuchBesideItsPixels) {
    const Bytes plain = without_pixels('a');
    const Bytes implicit_one =
        dicom::DataSet::parse(plain).to_part10(dicom::transfer_syntax::kImplicitVrLittleEndian);
    const Bytes big_endian = test::in_big_endian(plain);
    const Bytes deflated = test::in_deflate(plain);
    TestStore store;
    store.archive().keep(plain);
    for (const Bytes& again : {implicit_one, big_endian, deflated}) {
        Coming coming(store, again);
        EXPECT_EQ(coming.keep(), Kept::kAlreadyKept);
        EXPECT_LT(coming.most_held, 400'000U);
    }
    for (const std::size_t back : {std::size_t{1'000}, std::size_t{40'000'000}}) {
        Bytes other = big_endian;
        other[other.size() - back] ^= 1;
        EXPECT_EQ(error_of([&] { Coming(store, other).keep(); }), "conflict");
    }
    EXPECT_EQ(error_of([&] { Coming(store, test::in_deflate(without_pixels('b'))).keep(); }),
              "conflict");
    EXPECT_THAT(store.objects(), SizeIs(1));
}

TEST(Arrival, HoldsLittleOfWhatComesInTheOtherEncodingWithMuchBesideItsPixels) {
    StoredInstance instance = large();
    const auto with_private = [&](std::size_t bytes, char last) {
        dicom::DataSet set = dicom::DataSet::parse(instance.file());
        Bytes value(bytes, 'p');
        value.back() = static_cast<std::uint8_t>(last);
        set.set_bytes({0x0029, 0x1010}, "OB", std::move(value));
        set.set_bytes({0x7FE1, 0x1010}, "OB", Bytes(bytes, 'q'));
        return set;
    };
    const auto syntaxes = {std::pair(dicom::transfer_syntax::kExplicitVrLittleEndian,
                                     dicom::transfer_syntax::kImplicitVrLittleEndian),
                           std::pair(dicom::transfer_syntax::kImplicitVrLittleEndian,
                                     dicom::transfer_syntax::kExplicitVrLittleEndian)};
    for (const auto& [first, second] : syntaxes) {
        TestStore store;
        store.archive().keep(with_private(20'000'000, 'x').to_part10(first));
        Coming again(store, with_private(20'000'000, 'x').to_part10(second));
        EXPECT_EQ(again.keep(), Kept::kAlreadyKept);
        EXPECT_LT(again.most_held, 400'000U);
        Coming other(store, with_private(20'000'000, 'y').to_part10(second));
        EXPECT_EQ(error_of([&] { other.keep(); }), "conflict");
        EXPECT_THAT(store.objects(), SizeIs(1));
    }
    TestStore store;
    store.archive().keep(instance.file());
    Coming more(
        store,
        with_private(20'000'000, 'x').to_part10(dicom::transfer_syntax::kImplicitVrLittleEndian));
    EXPECT_EQ(error_of([&] { more.keep(); }), "conflict");
    EXPECT_LT(more.most_held, 3'000'000U);
}

TEST(Arrival, SaysForGoodWhatIsTooMuchToBeCompared) {
    StoredInstance instance;
    Bytes file = instance.file();
    for (std::uint16_t number = 0; number < 600; ++number)
        put_element(file, 0x7FE1, static_cast<std::uint16_t>(0x1000 + number), "LT",
                    std::string(60'000, 'c'));
    TestStore store;
    store.archive().keep(file);
    const Bytes again = test::in_big_endian(file);
    EXPECT_EQ(error_of([&] { store.archive().keep(again); }), "conflict");
    EXPECT_THAT(test::message_of([&] { store.archive().keep(again); }),
                testing::HasSubstr("too much to be compared"));
}

TEST(Arrival, IsAnotherWhereItIsCompressed) {
    const StoredInstance instance = large();
    TestStore store;
    store.archive().keep(
        dicom::DataSet::parse(instance.file()).to_part10(dicom::transfer_syntax::kRleLossless));
    EXPECT_EQ(error_of([&] { Coming(store, instance.file()).keep(); }), "conflict");
}

TEST(Arrival, SaysSoWhereWhatItWasComparedWithIsErased) {
    TestStore store;
    const StoredInstance instance = large();
    store.archive().keep(instance.file());
    Coming coming(store, instance.file());
    coming.until(2'500'000);
    EXPECT_EQ(store.archive().erase_patient("P1", "", "test"), 1U);
    EXPECT_EQ(error_of([&] { coming.keep(); }), "unavailable");
    EXPECT_EQ(Coming(store, instance.file()).keep(), Kept::kNew);
    EXPECT_EQ(store.archive().object(instance.sop_instance), instance.file());
}

TEST(Arrival, GivesWayToWhoWasFirstMeanwhile) {
    TestStore store;
    StoredInstance instance = large();
    Coming same(store, instance.file());
    Coming other(store, [&] {
        StoredInstance changed = instance;
        changed.seed = 2;
        return changed.file();
    }());
    same.until(1'000'000);
    other.until(1'000'000);
    store.archive().keep(instance.file());
    EXPECT_EQ(same.keep(), Kept::kAlreadyKept);
    EXPECT_EQ(error_of([&] { other.keep(); }), "conflict");
    EXPECT_THAT(store.objects(), SizeIs(1));
    EXPECT_EQ(store.archive().object(instance.sop_instance), instance.file());
}

TEST(Arrival, LeavesNothingOfAFileThatNeverEnds) {
    TestStore store;
    {
        Coming coming(store, large().file());
        coming.until(2'000'000);
    }
    EXPECT_THAT(store.objects(), IsEmpty());
    EXPECT_EQ(store.archive().totals().instances, 0U);
}

TEST(Arrival, LeavesNothingOfAFileThatIsCutShort) {
    TestStore store;
    Bytes file = large().file();
    file.resize(file.size() - 10);
    EXPECT_EQ(error_of([&] { Coming(store, file).keep(); }), "invalid-input");
    EXPECT_THAT(store.objects(), IsEmpty());
}

TEST(Arrival, SealsUnderTheRightKeyWhatComesOutOfOrder) {
    TestStore store;
    StoredInstance instance = large();
    instance.patient_id = "";
    Bytes file = instance.file();
    put_element(file, 0x0010, 0x0020, "LO", "LATE");
    EXPECT_EQ(Coming(store, file).keep(), Kept::kNew);
    EXPECT_EQ(store.archive().object(instance.sop_instance), file);
    EXPECT_THAT(store.objects(), SizeIs(1));
    EXPECT_EQ(store.archive().erase_patient("LATE", "", "test"), 1U);
    EXPECT_THAT(store.objects(), IsEmpty());
}

TEST(Arrival, HoldsLittleOfWhatDoesNotSayWhichObjectItIs) {
    StoredInstance nameless = large(), of_no_study = large(), of_no_series = large();
    nameless.sop_instance = "";
    of_no_study.study = "";
    of_no_series.series = "no UID";
    for (const StoredInstance& instance : {nameless, of_no_study, of_no_series}) {
        TestStore store;
        {
            Coming coming(store, instance.file());
            EXPECT_EQ(error_of([&] { coming.keep(); }), "invalid-input");
            EXPECT_LT(coming.most_held, 400'000U);
        }
        EXPECT_EQ(test::message_of([&] { Coming(store, instance.file()).keep(); }),
                  test::message_of([&] { store.archive().keep(instance.file()); }))
            << "the reason is as that of a small one";
        EXPECT_THAT(store.objects(), IsEmpty());
        EXPECT_EQ(store.key_records(), 0U);
    }
}

TEST(Arrival, KeepsWhatSaysOnlyInTheEndWhichObjectItIs) {
    TestStore store;
    StoredInstance instance = large();
    instance.study = "";
    Bytes file = instance.file();
    put_element(file, 0x0020, 0x000D, "UI", "1.2.3.4");
    Coming coming(store, file);
    EXPECT_EQ(coming.keep(), Kept::kNew);
    EXPECT_LT(coming.most_held, 400'000U);
    EXPECT_EQ(store.archive().object(instance.sop_instance), file);
    EXPECT_THAT(store.objects(), SizeIs(1));
    EXPECT_THAT(store.archive().verify(), IsEmpty());
    EXPECT_EQ(Coming(store, file).keep(), Kept::kAlreadyKept);
    file.back() = '5';
    EXPECT_EQ(error_of([&] { Coming(store, file).keep(); }), "conflict");
    EXPECT_THAT(store.objects(), SizeIs(1));
}

TEST(Arrival, KeepsZerosBehindTheDataSetAndSaysSo) {
    TestStore store;
    const auto log_of = [](const auto& work) {
        testing::internal::CaptureStderr();
        work();
        return testing::internal::GetCapturedStderr();
    };
    for (const bool is_large : {false, true}) {
        StoredInstance instance = is_large ? large() : StoredInstance();
        instance.sop_instance = is_large ? "1.2.3.4.1.7" : "1.2.3.4.1.8";
        Bytes file = instance.file();
        const std::size_t head = dicom::DataSet::header_in(file).pixel_data_offset();
        file.resize(file.size() + 2048);
        const std::string log = log_of([&] { EXPECT_EQ(Coming(store, file).keep(), Kept::kNew); });
        EXPECT_THAT(log, HasSubstr("store.zeros-behind-data-set"));
        EXPECT_THAT(log, HasSubstr(instance.sop_instance));
        EXPECT_THAT(log, HasSubstr("2048"));
        EXPECT_EQ(store.archive().object(instance.sop_instance), file);
        EXPECT_EQ(store.archive().instance(instance.sop_instance)->head_bytes, head);
        EXPECT_EQ(Coming(store, file).keep(), Kept::kAlreadyKept);
        // In another encoding it comes without them.
        const Bytes implicit_one = dicom::DataSet::parse(ByteView(file))
                                       .to_part10(dicom::transfer_syntax::kImplicitVrLittleEndian);
        EXPECT_EQ(Coming(store, implicit_one).keep(), Kept::kAlreadyKept);
        file.back() = 1;
        EXPECT_EQ(error_of([&] { Coming(store, file).keep(); }), "conflict");
    }
    EXPECT_THAT(store.archive().verify(), IsEmpty());
}

TEST(Arrival, KeepsTheHeaderWholeOfWhatHasItsPixelsFirst) {
    TestStore store;
    StoredInstance instance = large();
    const Bytes whole = instance.file();
    const auto at = [&](std::size_t offset) {
        return whole.begin() + static_cast<std::ptrdiff_t>(offset);
    };
    const std::size_t begin = dicom::split_part10(whole).data_set_offset;
    const std::size_t pixels = dicom::DataSet::header_in(whole).pixel_data_offset();
    Bytes file(whole.begin(), at(begin));
    file.insert(file.end(), at(pixels), whole.end());
    file.insert(file.end(), at(begin), at(pixels));
    Coming coming(store, file);
    EXPECT_EQ(coming.keep(), Kept::kNew);
    EXPECT_LT(coming.most_held, 400'000U);
    EXPECT_EQ(store.archive().object(instance.sop_instance), file);
    EXPECT_EQ(store.archive().instance(instance.sop_instance)->head_bytes, 0U)
        << "it is not what comes before the pixels";
}

TEST(Arrival, RefusesAtOnceWhatIsNoDicomFile) {
    TestStore store;
    Bytes no_file(3'000'000, 'x');
    Coming coming(store, no_file);
    EXPECT_EQ(error_of([&] { coming.keep(); }), "invalid-input");
    EXPECT_LT(coming.most_held, 1'700'000U);
    EXPECT_THAT(store.objects(), IsEmpty());
}

TEST(Arrival, TakesALongFileMeta) {
    TestStore store;
    const StoredInstance instance = large();
    Bytes file = instance.file();
    Bytes private_one;
    put_element(private_one, 0x0002, 0x0100, "UI", "1.2.3");
    put_element(private_one, 0x0002, 0x0102, "OB", std::string(2'000'000, 'x'));
    file.insert(
        file.begin() + static_cast<std::ptrdiff_t>(dicom::split_part10(file).data_set_offset),
        private_one.begin(), private_one.end());
    Coming coming(store, file);
    EXPECT_EQ(coming.keep(), Kept::kNew);
    EXPECT_LT(coming.most_held, 3'000'000U) << "its pixels are not";
    EXPECT_EQ(store.archive().object(instance.sop_instance), file);
    EXPECT_EQ(Coming(store, file).keep(), Kept::kAlreadyKept);
    EXPECT_EQ(Coming(store, instance.file()).keep(), Kept::kAlreadyKept);
    const Bytes cut(file.begin(), file.begin() + 1'800'000);
    EXPECT_EQ(error_of([&] { Coming(store, cut).keep(); }), "invalid-input");
}

TEST(Arrival, RefusesAtOnceAFileMetaThatIsTooLong) {
    TestStore store;
    Bytes file = large().file();
    Bytes endless;
    put_element(endless, 0x0002, 0x0102, "OB", std::string(20'000'000, 'x'));
    file.insert(
        file.begin() + static_cast<std::ptrdiff_t>(dicom::split_part10(file).data_set_offset),
        endless.begin(), endless.end());
    Coming coming(store, file);
    EXPECT_EQ(error_of([&] { coming.until(2'000'000); }), "invalid-input");
    EXPECT_EQ(error_of([&] { store.archive().keep(file); }), "invalid-input");
    EXPECT_THAT(store.objects(), IsEmpty());
}

TEST(Arrival, RefusesAtOnceALongFileMetaThatMakesNoSense) {
    TestStore store;
    Bytes file = large().file();
    const std::size_t meta = dicom::split_part10(file).data_set_offset;
    Bytes endless;
    put_element(endless, 0x0002, 0x0102, "OB", std::string(2'500'000, 'x'));
    std::fill_n(endless.begin() + 8, 4, std::uint8_t{0xFF});
    file.insert(file.begin() + static_cast<std::ptrdiff_t>(meta), endless.begin(), endless.end());
    Coming coming(store, file);
    EXPECT_EQ(error_of([&] { coming.until(2'000'000); }), "invalid-input");
}

/// `instance` with a value of OB without a length before the first element behind `group`.
Bytes with_endless_value(const StoredInstance& instance, std::uint16_t group) {
    Bytes file = instance.file();
    Bytes endless;
    put_element(endless, group, 0x1010, "OB", "");
    std::fill_n(endless.begin() + 8, 4, std::uint8_t{0xFF});
    const std::size_t at = group == 0x0009 ? dicom::split_part10(file).data_set_offset
                                           : file.size() - instance.pixels - 12;
    file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), endless.begin(), endless.end());
    return file;
}

TEST(Arrival, RefusesAtOnceWhatMakesNoSense) {
    for (const std::uint16_t group : {std::uint16_t{0x0009}, std::uint16_t{0x0029}}) {
        TestStore store;
        const Bytes file = with_endless_value(large(), group);
        Coming coming(store, file);
        EXPECT_EQ(error_of([&] { coming.until(200'000); }), "invalid-input");
        EXPECT_EQ(test::message_of([&] { Coming(store, file).until(200'000); }),
                  test::message_of([&] { store.archive().keep(file); }))
            << "the reason is as that of a small one";
        EXPECT_THAT(store.objects(), IsEmpty());
    }
}

TEST(Arrival, DoesNotCallShortWhatIsStillComing) {
    TestStore store;
    Bytes file = large().file();
    std::string item("\xFE\xFF\x00\xE0\xFF\xFF\xFF\xFF\x29\x00\x11\x10OB\x00\x00\xFF\xFF\xFF\xFF",
                     20);
    item.resize(2'000'000);
    Bytes nonsense;
    put_element(nonsense, 0x0029, 0x1010, "SQ", item);
    file.insert(file.end() - 3'000'012, nonsense.begin(), nonsense.end());
    const std::string why = test::message_of([&] { Coming(store, file).until(200'000); });
    EXPECT_THAT(why, testing::HasSubstr("makes no sense"));
    EXPECT_THAT(why, testing::Not(testing::HasSubstr("claims")));
    EXPECT_EQ(error_of([&] { store.archive().keep(file); }), "invalid-input");
}

TEST(Arrival, SealsEveryEncodingWhileItComes) {
    StoredInstance instance;
    instance.pixels = 12'000'000;
    const Bytes fragments = test::in_fragments(20'000, 200);
    for (const Bytes& file :
         {test::in_big_endian(instance.file()), test::in_deflate(instance.file()), fragments}) {
        TestStore store;
        Coming coming(store, file);
        const std::string uid = coming.header().text_or(dicom::tags::kSopInstanceUid, "");
        EXPECT_EQ(coming.keep(), Kept::kNew);
        EXPECT_LT(coming.most_held, 400'000U);
        EXPECT_EQ(store.archive().object(uid), file);
        const auto row = store.archive().instance(uid);
        ASSERT_TRUE(row);
        EXPECT_EQ(row->head_bytes, dicom::DataSet::header_in(file).pixel_data_offset());
        EXPECT_EQ(Coming(store, file).keep(), Kept::kAlreadyKept);
        Bytes other = file;
        other[other.size() - 300] ^= 1;
        EXPECT_THAT(error_of([&] { Coming(store, other).keep(); }),
                    testing::AnyOf("conflict", "invalid-input"));
        EXPECT_THAT(store.objects(), SizeIs(1));
        EXPECT_THAT(store.archive().verify(), IsEmpty());
    }
}

TEST(Arrival, HoldsLittleOfWhatDescribesAHundredThousandFrames) {
    StoredInstance instance;
    instance.pixels = 2'000'000;
    const Bytes plain = test::with_frames(instance.file(), 100'000);
    for (const Bytes& file : {plain, test::in_deflate(plain), test::in_big_endian(plain)}) {
        TestStore store;
        Coming coming(store, file);
        EXPECT_EQ(coming.keep(), Kept::kNew);
        EXPECT_LT(coming.most_held, 400'000U);
        EXPECT_EQ(store.archive().object(instance.sop_instance), file);
        EXPECT_EQ(Coming(store, file).keep(), Kept::kAlreadyKept);
        EXPECT_THAT(store.archive().verify(), IsEmpty());
        store.close();
        store.lose_index();
        store.open();
        EXPECT_THAT(store.archive().reindex(), IsEmpty());
        EXPECT_EQ(store.archive().object(instance.sop_instance), file);
    }
}

/// With Pixel Data, or something else that is large, before all that says whose it is.
Bytes out_of_order(const StoredInstance& instance, std::uint16_t group) {
    const Bytes whole = instance.file();
    const std::size_t meta = dicom::split_part10(whole).data_set_offset;
    Bytes file(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(meta));
    put_element(file, group, 0x1010, "OW", std::string(5'000'000, 'x'));
    file.insert(file.end(), whole.begin() + static_cast<std::ptrdiff_t>(meta), whole.end());
    return file;
}

TEST(Arrival, SealsWhatSaysLateWhoseItIs) {
    for (const std::uint16_t group : {std::uint16_t{0x0009}, std::uint16_t{0x0029}}) {
        TestStore store;
        StoredInstance instance;
        const Bytes file = out_of_order(instance, group);
        Coming coming(store, file);
        EXPECT_EQ(coming.keep(), Kept::kNew);
        EXPECT_LT(coming.most_held, group == 0x0009 ? 2'000'000U : 400'000U);
        EXPECT_EQ(store.archive().object(instance.sop_instance), file);
        EXPECT_THAT(store.objects(), SizeIs(1));
        EXPECT_EQ(Coming(store, file).keep(), Kept::kAlreadyKept);
        instance.patient_name = "Other^Name";
        EXPECT_EQ(error_of([&] { Coming(store, out_of_order(instance, group)).keep(); }),
                  "conflict");
        EXPECT_THAT(store.objects(), SizeIs(1));
        EXPECT_THAT(store.archive().verify(), IsEmpty());
        EXPECT_EQ(store.archive().erase_patient("P1", "", "test"), 1U);
        EXPECT_THAT(store.objects(), IsEmpty());
    }
}

TEST(Arrival, LeavesNothingOfWhatNeverSaysWhoseItIs) {
    TestStore store;
    Bytes file = out_of_order({}, 0x0029);
    file.resize(4'000'000);
    EXPECT_EQ(error_of([&] { Coming(store, file).keep(); }), "invalid-input");
    StoredInstance nameless;
    nameless.sop_instance = "";
    EXPECT_EQ(error_of([&] { Coming(store, out_of_order(nameless, 0x0029)).keep(); }),
              "invalid-input");
    EXPECT_THAT(store.objects(), IsEmpty());
    EXPECT_THAT(store.archive().verify(), IsEmpty());
}

TEST(Arrival, OutlivesTheErasureOfItsPatient) {
    TestStore store;
    StoredInstance before;
    before.sop_instance = "1.2.3.4.1.2";
    const StoredInstance instance = large();
    Coming coming(store, instance.file());
    coming.until(2'000'000);
    store.archive().keep(before.file());
    EXPECT_EQ(store.archive().erase_patient("P1", "", "test"), 1U);
    EXPECT_EQ(coming.keep(), Kept::kNew);
    EXPECT_EQ(store.archive().object(instance.sop_instance), instance.file());
    EXPECT_THAT(store.objects(), SizeIs(1));
}

TEST(Arrival, ForgetsLargePrivateBytesBehindThePixels) {
    TestStore store;
    StoredInstance instance;
    Bytes file = instance.file();
    for (std::uint16_t number = 0; number < 20; ++number)
        put_element(file, 0x7FE1, static_cast<std::uint16_t>(0x1000 + number), "UN",
                    std::string(200'000, static_cast<char>('a' + number)));
    Coming coming(store, file);
    EXPECT_EQ(coming.keep(), Kept::kNew);
    EXPECT_LT(coming.most_held, 700'000U);
    EXPECT_EQ(store.archive().object(instance.sop_instance), file);
}

}  // namespace
}  // namespace lucerna::store
