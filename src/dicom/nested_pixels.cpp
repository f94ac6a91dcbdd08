#include "dicom/nested_pixels.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/around_pixels.h"
#include "dicom/encoders.h"
#include "dicom/file_header.h"
#include "dicom/frames.h"
#include "dicom/node.h"
#include "dicom/pixel_layout.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

/// A frame costs as much as this, however small it is.
constexpr std::size_t kLeastFrameBytes = std::size_t{4} << 10;

const Fragments* fragments_in(const Node& item) {
    const Element* const pixels = item.find(tags::kPixelData);
    return pixels == nullptr ? nullptr : pixels->fragments();
}

/// Of an item of `sequence`, at any depth.
bool has_fragments(const Element& sequence) {
    const Items* const items = sequence.items();
    if (items == nullptr) return false;
    return std::any_of(items->begin(), items->end(), [](const DataSet& item) {
        const auto& elements = item.node().elements;
        return fragments_in(item.node()) != nullptr ||
               std::any_of(elements.begin(), elements.end(), has_fragments);
    });
}

/// An image of its own, as far as it takes to decode it. Looks into what `item` does.
DataSet as_image(const DataSet& item, std::string_view syntax) {
    auto image = std::make_unique<Node>();
    image->transfer_syntax_uid = syntax;
    for (const Element& element : item.node().elements) {
        if (element.is_sequence()) continue;
        if (const Fragments* const fragments = element.fragments())
            image->elements.push_back(
                {element.tag, element.vr, std::make_unique<Fragments>(*fragments)});
        else
            image->elements.push_back({element.tag, element.vr, element.value()});
    }
    return DataSet(std::move(image));
}

/// What decoding `image` costs of kMostNestedBytes. Throws as decode_cells.
std::size_t cost_of(const DataSet& image) {
    const auto frames = static_cast<std::size_t>(frame_count(image));
    return std::max(bytes_of_all_frames(image), frames * kLeastFrameBytes);
}

/// Decodes what an object's items have.
class Decoding {
  public:
    explicit Decoding(std::string_view syntax) : syntax_(syntax) {}

    /// Leaves out sequences with what cannot be decoded.
    void decode_in(Node& node) {
        std::vector<Tag> left_out;
        for (Element& element : node.elements) {
            auto* const items = std::get_if<std::unique_ptr<Items>>(&element.content);
            if (items != nullptr && *items && !decode(**items)) left_out.push_back(element.tag);
        }
        if (left_out.empty()) return;
        std::erase_if(node.elements, [&](const Element& element) {
            return std::binary_search(left_out.begin(), left_out.end(), element.tag);
        });
    }

  private:
    /// All of them, or false.
    [[nodiscard]] bool decode(Items& items) {
        for (DataSet& item : items) {
            decode_in(item.node());
            if (fragments_in(item.node()) != nullptr && !decode(item)) return false;
        }
        return true;
    }

    [[nodiscard]] bool decode(DataSet& item) {
        try {
            const DataSet image = as_image(item, syntax_);
            const std::size_t cost = cost_of(image);
            if (cost > left_) return false;
            // Also of what turns out to be damaged: it is the time that this limits as well.
            left_ -= cost;
            put_decoded(image, item);
            return true;
        } catch (const Error& error) {
            if (error.code() == ErrorCode::kUnavailable) throw;
            return false;
        }
    }

    static void put_decoded(const DataSet& image, DataSet& item) {
        const int frames = frame_count(image);
        PixelLayout layout;
        bool has_more_than_values = false;
        Bytes samples;
        for (int i = 0; i < frames; ++i) {
            const DecodedFrame frame = decode_cells(image, i);
            has_more_than_values |= frame.has_more_than_values;
            if (i == 0) layout = layout_of(frame, frames);
            layout.bits_stored = std::max(layout.bits_stored, frame.bits_stored);
            samples.insert(samples.end(), frame.samples.begin(), frame.samples.end());
        }
        // Of which `image` looks into `item`.
        const StoredLayout stored = stored_layout_of(image);
        // An icon has no attributes that would say what it has lost.
        item.remove(tags::kPixelData);
        item.set_pixels(layout, std::move(samples));
        if (!has_more_than_values) return;
        item.set_integer(tags::kBitsStored, stored.bits_stored);
        item.set_integer(tags::kHighBit, stored.high_bit);
    }

    const std::string syntax_;
    std::size_t left_ = kMostNestedBytes;
};

/// Of an object in that syntax, and small enough to be given by itself.
DataSet small_image(const DataSet& item, std::string_view syntax) {
    DataSet image = as_image(item, syntax);
    std::size_t bytes = 0;
    for (const ByteView piece : fragments_in(image.node())->pieces) bytes += piece.size();
    // Larger fragments are not there in a FileHeader.
    if (bytes >= FileHeader::kLargeValue || cost_of(image) > kMostNestedBytes)
        throw Error(ErrorCode::kUnsupported,
                    "pixels in a sequence are given by themselves where they are small, as icons "
                    "are; ask for the object");
    return image;
}

}  // namespace

std::optional<DataSet> with_native_items(const DataSet& data_set, std::string_view target) {
    const std::string& own = data_set.transfer_syntax_uid();
    if (target == (own.empty() ? transfer_syntax::kExplicitVrLittleEndian : own)) return {};
    const auto& elements = data_set.node().elements;
    if (std::none_of(elements.begin(), elements.end(), has_fragments)) return {};
    DataSet copy = data_set.clone();
    Decoding(own).decode_in(copy.node());
    return copy;
}

Bytes decoded_pixels_of_item(const DataSet& item, std::string_view syntax) {
    const DataSet image = small_image(item, syntax);
    Bytes samples;
    for (int i = 0; i < frame_count(image); ++i) {
        const DecodedFrame frame = decode_cells(image, i);
        samples.insert(samples.end(), frame.samples.begin(), frame.samples.end());
    }
    return samples;
}

Bytes codestream_of_item(const DataSet& item, std::string_view syntax) {
    const DataSet image = small_image(item, syntax);
    if (frame_count(image) != 1)
        throw Error(ErrorCode::kUnsupported, "of pixels in a sequence one frame is given as it is");
    return stored_frame(image, 0);
}

}  // namespace lucerna::dicom
