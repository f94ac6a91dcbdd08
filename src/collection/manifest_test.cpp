// tests/cases/manifest/*/case.json: rows, and the refusal or what is gathered from them.
#include "collection/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "support/shared_data.h"
#include "support/temporary_folder.h"

namespace lucerna::collection {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

constexpr const char* kHeader =
    "split,file,patient,laterality,view,density,image_malignant,x,y,w,h,lesion_pathology\n";

struct Case {
    std::string name;
    Json json;
};

void PrintTo(const Case& each, std::ostream* out) {
    *out << each.name;
}

std::vector<Case> all_cases() {
    const std::filesystem::path folder =
        std::filesystem::path(LUCERNA_SOURCE_DIR) / "tests/cases/manifest";
    std::vector<Case> cases;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        cases.push_back({entry.path().filename().string(),
                         Json::parse(as_text(read_file(entry.path() / "case.json")))});
    return cases;
}

std::string csv_of(const Json& json) {
    std::string csv;
    for (const std::string line : json.at("csv")) csv += line + json.value("line_end", "\n");
    if (!json.contains("bytes")) return csv;
    // The text's characters are bytes: U+00FF stands for 0xff.
    std::string bytes;
    for (std::size_t i = 0; i < csv.size(); ++i)
        if ((csv[i] & 0x80) == 0)
            bytes += csv[i];
        else
            bytes += static_cast<char>((csv[i] & 3) << 6 | (csv[i + 1] & 0x3f)), ++i;
    return bytes;
}

class ManifestCase : public testing::TestWithParam<Case> {};

TEST_P(ManifestCase, IsAnsweredAsWritten) {
    const Json& json = GetParam().json;
    std::vector<ImageRecord> records;
    std::string refusal;
    try {
        records = parse_manifest(csv_of(json));
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        refusal = error.what();
    }
    if (json.contains("refused")) {
        EXPECT_THAT(refusal, HasSubstr(json.at("refused").get<std::string>()));
        EXPECT_THAT(refusal, HasSubstr("manifest, line "));
        return;
    }
    ASSERT_EQ(refusal, "");
    const Json& wanted = json.at("accepted");
    ASSERT_EQ(records.size(), wanted.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
        const ImageRecord& record = records[i];
        EXPECT_EQ(Json(record.file), wanted[i].at("file"));
        EXPECT_EQ(Json(record.patient), wanted[i].at("patient"));
        EXPECT_EQ(Json(to_string(record.view)), wanted[i].at("view"));
        EXPECT_EQ(Json(record.malignant), wanted[i].at("malignant"));
        EXPECT_EQ(Json(record.lesions.size()), wanted[i].at("lesions"));
        if (wanted[i].contains("subgroups")) {
            EXPECT_EQ(Json(record.subgroups), wanted[i].at("subgroups"));
        }
        if (wanted[i].contains("breast")) {
            EXPECT_EQ(Json(breast_key(record)), wanted[i].at("breast"));
        }
        if (wanted[i].contains("spacing")) {
            EXPECT_EQ(record.row_spacing_mm, wanted[i].at("spacing").at(0).get<double>());
            EXPECT_EQ(record.column_spacing_mm, wanted[i].at("spacing").at(1).get<double>());
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, ManifestCase, testing::ValuesIn(all_cases()), [](const auto& each) {
    std::string name = each.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

std::string refusal_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        return error.what();
    }
    return "accepted";
}

TEST(ParseManifest, KeepsBoxesAndLabels) {
    const auto records = parse_manifest(std::string(kHeader) +
                                        "train,a.jpg,p1,LEFT,CC,3,1,1,2,3,4,MALIGNANT\n"
                                        "train,a.jpg,p1,LEFT,CC,3,1,5.5,6,7,8,?\n");
    ASSERT_EQ(records.size(), 1U);
    ASSERT_EQ(records[0].lesions.size(), 2U);
    EXPECT_EQ(records[0].lesions[0].box, (exam::Box{1, 2, 3, 4}));
    EXPECT_EQ(records[0].lesions[0].pathology, Pathology::kMalignant);
    EXPECT_EQ(records[0].lesions[1].box, (exam::Box{5.5, 6, 7, 8}));
    EXPECT_EQ(records[0].lesions[1].pathology, Pathology::kUnknown);
    EXPECT_EQ(records[0].split, "train");
}

TEST(CheckBoxes, AllowsRoundingButNoMoreAndNamesTheLesionsRow) {
    const auto records = parse_manifest(std::string(kHeader) +
                                        "train,a.jpg,p1,LEFT,CC,3,1,9,2,11,4,MALIGNANT\n"
                                        "train,a.jpg,p1,LEFT,CC,3,1,90,2,11,4,MALIGNANT\n");
    EXPECT_NO_THROW(check_boxes(records[0], 100, 100));
    EXPECT_THAT(refusal_of([&] { check_boxes(records[0], 98, 100); }),
                HasSubstr("manifest, line 3: the box leaves the image of 98 x 100 pixels"));
}

TEST(ReadManifest, NamesTheRowOfAMissingFile) {
    const test::TemporaryFolder folder;
    write_file(folder.path() / "a.jpg", as_byte_view("x"));
    write_file(folder.path() / "set.csv",
               as_byte_view(std::string(kHeader) + "train,a.jpg,p1,LEFT,CC,3,0,,,,,\n" +
                            "train,b.jpg,p1,LEFT,MLO,3,0,,,,,\n"));
    EXPECT_THAT(refusal_of([&] { (void)read_manifest(folder.path() / "set.csv"); }),
                HasSubstr("set.csv, line 3: there is no file 'b.jpg'"));
}

TEST(Joined, RefusesWhatTwoManifestsContradictEachOtherIn) {
    const auto part = [](const std::string& row, const std::string& name) {
        return parse_manifest(kHeader + row, name);
    };
    const std::string first = "train,a.jpg,p1,LEFT,CC,3,0,,,,,\n";
    EXPECT_EQ(joined({part(first, "one.csv"), part("train,b.jpg,p1,LEFT,CC,3,0,,,,,\n", "two.csv")})
                  .size(),
              2U);
    EXPECT_THAT(refusal_of([&] {
                    (void)joined({part(first, "one.csv"), part(first, "two.csv")});
                }),
                HasSubstr("two.csv, line 2: the file 'a.jpg' is in one.csv, line 2 too"));
    EXPECT_THAT(refusal_of([&] {
                    (void)joined({part(first, "one.csv"),
                                  part("test,b.jpg,p1,LEFT,CC,3,0,,,,,\n", "two.csv")});
                }),
                HasSubstr("two.csv, line 2: patient 'p1' is in split 'test' here and in 'train' "
                          "in one.csv, line 2"));
}

TEST(ReadManifest, ReadsTheRealCollection) {
    LUCERNA_NEEDS_SHARED_DATA("cbis-ddsm-mass");
    const auto records = read_manifest(test::shared_data() / "cbis-ddsm-mass" / "manifest.csv");
    EXPECT_EQ(records.size(), 1231U);
    std::size_t lesions = 0;
    for (const ImageRecord& record : records) lesions += record.lesions.size();
    EXPECT_EQ(lesions, 1318U);
}

}  // namespace
}  // namespace lucerna::collection
