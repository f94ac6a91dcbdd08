#include "deidentify/sound.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
namespace tags = dicom::tags;

constexpr Tag kWaveformSequence{0x5400, 0x0100};
constexpr Tag kWaveformData{0x5400, 0x1010};
constexpr Tag kWaveformSampleInterpretation{0x5400, 0x1006};
constexpr Tag kChannelDefinitionSequence{0x003A, 0x0200};
constexpr Tag kChannelSourceSequence{0x003A, 0x0208};

/// Below this root of PS3.4 B.5, classes of physiological signals: what follows the root.
constexpr std::string_view kWaveformRoot = "1.2.840.10008.5.1.4.1.1.9.";
constexpr std::string_view kPhysiological[] = {
    "1.1", "1.2", "1.3", "1.4",  // ECG
    "2.1", "3.1",                // haemodynamic, cardiac electrophysiology
    "5.1", "6.1", "6.2",         // pulse, respiration
    "7.1", "7.2", "7.3", "7.4",  // EEG, EMG, EOG, sleep
    "8.1",                       // body position
};
/// Basic Voice and General Audio Waveform Storage, and any sibling to come; the retired Audio SR.
constexpr std::string_view kAudioRoot = "1.2.840.10008.5.1.4.1.1.9.4.";
constexpr std::string_view kAudioSrTrial = "1.2.840.10008.5.1.4.1.1.88.2";

bool is_audio_class(std::string_view uid) {
    return uid.starts_with(kAudioRoot) || uid == kAudioSrTrial;
}

bool is_physiological(std::string_view uid) {
    if (!uid.starts_with(kWaveformRoot)) return false;
    uid.remove_prefix(kWaveformRoot.size());
    return std::find(std::begin(kPhysiological), std::end(kPhysiological), uid) !=
           std::end(kPhysiological);
}

/// One stream for all frames, which may have a part for sound.
bool is_video(std::string_view transfer_syntax_uid) {
    // MPEG-2 to HEVC: .100 to .108, and each with .1 behind it.
    constexpr std::string_view kPrefix = "1.2.840.10008.1.2.4.10";
    if (!transfer_syntax_uid.starts_with(kPrefix)) return false;
    transfer_syntax_uid.remove_prefix(kPrefix.size());
    return !transfer_syntax_uid.empty() && transfer_syntax_uid.front() != '.';
}

/// PS3.16 CID 3000, Audio Channel Source: voice, narrative, room, Doppler, heart and body sounds.
/// A microphone hears a voice, whatever it is held against.
bool is_sound_source(const DataSet& code) {
    const std::string value = code.text_or(tags::kCodeValue, "");
    return code.text_or(tags::kCodingSchemeDesignator, "") == "DCM" && value >= "109110" &&
           value <= "109115" && value.size() == 6;
}

/// A channel of this item of Waveform Sequence has sound: by its source, or as mu-law and A-law are
/// ways to store speech alone (PS3.3 C.10.9.1.5).
bool has_sound(const DataSet& multiplex) {
    const std::string samples = multiplex.text_or(kWaveformSampleInterpretation, "");
    if (samples == "MB" || samples == "AB") return true;
    const auto& channels = multiplex.items(kChannelDefinitionSequence);
    return std::any_of(channels.begin(), channels.end(), [](const DataSet& channel) {
        const auto& sources = channel.items(kChannelSourceSequence);
        return std::any_of(sources.begin(), sources.end(), is_sound_source);
    });
}

exam::Refusal refused(std::string what, Tag where) {
    return {exam::RefusalReason::kUnsupportedEncoding,
            std::move(what),
            dicom::describe(where),
            "leave it out",
            "",
            ""};
}

std::string called(const std::string& sop_class_uid) {
    const std::string_view name = dicom::sop_class_name(sop_class_uid);
    return name.empty() ? sop_class_uid : std::string(name);
}

std::optional<exam::Refusal> refuse_waveforms(const DataSet& data, const std::string& sop_class) {
    if (data.has(kWaveformData) || data.has(kWaveformSequence)) {
        const Tag where = data.has(kWaveformSequence) ? kWaveformSequence : kWaveformData;
        if (!is_physiological(sop_class))
            return refused("a waveform may hold speech in an object of " + called(sop_class),
                           where);
        if (has_sound(data))
            return refused("a waveform has a channel of sound, which may hold speech", where);
    }
    for (const Tag tag : data.tags())
        for (const DataSet& item : data.items(tag))
            if (auto refusal = refuse_waveforms(item, sop_class)) return refusal;
    return {};
}

}  // namespace

std::optional<exam::Refusal> refuse_sound(const DataSet& object) {
    const std::string sop_class = object.text_or(tags::kSopClassUid, "");
    if (is_audio_class(sop_class))
        return refused(called(sop_class) + " may hold speech", tags::kSopClassUid);
    if (is_video(object.transfer_syntax_uid()))
        return refused("the stream of a video may hold speech beside its pictures",
                       tags::kPixelData);
    return refuse_waveforms(object, sop_class);
}

}  // namespace lucerna::deidentify
