#pragma once

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "dicom/arriving_file.h"

namespace lucerna::test {

/// Takes everything but the header at once, so that whoever hands it over has it no more.
class EarlyArrival final : public dicom::Arrival {
  public:
    /// `keep` gets the file as it came.
    explicit EarlyArrival(std::function<void(const Bytes& file)> keep) : keep_(std::move(keep)) {}

    std::vector<dicom::ByteRange> take(ByteView file) override {
        const std::size_t begin = std::max(kHeader, taken_.size());
        append(file);
        return {{begin, file.size()}};
    }
    dicom::DataSet header(ByteView file) override { return dicom::DataSet::header_in(file); }
    void keep(ByteView file) override {
        append(file);
        keep_(taken_);
    }

  private:
    static constexpr std::size_t kHeader = 4096;
    void append(ByteView file) {
        taken_.insert(taken_.end(), file.begin() + static_cast<std::ptrdiff_t>(taken_.size()),
                      file.end());
    }

    std::function<void(const Bytes& file)> keep_;
    Bytes taken_;
};

}  // namespace lucerna::test
