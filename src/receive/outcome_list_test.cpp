#include "receive/outcome_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dicom/dimse_status.h"

namespace lucerna::receive {
namespace {

Outcome stored(const std::string& study, int number) {
    return {.sop_class_uid = "1.2.840.10008.5.1.4.1.1.2",
            .sop_instance_uid = study + ".1." + std::to_string(number),
            .study_uid = study,
            .series_uid = study + ".1"};
}

void expect_same(const Outcome& is, const Outcome& was) {
    EXPECT_EQ(is.status, was.status);
    EXPECT_EQ(is.sop_class_uid, was.sop_class_uid);
    EXPECT_EQ(is.sop_instance_uid, was.sop_instance_uid);
    EXPECT_EQ(is.study_uid, was.study_uid);
    EXPECT_EQ(is.series_uid, was.series_uid);
    EXPECT_EQ(is.why, was.why);
}

TEST(OutcomeList, GivesEachAsItWas) {
    dicom::ByteBudget budget(dicom::ByteBudget::kNoLimit);
    OutcomeList list(budget);
    std::vector<Outcome> were;
    for (int i = 0; i < 3'000; ++i) {
        Outcome outcome = stored(i % 7 == 0 ? "1.2.3" : "1.2.4", i);
        if (i % 5 == 0)
            outcome = failed({.sop_instance_uid = "1.5"}, 0xA900, "other " + outcome.study_uid);
        if (i % 11 == 0)
            outcome = failed({}, dicom::status::kCannotUnderstand, std::string(500, 'a'));
        ASSERT_TRUE(list.make_room(1));
        list.add(outcome);
        were.push_back(outcome);
    }
    OutcomeList::Reader reader(list);
    for (const Outcome& was : were) {
        ASSERT_TRUE(reader.next());
        expect_same(reader.outcome(), was);
    }
    EXPECT_FALSE(reader.next());
}

TEST(OutcomeList, IsCountedAndTakesLittleOfOneStudy) {
    dicom::ByteBudget budget(dicom::ByteBudget::kNoLimit);
    {
        OutcomeList list(budget);
        const std::string study = "1.2.826.0.1.3680043.8.498.12345678901234567890123456789";
        for (int i = 0; i < 10'000; ++i) {
            ASSERT_TRUE(list.make_room(11));
            list.add(stored(study, i));
        }
        EXPECT_GT(budget.held(), 600'000U);
        EXPECT_LT(budget.held(), 1'200'000U);
    }
    EXPECT_EQ(budget.held(), 0U);
}

TEST(OutcomeList, KeepsStatusesAloneWhereOthersHoldAllThereIs) {
    dicom::ByteBudget budget(std::size_t{1} << 20);
    dicom::ByteBudget::Holding other(budget);
    ASSERT_TRUE(other.take(std::size_t{1000} << 10));
    OutcomeList list(budget);
    int taken = 0;
    for (; list.make_room(11); ++taken) list.add(stored("1.2.3", taken));
    EXPECT_GT(taken, 100) << "the first 64 KiB are free";
    EXPECT_NE(list.refusal().find("on their way in"), std::string::npos);
    Outcome refused = failed(stored("1.2.3", taken), 0xA700, list.refusal());
    list.add(refused);
    other.give_back(std::size_t{1000} << 10);

    OutcomeList::Reader reader(list);
    for (int i = 0; i < taken; ++i) {
        ASSERT_TRUE(reader.next());
        expect_same(reader.outcome(), stored("1.2.3", i));
    }
    ASSERT_TRUE(reader.next());
    expect_same(reader.outcome(), failed({}, 0xA700, refused.why));
    EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace lucerna::receive
