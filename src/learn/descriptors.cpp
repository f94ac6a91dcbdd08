#include "learn/descriptors.h"

#include <algorithm>

namespace lucerna::learn {
namespace {

/// "margins=ILL_DEFINED", "margins=SPICULATED" of "ILL_DEFINED-SPICULATED".
std::vector<std::string> values_of(const TrainingImage& image,
                                   const std::vector<std::string>& columns) {
    std::vector<std::string> values;
    if (image.record.lesions.size() != 1) return values;
    for (const std::string& column : columns) {
        const auto found = image.record.subgroups.find(column);
        if (found == image.record.subgroups.end()) continue;
        std::string_view rest = found->second;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('-'), rest.size());
            values.push_back(column + "=" + std::string(rest.substr(0, end)));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return values;
}

}  // namespace

Descriptors::Descriptors(const TrainingSet& set, const std::vector<std::string>& columns, int least)
    : columns_(columns) {
    std::map<std::string, int> counts;
    for (const TrainingImage& image : set.images)
        for (const std::string& value : values_of(image, columns_)) ++counts[value];
    for (const auto& [value, count] : counts) {
        if (count < least) continue;
        index_[value] = names_.size();
        names_.push_back(value);
    }
}

std::vector<float> Descriptors::of(const TrainingImage& image) const {
    const std::vector<std::string> values = values_of(image, columns_);
    if (values.empty() || names_.empty()) return {};
    std::vector<float> flags(names_.size());
    for (const std::string& value : values)
        if (const auto at = index_.find(value); at != index_.end()) flags[at->second] = 1;
    return flags;
}

}  // namespace lucerna::learn
