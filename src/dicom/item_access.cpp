#include "dicom/item_access.h"

#include "dicom/node.h"

namespace lucerna::dicom {

Items* editable_items(DataSet& data_set, Tag sequence) {
    Node& node = data_set.node();
    const Element* const found = node.find(sequence);
    if (found == nullptr || !found->is_sequence()) return nullptr;
    return std::get<std::unique_ptr<Items>>(node.writable(sequence).content).get();
}

}  // namespace lucerna::dicom
