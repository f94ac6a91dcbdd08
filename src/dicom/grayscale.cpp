#include "dicom/grayscale.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "base/error.h"
#include "dicom/functional_group.h"
#include "dicom/lookup_entries.h"
#include "dicom/node.h"
#include "dicom/sample_table.h"
#include "dicom/uids.h"
#include "dicom/values.h"

namespace lucerna::dicom {
namespace {

[[noreturn]] void refuse(Tag tag, const std::string& what) {
    throw Error(ErrorCode::kInvalidInput, describe(tag) + " " + what);
}

const DataSet& voi_source(const DataSet& data_set, int frame) {
    const DataSet* const group = functional_group(data_set, frame, tags::kFrameVoiLutSequence);
    return group == nullptr ? data_set : *group;
}

bool has_signed_pixels(const DataSet& data_set) {
    return data_set.integer(tags::kPixelRepresentation) == 1;
}

ValueRange stored_range(const DataSet& data_set) {
    const auto bits = std::clamp(data_set.integer(tags::kBitsStored).value_or(16), 1LL, 32LL);
    const double count = std::ldexp(1.0, static_cast<int>(bits));
    return has_signed_pixels(data_set) ? ValueRange{-count / 2, count / 2 - 1}
                                       : ValueRange{0, count - 1};
}

/// What the modality LUT can give.
ValueRange modality_range(const DataSet& data_set, const ModalityLut& lut) {
    if (lut.table) {
        const auto [least, greatest] = std::ranges::minmax(lut.table->entries);
        return {static_cast<double>(least), static_cast<double>(greatest)};
    }
    const ValueRange stored = stored_range(data_set);
    const auto [least, greatest] =
        std::minmax({lut.value(stored.least), lut.value(stored.greatest)});
    return {least, greatest};
}

/// Of the two numbers that 16 bits can be, the one whose entries the inputs meet. Where they meet
/// both, what the VR says or, where it is empty, whether inputs are below zero (PS3.3 C.11.2.1.1).
std::int64_t first_mapped(const std::vector<long long>& descriptor, long long count,
                          const ValueRange& inputs, const std::string& vr) {
    const std::int64_t as_unsigned = descriptor[1] & 0xFFFF;
    const std::int64_t as_signed = static_cast<std::int16_t>(as_unsigned);
    const auto is_met = [&](std::int64_t first) {
        const auto last = static_cast<double>(first + count - 1);
        return inputs.greatest > static_cast<double>(first) && inputs.least < last;
    };
    if (is_met(as_signed) != is_met(as_unsigned))
        return is_met(as_signed) ? as_signed : as_unsigned;
    const bool is_signed = vr.empty() ? inputs.least < 0 : vr == "SS";
    return is_signed ? as_signed : as_unsigned;
}

/// The descriptor's three numbers (PS3.3 C.11.1.1.1). The first and the last are unsigned whatever
/// the VR says.
LookupTable lookup_table_of(const DataSet& data_set, const DataSet& item, Tag sequence,
                            const ValueRange& inputs) {
    const std::vector<long long> descriptor = item.integers(tags::kLutDescriptor);
    if (descriptor.size() != 3) refuse(sequence, "has no LUT Descriptor of three numbers");
    const std::size_t entries = entries_of_descriptor(descriptor[0]);
    const auto count = static_cast<long long>(entries);
    // Of implicit VR, SS is only what the pixels are.
    const bool has_vr = data_set.transfer_syntax_uid() != transfer_syntax::kImplicitVrLittleEndian;
    LookupTable table;
    table.bits = static_cast<int>(descriptor[2] & 0xFFFF);
    table.first_mapped =
        first_mapped(descriptor, count, inputs, has_vr ? item.vr(tags::kLutDescriptor) : "");
    table.explanation = item.text_or(tags::kLutExplanation, "");
    if (table.bits < 8 || table.bits > 16) {
        refuse(sequence, "has entries of " + std::to_string(table.bits) + " bits, not 8 to 16");
    }
    const ByteView data = item.bytes(tags::kLutData);
    table.entries.resize(entries);
    const std::size_t bytes = bytes_an_entry(data.size(), entries, table.bits);
    if (bytes == 2) {
        for (std::size_t i = 0; i < entries; ++i) table.entries[i] = u16(data, 2 * i);
    } else if (bytes == 1) {
        std::copy_n(data.begin(), entries, table.entries.begin());
    } else {
        refuse(sequence, "has " + std::to_string(data.size()) + " bytes of LUT Data for " +
                             std::to_string(count) + " entries");
    }
    const auto most = static_cast<std::uint16_t>((1U << table.bits) - 1);
    for (std::uint16_t& entry : table.entries) entry = std::min(entry, most);
    return table;
}

/// The table, or nothing where it is passed over.
std::optional<LookupTable> usable_table_of(const DataSet& data_set, const DataSet& item,
                                           Tag sequence, const ValueRange& inputs,
                                           Unusable unusable) {
    try {
        return lookup_table_of(data_set, item, sequence, inputs);
    } catch (const Error& error) {
        if (unusable == Unusable::kRefused || error.code() != ErrorCode::kInvalidInput) throw;
        return {};
    }
}

/// Nothing for a name that PS3.3 C.11.2.1.3 does not define.
std::optional<VoiFunction> voi_function_of(const DataSet& source) {
    const std::string name = source.text_or(tags::kVoiLutFunction, "LINEAR");
    if (name == "LINEAR") return VoiFunction::kLinear;
    if (name == "LINEAR_EXACT") return VoiFunction::kLinearExact;
    if (name == "SIGMOID") return VoiFunction::kSigmoid;
    return {};
}

/// PS3.3 C.11.2.1.2.1, C.11.2.1.3.
bool takes_width(VoiFunction function, double width) {
    return function == VoiFunction::kLinear ? width >= 1 : width > 0;
}

void require_windows(const DataSet& source) {
    const std::vector<double> widths = source.numbers(tags::kWindowWidth);
    if (source.numbers(tags::kWindowCenter).size() != widths.size())
        refuse(tags::kWindowCenter, "and Window Width have different numbers of values");
    if (widths.empty()) return;
    const auto function = voi_function_of(source);
    if (!function) refuse(tags::kVoiLutFunction, "is none that the standard defines");
    for (const double width : widths)
        if (!takes_width(*function, width))
            refuse(tags::kWindowWidth, "is " + printed_number(width) + ", too narrow");
}

void add_windows(const DataSet& source, Unusable unusable, std::vector<Voi>& out) {
    if (unusable == Unusable::kRefused) {
        require_windows(source);
        if (source.numbers(tags::kWindowWidth).empty()) return;
    }
    const auto function = voi_function_of(source);
    if (!function) return;
    const std::vector<std::string> explanations = source.texts(tags::kWindowCenterWidthExplanation);
    // Each is looked for from the first on.
    constexpr std::size_t kMostWindows = 256;
    const std::size_t count = std::min(source.value_count(tags::kWindowCenter), kMostWindows);
    for (std::size_t i = 0; i < count; ++i) {
        const auto center = source.number(tags::kWindowCenter, i);
        const auto width = source.number(tags::kWindowWidth, i);
        if (!center || !width || !takes_width(*function, *width)) continue;
        out.push_back(
            VoiWindow{*center, *width, *function, i < explanations.size() ? explanations[i] : ""});
    }
}

float windowed(double x, const VoiWindow& window) {
    const double c = window.center;
    const double w = window.width;
    switch (window.function) {
        case VoiFunction::kLinear: {
            // PS3.3 C.11.2.1.2.1; a width of 1 is a step.
            if (x <= c - 0.5 - (w - 1) / 2) return 0;
            if (x > c - 0.5 + (w - 1) / 2) return 1;
            return static_cast<float>((x - (c - 0.5)) / (w - 1) + 0.5);
        }
        case VoiFunction::kLinearExact: {
            if (x <= c - w / 2) return 0;
            if (x > c + w / 2) return 1;
            return static_cast<float>((x - c) / w + 0.5);
        }
        case VoiFunction::kSigmoid:
            break;
    }
    return static_cast<float>(1 / (1 + std::exp(-4 * (x - c) / w)));
}

float looked_up(double value, const LookupTable& table) {
    return static_cast<float>(table.at(value)) / static_cast<float>((1U << table.bits) - 1);
}

float within(const ValueRange& range, double value) {
    const double share = (value - range.least) / (range.greatest - range.least);
    return static_cast<float>(std::clamp(share, 0.0, 1.0));
}

template <typename Map>
std::vector<float> mapped(const DecodedFrame& frame, Map&& map) {
    std::vector<float> out(frame.count());
    const FrameView view(frame);
    const SampleValues values(view);
    if (values.are_few()) {
        SampleTable<float>::of(values, map).look_up(view, 0, out);
    } else {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = map(static_cast<double>(frame.value(i)));
    }
    return out;
}

void require_gray(const DecodedFrame& frame) {
    if (frame.samples_per_pixel == 1) return;
    throw Error(ErrorCode::kUnsupported, "a color frame has no grayscale values");
}

}  // namespace

std::uint16_t LookupTable::at(double input) const {
    const double index = std::round(input) - static_cast<double>(first_mapped);
    const auto last = static_cast<double>(entries.size() - 1);
    return entries[static_cast<std::size_t>(std::clamp(index, 0.0, last))];
}

double ModalityLut::value(double stored) const {
    return table ? static_cast<double>(table->at(stored)) : stored * slope + intercept;
}

float PresentationLut::value(float given) const {
    if (!table) return inverse ? 1 - given : given;
    const auto last = static_cast<float>(table->entries.size() - 1);
    const auto entry = static_cast<std::size_t>(std::round(std::clamp(given, 0.0F, 1.0F) * last));
    return static_cast<float>(table->entries[entry]) / static_cast<float>((1U << table->bits) - 1);
}

ModalityLut modality_lut_of(const DataSet& data_set, int frame, Unusable unusable) {
    ModalityLut lut;
    const auto& tables = data_set.items(tags::kModalityLutSequence);
    if (!tables.empty()) {
        lut.table = usable_table_of(data_set, tables.front(), tags::kModalityLutSequence,
                                    stored_range(data_set), unusable);
        if (lut.table) return lut;
    }
    const DataSet* const group =
        functional_group(data_set, frame, tags::kPixelValueTransformationSequence);
    const DataSet& source = group == nullptr ? data_set : *group;
    if (!source.has_value(tags::kRescaleSlope) && !source.has_value(tags::kRescaleIntercept)) {
        return lut;
    }
    const auto slope = source.number(tags::kRescaleSlope);
    const auto intercept = source.number(tags::kRescaleIntercept);
    const bool has_slope = slope && *slope != 0;
    if (unusable == Unusable::kRefused) {
        if (!has_slope) refuse(tags::kRescaleSlope, "is missing, no number or 0");
        if (!intercept) refuse(tags::kRescaleIntercept, "is missing or no number");
    }
    lut.slope = has_slope ? *slope : 1;
    lut.intercept = intercept.value_or(0);
    return lut;
}

std::vector<Voi> voi_alternatives(const DataSet& data_set, int frame, Unusable unusable) {
    std::vector<Voi> out;
    const DataSet& source = voi_source(data_set, frame);
    const auto& items = source.items(tags::kVoiLutSequence);
    if (!items.empty()) {
        const ValueRange inputs =
            modality_range(data_set, modality_lut_of(data_set, frame, unusable));
        for (const DataSet& item : items)
            if (auto table =
                    usable_table_of(data_set, item, tags::kVoiLutSequence, inputs, unusable))
                out.emplace_back(*std::move(table));
    }
    add_windows(source, unusable, out);
    return out;
}

PresentationLut presentation_lut_of(const DataSet& data_set, Unusable unusable) {
    const auto shape = data_set.text(tags::kPresentationLutShape);
    if (shape) return {.inverse = *shape == "INVERSE"};
    PresentationLut lut{.inverse =
                            data_set.text(tags::kPhotometricInterpretation) == "MONOCHROME1"};
    const auto& tables = data_set.items(tags::kPresentationLutSequence);
    if (!tables.empty())
        lut.table = usable_table_of(data_set, tables.front(), tags::kPresentationLutSequence,
                                    ValueRange{0, 65535}, unusable);
    return lut;
}

bool is_inverse(const DataSet& data_set) {
    const PresentationLut lut = presentation_lut_of(data_set, Unusable::kPassedOver);
    return lut.table ? lut.table->entries.front() > lut.table->entries.back() : lut.inverse;
}

std::vector<float> apply_modality_lut(const DecodedFrame& frame, const ModalityLut& lut) {
    require_gray(frame);
    if (lut.table) {
        return mapped(frame, [&](double x) { return static_cast<float>(lut.table->at(x)); });
    }
    return mapped(frame,
                  [&](double x) { return static_cast<float>(x * lut.slope + lut.intercept); });
}

float apply_voi(double value, const Voi& voi) {
    if (const auto* window = std::get_if<VoiWindow>(&voi)) return windowed(value, *window);
    return looked_up(value, std::get<LookupTable>(voi));
}

void apply_voi(std::span<float> values, const Voi& voi) {
    if (const auto* window = std::get_if<VoiWindow>(&voi)) {
        for (float& value : values) value = windowed(value, *window);
    } else {
        const auto& table = std::get<LookupTable>(voi);
        for (float& value : values) value = looked_up(value, table);
    }
}

void stretch(std::span<float> values) {
    if (values.empty()) return;
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    const float low = *least;
    const float range = *greatest - low;
    for (float& value : values) value = range > 0 ? (value - low) / range : 0;
}

std::optional<std::function<float(double)>> presentation_map(const DataSet& data_set, int frame,
                                                             const std::optional<Voi>& voi,
                                                             const std::optional<ValueRange>& range,
                                                             Unusable unusable) {
    ModalityLut lut = modality_lut_of(data_set, frame, unusable);
    std::optional<Voi> chosen = voi;
    if (!chosen) {
        std::vector<Voi> offered = voi_alternatives(data_set, frame, unusable);
        if (!offered.empty()) chosen = std::move(offered.front());
    }
    if (!chosen && !range) return {};
    return [modality = std::move(lut), presentation = presentation_lut_of(data_set, unusable),
            chosen = std::move(chosen), range](double stored) {
        const double value = modality.value(stored);
        return presentation.value(chosen ? apply_voi(value, *chosen) : within(*range, value));
    };
}

std::vector<float> presentation_values(const DataSet& data_set, const DecodedFrame& decoded,
                                       int frame, const std::optional<Voi>& voi) {
    require_gray(decoded);
    if (const auto map = presentation_map(data_set, frame, voi)) return mapped(decoded, *map);
    std::vector<float> values = apply_modality_lut(decoded, modality_lut_of(data_set, frame));
    stretch(values);
    const PresentationLut presentation = presentation_lut_of(data_set);
    for (float& value : values) value = presentation.value(value);
    return values;
}

}  // namespace lucerna::dicom
