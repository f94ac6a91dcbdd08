// Prepares real films and a real digital exam, and draws what came out: set
// LUCERNA_CONTACT_SHEET=FOLDER to keep the sheets and look at them.
#include <gtest/gtest.h>
#include <png.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

// After <cstdio>, which it needs and does not include.
#include <jpeglib.h>

#include "base/random.h"
#include "prepare/picture.h"
#include "support/shared_data.h"

namespace lucerna::prepare {
namespace {

namespace fs = std::filesystem;

exam::InputContract contract() {
    exam::InputContract contract;
    contract.steps = {"orient",         "remove_markers", "segment_breast",
                      "crop_to_breast", "resample",       "normalise"};
    contract.spacing_mm = 0.5;
    contract.multiple_of = 32;
    return contract;
}

exam::Raster<float> read_jpeg(const fs::path& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return {};
    jpeg_decompress_struct reader{};
    jpeg_error_mgr errors{};
    reader.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&reader);
    jpeg_stdio_src(&reader, file);
    jpeg_read_header(&reader, TRUE);
    reader.out_color_space = JCS_GRAYSCALE;
    jpeg_start_decompress(&reader);
    exam::Raster<float> picture(static_cast<int>(reader.output_width),
                                static_cast<int>(reader.output_height));
    std::vector<JSAMPLE> line(reader.output_width);
    JSAMPROW row = line.data();
    for (int y = 0; y < picture.height; ++y) {
        jpeg_read_scanlines(&reader, &row, 1);
        std::copy(line.begin(), line.end(), &picture.at(0, y));
    }
    jpeg_finish_decompress(&reader);
    jpeg_destroy_decompress(&reader);
    std::fclose(file);
    return picture;
}

exam::Raster<float> read_png(const fs::path& path) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    if (png_image_begin_read_from_file(&image, path.c_str()) == 0) return {};
    image.format = PNG_FORMAT_LINEAR_Y;
    std::vector<png_uint_16> values(PNG_IMAGE_SIZE(image) / 2);
    png_image_finish_read(&image, nullptr, values.data(), 0, nullptr);
    exam::Raster<float> picture(static_cast<int>(image.width), static_cast<int>(image.height));
    std::copy(values.begin(), values.end(), picture.pixels.begin());
    return picture;
}

/// Small pictures in rows of ten, before above after.
class ContactSheet {
  public:
    /// `stretch`: how much taller than wide a pixel of the pictures before is meant to be.
    ContactSheet(int cell, double stretch) : cell_(cell), stretch_(stretch) {}

    void add(const exam::Raster<float>& before, const exam::Raster<float>* after) {
        cells_.push_back(small(before, stretch_));
        cells_.push_back(after != nullptr ? small(*after, 1) : exam::Raster<float>(cell_, cell_));
    }

    void write(const std::string& name) const {
        const char* folder = std::getenv("LUCERNA_CONTACT_SHEET");
        if (folder == nullptr || *folder == 0 || cells_.empty()) return;
        constexpr int kColumns = 10;
        const int pairs = static_cast<int>(cells_.size() / 2);
        const int width = kColumns * cell_;
        const int height = (pairs + kColumns - 1) / kColumns * 2 * cell_;
        std::vector<png_byte> sheet(static_cast<std::size_t>(width * height), 60);
        for (int i = 0; i < 2 * pairs; ++i) {
            const int left = i / 2 % kColumns * cell_;
            const int top = (i / 2 / kColumns * 2 + i % 2) * cell_;
            const exam::Raster<float>& cell = cells_[static_cast<std::size_t>(i)];
            for (int y = 0; y < cell.height; ++y)
                for (int x = 0; x < cell.width; ++x)
                    sheet[static_cast<std::size_t>((top + y) * width + left + x)] =
                        static_cast<png_byte>(std::clamp(cell.at(x, y), 0.0F, 1.0F) * 255);
        }
        png_image image{};
        image.version = PNG_IMAGE_VERSION;
        image.width = static_cast<png_uint_32>(width);
        image.height = static_cast<png_uint_32>(height);
        image.format = PNG_FORMAT_GRAY;
        png_image_write_to_file(&image, (fs::path(folder) / name).c_str(), 0, sheet.data(), width,
                                nullptr);
    }

  private:
    /// Fits the cell; `stretch` is how much taller a pixel is meant to be than wide.
    [[nodiscard]] exam::Raster<float> small(const exam::Raster<float>& picture,
                                            double stretch) const {
        const double scale = std::max(picture.width, static_cast<int>(picture.height * stretch)) /
                             static_cast<double>(cell_ - 2);
        const int width = std::max(1, static_cast<int>(picture.width / scale));
        const int height = std::max(1, static_cast<int>(picture.height * stretch / scale));
        const float top = *std::max_element(picture.pixels.begin(), picture.pixels.end());
        exam::Raster<float> cell(width, height);
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x)
                cell.at(x, y) =
                    picture.at(static_cast<int>(x * scale), static_cast<int>(y * scale / stretch)) /
                    std::max(top, 1e-6F);
        return cell;
    }

    int cell_;
    double stretch_;
    std::vector<exam::Raster<float>> cells_;
};

