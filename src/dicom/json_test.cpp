#include "dicom/json.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lucerna::dicom {
namespace {

using Json = nlohmann::json;

TEST(DicomJson, WritesEachKindOfValue) {
    // The forms of PS3.18 Table F.2.3-1.
    DataSet data_set;
    data_set.set_text(kPatientName, "Wang^XiaoDong=王^小东");
    data_set.set_texts(kImageType, std::vector<std::string>{"ORIGINAL", "", "PRIMARY"});
    data_set.set_text(kPixelSpacing, "0.0700\\1e2");
    data_set.set_text(kInstanceNumber, "+7");
    data_set.set_text(kSeriesNumber, "many");
    data_set.set_integer(kRows, 3328);
    data_set.set_tag(kFrameIncrementPointer, kPixelSpacing);
    data_set.set_empty(kStudyId);
    data_set.add_item(kConceptNameCodeSequence).set_text(kCodeMeaning, "a \"mass\"\n");
    const Json json = Json::parse(to_dicom_json(data_set));
    EXPECT_EQ(json["00100010"], Json::parse(R"({"vr":"PN","Value":[
                  {"Alphabetic":"Wang^XiaoDong","Ideographic":"王^小东"}]})"));
    EXPECT_EQ(json["00080008"]["Value"], Json({"ORIGINAL", nullptr, "PRIMARY"}));
    EXPECT_EQ(json["00280030"], Json::parse(R"({"vr":"DS","Value":[0.07,100]})"));
    EXPECT_EQ(json["00200013"]["Value"], Json({7}));
    EXPECT_EQ(json["00200011"]["Value"], Json({"many"}));
    EXPECT_EQ(json["00280010"], Json::parse(R"({"vr":"US","Value":[3328]})"));
    EXPECT_EQ(json["00280009"]["Value"], Json({"00280030"}));
    EXPECT_EQ(json["00200010"], Json::parse(R"({"vr":"SH"})"));
    EXPECT_EQ(json["0040A043"]["Value"][0]["00080104"]["Value"][0], "a \"mass\"\n");
}

TEST(DicomJson, WritesNumbersThatJsonHasNotAsTexts) {
    DataSet data_set;
    const auto bytes_of = [](const auto& values) {
        Bytes bytes(sizeof values);
        std::memcpy(bytes.data(), values.data(), bytes.size());
        return bytes;
    };
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
    data_set.set_bytes({0x0018, 0x9073}, "FD", bytes_of(std::array{1.5, kInfinity, -kInfinity}));
    data_set.set_bytes({0x0018, 0x605A}, "FL", bytes_of(std::array{kNan, 2.0F}));
    const Json json = Json::parse(to_dicom_json(data_set));
    EXPECT_EQ(json["00189073"]["Value"], Json({1.5, "Infinity", "-Infinity"}));
    EXPECT_EQ(json["0018605A"]["Value"], Json({"NaN", 2.0}));
}

TEST(DicomJson, PointsToLongListsOfNumbersWhereThatIsAskedFor) {
    DataSet set;
    const std::vector<double> few(3, 1.5);
    const std::vector<double> many(4, 1.5);
    const std::vector<std::string> texts(9, "A");
    set.set_numbers(tags::kWindowCenter, many);
    set.set_numbers(tags::kWindowWidth, few);
    set.set_bytes(Tag{0x0028, 0x1201}, "US", Bytes(8, 1));
    set.set_texts(tags::kImageType, texts);
    const auto json =
        nlohmann::json::parse(to_dicom_json(set, {.bulk_data_uri = "http://x", .list_limit = 3}));
    EXPECT_EQ(json["00281050"],
              nlohmann::json({{"vr", "DS"}, {"BulkDataURI", "http://x/00281050"}}));
    EXPECT_EQ(json["00281201"],
              nlohmann::json({{"vr", "US"}, {"BulkDataURI", "http://x/00281201"}}));
    EXPECT_EQ(json["00281051"]["Value"].size(), 3U);
    EXPECT_EQ(json["00080008"]["Value"].size(), 9U) << "texts have no such form (PS3.18 F.2.2)";
    EXPECT_EQ(as_text(*bulk_data_at(set, "00281050")), "1.5\\1.5\\1.5\\1.5 ");
    EXPECT_EQ(nlohmann::json::parse(to_dicom_json(set))["00281050"]["Value"].size(), 4U);
}

