#include "prepare/survey.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "prepare/scaling.h"

namespace lucerna::prepare {
namespace {

constexpr double kSurveyPixelMm = 1.0;
constexpr int kLargestSurvey = 512;

void look(Survey& survey) {
    survey.frame = bright_frame(survey.pixels);
    survey.bright = foreground(survey.pixels, survey.frame);
    survey.breast = breast_among(survey.bright);
}

}  // namespace

Survey survey_of(const Picture& picture) {
    const auto size = [](int count, double spacing_mm) {
        const double wanted = count * spacing_mm / kSurveyPixelMm;
        return std::max(1, static_cast<int>(std::lround(
                               std::min<double>({wanted, double(count), kLargestSurvey}))));
    };
    Survey survey;
    const int width = size(picture.pixels.width, picture.column_spacing_mm);
    const int height = size(picture.pixels.height, picture.row_spacing_mm);
    survey.scale_x = double(picture.pixels.width) / width;
    survey.scale_y = double(picture.pixels.height) / height;
    survey.pixels = resampled(picture.pixels, width, height, survey.scale_x, survey.scale_y);
    look(survey);
    return survey;
}

void renew(Survey& survey, const Picture& picture, std::vector<std::uint8_t> changed) {
    if (std::find_if(changed.begin(), changed.end(), [](auto row) { return row != 0; }) ==
        changed.end())
        return;
    // A picture row at the edge of a survey row counts in the neighbour, too.
    const std::vector<std::uint8_t> itself = changed;
    for (std::size_t y = 0; y < itself.size(); ++y) {
        if (itself[y] == 0) continue;
        if (y > 0) changed[y - 1] = 1;
        if (y + 1 < itself.size()) changed[y + 1] = 1;
    }
    resample_rows(picture.pixels, survey.scale_x, survey.scale_y, changed, survey.pixels);
    look(survey);
}

}  // namespace lucerna::prepare
