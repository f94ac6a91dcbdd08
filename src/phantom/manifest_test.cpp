#include "phantom/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace lucerna::phantom {
namespace {

Exam small_exam(std::uint64_t seed, int findings) {
    PhantomOptions options;
    options.seed = seed;
    options.findings = findings;
    options.columns = 300;
    options.rows = 400;
    options.spacing_mm = 0.6;
    return make_exam(options);
}

std::ptrdiff_t count(const std::string& text, const std::string& part) {
    std::ptrdiff_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++found;
    return found;
}

TEST(ManifestRows, CallANormalExamNormal) {
    const std::string rows = manifest_rows(small_exam(3, 0), "a/");
    EXPECT_EQ(rows,
              "a/R-CC.dcm,phantom-3,R,CC,0,,,,,,1,0,,\n"
              "a/L-CC.dcm,phantom-3,L,CC,0,,,,,,1,0,,\n"
              "a/R-MLO.dcm,phantom-3,R,MLO,0,,,,,,1,0,,\n"
              "a/L-MLO.dcm,phantom-3,L,MLO,0,,,,,,1,0,,\n");
}

TEST(ManifestRows, HoldEveryMassAndNoCalcifications) {
    bool saw_calcifications = false;
    for (std::uint64_t seed = 1; seed < 6; ++seed) {
        const Exam exam = small_exam(seed, 4);
        const std::string rows = manifest_rows(exam, "");
        const auto of_kind = [&](FindingKind kind) {
            return std::count_if(exam.truth.begin(), exam.truth.end(),
                                 [&](const Truth& truth) { return truth.kind == kind; });
        };
        EXPECT_EQ(count(rows, ",MALIGNANT,"), of_kind(FindingKind::kSpiculatedMass)) << seed;
        EXPECT_EQ(count(rows, ",BENIGN,"), of_kind(FindingKind::kLobulatedMass)) << seed;
        EXPECT_EQ(count(rows, ",calcifications"), 0) << seed;
        saw_calcifications = saw_calcifications || of_kind(FindingKind::kCalcifications) > 0;
        // As many fields in each row as in the header.
        EXPECT_EQ(count(rows, ","), 13 * count(rows, "\n"));
        EXPECT_EQ(count(std::string(manifest_header()), ","), 13);
        for (const char* view : {"R-CC.dcm", "L-CC.dcm", "R-MLO.dcm", "L-MLO.dcm"})
            EXPECT_GE(count(rows, view), 1) << view;
    }
    EXPECT_TRUE(saw_calcifications) << "the seeds do not test what they should";
}

}  // namespace
}  // namespace lucerna::phantom
