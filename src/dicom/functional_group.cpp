#include "dicom/functional_group.h"

#include <cstddef>

namespace lucerna::dicom {

const DataSet* functional_group(const DataSet& data_set, int frame, Tag group) {
    const auto& each = data_set.items(tags::kPerFrameFunctionalGroupsSequence);
    if (frame >= 0 && static_cast<std::size_t>(frame) < each.size()) {
        const auto& own = each[static_cast<std::size_t>(frame)].items(group);
        if (!own.empty()) return &own.front();
    }
    const auto& shared = data_set.items(tags::kSharedFunctionalGroupsSequence);
    if (shared.empty() || shared.front().items(group).empty()) return nullptr;
    return &shared.front().items(group).front();
}

}  // namespace lucerna::dicom
