#include "deidentify/waveforms.h"

#include <cstdint>
#include <limits>
#include <string>

#include "deidentify/tails.h"
#include "dicom/item_access.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;

constexpr Tag kNumberOfWaveformChannels{0x003A, 0x0005};
constexpr Tag kNumberOfWaveformSamples{0x003A, 0x0010};
constexpr Tag kChannelDefinitionSequence{0x003A, 0x0200};
constexpr Tag kChannelMinimumValue{0x5400, 0x0110};
constexpr Tag kChannelMaximumValue{0x5400, 0x0112};
constexpr Tag kWaveformBitsAllocated{0x5400, 0x1004};
constexpr Tag kWaveformPaddingValue{0x5400, 0x100A};
constexpr Tag kWaveformData{0x5400, 0x1010};

/// Bytes of a sample of this item; none where it does not say, or in parts of bytes.
std::size_t sample_bytes(const DataSet& multiplex) {
    const long long bits = multiplex.integer(kWaveformBitsAllocated).value_or(0);
    return bits > 0 && bits <= 64 && bits % 8 == 0 ? static_cast<std::size_t>(bits / 8) : 0;
}

std::optional<std::size_t> data_bytes(const DataSet& multiplex) {
    const long long channels = multiplex.integer(kNumberOfWaveformChannels).value_or(0);
    const long long samples = multiplex.integer(kNumberOfWaveformSamples).value_or(0);
    const std::size_t bytes = sample_bytes(multiplex);
    constexpr long long kMost = std::numeric_limits<std::uint32_t>::max();
    if (channels < 1 || channels > 65535 || samples < 1 || samples > kMost || bytes == 0) return {};
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(samples) * bytes;
}

class Cut {
  public:
    explicit Cut(Steps& steps) : steps_(steps) {}

    std::optional<exam::Refusal> level(DataSet& data, const std::string& prefix,
                                       std::size_t bytes_around) {
        const std::size_t own = sample_bytes(data);
        const std::size_t bytes = own > 0 ? own : bytes_around;
        for (const Tag tag : {kWaveformPaddingValue, kChannelMinimumValue, kChannelMaximumValue})
            cut_behind(data, tag, bytes, prefix, steps_);
        if (data.has_value(kWaveformData)) {
            const auto most = data_bytes(data);
            if (!most)
                return exam::Refusal{exam::RefusalReason::kUnsupportedEncoding,
                                     "a waveform does not say how much its samples take",
                                     dicom::describe(kWaveformData),
                                     "mend the object or leave it out",
                                     "",
                                     ""};
            cut_behind(data, kWaveformData, *most, prefix, steps_);
        }
        for (const Tag tag : data.tags()) {
            auto* const items = dicom::editable_items(data, tag);
            if (items == nullptr) continue;
            // Only a channel's own values are of the samples around it.
            const std::size_t within = tag == kChannelDefinitionSequence ? bytes : 0;
            const std::string inner = prefix + path_of(tag) + "[*].";
            for (DataSet& item : *items)
                if (auto refusal = level(item, inner, within)) return refusal;
        }
        return {};
    }

  private:
    Steps& steps_;
};

}  // namespace

std::optional<exam::Refusal> cut_waveforms(DataSet& object, Steps& steps) {
    return Cut(steps).level(object, "", 0);
}

}  // namespace lucerna::deidentify
