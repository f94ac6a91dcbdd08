#include "dicom/copy.h"

#include "base/error.h"
#include "dicom/node.h"

namespace lucerna::dicom {

void copy_attribute(const DataSet& from, Tag tag, DataSet& to) {
    const Element* const element = from.node().find(tag);
    if (element == nullptr) return to.remove(tag);
    if (element->fragments() != nullptr)
        throw Error(ErrorCode::kInternal, describe(tag) + " is encapsulated: it is not copied");
    if (!element->is_sequence()) {
        const ByteView value = element->value();
        (void)to.node().put(tag, element->vr, Bytes(value.begin(), value.end()));
        return;
    }
    std::unique_ptr<Items> items;
    if (element->items() != nullptr) {
        items = std::make_unique<Items>();
        for (const DataSet& item : *element->items()) items->push_back(item.clone());
    }
    (void)to.node().put(tag, element->vr, std::move(items));
}

}  // namespace lucerna::dicom
