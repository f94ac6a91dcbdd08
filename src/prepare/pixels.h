#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "dicom/frames.h"
#include "dicom/sample_table.h"
#include "exam/raster.h"

namespace lucerna::prepare {

/// The pixels of a picture on its way through the steps: larger is brighter. A mammogram is tens of
/// megabytes and most of what is done to it moves no value, so that it is mirrored, turned over,
/// cut and painted where it lies, and read row by row.
class Pixels {
  public:
    Pixels() = default;
    explicit Pixels(exam::Raster<float> raster);
    /// Each sample of `frame`, whose bytes are borrowed, as `values` says: one for each of its
    /// SampleValues, which have to be few.
    Pixels(const dicom::FrameView& frame, std::vector<float> values);

    [[nodiscard]] int width() const { return width_; }
    [[nodiscard]] int height() const { return height_; }

    /// Left to right.
    void mirror() { mirrored_ = !mirrored_; }
    /// Top to bottom.
    void turn_over() { turned_ = !turned_; }
    /// To the `width` x `height` pixels whose top left is at (x, y). Requires that they lie within.
    void cut(int x, int y, int width, int height);
    /// Gives the pixels [left, right) of row `y` one value. Requires that they lie within.
    void fill(int left, int right, int y, float value);
    /// `change` is given every value that a pixel has, perhaps many times, and others.
    void map(const std::function<void(std::span<float>)>& change);

    /// Whether rows are stored from right to left.
    [[nodiscard]] bool is_mirrored() const { return mirrored_; }
    /// Row `y` in the order in which it is stored. Lies in `buffer` or elsewhere; until either
    /// changes.
    [[nodiscard]] const float* stored_row(int y, std::vector<float>& buffer) const;

    /// All of them as they are seen. From then on they are kept so.
    [[nodiscard]] exam::Raster<float>& raster();

  private:
    /// Of a stored row.
    struct Fill {
        int left;
        int right;
        float value;
    };

    [[nodiscard]] int stored_y(int y) const { return top_ + (turned_ ? height_ - 1 - y : y); }

    // One of the two holds the values.
    exam::Raster<float> raster_;
    std::optional<dicom::FrameView> frame_;
    std::vector<float> values_;
    std::optional<dicom::SampleTable<float>> table_;
    /// For each stored row of `frame_`, in the order in which they came; empty where there are
    /// none.
    std::vector<std::vector<Fill>> fills_;
    // What is seen of what is stored.
    int left_ = 0;
    int top_ = 0;
    int width_ = 0;
    int height_ = 0;
    bool mirrored_ = false;
    bool turned_ = false;
};

/// Reads rows; asked for the same one again, it has it still.
class RowReader {
  public:
    explicit RowReader(const Pixels& pixels) : pixels_(&pixels) {}
    [[nodiscard]] const float* stored_row(int y) {
        if (y != held_) row_ = pixels_->stored_row(y, buffer_);
        held_ = y;
        return row_;
    }

  private:
    const Pixels* pixels_;
    std::vector<float> buffer_;
    const float* row_ = nullptr;
    int held_ = -1;
};

}  // namespace lucerna::prepare
