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

namespace {

std::size_t bytes_of(const Element& element) {
    constexpr std::size_t kHead = 12;
    std::size_t bytes = kHead + element.value().size();
    if (const Fragments* const fragments = element.fragments())
        for (const ByteView piece : fragments->pieces) bytes += kHead + piece.size();
    if (const Items* const items = element.items())
        for (const DataSet& item : *items) {
            bytes += kHead;
            for (const Element& inner : item.node().elements) bytes += bytes_of(inner);
        }
    return bytes;
}

}  // namespace

std::size_t bytes_of_attribute(const DataSet& from, Tag tag) {
    const Element* const element = from.node().find(tag);
    return element == nullptr ? 0 : bytes_of(*element);
}

}  // namespace lucerna::dicom
