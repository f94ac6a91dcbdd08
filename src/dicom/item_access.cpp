#include "dicom/item_access.h"

#include <algorithm>

#include "dicom/node.h"

namespace lucerna::dicom {

Items* editable_items(DataSet& data_set, Tag sequence) {
    Node& node = data_set.node();
    const Element* const found = node.find(sequence);
    if (found == nullptr || !found->is_sequence()) return nullptr;
    return std::get<std::unique_ptr<Items>>(node.writable(sequence).content).get();
}

void remove_all(DataSet& data_set, std::span<const Tag> tags) {
    std::erase_if(data_set.node().elements, [&](const Element& element) {
        return std::binary_search(tags.begin(), tags.end(), element.tag);
    });
}

}  // namespace lucerna::dicom
