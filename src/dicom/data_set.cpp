#include "dicom/data_set.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "dicom/charset.h"
#include "dicom/message_data_set.h"
#include "dicom/node.h"
#include "dicom/reader.h"
#include "dicom/values.h"

namespace lucerna::dicom {
namespace {

/// The bytes of Pixel Data's value within the backing.
struct Hole {
    const std::uint8_t* begin = nullptr;
    std::size_t length = 0;
};

Hole pixels_in(const Node& node) {
    const Element* const pixels = node.find(tags::kPixelData);
    if (pixels == nullptr) return {};
    const Fragments* const fragments = pixels->fragments();
    if (fragments == nullptr) return {pixels->value().data(), pixels->value().size()};
    const auto& pieces = fragments->pieces;
    if (pieces.empty()) return {};
    return {pieces.front().data(),
            static_cast<std::size_t>(pieces.back().data() + pieces.back().size() -
                                     pieces.front().data())};
}

void move_view(ByteView& view, const Bytes& from, const Bytes& to, const Hole& hole) {
    if (view.empty()) {
        view = {};
        return;
    }
    auto offset = static_cast<std::size_t>(view.data() - from.data());
    if (view.data() >= hole.begin + hole.length) offset -= hole.length;
    view = ByteView(to).subspan(offset, view.size());
}

/// Turns every view into `from` to the same bytes in `to`, which lacks the hole.
void move_views(Node& node, const Bytes& from, const Bytes& to, const Hole& hole) {
    for (Element& element : node.elements) {
        if (auto* view = std::get_if<ByteView>(&element.content)) {
            move_view(*view, from, to, hole);
        } else if (auto* items = std::get_if<std::unique_ptr<Items>>(&element.content)) {
            if (*items == nullptr) continue;
            for (DataSet& item : **items) move_views(item.node(), from, to, hole);
        } else if (auto* own = std::get_if<std::unique_ptr<Fragments>>(&element.content)) {
            move_view((*own)->basic_offset_table, from, to, hole);
            for (ByteView& piece : (*own)->pieces) move_view(piece, from, to, hole);
        }
    }
}

/// Leaves Pixel Data there without its bytes, and gives their memory back. Returns what the views
/// look into from then on.
std::shared_ptr<const Bytes> without_pixels(Node& root, std::shared_ptr<const Bytes> backing) {
    root.pixels_skipped = true;
    const Hole hole = pixels_in(root);
    if (hole.length == 0) return backing;
    const Element& pixels = *root.find(tags::kPixelData);
    const bool is_in_backing =
        hole.begin >= backing->data() && hole.begin < backing->data() + backing->size();
    (void)root.put(pixels.tag, pixels.vr, ByteView{});
    if (!is_in_backing) return backing;
    auto kept = std::make_shared<Bytes>();
    kept->reserve(backing->size() - hole.length);
    kept->insert(kept->end(), backing->data(), hole.begin);
    kept->insert(kept->end(), hole.begin + hole.length, backing->data() + backing->size());
    move_views(root, *backing, *kept, hole);
    return kept;
}

void share_backing(Node& node, const std::shared_ptr<const Bytes>& backing) {
    node.backing = backing;
    for (Element& element : node.elements) {
        auto* items = std::get_if<std::unique_ptr<Items>>(&element.content);
        if (items == nullptr || *items == nullptr) continue;
        for (DataSet& item : **items) share_backing(item.node(), backing);
    }
}

Element::Content copy_of(const Element& element) {
    if (const Items* const items = element.items()) {
        auto copies = std::make_unique<Items>();
        for (const DataSet& item : *items) copies->push_back(item.clone());
        return copies;
    }
    if (element.is_sequence()) return std::unique_ptr<Items>();
    if (const Fragments* const fragments = element.fragments()) {
        return std::make_unique<Fragments>(*fragments);
    }
    if (const auto* bytes = std::get_if<Bytes>(&element.content)) return *bytes;
    return element.value();
}

auto lower_bound_of(auto& elements, Tag tag) {
    return std::lower_bound(elements.begin(), elements.end(), tag,
                            [](const Element& element, Tag key) { return element.tag < key; });
}

void refuse_larger(std::size_t size, const Limits& limits) {
    if (size <= limits.max_bytes) return;
    throw Error(ErrorCode::kInvalidInput, "a file of " + std::to_string(size) +
                                              " bytes is larger than the limit of " +
                                              std::to_string(limits.max_bytes));
}

/// What lies behind `meta`, its text as it came.
std::unique_ptr<Node> read_encoded(Bytes&& bytes, const FileMeta& meta, const Limits& limits,
                                   PixelData pixels) {
    const TransferSyntax* const syntax = find_transfer_syntax(meta.transfer_syntax_uid);
    Encoding encoding;
    if (syntax != nullptr) encoding = {syntax->explicit_vr, syntax->little_endian};
    const bool deflated = syntax != nullptr && syntax->deflated;

    auto backing = std::make_shared<const Bytes>(
        deflated
            ? inflated(ByteView(bytes).subspan(meta.data_set_offset), limits.max_inflated_bytes)
            : std::move(bytes));
    auto node = read_data_set(*backing, deflated ? 0 : meta.data_set_offset, encoding, limits);
    if (deflated) node->pixel_data_offset = 0;
    if (pixels == PixelData::kSkip) backing = without_pixels(*node, std::move(backing));
    share_backing(*node, backing);
    node->transfer_syntax_uid = meta.transfer_syntax_uid;
    return node;
}

}  // namespace

const Element* Node::find(Tag tag) const {
    const auto at = lower_bound_of(elements, tag);
    return at == elements.end() || at->tag != tag ? nullptr : &*at;
}

Element& Node::put(Tag tag, Vr vr, Element::Content content) {
    auto at = lower_bound_of(elements, tag);
    if (at == elements.end() || at->tag != tag) at = elements.insert(at, Element{tag, vr, {}});
    at->vr = vr;
    at->content = std::move(content);
    return *at;
}

void Node::erase(Tag tag) {
    const auto at = lower_bound_of(elements, tag);
    if (at != elements.end() && at->tag == tag) elements.erase(at);
}

DataSet::DataSet() : node_(std::make_unique<Node>()) {}
DataSet::DataSet(std::unique_ptr<Node> node) : node_(std::move(node)) {}
DataSet::~DataSet() = default;
DataSet::DataSet(DataSet&&) noexcept = default;
DataSet& DataSet::operator=(DataSet&&) noexcept = default;

DataSet DataSet::parse(ByteView part10, const Limits& limits, PixelData pixels) {
    refuse_larger(part10.size(), limits);
    return parse(Bytes(part10.begin(), part10.end()), limits, pixels);
}

DataSet DataSet::parse(Bytes&& part10, const Limits& limits, PixelData pixels) {
    refuse_larger(part10.size(), limits);
    const FileMeta meta = read_file_meta(part10);
    auto node = read_encoded(std::move(part10), meta, limits, pixels);
    convert_to_utf8(*node);
    return DataSet(std::move(node));
}

MessageDataSet read_message(Bytes&& message, std::string_view transfer_syntax_uid,
                            const Limits& limits) {
    refuse_larger(message.size(), limits);
    auto node = read_encoded(std::move(message), {std::string(transfer_syntax_uid), 0}, limits,
                             PixelData::kKeep);
    std::string character_set;
    if (const Element* const element = node->find(tags::kSpecificCharacterSet))
        character_set = trimmed(as_text(element->value()));
    convert_to_utf8(*node);
    return {DataSet(std::move(node)), std::move(character_set)};
}

DataSet DataSet::from_file(const std::filesystem::path& path, const Limits& limits,
                           PixelData pixels) {
    return parse(read_file(path, limits.max_bytes), limits, pixels);
}

DataSet DataSet::clone() const {
    auto copy = std::make_unique<Node>();
    copy->elements.reserve(node_->elements.size());
    for (const Element& element : node_->elements) {
        copy->elements.push_back({element.tag, element.vr, copy_of(element)});
    }
    copy->backing = node_->backing;
    copy->transfer_syntax_uid = node_->transfer_syntax_uid;
    copy->pixel_data_offset = node_->pixel_data_offset;
    copy->pixels_skipped = node_->pixels_skipped;
    return DataSet(std::move(copy));
}

const std::string& DataSet::transfer_syntax_uid() const {
    return node_->transfer_syntax_uid;
}

std::size_t DataSet::pixel_data_offset() const {
    return node_->pixel_data_offset;
}

}  // namespace lucerna::dicom
