#include "retrieve/negotiate.h"

#include <gtest/gtest.h>

#include <array>

#include "dicom/uids.h"

namespace lucerna::retrieve {
namespace {

namespace syntax = dicom::transfer_syntax;
const std::string kExplicit(syntax::kExplicitVrLittleEndian);
const std::string kImplicit(syntax::kImplicitVrLittleEndian);
const std::string kJls(syntax::kJpegLsLossless);
const std::string kJpeg2000(syntax::kJpeg2000Lossless);
const std::string kJpegBaseline(syntax::kJpegBaseline);
const std::string kVideo = "1.2.840.10008.1.2.4.102";

/// "m|s" for multipart or single, "stored" or "made", media type, transfer syntax; "none".
std::string shown(const std::optional<Representation>& chosen) {
    if (!chosen) return "none";
    return std::string(chosen->multipart ? "m " : "s ") +
           (chosen->as_stored ? "stored " : "made ") + chosen->media_type + " " +
           chosen->transfer_syntax;
}
std::string object(const std::string& accept, std::string_view stored, Count count = Count::kOne) {
    return shown(choose_object(http::parse_accept(accept), stored, count));
}
std::string frames(const std::string& accept, std::string_view stored, Count count = Count::kOne) {
    return shown(choose_frames(http::parse_accept(accept), stored, count));
}
/// The same of an image that can be compressed.
std::string image(const std::string& accept, std::string_view stored) {
    return shown(
        choose_object(http::parse_accept(accept), stored, Count::kOne, [] { return true; }));
}
std::string image_frames(const std::string& accept, std::string_view stored) {
    return shown(
        choose_frames(http::parse_accept(accept), stored, Count::kOne, [] { return true; }));
}

TEST(ChooseObject, MakesExplicitLittleEndianUnlessAskedOtherwise) {
    for (const char* accept : {"", "*/*", "multipart/related", "multipart/*",
                               "multipart/related; type=\"application/dicom\"",
                               "multipart/related; type=application/DICOM"}) {
        EXPECT_EQ(object(accept, kJls), "m made application/dicom " + kExplicit) << accept;
        EXPECT_EQ(object(accept, kImplicit), "m made application/dicom " + kExplicit) << accept;
        EXPECT_EQ(object(accept, kExplicit), "m stored application/dicom " + kExplicit) << accept;
        EXPECT_EQ(object(accept, kVideo), "m stored application/dicom " + kVideo) << accept;
    }
}

TEST(ChooseObject, KeepsTheSyntaxThatIsAskedFor) {
    const std::string dicom = "multipart/related; type=\"application/dicom\"; transfer-syntax=";
    EXPECT_EQ(object(dicom + "*", kJls), "m stored application/dicom " + kJls);
    EXPECT_EQ(object(dicom + kJls, kJls), "m stored application/dicom " + kJls);
    EXPECT_EQ(object(dicom + kImplicit, kJls), "m made application/dicom " + kImplicit);
    EXPECT_EQ(object(dicom + kJls, kExplicit), "none") << "no image";
    EXPECT_EQ(image(dicom + kJls, kExplicit), "m made application/dicom " + kJls);
    EXPECT_EQ(image(dicom + kJpeg2000, kJls), "m made application/dicom " + kJpeg2000);
    EXPECT_EQ(image(dicom + kJls, kVideo), "none") << "it cannot be decoded";
    EXPECT_EQ(image(dicom + kJpegBaseline, kExplicit), "none") << "it would lose";
    EXPECT_EQ(object(dicom + kExplicit, kVideo), "none");
    EXPECT_EQ(object(dicom + "nonsense", kExplicit), "none");
    EXPECT_EQ(object(dicom + kJls + ", " + dicom + kExplicit + ";q=0.5", kExplicit),
              "m stored application/dicom " + kExplicit);
}

TEST(ObjectSyntaxes, AreThoseThatCanBeWritten) {
    EXPECT_EQ(object_syntaxes(kVideo), std::vector<std::string>{kVideo});
    for (const std::string& stored : {kJls, kExplicit})
        for (const std::string& syntax : object_syntaxes(stored))
            EXPECT_NE(image("application/dicom; transfer-syntax=" + syntax, stored), "none");
    EXPECT_EQ(object_syntaxes(kJls).size(), 8U) << "itself, three uncompressed, four compressed";
}

TEST(ChooseObject, GivesOneAloneOnlyWhereThereIsOne) {
    EXPECT_EQ(object("application/dicom; transfer-syntax=*", kJls),
              "s stored application/dicom " + kJls);
    EXPECT_EQ(object("application/dicom", kExplicit, Count::kMany), "none");
    EXPECT_EQ(object("image/jpeg", kExplicit), "none");
    EXPECT_EQ(object("multipart/related; type=\"image/jpeg\"", kExplicit), "none");
    EXPECT_EQ(object("application/json", kExplicit), "none");
}

TEST(ChooseFrames, DecodesUnlessStoredOnesAreAskedFor) {
    const std::string octets = "multipart/related; type=application/octet-stream";
    for (const std::string& accept : {std::string(), std::string("*/*"), octets})
        EXPECT_EQ(frames(accept, kJls), "m made application/octet-stream " + kExplicit) << accept;
    EXPECT_EQ(frames(octets + "; transfer-syntax=*", kJls),
              "m stored application/octet-stream " + kJls);
    EXPECT_EQ(frames(octets + "; transfer-syntax=*", kImplicit),
              "m stored application/octet-stream " + kExplicit)
        << "the bytes of a frame are the same in both";
    EXPECT_EQ(frames(octets + "; transfer-syntax=" + kExplicit, kJls),
              "m made application/octet-stream " + kExplicit);
}

TEST(ChooseFrames, GivesVideosAsTheyAreStored) {
    const std::string octets = "multipart/related; type=application/octet-stream";
    EXPECT_EQ(frames("*/*", kVideo), "m stored video/mp4 " + kVideo);
    EXPECT_EQ(frames("video/*", kVideo), "s stored video/mp4 " + kVideo);
    EXPECT_EQ(frames("video/mp4; transfer-syntax=" + kVideo, kVideo),
              "s stored video/mp4 " + kVideo);
    EXPECT_EQ(frames("multipart/related; type=\"video/mp4\"", kVideo),
              "m stored video/mp4 " + kVideo);
    for (const char* syntax : {"", "; transfer-syntax=*"})
        EXPECT_EQ(frames(octets + syntax, kVideo), "m stored application/octet-stream " + kVideo);
    EXPECT_EQ(frames(octets + "; transfer-syntax=" + kExplicit, kVideo), "none");
    EXPECT_EQ(frames("video/mpeg", kVideo), "none");
    EXPECT_EQ(frames("image/jpeg", kVideo), "none");
    EXPECT_EQ(frames("video/H265", kVideo), "none");
    const std::string hevc = "1.2.840.10008.1.2.4.107";
    EXPECT_EQ(frames("video/H265", hevc), "s stored video/H265 " + hevc);
    EXPECT_EQ(frames("video/mp4", hevc), "s stored video/mp4 " + hevc);
    EXPECT_EQ(frames("video/mpeg", "1.2.840.10008.1.2.4.100.1"),
              "s stored video/mpeg 1.2.840.10008.1.2.4.100.1");
}

TEST(ChooseFrames, GivesCodestreamsByTheirMediaType) {
    EXPECT_EQ(frames("multipart/related; type=\"image/jls\"", kJls), "m stored image/jls " + kJls);
    EXPECT_EQ(frames("multipart/related; type=\"image/x-jls\"; transfer-syntax=" + kJls, kJls),
              "m stored image/jls " + kJls);
    EXPECT_EQ(frames("image/*", kJls), "s stored image/jls " + kJls);
    EXPECT_EQ(frames("image/jp2", kJls), "none");
    EXPECT_EQ(frames("image/jls", kExplicit), "none");
    EXPECT_EQ(frames("image/jls", kJls, Count::kMany), "none");
    EXPECT_EQ(frames("multipart/related; type=image/jp2, "
                     "multipart/related; type=application/octet-stream;q=0.1",
                     kJls, Count::kMany),
              "m made application/octet-stream " + kExplicit);
    EXPECT_EQ(frames("application/octet-stream", kJls),
              "s made application/octet-stream " + kExplicit);
}

TEST(ChooseFrames, CompressesWhereACompressedTypeIsAskedFor) {
    EXPECT_EQ(image_frames("image/jls", kExplicit), "s made image/jls " + kJls);
    EXPECT_EQ(image_frames("image/x-jls", kExplicit), "s made image/jls " + kJls);
    EXPECT_EQ(image_frames("multipart/related; type=\"image/jp2\"", kJls),
              "m made image/jp2 " + kJpeg2000);
    EXPECT_EQ(image_frames("image/jpeg", kExplicit),
              "s made image/jpeg " + std::string(syntax::kJpegLosslessSv1));
    EXPECT_EQ(image_frames("image/jphc", kJpegBaseline),
              "s made image/jphc " + std::string(syntax::kHtj2kLossless));
    EXPECT_EQ(
        image_frames("multipart/related; type=application/octet-stream; transfer-syntax=" + kJls,
                     kExplicit),
        "m made application/octet-stream " + kJls);
    EXPECT_EQ(image_frames("multipart/related; transfer-syntax=" + kJls, kExplicit),
              "m made image/jls " + kJls);
    EXPECT_EQ(image_frames("image/jp2; transfer-syntax=" + kJls, kExplicit), "none")
        << "the two contradict each other";
    EXPECT_EQ(image_frames("image/jpeg; transfer-syntax=" + kJpegBaseline, kExplicit), "none");
    EXPECT_EQ(image_frames("image/jls", kVideo), "none");
    // RFC 9110 12.5.1.
    const std::string lossless(syntax::kJpegLosslessSv1);
    for (const char* any : {"image/*", "image/*; transfer-syntax=*", "text/html, image/*;q=0.8"})
        EXPECT_EQ(image_frames(any, kExplicit), "s made image/jpeg " + lossless) << any;
    EXPECT_EQ(image_frames("multipart/related; type=\"image/*\"", kImplicit),
              "m made image/jpeg " + lossless);
    EXPECT_EQ(image_frames("image/*; transfer-syntax=" + kJpeg2000, kExplicit),
              "s made image/jp2 " + kJpeg2000);
    EXPECT_EQ(image_frames("image/*", kJpeg2000), "s stored image/jp2 " + kJpeg2000);
    EXPECT_EQ(frames("image/*", kExplicit), "none") << "no image";
    EXPECT_EQ(image_frames("video/*", kExplicit), "none");
    EXPECT_EQ(image_frames("*/*", kExplicit), "m stored application/octet-stream " + kExplicit);
}

// RFC 9110 12.4.2, 12.5.1.
TEST(ChooseObject, NeverGivesWhatIsRefused) {
    const std::string parts = "multipart/related; type=\"application/dicom\"";
    EXPECT_EQ(object("application/dicom;q=0, application/*", kJls), "none");
    EXPECT_EQ(object("application/dicom;q=0, */*", kExplicit),
              "m stored application/dicom " + kExplicit);
    EXPECT_EQ(object(parts + ";q=0, */*", kExplicit), "s stored application/dicom " + kExplicit);
    EXPECT_EQ(object(parts + ";q=0, */*", kExplicit, Count::kMany), "none");
    EXPECT_EQ(object(parts + "; transfer-syntax=" + kJls + ";q=0, " + parts + "; transfer-syntax=*",
                     kJls),
              "none");
}

// PS3.18 8.7.3.5: without a transfer syntax it is the default one, and no more of all there are.
TEST(ChooseObject, TakesAnySyntaxForNoNarrowerWish) {
    EXPECT_EQ(object("application/dicom; transfer-syntax=*;q=0.5, application/dicom", kJls),
              "s made application/dicom " + kExplicit);
}

TEST(ChooseFrames, NeverGiveWhatIsRefused) {
    const std::string octets = "multipart/related; type=\"application/octet-stream\"";
    EXPECT_EQ(frames(octets + ";q=0, */*", kExplicit),
              "s stored application/octet-stream " + kExplicit);
    EXPECT_EQ(frames(octets + ";q=0, */*", kExplicit, Count::kMany), "none");
    EXPECT_EQ(frames(octets + ";q=0, */*", kJls, Count::kMany), "m stored image/jls " + kJls);
    EXPECT_EQ(frames("video/mp4;q=0, video/*", kVideo), "none");
    for (const char* jls : {"image/jls", "image/x-jls"})
        EXPECT_EQ(frames(jls + std::string(";q=0, image/*"), kJls), "none") << jls;
    EXPECT_EQ(image_frames("image/jpeg;q=0, image/*", kExplicit), "s made image/jls " + kJls);
    EXPECT_EQ(image_frames("image/*;q=0.9, image/jpeg;q=0.1, image/jls;q=0", kExplicit),
              "s made image/jp2 " + kJpeg2000);
}

TEST(RenderedWishes, LeaveOutWhatIsRefused) {
    const auto asked = [](const char* accept, Count count) {
        const RenderedWishes wishes(http::parse_accept(accept), count);
        constexpr std::array<std::string_view, 2> kOffered = {"image/jpeg", "image/png"};
        const auto type = http::choose(wishes.types(), kOffered);
        return type ? (wishes.in_parts(*type) ? "m " : "s ") + *type : "none";
    };
    EXPECT_EQ(asked("image/jpeg;q=0, image/*", Count::kOne), "s image/png");
    EXPECT_EQ(asked("image/*;q=0.9, image/jpeg;q=0.1", Count::kOne), "s image/png");
    EXPECT_EQ(asked("image/*;q=0, */*", Count::kOne), "m image/jpeg");
    EXPECT_EQ(asked("multipart/related; type=image/jpeg;q=0, */*", Count::kMany), "m image/png");
    EXPECT_EQ(asked("multipart/*;q=0, */*", Count::kMany), "none");
}

}  // namespace
}  // namespace lucerna::retrieve