/// The picture of a film that was stretched to a square: 24 cm high, 15 cm wide.
Picture film(const fs::path& path) {
    Picture picture;
    picture.pixels = read_jpeg(path);
    picture.row_spacing_mm = 240.0 / picture.pixels.height;
    picture.column_spacing_mm = 150.0 / picture.pixels.width;
    return picture;
}

struct Film {
    std::string file;
    exam::Box lesion;
};

std::vector<Film> manifest() {
    std::ifstream lines(test::shared_data() / "cbis-ddsm-mass" / "manifest.csv");
    std::vector<Film> films;
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        std::istringstream fields(line);
        std::vector<std::string> values;
        for (std::string value; std::getline(fields, value, ',');) values.push_back(value);
        if (values.size() < 12) continue;
        films.push_back({values[1],
                         {std::stod(values[8]), std::stod(values[9]), std::stod(values[10]),
                          std::stod(values[11])}});
    }
    return films;
}

int breast_width(const exam::Raster<float>& prepared) {
    int width = 0;
    for (int y = 0; y < prepared.height; ++y)
        for (int x = width; x < prepared.width; ++x)
            if (prepared.at(x, y) > 0) width = x + 1;
    return width;
}

TEST(ContactSheet, LesionsOfFilmsStayInThePreparedPicture) {
    LUCERNA_NEEDS_SHARED_DATA("cbis-ddsm-mass");
    const char* count = std::getenv("LUCERNA_CONTACT_COUNT");
    const char* seed = std::getenv("LUCERNA_CONTACT_SEED");
    const auto films = manifest();
    ASSERT_FALSE(films.empty());
    Random random(seed != nullptr ? std::stoull(seed) : 1);
    ContactSheet sheet(150, 1.25);
    const int tried = count != nullptr ? std::stoi(count) : 60;
    int refused = 0, lost = 0, framed = 0;
    for (int i = 0; i < tried; ++i) {
        const Film& one = films[random.below(films.size())];
        Picture picture = film(test::shared_data() / "cbis-ddsm-mass" / one.file);
        ASSERT_FALSE(picture.pixels.pixels.empty()) << one.file;
        const exam::Raster<float> before = picture.pixels;
        const auto outcome = prepare_picture(std::move(picture), {}, contract());
        const auto* view = std::get_if<exam::PreparedView>(&outcome);
        if (i < 60) sheet.add(before, view != nullptr ? &view->pixels : nullptr);
        if (view == nullptr) {
            ++refused;
            std::printf("refused %s: %s\n", one.file.c_str(),
                        std::get<exam::Refusal>(outcome).what.c_str());
            continue;
        }
        // Nobody's breast is as wide as the film: then its frame was taken for breast.
        if (breast_width(view->pixels) * view->spacing_mm > 0.95 * 150) {
            ++framed;
            std::printf("framed: sheet place %d, %s\n", i, one.file.c_str());
        }
        const exam::Box there = view->placement.to_prepared(one.lesion);
        int inside = 0, all = 0;
        for (int y = static_cast<int>(there.top); y < there.bottom(); ++y)
            for (int x = static_cast<int>(there.left); x < there.right(); ++x, ++all)
                inside += view->pixels.contains(x, y) && view->pixels.at(x, y) > 0;
        if (inside < 0.8 * all) {
            ++lost;
            std::printf("lost lesion of sheet place %d, %s: %d of %d\n", i, one.file.c_str(),
                        inside, all);
        }
    }
    sheet.write("films.png");
    std::printf("films: %d tried, %d refused, %d lesions lost, %d framed\n", tried, refused, lost,
                framed);
    EXPECT_LE(refused + lost + framed, tried / 30);
}

TEST(ContactSheet, DigitalExamIsPreparedWhole) {
    LUCERNA_NEEDS_SHARED_DATA("ffdm-exam");
    ContactSheet sheet(400, 1);
    for (const char* name : {"R-CC", "L-CC", "R-MLO", "L-MLO"}) {
        Picture picture;
        picture.pixels =
            read_png(test::shared_data() / "ffdm-exam" / ("0_" + std::string(name) + ".png"));
        ASSERT_FALSE(picture.pixels.pixels.empty()) << name;
        picture.row_spacing_mm = picture.column_spacing_mm = 0.07;
        picture.laterality = exam::view_name_from(name)->laterality;
        const exam::Raster<float> before = picture.pixels;
        const auto outcome = prepare_picture(std::move(picture), {}, contract());
        const auto* view = std::get_if<exam::PreparedView>(&outcome);
        ASSERT_NE(view, nullptr) << name << ": " << std::get<exam::Refusal>(outcome).what;
        sheet.add(before, &view->pixels);
        const auto breast = std::count_if(view->pixels.pixels.begin(), view->pixels.pixels.end(),
                                          [](float value) { return value > 0; });
        const auto stored = std::count_if(before.pixels.begin(), before.pixels.end(),
                                          [](float value) { return value > 0; });
        // Same area in mm2, within what markers and the skin line take.
        EXPECT_NEAR(static_cast<double>(breast) * 0.25, static_cast<double>(stored) * 0.0049,
                    0.03 * static_cast<double>(stored) * 0.0049)
            << name;
    }
    sheet.write("digital.png");
}

}  // namespace
}  // namespace lucerna::prepare
