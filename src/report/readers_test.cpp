#include "report/readers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "report/schema_check.h"
#include "support/shared_data.h"

namespace lucerna::report {
namespace {

using ::testing::HasSubstr;

std::string refusal_of(const std::string& text) {
    try {
        (void)parse_reader_ratings(text);
    } catch (const Error& error) {
        return error.what();
    }
    return "was accepted";
}

/// Two treatments, two readers, two cases of each class.
std::string roc_ratings() {
    std::string csv = "reader,treatment,case,truth,rating\n";
    int rating = 0;
    for (const char* reader : {"x", "y"})
        for (const char* treatment : {"film", "screen"})
            for (int one = 0; one < 6; ++one)
                csv += std::string(reader) + "," + treatment + ",c" + std::to_string(one) + "," +
                       (one % 2 == 0 ? "0" : "1") + "," +
                       std::to_string((rating = (rating * 7 + 3) % 11) + 3 * (one % 2)) + "\n";
    return csv;
}

TEST(ReaderRatings, AreGatheredByName) {
    const auto study = parse_reader_ratings(roc_ratings());
    EXPECT_EQ(study.readers, (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(study.treatments, (std::vector<std::string>{"film", "screen"}));
    EXPECT_EQ(study.lesions_of_case, (std::vector<std::size_t>{0, 1, 0, 1, 0, 1}));
    EXPECT_EQ(study.ratings[0][0][0].highest_false, 3);
}

TEST(ReaderRatings, OfMarksKeepTheHighestFalseOne) {
    const auto study = parse_reader_ratings(
        "reader,treatment,case,truth,lesions,lesion,rating\n"
        "x,a,c0,1,2,1,3\nx,a,c0,1,2,0,5\nx,a,c0,1,2,,4\nx,a,c1,0,0,,\n");
    EXPECT_EQ(study.ratings[0][0][0].highest_false, 5);
    EXPECT_EQ(study.ratings[0][0][0].lesions, (std::vector<double>{3, evaluate::kNever}));
    EXPECT_EQ(study.ratings[0][0][1].highest_false, evaluate::kNever);
}

TEST(ReaderRatings, NameWhatIsWrong) {
    const std::string head = "reader,treatment,case,truth,lesions,lesion,rating\n";
    EXPECT_THAT(refusal_of("reader,case\n"), HasSubstr("treatment is missing"));
    EXPECT_THAT(refusal_of(head), HasSubstr("no ratings"));
    EXPECT_THAT(refusal_of(head + "x,a,c0,2,1,1,3\n"), HasSubstr("truth is '2'"));
    EXPECT_THAT(refusal_of(head + "x,a,c0,1,0,,3\n"), HasSubstr("truth and lesions disagree"));
    EXPECT_THAT(refusal_of(head + "x,a,c0,1,1,2,3\n"), HasSubstr("lesion 2 of a case that has 1"));
    EXPECT_THAT(refusal_of(head + "x,a,c0,1,1,1,3\nx,a,c0,1,2,1,3\n"),
                HasSubstr("another number of lesions"));
    EXPECT_THAT(refusal_of(head + "x,a,c0,1,1,1,3\ny,a,c1,0,0,,3\n"),
                HasSubstr("reader x has no row for case c1"));
}

TEST(ReaderReport, KeepsToItsSchema) {
    const ReaderReport roc = analyse_readers(parse_reader_ratings(roc_ratings()));
    EXPECT_EQ(roc.analyses.size(), 1U);
    EXPECT_EQ(
        test::problems_of(nlohmann::json::parse(readers_json(roc)), "reader-report.schema.json"),
        "");
    const ReaderReport one_reader = analyse_readers(parse_reader_ratings(
        "reader,treatment,case,truth,lesions,lesion,rating\n"
        "x,a,c0,1,2,1,3\nx,a,c0,1,2,0,5\nx,a,c1,0,0,,\nx,a,c2,0,0,,4\nx,a,c3,1,1,1,4\n"));
    EXPECT_EQ(one_reader.analyses.size(), 2U);
    EXPECT_EQ(test::problems_of(nlohmann::json::parse(readers_json(one_reader)),
                                "reader-report.schema.json"),
              "");
    EXPECT_THAT(readers_html(one_reader), HasSubstr("wAFROC"));
}

// The published outputs are in evaluate/reader_study_test.cpp; this is the way there from a file.
TEST(ReaderReport, ReadsThePublishedFile) {
    LUCERNA_NEEDS_SHARED_DATA("reader-studies");
    const Bytes bytes = read_file(lucerna::test::shared_data() / "reader-studies/vandyke.csv");
    const ReaderReport report = analyse_readers(parse_reader_ratings(as_text(bytes)));
    EXPECT_THAT(readers_text(report), HasSubstr("F = 4.4849 on 1 and 15.07 degrees, p = 0.05123"));
}

}  // namespace
}  // namespace lucerna::report
