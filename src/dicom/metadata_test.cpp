#include "dicom/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "dicom/encoders.h"
#include "dicom/frames.h"
#include "dicom/json.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string why_refused(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        return error.what();
    }
    return "taken";
}

std::string why_refused(const std::string& text) {
    return why_refused([&] { (void)Metadata(json::parse(text)); });
}

DataSet set_of(const std::string& text) {
    return Metadata(json::parse(text)).with_bulk_data([](const std::string&) -> BulkData {
        throw Error(ErrorCode::kInternal, "no bulk data");
    });
}

constexpr const char* kEveryVr = R"({
    "00080005":{"vr":"CS","Value":["ISO_IR 192"]},
    "00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.7"]},
    "00080018":{"vr":"UI","Value":["1.2.3"]},
    "00080020":{"vr":"DA","Value":["20260301"]},
    "0008002A":{"vr":"DT"},
    "00080054":{"vr":"AE","Value":["ONE",null,"THREE"]},
    "00081120":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":["1.2.4"]}},{}]},
    "00081140":{"vr":"SQ"},
    "00081190":{"vr":"UR","Value":["http://a/b?c=d"]},
    "00090010":{"vr":"LO","Value":["MINE"]},
    "00091001":{"vr":"UN","InlineBinary":"AQID/w=="},
    "00091002":{"vr":"UV","Value":[18446744073709551615,9223372036854775808,9007199254740993]},
    "00091003":{"vr":"SV","Value":[-9223372036854775808]},
    "00091004":{"vr":"OB","InlineBinary":"AQI="},
    "00091005":{"vr":"OF","InlineBinary":"AACAPw=="},
    "00100010":{"vr":"PN","Value":[{"Alphabetic":"M\u00fcller^Eva"},{"Ideographic":"\u5c71","Phonetic":"y"}]},
    "00101010":{"vr":"AS","Value":["050Y"]},
    "00104000":{"vr":"LT","Value":[" a\\b\nc"]},
    "00181271":{"vr":"FD","Value":[0.1,-2]},
    "00186020":{"vr":"SL","Value":[-70000]},
    "00189073":{"vr":"FL","Value":[0.5]},
    "00189087":{"vr":"FD","Value":[1e300]},
    "00200013":{"vr":"IS","Value":[12,-3]},
    "00280009":{"vr":"AT","Value":["00181063","00540010"]},
    "00280010":{"vr":"US","Value":[65535]},
    "00280030":{"vr":"DS","Value":[0.25,100]},
    "00280106":{"vr":"SS","Value":[-32768]},
    "00287FE0":{"vr":"UR"},
    "00380500":{"vr":"LO","Value":["\u00e9"]},
    "00401008":{"vr":"LO"},
    "00720066":{"vr":"UT","Value":["long"]},
    "00720078":{"vr":"UL","Value":[4294967295]}})";

TEST(Metadata, HoldsEveryVr) {
    const json given = json::parse(kEveryVr);
    const DataSet set = set_of(kEveryVr);
    EXPECT_EQ(json::parse(to_dicom_json(set)), given);
    EXPECT_EQ(set.transfer_syntax_uid(), transfer_syntax::kExplicitVrLittleEndian);
    const DataSet again = DataSet::parse(set.to_part10());
    EXPECT_EQ(json::parse(to_dicom_json(again)), given);
    EXPECT_EQ(as_text(again.bytes(Tag{0x0010, 0x0010})), "Müller^Eva\\=山=y");
}

TEST(Metadata, TakesNumbersThatAreTextsAndTheOtherWay) {
    const DataSet set = set_of(R"({
        "00180050":{"vr":"DS","Value":["1.50",0.3333333333333333333,-1,12345678901234567890]},
        "00200013":{"vr":"IS","Value":["+7"]},
        "00091001":{"vr":"UV","Value":["18446744073709551615"]},
        "00091002":{"vr":"FD","Value":["-inf","nan"]},
        "00091003":{"vr":"US","Value":["7"]}})");
    EXPECT_EQ(as_text(set.bytes(Tag{0x0018, 0x0050})),
              "1.50\\0.33333333333333\\-1\\1.2345678901e+19");
    EXPECT_EQ(set.text(Tag{0x0020, 0x0013}), "+7");
    EXPECT_THAT(set.bytes(Tag{0x0009, 0x1001}), testing::Each(0xFF));
    EXPECT_EQ(set.bytes(Tag{0x0009, 0x1002}).size(), 16U);
    EXPECT_EQ(set.integer(Tag{0x0009, 0x1003}), 7);
}

