#include <functional>
#include <span>
#include <variant>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/grayscale.h"
#include "dicom/tags.h"
#include "prepare/steps.h"

namespace lucerna::prepare {
namespace {

using exam::Refusal;
using Outcome = std::optional<Refusal>;

/// Runs one stage of the grayscale pipeline; what the header makes impossible is a refusal.
template <typename Stage>
Outcome attempt(dicom::Tag where, Stage&& stage) {
    try {
        stage();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kInvalidInput && error.code() != ErrorCode::kUnsupported)
            throw;
        return Refusal{exam::RefusalReason::kBadPixelDescription,
                       error.what(),
                       describe(where),
                       "Correct the header at the modality and send the image again.",
                       {},
                       {}};
    }
    return {};
}

void change_values(Working& working, const std::function<void(std::span<float>)>& change) {
    working.survey.reset();
    working.pixels.map(change);
}

}  // namespace

Outcome modality_lut(Working& working, const exam::InputContract&) {
    return attempt(dicom::kModalityLutSequence, [&] {
        const dicom::ModalityLut lut = dicom::modality_lut_of(*working.header);
        if (!lut.table && lut.slope == 1 && lut.intercept == 0) return;
        change_values(working, [&](std::span<float> values) {
            for (float& value : values)
                value = lut.table ? lut.table->at(value)
                                  : static_cast<float>(value * lut.slope + lut.intercept);
        });
    });
}

Outcome voi_lut(Working& working, const exam::InputContract&) {
    return attempt(dicom::kWindowCenter, [&] {
        const auto alternatives = dicom::voi_alternatives(*working.header);
        if (alternatives.empty()) return;
        const auto* table = std::get_if<dicom::LookupTable>(&alternatives.front());
        if (table != nullptr && table->entries.front() > table->entries.back())
            throw Error(ErrorCode::kInvalidInput,
                        "VOI LUT Sequence (0028,3010) runs from bright to "
                        "dark: what is white nobody knows");
        change_values(working, [&](std::span<float> values) {
            dicom::apply_voi(values, alternatives.front());
        });
    });
}

Outcome presentation_lut(Working& working, const exam::InputContract&) {
    if (!dicom::is_inverse(*working.header)) return {};
    // Only the order of values matters from here on, so their sign is enough.
    change_values(working, [](std::span<float> values) {
        for (float& value : values) value = -value;
    });
    return {};
}

}  // namespace lucerna::prepare
