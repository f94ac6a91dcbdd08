#include "dicom/arriving_file.h"

#include <utility>

#include "dicom/arriving_header.h"

namespace lucerna::dicom {
namespace {

/// Most objects are smaller, and kept at once when they are there.
constexpr std::size_t kWorthOffering = std::size_t{1} << 20;
constexpr std::size_t kBetweenOffers = std::size_t{256} << 10;

}  // namespace

void ArrivingFile::start(Begin begin) {
    clear();
    begin_ = std::move(begin);
    next_offer_ = kWorthOffering;
}

void ArrivingFile::offer() {
    if (buffer_.size() < next_offer_ || !begin_) return;
    if (!arrival_) arrival_ = begin_();
    if (!arrival_) {
        begin_ = {};
        return;
    }
    for (const ByteRange& range : arrival_->take(buffer_.bytes())) buffer_.forget(range);
    next_offer_ = buffer_.size() + kBetweenOffers;
}

DataSet ArrivingFile::header() const {
    return arrival_ ? arrival_->header(buffer_.bytes()) : header_of_arriving(buffer_.bytes());
}

void ArrivingFile::clear() {
    begin_ = {};
    arrival_.reset();
    buffer_.clear();
}

}  // namespace lucerna::dicom