TEST(Metadata, TakesBase64InLines) {
    const DataSet set = set_of(R"({"00091001":{"vr":"OB","InlineBinary":" AQID\r\n\tBA==\n"}})");
    EXPECT_THAT(set.bytes(Tag{0x0009, 0x1001}), ElementsAre(1, 2, 3, 4));
}

TEST(Metadata, PassesOverWhatIsNotOfTheDataSet) {
    const DataSet set = set_of(R"({"00020010":{"vr":"UI","Value":["1.2"]},
                                   "00080000":{"vr":"UL","Value":[4]},
                                   "00080060":{"vr":"CS","Value":["MG"]}})");
    EXPECT_THAT(set.tags(), ElementsAre(tags::kModality));
}

TEST(Metadata, RefusesWhatIsNone) {
    const auto of = [](const char* tag, const char* vr, const std::string& rest) {
        return "{\"" + std::string(tag) + "\":{\"vr\":\"" + vr + "\"," + rest + "}}";
    };
    const std::map<std::string, const char*> bad = {
        {"[]", "is no object"},
        {R"({"PatientID":{"vr":"LO"}})", "eight digits"},
        {R"({"0010002a":{"vr":"LO"}})", "eight digits"},
        {R"({"00100020":"P1"})", "PatientID (0010,0020) has no VR"},
        {R"({"00100020":{}})", "has no VR"},
        {R"({"00100020":{"vr":"lo"}})", "has a VR that is none"},
        {R"({"00000100":{"vr":"US"}})", "(0000,0100) does not belong"},
        {R"({"FFFEE000":{"vr":"UN"}})", "does not belong"},
        {R"({"00081140":{"vr":"SQ","Value":[{"00020010":{"vr":"UI"}}]}})", "does not belong"},
        {of("00100020", "LO", R"("Value":"P1")"), "no array"},
        {of("00100020", "LO", R"("Value":[1])"), "VR LO cannot hold"},
        {of("00100020", "LO", R"("Value":["a\\b"])"), "VR LO cannot hold"},
        {of("00100010", "PN", R"("Value":[{"Alphabetic":1}])"), "VR PN cannot hold"},
        {of("00100010", "PN", R"("Value":[{"Alphabetic":"a=b"}])"), "VR PN cannot hold"},
        {of("00104000", "LT", R"("Value":["a","b"])"), "more than one value"},
        {of("00200013", "IS", R"("Value":[1.5])"), "VR IS cannot hold"},
        {of("00280010", "US", R"("Value":[65536])"), "VR US cannot hold"},
        {of("00280010", "US", R"("Value":[-1])"), "VR US cannot hold"},
        {of("00280010", "US", R"("Value":["1x"])"), "VR US cannot hold"},
        {of("00280010", "US", R"("Value":[1,null])"), "VR US cannot hold"},
        {of("00189073", "FL", R"("Value":[1e39])"), "VR FL cannot hold"},
        {of("00280009", "AT", R"("Value":["0018"])"), "eight digits"},
        {of("00091001", "OB", R"("Value":[1])"), "has values, not bytes"},
        {of("00091001", "OB", R"("InlineBinary":"?")"), "InlineBinary that is none"},
        {of("00091001", "OB", R"("InlineBinary":["AA=="])"), "no text"},
        {of("00091001", "OB", R"("BulkDataURI":"")"), "BulkDataURI that is none"},
        {of("00091001", "OB", R"("InlineBinary":"AA==","BulkDataURI":"a")"), "more than one of"},
        {of("00081140", "SQ", R"("BulkDataURI":"a")"), "kept as bytes"},
        {of("00081140", "SQ", R"("Value":["a"])"), "is no object"},
        {of("00100020", "LO", R"("InlineBinary":"/w==")"), "no UTF-8"}};
    for (const auto& [text, why] : bad) EXPECT_THAT(why_refused(text), HasSubstr(why)) << text;
    std::string deep = "{}";
    for (int i = 0; i < 65; ++i) deep = R"({"00081140":{"vr":"SQ","Value":[)" + deep + "]}}";
    EXPECT_THAT(why_refused(deep), HasSubstr("more than 64 sequences"));
    std::string many = "{";
    for (const char* tag : {"00091001", "00091002", "00091003", "00091004"})
        many += (many.size() > 1 ? ",\"" : "\"") + std::string(tag) +
                R"(":{"vr":"OB","BulkDataURI":")" + std::string(1'100'000, 'u') + "\"}";
    EXPECT_THAT(why_refused(many + "}"), HasSubstr("one of too many with a BulkDataURI"));
}

TEST(Metadata, TakesValuesThatComeApart) {
    Metadata metadata(json::parse(R"({
        "00420011":{"vr":"OB","BulkDataURI":"http://a/document"},
        "00081140":{"vr":"SQ","Value":[{"00104000":{"vr":"LT","BulkDataURI":"text"},
                                        "7FE00010":{"vr":"OB","BulkDataURI":"icon"}}]},
        "00091001":{"vr":"UN","BulkDataURI":"text"},
        "7FE00010":{"vr":"OW","BulkDataURI":"pixels"}})"));
    EXPECT_THAT(metadata.uris(), ElementsAre("http://a/document", "icon", "pixels", "text"));
    EXPECT_EQ(metadata.pixels_uri(), "pixels");
    EXPECT_FALSE(metadata.attributes().has_value(tags::kPixelData));
    const DataSet set = std::move(metadata).with_bulk_data([](const std::string& uri) {
        static std::map<std::string, std::string> all = {
            {"http://a/document", "pdf"}, {"text", "äb"}, {"pixels", "1234"}, {"icon", "12"}};
        return BulkData{{as_byte_view(all.at(uri))}, "application/octet-stream"};
    });
    EXPECT_EQ(as_text(set.bytes(Tag{0x0042, 0x0011})), "pdf");
    EXPECT_EQ(as_text(set.bytes(Tag{0x0009, 0x1001})), "äb");
    EXPECT_EQ(set.items(Tag{0x0008, 0x1140})[0].text(Tag{0x0010, 0x4000}), "äb");
    EXPECT_EQ(as_text(set.bytes(tags::kPixelData)), "1234");
}

/// What a data set of a single value is refused for with these bulk data.
std::string why_refused(const char* vr, const char* tag, const BulkData& bulk) {
    return why_refused([&] {
        const json set = {{tag, {{"vr", vr}, {"BulkDataURI", "a"}}}};
        (void)Metadata(set).with_bulk_data([&](const std::string&) { return bulk; });
    });
}

TEST(Metadata, DoesNotBlameTheFormOfMetadataForTheLengthOfPixels) {
    const auto number = [](int value) {
        return json{{"vr", "US"}, {"Value", json::array({value})}};
    };
    const json set = {{"00280002", number(1)},
                      {"00280004", {{"vr", "CS"}, {"Value", {"MONOCHROME2"}}}},
                      {"00280010", number(2)},
                      {"00280011", number(2)},
                      {"00280100", number(8)},
                      {"00280101", number(8)},
                      {"00280102", number(7)},
                      {"00280103", number(0)},
                      {"7FE00010", {{"vr", "OB"}, {"BulkDataURI", "a"}}}};
    const BulkData three{{as_byte_view("123")}};
    const std::string why = why_refused(
        [&] { (void)Metadata(set).with_bulk_data([&](const std::string&) { return three; }); });
    EXPECT_THAT(why, HasSubstr("the bulk data do not fit their metadata: "));
    EXPECT_THAT(why, HasSubstr("has 3 of the 4 bytes"));
}

TEST(Metadata, RefusesBulkDataThatDoNotFit) {
    const ByteView some = as_byte_view("\xFF\xFF");
    EXPECT_THAT(why_refused("LT", "00104000", {{some}}), HasSubstr("no UTF-8"));
    EXPECT_THAT(why_refused("OB", "00420011", {{some, some}}), HasSubstr("several pieces"));
    EXPECT_THAT(why_refused("OW", "7FE00010", {{some, some}}), HasSubstr("several pieces"));
    for (const char* type : {"image/jpeg", "image/png", "video/mp4"})
        EXPECT_THAT(why_refused("OB", "7FE00010", {{some}, type}), HasSubstr("transfer-syntax"));
    EXPECT_THAT(why_refused("OB", "7FE00010", {{some}, "image/jpeg", "x"}), HasSubstr("no UID"));
    EXPECT_THAT(why_refused("OB", "7FE00010", {{some}, "image/jpeg", "1.2.840.10008.1.2.2"}),
                HasSubstr("Big Endian"));
    const ByteView broken = as_byte_view("\xFF\xD8\xFF\xC0");
    EXPECT_THAT(why_refused("OB", "7FE00010", {{broken}, "image/jpeg"}), HasSubstr("damaged"));
    using namespace std::string_view_literals;
    for (const auto& [start, missing] :
         {std::pair("\xFF\xD8\xFF\xC0\0\x0B\0\0\2\0\2\1\1\x11\0"sv, "SamplesPerPixel"),
          std::pair("\xFF\xD8\xFF\xC0\0\x0B\x08\0\2\0\2\4\1\x11\0"sv,
                    "PhotometricInterpretation")}) {
        const std::string stream =
            std::string(start) + std::string("\xFF\xDA\0\x08\1\1\0\0\x3F\0", 10);
        EXPECT_THAT(why_refused("OB", "7FE00010", {{as_byte_view(stream)}, "image/jpeg"}),
                    HasSubstr(std::string(missing)));
    }
}

TEST(Metadata, TakesCompressedPixelsForWhatTheyAre) {
    DataSet image = set_of(kEveryVr);
    Bytes samples;
    for (int i = 0; i < 2 * 16 * 24; ++i) {
        samples.push_back(static_cast<std::uint8_t>(i * 7));
        samples.push_back(static_cast<std::uint8_t>(i % 16));
    }
    image.set_pixels({.rows = 16, .columns = 24, .bits_stored = 12, .frames = 2}, samples);
    for (const std::string_view uid :
         {transfer_syntax::kJpegLsLossless, transfer_syntax::kHtj2kLossless,
          transfer_syntax::kJpeg2000Lossless, transfer_syntax::kJpegLosslessSv1,
          transfer_syntax::kRleLossless}) {
        const DataSet compressed = DataSet::parse(image.to_part10(uid));
        const Fragments* const fragments = compressed.node().find(tags::kPixelData)->fragments();
        json set = json::parse(to_dicom_json(compressed));
        set["7FE00010"] = {{"vr", "OB"}, {"BulkDataURI", "a"}};
        if (uid != transfer_syntax::kRleLossless)
            for (const char* tag : {"00280002", "00280004", "00280010", "00280011", "00280100",
                                    "00280101", "00280102", "00280103"})
                set.erase(tag);
        const std::string type(find_transfer_syntax(uid)->frame_media_type);
        const DataSet made = DataSet::parse(Metadata(set)
                                                .with_bulk_data([&](const std::string&) {
                                                    return BulkData{fragments->pieces, type};
                                                })
                                                .to_part10());
        EXPECT_EQ(made.transfer_syntax_uid(), uid);
        for (int frame = 0; frame < 2; ++frame)
            EXPECT_EQ(decode_frame(made, frame).samples, decode_frame(compressed, frame).samples)
                << uid;
        // Another than it is: whoever sends it knows best.
        const DataSet named = Metadata(set).with_bulk_data([&](const std::string&) {
            return BulkData{fragments->pieces, type, "1.2.840.10008.1.2.4.110"};
        });
        EXPECT_EQ(named.transfer_syntax_uid(), "1.2.840.10008.1.2.4.110");
    }
}

std::vector<std::string> each_in(const std::string& text) {
    std::vector<std::string> found;
    each_data_set(text, [&](const json& set) { found.push_back(set.dump()); });
    return found;
}

TEST(EachDataSet, IsTakenAloneOrFromAnArray) {
    EXPECT_THAT(each_in(R"({"a":{"b":[{}]}})"), ElementsAre(R"({"a":{"b":[{}]}})"));
    EXPECT_THAT(each_in(R"( [{"a":[1]},{},{"b":{}}] )"),
                ElementsAre(R"({"a":[1]})", "{}", R"({"b":{}})"));
    EXPECT_TRUE(each_in("[]").empty());
}

TEST(EachDataSet, RefusesWhatIsNone) {
    const auto why = [](const std::string& text) { return why_refused([&] { each_in(text); }); };
    for (const char* text : {"", "{", "[{},", "{}x", "\xFF"})
        EXPECT_THAT(why(text), HasSubstr("no JSON at byte")) << text;
    for (const char* text : {"null", "1", "\"a\"", "[1]", "[[{}]]", "[{},null]"})
        EXPECT_THAT(why(text), HasSubstr("neither a data set nor an array")) << text;
    EXPECT_THAT(why(R"({"a":1e999})"), HasSubstr("out of range"));
    EXPECT_THAT(why(R"({"a":1,"a":2})"), HasSubstr("has something twice"));
    std::string many = R"([{"a":[)";
    for (int i = 0; i < 500'001; ++i) many += "0,";
    EXPECT_THAT(why(many + "0]}]"), HasSubstr("more than 500000 values"));
    EXPECT_THAT(why(R"({"a":)" + std::string(100'000, '[')), HasSubstr("nested too deep"));
}

}  // namespace
}  // namespace lucerna::dicom
