#include "deidentify/waveforms.h"

#include <gtest/gtest.h>

#include <string_view>

#include "deidentify/example_object.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
using test::deidentifier;
using test::example;
namespace tags = dicom::tags;

constexpr std::string_view kSecret = "DOE^JANE*19610203!";
constexpr Tag kWaveformSequence{0x5400, 0x0100};
constexpr Tag kWaveformData{0x5400, 0x1010};
constexpr Tag kPaddingValue{0x5400, 0x100A};
constexpr Tag kChannelDefinitionSequence{0x003A, 0x0200};
constexpr Tag kChannelMinimumValue{0x5400, 0x0110};
constexpr Tag kNumberOfWaveformSamples{0x003A, 0x0010};

/// `bytes` and the secret behind them.
Bytes before_secret(std::size_t bytes) {
    Bytes made(bytes, 1);
    made.insert(made.end(), kSecret.begin(), kSecret.end());
    return made;
}

/// An ECG of one channel of 10 samples of 16 bits.
DataSet ecg() {
    DataSet object = example();
    object.remove(tags::kPixelData);
    object.set_text(tags::kSopClassUid, "1.2.840.10008.5.1.4.1.1.9.1.1");
    DataSet& multiplex = object.add_item(kWaveformSequence);
    multiplex.set_text({0x5400, 0x1006}, "SS");
    multiplex.set_integer({0x003A, 0x0005}, 1);
    multiplex.set_integer(kNumberOfWaveformSamples, 10);
    multiplex.set_integer({0x5400, 0x1004}, 16);
    multiplex.set_bytes(kWaveformData, "OW", before_secret(20));
    multiplex.set_bytes(kPaddingValue, "OW", before_secret(2));
    multiplex.add_item(kChannelDefinitionSequence)
        .set_bytes(kChannelMinimumValue, "OW", before_secret(2));
    return object;
}

TEST(Waveforms, AreCutBehindTheirSamples) {
    for (const char* profile : {"basic", "screening"}) {
        auto outcome = deidentifier(profile).run(ecg());
        auto& made = std::get<Deidentified>(outcome);
        const DataSet object = DataSet::parse(made.file.whole());
        const DataSet& multiplex = object.items(kWaveformSequence).front();
        EXPECT_EQ(multiplex.bytes(kWaveformData).size(), 20U);
        EXPECT_EQ(multiplex.bytes(kPaddingValue).size(), 2U);
        const DataSet& channel = multiplex.items(kChannelDefinitionSequence).front();
        EXPECT_EQ(channel.bytes(kChannelMinimumValue).size(), 2U);
        const auto is_reported = [&](std::string_view path) {
            for (const Step& step : made.report.steps.listed())
                if (step.path == path && step.action == Action::kClean) return true;
            return false;
        };
        EXPECT_TRUE(is_reported("54000100[*].54001010"));
        EXPECT_TRUE(is_reported("54000100[*].5400100A"));
        EXPECT_TRUE(is_reported("54000100[*].003A0200[*].54000110"));
    }
}

TEST(Waveforms, StayAsTheyAreWithoutMore) {
    DataSet object = ecg();
    Steps steps;
    EXPECT_FALSE(cut_waveforms(object, steps));
    EXPECT_EQ(steps.listed().size(), 3U);
    const Bytes cut = object.to_part10();
    EXPECT_FALSE(cut_waveforms(object, steps));
    EXPECT_EQ(steps.listed().size(), 3U);
    EXPECT_EQ(object.to_part10(), cut);
}

TEST(Waveforms, AreRefusedWhereTheyDoNotSayHowMuchTheyTake) {
    DataSet object = example();
    object.set_text(tags::kSopClassUid, "1.2.840.10008.5.1.4.1.1.9.1.1");
    object.add_item(kWaveformSequence).set_bytes(kWaveformData, "OW", before_secret(20));
    EXPECT_TRUE(
        std::holds_alternative<exam::Refusal>(deidentifier("basic").run(std::move(object))));
}

TEST(Waveforms, HaveNoValuesOfChannelsOutsideOfThem) {
    DataSet object = example();
    object.set_bytes(kPaddingValue, "OW", before_secret(0));
    Steps steps;
    EXPECT_FALSE(cut_waveforms(object, steps));
    EXPECT_FALSE(object.has_value(kPaddingValue));
}

}  // namespace
}  // namespace lucerna::deidentify
