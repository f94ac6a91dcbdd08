#include "exam/jurisdiction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace lucerna::exam {
namespace {

TEST(Jurisdiction, IsACountry) {
    for (const char* code : {"AD", "CH", "DE", "FR", "GB", "SS", "US", "ZW"})
        EXPECT_TRUE(is_country_code(code)) << code;
    // Reserved, for users, withdrawn; of two neighbours in the table; not two capital letters.
    for (const char* code : {"EU", "UK", "XK", "XX", "ZZ", "AN", "YU", "DA", "D ", " A", "ch", "C",
                             "CHE", "756", "CH ", "AD AE", "\xC3\x9C"})
        EXPECT_FALSE(is_country_code(code)) << code;
    int count = 0;
    for (char first = 'A'; first <= 'Z'; ++first)
        for (char second = 'A'; second <= 'Z'; ++second)
            if (is_country_code(std::string{first, second})) ++count;
    EXPECT_EQ(count, 249) << "that many are assigned";
}

TEST(Jurisdiction, IsNamedWhereItIsNone) {
    require_jurisdiction("", "jurisdiction");
    require_jurisdiction("CH", "jurisdiction");
    try {
        require_jurisdiction("XYZ", "jurisdiction");
        ADD_FAILURE() << "taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("jurisdiction: \"XYZ\""),
                                                 testing::HasSubstr("ISO 3166-1")));
    }
}

}  // namespace
}  // namespace lucerna::exam
