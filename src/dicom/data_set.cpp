#include "dicom/data_set.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "dicom/arriving_header.h"
#include "dicom/byte_budget.h"
#include "dicom/charset.h"
#include "dicom/coding.h"
#include "dicom/finished.h"
#include "dicom/inflate.h"
#include "dicom/message_data_set.h"
#include "dicom/node.h"
#include "dicom/reader.h"
#include "dicom/values.h"

namespace lucerna::dicom {
namespace {

void move_view(ByteView& view, ByteView from, ByteView to, const ByteRange& hole) {
    if (view.empty()) {
        view = {};
        return;
    }
    auto offset = static_cast<std::size_t>(view.data() - from.data());
    if (offset >= hole.end) offset -= hole.end - hole.begin;
    view = to.subspan(offset, view.size());
}

/// Turns every view into `from` to the same bytes in `to`, which lacks the hole.
void move_views(Node& node, ByteView from, ByteView to, const ByteRange& hole) {
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

/// What is left of `from` without Pixel Data, which the views look into from then on.
std::shared_ptr<const void> copy_without_pixels(Node& root, ByteView from) {
    const ByteRange hole = root.skipped;
    auto kept = std::make_shared<Bytes>();
    kept->reserve(from.size() - (hole.end - hole.begin));
    const auto at = [&](std::size_t offset) { return from.data() + offset; };
    kept->insert(kept->end(), at(0), at(hole.begin));
    kept->insert(kept->end(), at(hole.end), at(from.size()));
    move_views(root, from, *kept, hole);
    return kept;
}

void share_backing(Node& node, const std::shared_ptr<const void>& backing) {
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

/// Where nothing can be made of it, it is read as what it ought to be.
Coding coding_in(ByteView file, const FileMeta& meta) {
    return coding_of(meta.transfer_syntax_uid, file.subspan(meta.data_set_offset))
        .value_or(Coding{});
}

/// The nodes of a data set and what they look into.
struct Encoded {
    std::unique_ptr<Node> node;
    std::shared_ptr<const void> backing;
};

/// What reading took of parsing_memory() goes with the last of what it was taken for.
std::shared_ptr<const void> both(std::shared_ptr<const void> share,
                                 std::shared_ptr<const void> bytes) {
    if (share == nullptr) return bytes;
    using Both = std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>;
    return std::make_shared<const Both>(std::move(share), std::move(bytes));
}

DataSet finished(Encoded encoded, const std::string& transfer_syntax_uid,
                 Texts texts = Texts::kUtf8) {
    return dicom::finished(std::move(encoded.node), std::move(encoded.backing), transfer_syntax_uid,
                           texts);
}

/// What becomes of a header's values.
enum class Values { kCopied, kBorrowed, kOutlined };

/// Of a file of which nothing need be copied but the header, if that. What is inflated is held by
/// `memory`, or counted by none.
Encoded read_head(ByteView file, const FileMeta& meta, const Limits& limits, Values values,
                  ByteBudget* memory = nullptr) {
    const Coding coding = coding_in(file, meta);
    Encoded head;
    if (coding.deflated) {
        const ByteView deflated = file.subspan(meta.data_set_offset);
        InflatedHead inflated =
            values == Values::kCopied
                ? read_deflated_head(deflated, limits, Forgotten::kPixels)
                : read_deflated_head(deflated, limits,
                                     values == Values::kBorrowed ? Forgotten::kLargeValues
                                                                 : Forgotten::kAllButOutline,
                                     memory);
        head = {std::move(inflated.node), std::move(inflated.backing)};
        head.node->pixel_data_offset = 0;
    } else {
        const Extent extent = values == Values::kCopied     ? Extent::kWithoutPixels
                              : values == Values::kBorrowed ? Extent::kHeader
                                                            : Extent::kOutline;
        head.node = read_data_set(file, meta.data_set_offset, coding.elements, limits, extent);
        if (values == Values::kCopied) head.backing = copy_without_pixels(*head.node, file);
    }
    head.node->pixels_skipped = true;
    return head;
}

/// What lies behind `meta`, its text as it came.
Encoded read_whole(Bytes&& file, const FileMeta& meta, const Limits& limits,
                   PixelData pixels = PixelData::kKeep) {
    const Coding coding = coding_in(file, meta);
    Encoded whole;
    std::shared_ptr<const void> share;
    if (coding.deflated) {
        const ByteView data_set = ByteView(file).subspan(meta.data_set_offset);
        Inflated all = inflated(data_set, most_inflated(data_set.size(), limits));
        file = std::move(all.bytes);
        share = std::move(all.share);
    }
    const auto backing = std::make_shared<const Bytes>(std::move(file));
    whole.backing = both(std::move(share), backing);
    whole.node =
        read_data_set(*backing, coding.deflated ? 0 : meta.data_set_offset, coding.elements, limits,
                      pixels == PixelData::kFrames ? Extent::kWithoutGroups : Extent::kWhole);
    if (coding.deflated) whole.node->pixel_data_offset = 0;
    return whole;
}

DataSet parsed_head(ByteView part10, const Limits& limits, Texts texts) {
    refuse_larger(part10.size(), limits);
    const FileMeta meta = read_file_meta(part10);
    return finished(read_head(part10, meta, limits, Values::kCopied), meta.transfer_syntax_uid,
                    texts);
}

DataSet parsed(Bytes&& part10, const Limits& limits, PixelData pixels, Texts texts) {
    refuse_larger(part10.size(), limits);
    const FileMeta meta = read_file_meta(part10);
    return finished(read_whole(std::move(part10), meta, limits, pixels), meta.transfer_syntax_uid,
                    texts);
}

}  // namespace

DataSet finished(std::unique_ptr<Node> node, std::shared_ptr<const void> backing,
                 const std::string& transfer_syntax_uid, Texts texts) {
    node->texts_are_as_they_came = texts == Texts::kAsTheyCame;
    // They are looked up in `backing` until they are converted.
    std::shared_ptr<const void> share =
        texts == Texts::kUtf8 ? convert_to_utf8(*node) : std::shared_ptr<const void>();
    share_backing(*node,
                  both(std::move(share), both(std::move(node->backing), std::move(backing))));
    node->transfer_syntax_uid = transfer_syntax_uid;
    return DataSet(std::move(node));
}

void refuse_larger(std::size_t file_bytes, const Limits& limits) {
    if (file_bytes <= limits.max_bytes) return;
    throw Error(ErrorCode::kInvalidInput, "a file of " + std::to_string(file_bytes) +
                                              " bytes is larger than the limit of " +
                                              std::to_string(limits.max_bytes));
}

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
    if (pixels == PixelData::kSkip) return parsed_head(part10, limits, Texts::kUtf8);
    return parse(Bytes(part10.begin(), part10.end()), limits, pixels);
}

DataSet DataSet::parse(Bytes&& part10, const Limits& limits, PixelData pixels) {
    if (pixels == PixelData::kSkip) return parsed_head(part10, limits, Texts::kUtf8);
    return parsed(std::move(part10), limits, pixels, Texts::kUtf8);
}

DataSet parse_as_it_came(Bytes&& part10, const Limits& limits, PixelData pixels) {
    return parsed(std::move(part10), limits, pixels, Texts::kAsTheyCame);
}

DataSet head_as_it_came(ByteView part10, const Limits& limits) {
    return parsed_head(part10, limits, Texts::kAsTheyCame);
}

DataSet DataSet::header_in(ByteView part10, const Limits& limits) {
    refuse_larger(part10.size(), limits);
    const FileMeta meta = read_file_meta(part10);
    return finished(read_head(part10, meta, limits, Values::kBorrowed), meta.transfer_syntax_uid);
}

DataSet DataSet::outline_in(ByteView part10, const Limits& limits) {
    refuse_larger(part10.size(), limits);
    const FileMeta meta = read_file_meta(part10);
    return finished(read_head(part10, meta, limits, Values::kOutlined), meta.transfer_syntax_uid);
}

DataSet header_of_arriving(ByteView part10, ByteBudget& memory) {
    const Limits limits;
    refuse_larger(part10.size(), limits);
    const FileMeta meta = read_file_meta(part10);
    return finished(read_head(part10, meta, limits, Values::kOutlined, &memory),
                    meta.transfer_syntax_uid);
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
    copy->texts_are_as_they_came = node_->texts_are_as_they_came;
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

std::size_t DataSet::padding_bytes() const {
    return node_->padding_bytes;
}

}  // namespace lucerna::dicom
