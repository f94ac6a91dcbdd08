#include "prepare/survey.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "prepare/scaling.h"

namespace lucerna::prepare {
namespace {

constexpr double kSurveyPixelMm = 1.0;
constexpr int kLargestSurvey = 512;

int survey_size(int count, double spacing_mm) {
    const double wanted = count * spacing_mm / kSurveyPixelMm;
    return std::max(1, static_cast<int>(
                           std::lround(std::min<double>({wanted, double(count), kLargestSurvey}))));
}

void look(Survey& survey, const Pixels& pixels, int width) {
    survey.pixels = resampled_across(survey.means, pixels.is_mirrored(), width, survey.scale_x);
    survey.frame = bright_frame(survey.pixels);
    survey.bright = foreground(survey.pixels, survey.frame);
    survey.breast = breast_among(survey.bright);
}

}  // namespace

Survey survey_of(const Pixels& pixels, double row_spacing_mm, double column_spacing_mm) {
    const int width = survey_size(pixels.width(), column_spacing_mm);
    const int height = survey_size(pixels.height(), row_spacing_mm);
    Survey survey;
    survey.scale_x = double(pixels.width()) / width;
    survey.scale_y = double(pixels.height()) / height;
    survey.means = exam::Raster<float>(pixels.width(), height);
    const std::vector<std::uint8_t> all(static_cast<std::size_t>(height), 1);
    resample_down(pixels, survey.scale_y, all, survey.means);
    look(survey, pixels, width);
    return survey;
}

void renew_mirrored(Survey& survey, const Pixels& pixels) {
    look(survey, pixels, survey.pixels.width);
}

void renew_rows(Survey& survey, const Pixels& pixels, std::vector<std::uint8_t> changed) {
    const std::vector<std::uint8_t> itself = changed;
    bool any = false;
    for (std::size_t y = 0; y < itself.size(); ++y) {
        if (itself[y] == 0) continue;
        any = true;
        // A picture row at the edge of a survey row counts in the neighbour, too.
        if (y > 0) changed[y - 1] = 1;
        if (y + 1 < itself.size()) changed[y + 1] = 1;
    }
    if (!any) return;
    resample_down(pixels, survey.scale_y, changed, survey.means);
    look(survey, pixels, survey.pixels.width);
}

}  // namespace lucerna::prepare
