#include "exam/reading.h"

#include <gtest/gtest.h>

namespace lucerna::exam {
namespace {

TEST(UseStatement, IsResearchOnlyUnlessClearedAtTheSite) {
    ModelIdentity model;
    model.intended_use = "second reading";
    EXPECT_EQ(use_statement(model, "DE"), "Research use only. Not for clinical decisions.");
    model.cleared_in = {"CH", "DE"};
    EXPECT_EQ(use_statement(model, "DE"), "Cleared in DE for: second reading");
    EXPECT_EQ(use_statement(model, ""), "Research use only. Not for clinical decisions.");
}

TEST(ViewName, IsWrittenAndReadAsReadersSayIt) {
    const ViewName name{Laterality::kLeft, ViewPosition::kMlo};
    EXPECT_EQ(to_string(name), "L-MLO");
    EXPECT_EQ(view_name_from("L-MLO"), name);
    for (const char* text : {"", "L", "LMLO", "X-CC", "R-", "R-cc"})
        EXPECT_FALSE(view_name_from(text)) << text;
}

}  // namespace
}  // namespace lucerna::exam
