#include "prepare/pixels.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace lucerna::prepare {

Pixels::Pixels(exam::Raster<float> raster)
    : raster_(std::move(raster)), width_(raster_.width), height_(raster_.height) {}

Pixels::Pixels(const dicom::FrameView& frame, std::vector<float> values)
    : frame_(frame),
      values_(std::move(values)),
      table_(std::in_place, dicom::SampleValues(frame), values_),
      width_(frame.columns),
      height_(frame.rows) {}

void Pixels::cut(int x, int y, int width, int height) {
    left_ += mirrored_ ? width_ - (x + width) : x;
    top_ += turned_ ? height_ - (y + height) : y;
    width_ = width;
    height_ = height;
}

void Pixels::fill(int left, int right, int y, float value) {
    if (left >= right) return;
    const int from = left_ + (mirrored_ ? width_ - right : left);
    const int to = from + right - left;
    if (!frame_) {
        std::fill(&raster_.at(from, stored_y(y)), &raster_.at(to - 1, stored_y(y)) + 1, value);
        return;
    }
    fills_.resize(static_cast<std::size_t>(frame_->rows));
    auto& fills = fills_[static_cast<std::size_t>(stored_y(y))];
    // Neighbours are painted one after another.
    if (!fills.empty() && fills.back().right == from && fills.back().value == value)
        fills.back().right = to;
    else
        fills.push_back({from, to, value});
}

void Pixels::map(const std::function<void(std::span<float>)>& change) {
    if (!frame_) {
        change(raster_.pixels);
        return;
    }
    change(values_);
    table_.emplace(dicom::SampleValues(*frame_), values_);
    for (auto& fills : fills_)
        for (Fill& fill : fills) change({&fill.value, 1});
}

const float* Pixels::stored_row(int y, std::vector<float>& buffer) const {
    const int row = stored_y(y);
    if (!frame_) return &raster_.at(left_, row);
    buffer.resize(static_cast<std::size_t>(width_));
    table_->look_up(*frame_,
                    static_cast<std::size_t>(row) * static_cast<std::size_t>(frame_->columns) +
                        static_cast<std::size_t>(left_),
                    buffer);
    if (fills_.empty()) return buffer.data();
    for (const Fill& fill : fills_[static_cast<std::size_t>(row)]) {
        const int from = std::clamp(fill.left - left_, 0, width_);
        const int to = std::clamp(fill.right - left_, from, width_);
        std::fill(buffer.begin() + from, buffer.begin() + to, fill.value);
    }
    return buffer.data();
}

exam::Raster<float>& Pixels::raster() {
    const bool is_so = !frame_ && left_ == 0 && top_ == 0 && width_ == raster_.width &&
                       height_ == raster_.height && !mirrored_ && !turned_;
    if (is_so) return raster_;
    exam::Raster<float> seen(width_, height_);
    std::vector<float> buffer;
    for (int y = 0; y < height_; ++y) {
        const float* const row = stored_row(y, buffer);
        if (mirrored_)
            std::reverse_copy(row, row + width_, &seen.at(0, y));
        else
            std::copy(row, row + width_, &seen.at(0, y));
    }
    *this = Pixels(std::move(seen));
    return raster_;
}

}  // namespace lucerna::prepare
