#include "deidentify/sound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "deidentify/example_object.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using test::deidentifier;
using test::example;
using testing::HasSubstr;
namespace tags = dicom::tags;

constexpr const char* kEcg = "1.2.840.10008.5.1.4.1.1.9.1.1";
constexpr const char* kVoice = "1.2.840.10008.5.1.4.1.1.9.4.1";

DataSet& add_multiplex(DataSet& data, const char* interpretation, const char* source) {
    DataSet& multiplex = data.add_item({0x5400, 0x0100});
    multiplex.set_text({0x5400, 0x1006}, interpretation);
    multiplex.set_integer({0x003A, 0x0005}, 1);
    multiplex.set_integer({0x003A, 0x0010}, 4);
    multiplex.set_integer({0x5400, 0x1004}, 16);
    DataSet& code = multiplex.add_item({0x003A, 0x0200}).add_item({0x003A, 0x0208});
    code.set_text(tags::kCodeValue, source);
    code.set_text(tags::kCodingSchemeDesignator, source[0] == '1' ? "DCM" : "MDC");
    multiplex.set_bytes({0x5400, 0x1010}, "OW", Bytes(8, 1));
    return multiplex;
}

DataSet waveform(std::string_view sop_class, const char* interpretation = "SS",
                 const char* source = "2:1") {
    DataSet object = example();
    object.remove(tags::kPixelData);
    object.set_text(tags::kSopClassUid, sop_class);
    add_multiplex(object, interpretation, source);
    return object;
}

std::string reason(DataSet object, const char* profile = "screening") {
    auto outcome = deidentifier(profile).run(std::move(object));
    const auto* refusal = std::get_if<exam::Refusal>(&outcome);
    return refusal == nullptr ? "none" : refusal->what + " at " + refusal->where;
}

TEST(Sound, RefusesVoicesByName) {
    for (const char* profile : {"basic", "screening", "basic+uids"})
        EXPECT_THAT(reason(waveform(kVoice), profile),
                    HasSubstr("Basic Voice Audio Waveform Storage may hold speech"))
            << profile;
    EXPECT_THAT(reason(waveform("1.2.840.10008.5.1.4.1.1.9.4.2")),
                HasSubstr("General Audio Waveform Storage"));
    // Audio SR, retired, and a sibling that does not exist yet.
    EXPECT_THAT(reason(waveform("1.2.840.10008.5.1.4.1.1.88.2")), HasSubstr("may hold speech"));
    EXPECT_THAT(reason(waveform("1.2.840.10008.5.1.4.1.1.9.4.9")), HasSubstr("may hold speech"));
}

TEST(Sound, LeavesPhysiologicalSignals) {
    EXPECT_EQ(reason(waveform(kEcg)), "none");
    EXPECT_EQ(reason(waveform("1.2.840.10008.5.1.4.1.1.9.6.1", "SB")), "none");
}

TEST(Sound, RefusesAWaveformInAnyOtherObject) {
    const std::string why = reason(waveform(dicom::sop_class::kSecondaryCapture));
    EXPECT_THAT(why, HasSubstr("a waveform may hold speech in an object of Secondary Capture"));
    EXPECT_THAT(why, HasSubstr("(5400,0100)"));
    EXPECT_THAT(reason(waveform("1.2.3.4.5")), HasSubstr("of 1.2.3.4.5"));
    DataSet nested = example();
    add_multiplex(nested.add_item(tags::kContentSequence), "SS", "2:1");
    EXPECT_THAT(reason(std::move(nested)), HasSubstr("may hold speech"));
    DataSet bare = example();
    bare.set_bytes({0x5400, 0x1010}, "OW", Bytes(8, 1));
    EXPECT_THAT(reason(std::move(bare)), HasSubstr("(5400,1010)"));
}

TEST(Sound, RefusesAChannelOfSoundAmongOthers) {
    for (const char* interpretation : {"MB", "AB"})
        EXPECT_THAT(reason(waveform(kEcg, interpretation)), HasSubstr("a channel of sound"));
    DataSet with_narrative = waveform(kEcg);
    add_multiplex(with_narrative, "SS", "109111");
    EXPECT_THAT(reason(std::move(with_narrative)), HasSubstr("a channel of sound"));
}

TEST(Sound, RefusesVideos) {
    for (const char* syntax : {"1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102",
                               "1.2.840.10008.1.2.4.102.1", "1.2.840.10008.1.2.4.108"}) {
        DataSet video = example();
        video.set_encapsulated_pixels(
            {.rows = 16, .columns = 16, .bits_allocated = 8, .bits_stored = 8}, {Bytes(100, 1)},
            syntax);
        EXPECT_THAT(reason(std::move(video), "basic"), HasSubstr("stream of a video")) << syntax;
    }
}

}  // namespace
}  // namespace lucerna::deidentify
