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

/// Most headers are smaller.
constexpr std::size_t kFirstInflated = std::size_t{1} << 20;
/// What a deflated data set may inflate to: so much, and else so many times its size. Reports and
/// images come to a twentieth at best, masks of segmentations to a three hundredth; zeros to a
/// thousandth.
constexpr std::size_t kFreelyInflated = std::size_t{64} << 20;
constexpr std::size_t kMostInflation = 300;

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

void move_view(ByteView& view, ByteView from, ByteView to, const Hole& hole) {
    if (view.empty()) {
        view = {};
        return;
    }
    auto offset = static_cast<std::size_t>(view.data() - from.data());
    if (hole.length > 0 && view.data() >= hole.begin + hole.length) offset -= hole.length;
    view = to.subspan(offset, view.size());
}

/// Turns every view into `from` to the same bytes in `to`, which lacks the hole.
void move_views(Node& node, ByteView from, ByteView to, const Hole& hole) {
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

/// Leaves Pixel Data there without its bytes. Returns a copy of what is left of `from`, which the
/// views look into from then on.
std::shared_ptr<const Bytes> copy_without_pixels(Node& root, ByteView from) {
    root.pixels_skipped = true;
    Hole hole = pixels_in(root);
    if (hole.length > 0) {
        const Element& pixels = *root.find(tags::kPixelData);
        (void)root.put(pixels.tag, pixels.vr, ByteView{});
    }
    // Those of a big endian file lie elsewhere.
    const bool is_in_it = hole.begin >= from.data() && hole.begin < from.data() + from.size();
    if (!is_in_it) hole = {};
    auto kept = std::make_shared<Bytes>();
    kept->reserve(from.size() - hole.length);
    const std::uint8_t* const end = from.data() + from.size();
    kept->insert(kept->end(), from.data(), hole.length > 0 ? hole.begin : end);
    if (hole.length > 0) kept->insert(kept->end(), hole.begin + hole.length, end);
    move_views(root, from, *kept, hole);
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

std::size_t most_inflated(std::size_t deflated, const Limits& limits) {
    return std::min(limits.max_inflated_bytes,
                    std::max(kFreelyInflated, deflated * kMostInflation));
}

/// What a deflated data set holds before its pixels, inflated no further than need be.
std::pair<std::unique_ptr<Node>, Bytes> read_deflated_head(ByteView deflated,
                                                           const Encoding& encoding,
                                                           const Limits& limits) {
    const std::size_t size = inflated_size(deflated, most_inflated(deflated.size(), limits));
    for (std::size_t most = kFirstInflated;; most *= 8) {
        const bool whole = most >= size;
        Bytes begin = inflated_begin(deflated, std::min(most, size));
        try {
            auto node = read_data_set(begin, 0, encoding, limits,
                                      whole ? Extent::kWhole : Extent::kToPixelData);
            return {std::move(node), std::move(begin)};
        } catch (const Error&) {
            // The header is longer, or there are no pixels.
            if (whole) throw;
        }
    }
}

Encoding encoding_of(const TransferSyntax* syntax) {
    return syntax == nullptr ? Encoding{} : Encoding{syntax->explicit_vr, syntax->little_endian};
}

/// The nodes of a data set and what they look into.
struct Encoded {
    std::unique_ptr<Node> node;
    std::shared_ptr<const Bytes> backing;
};

DataSet finished(Encoded encoded, const std::string& transfer_syntax_uid) {
    share_backing(*encoded.node, encoded.backing);
    encoded.node->transfer_syntax_uid = transfer_syntax_uid;
    convert_to_utf8(*encoded.node);
    return DataSet(std::move(encoded.node));
}

/// Of a file of which nothing need be copied but the header.
Encoded read_head(ByteView file, const FileMeta& meta, const Limits& limits) {
    const TransferSyntax* const syntax = find_transfer_syntax(meta.transfer_syntax_uid);
    const Encoding encoding = encoding_of(syntax);
    if (syntax != nullptr && syntax->deflated) {
        auto [node, inflated] =
            read_deflated_head(file.subspan(meta.data_set_offset), encoding, limits);
        node->pixel_data_offset = 0;
        auto backing = copy_without_pixels(*node, inflated);
        return {std::move(node), std::move(backing)};
    }
    auto node = read_data_set(file, meta.data_set_offset, encoding, limits);
    auto backing = copy_without_pixels(*node, file);
    return {std::move(node), std::move(backing)};
}

/// What lies behind `meta`, its text as it came.
Encoded read_whole(Bytes&& file, const FileMeta& meta, const Limits& limits) {
    const TransferSyntax* const syntax = find_transfer_syntax(meta.transfer_syntax_uid);
    const bool deflated = syntax != nullptr && syntax->deflated;
    Encoded whole;
    if (deflated) {
        const ByteView data_set = ByteView(file).subspan(meta.data_set_offset);
        whole.backing = std::make_shared<const Bytes>(
            inflated(data_set, most_inflated(data_set.size(), limits)));
    } else {
        whole.backing = std::make_shared<const Bytes>(std::move(file));
    }
    whole.node = read_data_set(*whole.backing, deflated ? 0 : meta.data_set_offset,
                               encoding_of(syntax), limits);
    if (deflated) whole.node->pixel_data_offset = 0;
    return whole;
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
    const FileMeta meta = read_file_meta(part10);
    Encoded encoded = pixels == PixelData::kSkip
                          ? read_head(part10, meta, limits)
                          : read_whole(Bytes(part10.begin(), part10.end()), meta, limits);
    return finished(std::move(encoded), meta.transfer_syntax_uid);
}

DataSet DataSet::parse(Bytes&& part10, const Limits& limits, PixelData pixels) {
    if (pixels == PixelData::kSkip) return parse(ByteView(part10), limits, pixels);
    refuse_larger(part10.size(), limits);
    const FileMeta meta = read_file_meta(part10);
    return finished(read_whole(std::move(part10), meta, limits), meta.transfer_syntax_uid);
}

MessageDataSet read_message(Bytes&& message, std::string_view transfer_syntax_uid,
                            const Limits& limits) {
    refuse_larger(message.size(), limits);
    const std::string syntax(transfer_syntax_uid);
    Encoded encoded = read_whole(std::move(message), {syntax, 0}, limits);
    std::string character_set;
    if (const Element* const element = encoded.node->find(tags::kSpecificCharacterSet))
        character_set = trimmed(as_text(element->value()));
    return {finished(std::move(encoded), syntax), std::move(character_set)};
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
