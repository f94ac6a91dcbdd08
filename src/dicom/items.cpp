#include "dicom/items.h"

#include <utility>

#include "dicom/data_set.h"

namespace lucerna::dicom {

Items::Items() = default;
Items::~Items() = default;
Items::Items(Items&&) noexcept = default;
Items& Items::operator=(Items&&) noexcept = default;

DataSet& Items::emplace_back() {
    return *held_.emplace_back(std::make_unique<DataSet>());
}

void Items::push_back(DataSet&& item) {
    held_.push_back(std::make_unique<DataSet>(std::move(item)));
}

void Items::keep_first(std::size_t count) {
    held_.resize(count);
}

}  // namespace lucerna::dicom