TEST(DicomJson, PointsToWhatIsLargerThanAnyTextOrList) {
    DataSet set;
    const Tag text{0x0040, 0xA160};
    for (const std::size_t bytes : {std::size_t{1} << 20, (std::size_t{1} << 20) + 2}) {
        set.set_bytes(text, "UT", Bytes(bytes, 'a'));
        set.set_bytes(tags::kModality, "CS", Bytes(bytes, 'a'));
        set.set_bytes(Tag{0x0028, 0x1201}, "US", Bytes(bytes, 1));
        const Json json = Json::parse(to_dicom_json(set, {.bulk_data_uri = "/x"}));
        const bool is_bulk = bytes > std::size_t{1} << 20;
        for (const char* name : {"0040A160", "00080060", "00281201"}) {
            EXPECT_EQ(json[name].contains("BulkDataURI"), is_bulk) << name;
            EXPECT_EQ(json[name].contains("Value"), !is_bulk) << name;
        }
    }
    EXPECT_EQ(bulk_data_at(set, "0040A160")->size(), (std::size_t{1} << 20) + 2);
    EXPECT_LT(json_bytes(set), 1000U);
}

TEST(DicomJson, IsNoLongerThanItIsSaidToBe) {
    DataSet set;
    const std::vector<std::string> names(5000, "A");
    const std::vector<double> numbers(5000, -1.2345678901234e-100);
    set.set_texts(tags::kModality, names);
    set.set_bytes(Tag{0x0008, 0x1070}, "PN", [] {
        Bytes value;
        for (int i = 0; i < 20'000; ++i) value.insert(value.end(), {'A', '\\'});
        return value;
    }());
    set.set_bytes(Tag{0x0009, 0x1001}, "OB", Bytes(256, 1));
    DataSet& item = set.add_item(kVoiLutSequence);
    item.set_bytes(Tag{0x0009, 0x1002}, "FD", Bytes(8000, 0x3F));
    item.set_text(tags::kStudyDescription, "short \x01\"\\");
    item.set_text({0x0040, 0xA160}, std::string(20'000, '\\') + std::string(20'000, 'x'));
    const std::size_t bytes = to_dicom_json(set).size();
    EXPECT_GE(json_bytes(set), bytes);
    EXPECT_LE(json_bytes(set), 2 * bytes);
    const JsonOptions limited{.bulk_data_uri = "/x", .list_limit = 900};
    EXPECT_GE(json_bytes(set, limited), to_dicom_json(set, limited).size());
    EXPECT_LE(json_bytes(set, limited) + 20'000, json_bytes(set)) << "a thousand numbers less";
}

TEST(DicomJson, PointsToBulkDataAndFindsItAgain) {
    DataSet data_set;
    const Bytes large(1000, 7);
    data_set.set_bytes({0x0009, 0x1001}, "OB", {1, 2, 3, 4});
    data_set.set_bytes({0x0009, 0x1002}, "UN", large);
    data_set.add_item(kVoiLutSequence);
    data_set.add_item(kVoiLutSequence).set_bytes(kLutData, "OW", large);
    data_set.set_pixels({.rows = 1, .columns = 1, .bits_allocated = 8, .bits_stored = 8}, {9});
    const Json json = Json::parse(to_dicom_json(data_set, {.bulk_data_uri = "/x"}));
    EXPECT_EQ(json["00091001"]["InlineBinary"], "AQIDBA==");
    EXPECT_EQ(json["00091002"]["BulkDataURI"], "/x/00091002");
    EXPECT_EQ(json["7FE00010"]["BulkDataURI"], "/x/7FE00010");
    EXPECT_EQ(json["00283010"]["Value"][1]["00283006"]["BulkDataURI"], "/x/00283010/2/00283006");

    EXPECT_EQ(bulk_data_paths(data_set),
              (std::vector<std::string>{"00091002", "00283010/2/00283006", "7FE00010"}));
    const auto found = bulk_data_at(data_set, "00283010/2/00283006");
    ASSERT_TRUE(found);
    EXPECT_EQ(Bytes(found->begin(), found->end()), large);
    EXPECT_EQ(bulk_data_at(data_set, "7FE00010")->front(), 9);
    for (const char* path : {"", "00283010", "00283010/3/00283006", "00283010/0/00283006",
                             "00283010/2", "0009100", "/00091002", "00091002/1/00091002"}) {
        EXPECT_FALSE(bulk_data_at(data_set, path)) << path;
    }
    EXPECT_FALSE(Json::parse(to_dicom_json(data_set))["7FE00010"].contains("BulkDataURI"));
}

}  // namespace
}  // namespace lucerna::dicom
