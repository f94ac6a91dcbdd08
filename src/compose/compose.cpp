#include "compose/compose.h"

#include <array>

#include "compose/reading_check.h"
#include "compose/templates.h"

namespace lucerna::compose {
namespace {

struct Template {
    ResultKind kind;
    std::string_view name;
    std::vector<Result> (*compose)(const exam::ExamReading&, std::span<const RenderedView>,
                                   const RunParts&);
};

constexpr std::array<Template, 3> kTemplates = {{
    {ResultKind::kCadReport, "cad-sr", compose_cad_report},
    {ResultKind::kMeasurementReport, "measurement-sr", compose_measurement_report},
    {ResultKind::kCapture, "capture", compose_captures},
}};

}  // namespace

std::string_view name_of(ResultKind kind) {
    for (const Template& entry : kTemplates)
        if (entry.kind == kind) return entry.name;
    return "";
}

std::vector<Result> compose_results(const exam::ExamReading& reading,
                                    std::span<const RenderedView> renderings, const RunParts& run) {
    check_reading(reading);
    std::vector<Result> results;
    for (const Template& entry : kTemplates)
        for (Result& result : entry.compose(reading, renderings, run))
            results.push_back(std::move(result));
    return results;
}

}  // namespace lucerna::compose
