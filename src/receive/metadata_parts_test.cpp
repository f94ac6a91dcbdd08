#include "receive/metadata_parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/json.h"
#include "dicom/native_model.h"
#include "support/small_object.h"

namespace lucerna::receive {
namespace {

using nlohmann::json;
using test::small_object;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kJson = "application/dicom+json";
constexpr const char* kXml = "application/dicom+xml";
constexpr const char* kBytes = "application/octet-stream";

/// The metadata of a small object whose pixels are bulk data at `uri`.
json metadata_of(const Bytes& file, const std::string& uri) {
    json set = json::parse(dicom::to_dicom_json(dicom::DataSet::parse(file)));
    set["7FE00010"]["BulkDataURI"] = uri;
    return set;
}

std::string pixels_of(const Bytes& file) {
    const dicom::DataSet set = dicom::DataSet::parse(file);
    return std::string(as_text(set.bytes(dicom::tags::kPixelData)));
}

class MetadataPartsTest : public testing::Test {
  protected:
    /// Why the part was refused; empty if it was not.
    std::string send(const char* type, const std::string& body, const std::string& location = "") {
        try {
            parts().begin(*http::parse_media_type(type), location);
            for (std::size_t at = 0; at < body.size(); at += 1000)
                parts().more(
                    as_byte_view(body).subspan(at, std::min<std::size_t>(1000, body.size() - at)));
            parts().end();
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    }
    /// UIDs of what was joined since, and "UID: why" of what failed.
    std::vector<std::string> since() {
        std::vector<std::string> found;
        while (parts().has_next()) {
            Bytes file;
            const Outcome outcome = parts().next(
                [&](ByteView piece) { file.insert(file.end(), piece.begin(), piece.end()); });
            found.push_back(outcome.sop_instance_uid +
                            (outcome.stored() ? "" : ": " + outcome.why));
            if (outcome.stored()) files.push_back(file);
        }
        return found;
    }
    MetadataParts& parts() {
        if (!parts_) parts_.emplace(budget, limits, std::chrono::milliseconds(0));
        return *parts_;
    }

    dicom::ByteBudget budget{std::size_t{1} << 20};
    MetadataParts::Limits limits;
    std::vector<Bytes> files;

  private:
    std::optional<MetadataParts> parts_;
};

const Bytes kFirst = small_object("1.2.3.1");
const Bytes kSecond = small_object("1.2.3.2", 5000);

TEST_F(MetadataPartsTest, AreJoinedAsSoonAsAnInstanceIsWhole) {
    const json both = {metadata_of(kFirst, "a"), metadata_of(kSecond, "http://b/c")};
    EXPECT_EQ(send(kJson, both.dump()), "");
    EXPECT_THAT(since(), IsEmpty());
    EXPECT_EQ(send(kBytes, pixels_of(kSecond), "http://b/c"), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.2"));
    EXPECT_EQ(send("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1",
                   pixels_of(kFirst), "a"),
              "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1"));
    parts().finish();
    EXPECT_THAT(since(), IsEmpty());
    EXPECT_THAT(files, ElementsAre(kSecond, kFirst));
}

TEST_F(MetadataPartsTest, AreJoinedWhateverComesFirst) {
    EXPECT_EQ(send(kBytes, pixels_of(kFirst), "a"), "");
    EXPECT_EQ(send(kXml, dicom::to_native_xml(metadata_of(kFirst, "a"))), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1"));
    EXPECT_THAT(files, ElementsAre(kFirst));
}

TEST_F(MetadataPartsTest, NeedNoBulkData) {
    json set = metadata_of(kFirst, "");
    set["7FE00010"] = {{"vr", "OW"}, {"InlineBinary", to_base64(as_byte_view(pixels_of(kFirst)))}};
    EXPECT_EQ(send(kJson, set.dump()), "");
    EXPECT_EQ(send(kXml, dicom::to_native_xml(set)), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1", "1.2.3.1"));
    EXPECT_THAT(files, ElementsAre(kFirst, kFirst));
}

TEST_F(MetadataPartsTest, MayShareBulkDataThatGoWithTheLast) {
    const json both = {metadata_of(kFirst, "a"), metadata_of(small_object("1.2.3.3"), "a")};
    EXPECT_EQ(send(kJson, both.dump()), "");
    EXPECT_EQ(send(kBytes, pixels_of(kFirst), "a"), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1", "1.2.3.3"));
    EXPECT_EQ(budget.held(), 0U) << "something is still held";
}

TEST_F(MetadataPartsTest, WaitForEachFrameOfAnImage) {
    json set = metadata_of(kFirst, "a");
    set["00280008"] = {{"vr", "IS"}, {"Value", {3}}};
    EXPECT_EQ(send(kJson, set.dump()), "");
    EXPECT_EQ(send("image/dicom-rle", "12", "a/frames/3"), "");
    EXPECT_EQ(send("image/dicom-rle", "34", "a/frames/1"), "");
    EXPECT_THAT(since(), IsEmpty());
    EXPECT_THAT(send("image/dicom-rle", "34", "a/frames/1"), HasSubstr("came already"));
    EXPECT_EQ(send("image/dicom-rle", "56", "a/frames/2"), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1"));
    const dicom::DataSet made = dicom::DataSet::parse(files.at(0));
    EXPECT_EQ(made.transfer_syntax_uid(), dicom::transfer_syntax::kRleLossless);
    const std::string whole(as_text(files.at(0)));
    EXPECT_LT(whole.find("34"), whole.rfind("56"));
    EXPECT_LT(whole.rfind("56"), whole.rfind("12"));
}

TEST_F(MetadataPartsTest, TakeNoFramesOfTwoEncodingsForOneObject) {
    json set = metadata_of(kFirst, "a");
    set["00280008"] = {{"vr", "IS"}, {"Value", {2}}};
    EXPECT_EQ(send(kJson, set.dump()), "");
    EXPECT_EQ(send("image/dicom-rle", "12", "a/frames/1"), "");
    EXPECT_THAT(send("image/jp2", "34", "a/frames/2"), HasSubstr("of two media types"));
    EXPECT_THAT(since(), IsEmpty());
    EXPECT_EQ(send("image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5", "34", "a/frames/2"), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1"));
}

TEST_F(MetadataPartsTest, TakeOneTransferSyntaxWhoeverOfThemSaysIt) {
    json set = metadata_of(kFirst, "a");
    set["00280008"] = {{"vr", "IS"}, {"Value", {3}}};
    EXPECT_EQ(send(kJson, set.dump()), "");
    EXPECT_EQ(send("image/dicom-rle", "12", "a/frames/1"), "");
    EXPECT_EQ(send("image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.5", "34", "a/frames/2"), "");
    EXPECT_NE(send("image/dicom-rle; transfer-syntax=1.2.840.10008.1.2.4.91", "56", "a/frames/3"),
              "");
    EXPECT_THAT(since(), IsEmpty());
}

TEST_F(MetadataPartsTest, KeepNoHalfOfCompressedFramesThatComeAsOctets) {
    json set = metadata_of(kFirst, "a");
    set["00280008"] = {{"vr", "IS"}, {"Value", {2}}};
    // RLE; Deflated Image Frame and JPEG XL, which nothing here decodes.
    for (const std::string syntax :
         {"1.2.840.10008.1.2.5", "1.2.840.10008.1.2.8.1", "1.2.840.10008.1.2.4.110"}) {
        const std::string octets = "application/octet-stream; transfer-syntax=" + syntax;
        EXPECT_EQ(send(kJson, set.dump()), "");
        EXPECT_EQ(send(octets.c_str(), "12", "a"), "");
        EXPECT_THAT(since(), IsEmpty()) << syntax;
        EXPECT_EQ(send(octets.c_str(), "34", "a"), "");
        EXPECT_THAT(since(), ElementsAre("1.2.3.1")) << syntax;
        const std::string whole(as_text(files.back()));
        EXPECT_LT(whole.rfind("12"), whole.rfind("34"));
    }
    EXPECT_EQ(send("image/jxl", "12", "a"), "");
    EXPECT_EQ(send("image/jxl", "34", "a"), "");
    EXPECT_EQ(send("image/jxl", "56", "a"), "");
    EXPECT_EQ(send(kJson, set.dump()), "");
    EXPECT_THAT(since(), ElementsAre(HasSubstr("1.2.3.1: ")));
}

TEST_F(MetadataPartsTest, AreTakenOnceWholeOrByFrames) {
    json set = metadata_of(kFirst, "a");
    set["00280008"] = {{"vr", "IS"}, {"Value", {2}}};
    set["00420011"] = {{"vr", "OB"}, {"BulkDataURI", "b"}};
    EXPECT_EQ(send(kJson, set.dump()), "");
    EXPECT_EQ(send(kBytes, pixels_of(kFirst) + pixels_of(kFirst), "a"), "");
    EXPECT_THAT(send(kBytes, pixels_of(kFirst), "a/frames/2"), HasSubstr("came already"));
    EXPECT_THAT(since(), IsEmpty());
    EXPECT_EQ(send(kBytes, "12", "b"), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1"));
}

TEST_F(MetadataPartsTest, AreNoFramesForAPartThatWasRefused) {
    EXPECT_EQ(send(kBytes, pixels_of(kFirst), "a"), "");
    EXPECT_NE(send("image/jp2", "34", "a/frames/2"), "");
    EXPECT_EQ(send(kJson, metadata_of(kFirst, "a").dump()), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1"));
}

TEST_F(MetadataPartsTest, KeepNoHalfOfPixelsWhoseFramesComeApart) {
    json set = metadata_of(kFirst, "a");
    set["00280008"] = {{"vr", "IS"}, {"Value", {3}}};
    const std::string frame = pixels_of(kFirst);
    set["00280010"] = {{"vr", "US"}, {"Value", {1}}};
    set["00280011"] = {{"vr", "US"}, {"Value", {frame.size()}}};
    set["00280100"] = {{"vr", "US"}, {"Value", {8}}};
    EXPECT_EQ(send(kJson, set.dump()), "");
    for (const char* location : {"a/frames/1", "a/frames/2", "a/frames/3"})
        EXPECT_EQ(send(kBytes, frame, location), "");
    EXPECT_THAT(since(), ElementsAre(HasSubstr("1.2.3.1: ")));
    // All under the location itself: the first might be all of them.
    EXPECT_EQ(send(kJson, set.dump()), "");
    EXPECT_EQ(send(kBytes, frame, "a"), "");
    EXPECT_THAT(since(), ElementsAre(HasSubstr("bytes that its header speaks of")));
    EXPECT_EQ(send(kJson, set.dump()), "");
    EXPECT_EQ(send(kBytes, frame + frame + frame, "a"), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1"));
}

TEST_F(MetadataPartsTest, HoldRoomForAsLongAsTheyWait) {
    EXPECT_EQ(send(kJson, metadata_of(kFirst, "a").dump()), "");
    const std::size_t held = budget.held();
    EXPECT_GT(held, 0U);
    EXPECT_EQ(send(kJson, metadata_of(kSecond, "b").dump()), "");
    EXPECT_GT(budget.held(), held);
    EXPECT_EQ(send(kJson, R"([{"00080060":{"vr":"CS"}}, 1])").empty(), false);
    EXPECT_EQ(send(kBytes, pixels_of(kFirst), "a"), "");
    EXPECT_EQ(send(kBytes, pixels_of(kSecond), "b"), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1", "1.2.3.2"));
    EXPECT_EQ(budget.held(), 0U);
}

TEST_F(MetadataPartsTest, FailWhereFramesAreNumberedOtherwise) {
    json set = metadata_of(kFirst, "a");
    set["00280008"] = {{"vr", "IS"}, {"Value", {2}}};
    EXPECT_EQ(send(kJson, set.dump()), "");
    EXPECT_EQ(send("image/dicom-rle", "12", "a/frames/3"), "");
    EXPECT_EQ(send("image/dicom-rle", "34", "a/frames/1"), "");
    EXPECT_THAT(since(), ElementsAre(HasSubstr("1.2.3.1: not each frame from 1 on came")));
}

TEST_F(MetadataPartsTest, KeepTextsOfXmlLetterForLetter) {
    json set = metadata_of(kFirst, "a");
    set["00180050"] = {{"vr", "DS"}, {"Value", {"1.50", "-2"}}};
    set["00280010"] = {{"vr", "US"}, {"Value", {512}}};
    EXPECT_EQ(send(kXml, dicom::to_native_xml(set)), "");
    EXPECT_EQ(send(kBytes, pixels_of(kFirst), "a"), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1"));
    const dicom::DataSet made = dicom::DataSet::parse(files.at(0));
    EXPECT_EQ(as_text(made.bytes(dicom::Tag{0x0018, 0x0050})), "1.50\\-2 ");
    EXPECT_EQ(made.integer(dicom::tags::kRows), 512);
}

TEST_F(MetadataPartsTest, FailWhereSomethingNeverComes) {
    json frames = metadata_of(kSecond, "b");
    frames["00280008"] = {{"vr", "IS"}, {"Value", {3}}};
    EXPECT_EQ(send(kJson, json({metadata_of(kFirst, "a"), frames}).dump()), "");
    EXPECT_EQ(send("image/dicom-rle", "12", "b"), "");
    EXPECT_EQ(send(kBytes, "x", std::string(300, 'c')), "");
    parts().finish();
    EXPECT_THAT(since(), ElementsAre("1.2.3.1: no bulk data came at Content-Location a",
                                     "1.2.3.2: 1 of 3 frames came at Content-Location b",
                                     ": no metadata name the bulk data at Content-Location " +
                                         std::string(200, 'c') + "..."));
}

TEST_F(MetadataPartsTest, AreRefusedWhereTheyAreNone) {
    EXPECT_THAT(send(kJson, "{"), HasSubstr("no JSON at byte"));
    EXPECT_THAT(send(kJson, R"([{"00100020":{"vr":"LO"}},{"00100020":{}}])"), HasSubstr("no VR"));
    EXPECT_THAT(send(kXml, "<a/>"), HasSubstr("its root"));
    EXPECT_THAT(send("application/dicom+xml; charset=koi8-r", "<a/>"), HasSubstr("KOI8-R"));
    EXPECT_THAT(since(), IsEmpty()) << "one that is none spoils all of a part";
    EXPECT_EQ(send(kJson, R"({"00100020":{"vr":"LO"}})"), "");
    EXPECT_THAT(since(), ElementsAre(HasSubstr(": SOPClassUID (0008,0016) is missing")));
    json set = metadata_of(kFirst, "a");
    EXPECT_EQ(send(kJson, set.dump()), "");
    EXPECT_EQ(send("image/png", "no codestream", "a"), "");
    EXPECT_THAT(since(), ElementsAre(HasSubstr("1.2.3.1: compressed Pixel Data")));
}

TEST_F(MetadataPartsTest, KeepWithinTheirLimits) {
    limits = {.most_metadata_bytes = 3000, .most_bulk_bytes = 6000, .most_instances = 2};
    EXPECT_EQ(send(kJson, "[]" + std::string(2000, ' ')), "");
    EXPECT_THAT(send(kJson, std::string(2000, ' ')), HasSubstr("metadata of more than 3000 bytes"));
    EXPECT_EQ(send(kBytes, std::string(5000, 'a'), "a"), "");
    EXPECT_THAT(send(kBytes, std::string(2000, 'b'), "b"), HasSubstr("more than 6000 bytes"));
    EXPECT_THAT(send(kBytes, std::string(500, 'a'), "a"), HasSubstr("came already"));
    EXPECT_EQ(send(kBytes, std::string(1000, 'c'), "c"), "") << "what was refused counts no more";
    EXPECT_THAT(send(kJson, "[{},{},{}]"), HasSubstr("more than 2 instances"));
}

TEST_F(MetadataPartsTest, NameNoMoreUrisThanARequestMayBringBulkDataFor) {
    limits.most_uri_bytes = 300;
    const auto naming = [](int values, const std::string& uri) {
        json set = metadata_of(kFirst, uri);
        for (int i = 1; i < values; ++i)
            set["0009100" + std::to_string(i)] = {{"vr", "OB"},
                                                  {"BulkDataURI", uri + std::to_string(i)}};
        return set;
    };
    const std::string uri(30, 'u');
    EXPECT_THAT(send(kJson, naming(4, uri).dump()), HasSubstr("too many BulkDataURIs"));
    EXPECT_EQ(send(kJson, naming(2, uri).dump()), "") << "what was refused counts no more";
    EXPECT_THAT(send(kJson, naming(2, "v" + uri).dump()), HasSubstr("too many BulkDataURIs"));
}

TEST_F(MetadataPartsTest, CountForMoreThanTheirBytesWhereTheyAreMany) {
    std::size_t taken = 0;
    std::string refusal;
    while (taken < 1'000 && refusal.empty()) {
        refusal = send(kBytes, "x", "http://a/" + std::to_string(taken));
        if (refusal.empty()) ++taken;
    }
    EXPECT_THAT(refusal, HasSubstr("more than may be held at once"));
    EXPECT_GT(taken, 100U);
    const std::size_t held = budget.held();
    EXPECT_THAT(send(kBytes, "x", "http://a/1"), Not(IsEmpty()));
    EXPECT_EQ(budget.held(), held);
}

TEST_F(MetadataPartsTest, HoldNothingOnceTheyAreJoined) {
    EXPECT_EQ(send(kBytes, pixels_of(kFirst), "a"), "");
    EXPECT_GT(budget.held(), pixels_of(kFirst).size());
    EXPECT_EQ(send(kJson, metadata_of(kFirst, "a").dump()), "");
    EXPECT_THAT(since(), ElementsAre("1.2.3.1"));
    EXPECT_EQ(budget.held(), 0U);
}

TEST_F(MetadataPartsTest, ShareABudget) {
    EXPECT_THAT(send(kBytes, std::string(2'000'000, 'a'), "a"),
                HasSubstr("more than may be held at once"));
    EXPECT_EQ(budget.held(), 0U) << "something is still held";
    dicom::ByteBudget::Holding others(budget);
    EXPECT_TRUE(others.take(600'000));
    EXPECT_THAT(send(kBytes, std::string(600'000, 'a'), "a"), HasSubstr("on their way"));
    EXPECT_EQ(budget.held(), 600'000U);
    EXPECT_EQ(send(kBytes, std::string(300'000, 'a'), "a"), "") << "it may be sent again";
}

}  // namespace
}  // namespace lucerna::receive
