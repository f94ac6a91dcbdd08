#include "dicom/copy.h"

#include "base/error.h"
#include "dicom/node.h"

namespace lucerna::dicom {
namespace {

/// With what its views look into.
std::unique_ptr<Fragments> owned(const Fragments& fragments) {
    std::size_t bytes = fragments.basic_offset_table.size();
    for (const ByteView piece : fragments.pieces) bytes += piece.size();
    auto owner = std::make_shared<Bytes>();
    owner->reserve(bytes);
    const auto kept = [&](ByteView piece) {
        owner->insert(owner->end(), piece.begin(), piece.end());
        return ByteView(*owner).last(piece.size());
    };
    auto copy = std::make_unique<Fragments>(fragments);
    copy->basic_offset_table = kept(copy->basic_offset_table);
    for (ByteView& piece : copy->pieces) piece = kept(piece);
    copy->owner = std::move(owner);
    return copy;
}

/// Makes what the views look into its own: it may go before the node does (DataSet::header_in).
void own(Node& node) {
    for (Element& element : node.elements) {
        if (const auto* view = std::get_if<ByteView>(&element.content)) {
            element.content = Bytes(view->begin(), view->end());
        } else if (const Fragments* const fragments = element.fragments()) {
            element.content = owned(*fragments);
        } else if (auto* items = std::get_if<std::unique_ptr<Items>>(&element.content)) {
            if (*items != nullptr)
                for (DataSet& item : **items) own(item.node());
        }
    }
    node.backing.reset();
}

}  // namespace

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
        for (const DataSet& item : *element->items()) {
            items->push_back(item.clone());
            own(items->back().node());
        }
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
