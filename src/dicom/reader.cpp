#include "dicom/reader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/memory.h"
#include "dicom/decoding_memory.h"

namespace lucerna::dicom {
namespace {

constexpr std::size_t kPreambleBytes = 128;
constexpr std::size_t kHeaderBytes = 8;

// What is held for each, with what the C library adds. Lists grow by doubling.
constexpr std::size_t kElementBytes = 2 * sizeof(Element);
constexpr std::size_t kItemBytes = sizeof(Node) + 64;
constexpr std::size_t kSequenceBytes = sizeof(Items) + 16;
constexpr std::size_t kFragmentBytes = 2 * (sizeof(ByteView) + sizeof(std::size_t));

[[noreturn]] void refuse(const std::string& what, std::size_t offset) {
    throw Error(ErrorCode::kInvalidInput,
                "not a readable DICOM data set: " + what + ", at offset " + std::to_string(offset));
}

[[noreturn]] void refuse_undefined(const ElementHeader& header) {
    refuse(describe(header.tag) + " of undefined length", header.offset);
}

/// Where the File Meta Information begins.
constexpr std::string_view kPrefix = "DICM";
constexpr std::size_t kFirstElement = kPreambleBytes + kPrefix.size();

/// Of File Meta Information, which has to be held as a whole: private information (0002,0102) may
/// make it long.
constexpr std::size_t kMostMetaBytes = std::size_t{16} << 20;

void refuse_longer_meta(std::size_t end) {
    if (end <= kMostMetaBytes) return;
    throw Error(ErrorCode::kInvalidInput, "a File Meta Information of more than " +
                                              std::to_string(kMostMetaBytes) +
                                              " bytes, which is the most that is taken of one");
}

void require_prefix(ByteView file) {
    if (file.size() < kFirstElement ||
        as_text(file.subspan(kPreambleBytes, kPrefix.size())) != kPrefix)
        throw Error(ErrorCode::kInvalidInput,
                    "not a DICOM file: no \"DICM\" after a preamble of 128 bytes (PS3.10 7.1)");
}

std::uint16_t number16(ByteView bytes, std::size_t at, const Encoding& encoding) {
    const std::uint16_t number = u16(bytes, at);
    return encoding.little_endian ? number : static_cast<std::uint16_t>(number << 8 | number >> 8);
}

std::uint32_t number32(ByteView bytes, std::size_t at, const Encoding& encoding) {
    if (encoding.little_endian) return u32(bytes, at);
    return static_cast<std::uint32_t>(number16(bytes, at, encoding)) << 16 |
           number16(bytes, at + 2, encoding);
}

/// VR and length of explicit VR (PS3.5 7.1.2).
void read_explicit_length(ElementHeader& header, ByteView bytes, std::size_t end,
                          const Encoding& encoding) {
    const std::size_t at = header.offset;
    header.vr = Vr(static_cast<char>(bytes[at + 4]), static_cast<char>(bytes[at + 5]));
    if (!header.vr.is_well_formed()) {
        // Some writers leave the VR out where they don't know it. Its length is short then.
        const auto entry = look_up(header.tag);
        header.vr = entry && !entry->vr.has_long_length() ? entry->vr : vr::kUn;
        header.length = number16(bytes, at + 6, encoding);
    } else if (!header.vr.has_long_length()) {
        header.length = number16(bytes, at + 6, encoding);
    } else {
        if (end - at < kLongestHeader) refuse("it ends within an element's header", at);
        header.length = number32(bytes, at + kHeaderBytes, encoding);
        header.value = at + kLongestHeader;
    }
}

/// Walks elements without recursion deeper than the limit, without allocating for what is not
/// there, and without copying values.
class Reader {
  public:
    Reader(ByteView bytes, std::size_t from, const Encoding& encoding, const Limits& limits,
           Extent extent = Extent::kWhole, const Passed& passed = {})
        : bytes_(bytes),
          at_(from),
          encoding_(encoding),
          limits_(limits),
          extent_(extent),
          passed_(passed) {}

    [[nodiscard]] std::size_t position() const { return at_; }
    /// Of parsing_memory(), where it took one.
    /// Of what it came to, once all is read.
    [[nodiscard]] std::shared_ptr<const void> share() const {
        if (share_) share_->keep_only(parsed_bytes_);
        return share_;
    }

    void read_elements(Node& node, std::size_t end, bool delimited, std::size_t depth) {
        const std::size_t start = at_;
        while (true) {
            if (at_ == end && !delimited) break;
            if (depth == 0 && ends_in_padding(node, end)) break;
            ElementHeader header = read_header(end);
            if (header.tag == kItemDelimitation && delimited) break;
            if (header.tag.group == 0xFFFE) refuse("a delimiter out of place", header.offset);
            if (header.tag.group == 0x0000 || header.tag.group == 0x0002) {
                refuse(to_string(header.tag) + " does not belong into a data set", header.offset);
            }
            count_one(header, depth == 0 ? kElementBytes : sizeof(Element));
            if (depth == 0 && header.tag < tags::kPixelData) node.pixel_data_offset = 0;
            if (header.tag == tags::kPixelData && depth == 0) {
                node.pixel_data_offset = header.offset;
                if (extent_ == Extent::kToPixelData) {
                    node.elements.push_back({header.tag, header.vr, ByteView()});
                    break;
                }
                const bool skips = extent_ == Extent::kWithoutPixels || !looks_at_large_values();
                if (skips && header.vr != vr::kSq) {
                    skip_pixels(header, end);
                    node.skipped = {header.value, at_};
                    node.elements.push_back({header.tag, header.vr, ByteView()});
                    continue;
                }
            }
            Element::Content content = read_content(node, header, end, depth);
            note_pixel_representation(header, content);
            node.elements.push_back({header.tag, header.vr, std::move(content)});
        }
        // The counting is of what is needed: small lists, of which there may be many, are trimmed.
        if (depth > 0) node.elements.shrink_to_fit();
        put_in_order(node, start);
    }

    /// One item of a sequence of the data set itself, left out.
    void read_item_alone() { read_alone(read_header(bytes_.size()), bytes_.size()); }

    /// One element of the File Meta Information; empty after the last.
    std::optional<Element> read_meta_element() {
        if (bytes_.size() - at_ < kHeaderBytes || u16(bytes_, at_) != 0x0002) return std::nullopt;
        const ElementHeader header = read_header(bytes_.size());
        if (header.length == kUndefinedLength) refuse_undefined(header);
        return Element{header.tag, header.vr, take_value(header, bytes_.size())};
    }

  private:
    [[nodiscard]] bool looks_at_large_values() const {
        return extent_ != Extent::kHeader && extent_ != Extent::kOutline;
    }

    /// Nothing but zeros is left. Writers of media filled their files up to whole blocks.
    [[nodiscard]] bool ends_in_padding(Node& node, std::size_t end) {
        if (node.elements.empty() || end - at_ > kMostPaddingBytes) return false;
        const ByteView left = bytes_.subspan(at_, end - at_);
        if (std::any_of(left.begin(), left.end(), [](std::uint8_t byte) { return byte != 0; }))
            return false;
        node.padding_bytes = static_cast<std::uint32_t>(left.size());
        at_ = end;
        return true;
    }

    /// Comes before every attribute whose VR depends on it.
    void note_pixel_representation(const ElementHeader& header, const Element::Content& content) {
        if (header.tag != tags::kPixelRepresentation) return;
        const auto* const value = std::get_if<ByteView>(&content);
        signed_pixels_ = value != nullptr && value->size() >= 2 && u16(*value, 0) == 1;
    }

    /// `bytes` is what this program's memory holds for it, beside its value.
    void count(std::size_t bytes, const ElementHeader& header) {
        parsed_bytes_ += bytes;
        if (parsed_bytes_ > most_parsed_bytes_)
            throw Error(
                ErrorCode::kInvalidInput,
                "more elements and items than are read of one data set: they take more than " +
                    std::to_string(most_parsed_bytes_) + " bytes of memory, at offset " +
                    std::to_string(header.offset));
        if (parsed_bytes_ <= kFreelyParsedBytes || share_ != nullptr) return;
        // What very many elements took would stay with the heap.
        share_ = {new MemoryBudget::Share(parsing_memory().take(most_parsed_bytes_, "a data set")),
                  [](MemoryBudget::Share* share) {
                      delete share;
                      give_back_freed_memory();
                  }};
    }

    void count_one(const ElementHeader& header, std::size_t bytes) {
        count(bytes, header);
        if (++elements_ <= limits_.max_elements) return;
        refuse("more than " + std::to_string(limits_.max_elements) + " elements", header.offset);
    }

    ElementHeader read_header(std::size_t end) {
        const ElementHeader header =
            read_element_header(bytes_, at_, end, encoding_, signed_pixels_);
        at_ = header.value;
        return header;
    }

    ByteView take_value(const ElementHeader& header, std::size_t end) {
        if (header.length > end - at_) {
            refuse(describe(header.tag) + " claims " + std::to_string(header.length) +
                       " bytes where " + std::to_string(end - at_) + " are left",
                   header.offset);
        }
        const ByteView value = bytes_.subspan(at_, header.length);
        at_ += header.length;
        return value;
    }

    Element::Content read_content(const Node& node, ElementHeader& header, std::size_t end,
                                  std::size_t depth) {
        const bool undefined = header.length == kUndefinedLength;
        const bool pixels = header.tag == tags::kPixelData && header.vr != vr::kSq;
        if (undefined && pixels) {
            // Whatever the file says: PS3.5 A.4.
            header.vr = vr::kOb;
            return read_fragments(header, end);
        }
        if (header.vr == vr::kSq) return read_sequence(header, end, depth);
        if (undefined && (header.vr == vr::kUn || !encoding_.explicit_vr)) {
            // PS3.5 6.2.2, note 2: a sequence in implicit VR little endian.
            header.vr = vr::kSq;
            return read_implicit_sequence(header, end, depth);
        }
        if (undefined) refuse_undefined(header);
        const ByteView value = take_value(header, end);
        if (header.vr == vr::kUn) return explained(header, value, depth);
        return in_little_endian(node, header, value);
    }

    /// A value of VR UN whose VR the dictionary knows (PS3.5 6.2.2) is read as that.
    Element::Content explained(ElementHeader& header, ByteView value, std::size_t depth) {
        const auto entry = look_up(header.tag);
        if (!entry || entry->vr == vr::kUn) return value;
        if (entry->vr != vr::kSq) {
            if (value.size() % entry->vr.unit() == 0) header.vr = entry->vr;
            return value;
        }
        const std::size_t after = at_;
        at_ = after - value.size();
        const std::size_t elements = elements_;
        const std::size_t parsed_bytes = parsed_bytes_;
        try {
            ElementHeader sequence = header;
            sequence.vr = vr::kSq;
            Element::Content content = read_implicit_sequence(sequence, after, depth);
            header.vr = vr::kSq;
            return content;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::kInvalidInput) throw;
            elements_ = elements;
            parsed_bytes_ = parsed_bytes;
            at_ = after;
            return value;
        }
    }

    Element::Content read_implicit_sequence(const ElementHeader& header, std::size_t end,
                                            std::size_t depth) {
        const Encoding outside = std::exchange(encoding_, Encoding{false, true});
        try {
            auto content = read_sequence(header, end, depth);
            encoding_ = outside;
            return content;
        } catch (...) {
            encoding_ = outside;
            throw;
        }
    }

    Element::Content read_sequence(const ElementHeader& header, std::size_t end,
                                   std::size_t depth) {
        if (depth >= limits_.max_depth) {
            refuse("sequences more than " + std::to_string(limits_.max_depth) + " deep, in " +
                       describe(header.tag),
                   header.offset);
        }
        const bool undefined = header.length == kUndefinedLength;
        if (!undefined && header.length > end - at_) take_value(header, end);
        const std::size_t sequence_end = undefined ? end : at_ + header.length;
        const bool leaves_out =
            (extent_ == Extent::kOutline || extent_ == Extent::kWithoutGroups) && depth == 0 &&
            header.tag == tags::kPerFrameFunctionalGroupsSequence;
        if (leaves_out && passed_.items && passed_.items->begin == at_) at_ = passed_.items->end;
        std::unique_ptr<Items> items;
        while (undefined || at_ < sequence_end) {
            const ElementHeader item = read_header(sequence_end);
            if (item.tag == kSequenceDelimitation) {
                if (undefined) break;
                continue;
            }
            if (item.tag != kItem) {
                refuse("no item where one should follow in " + describe(header.tag), item.offset);
            }
            if (leaves_out) {
                read_alone(item, sequence_end);
                continue;
            }
            if (items == nullptr) {
                count(kSequenceBytes, item);
                items = std::make_unique<Items>();
            }
            count_one(item, kItemBytes);
            read_item(items->emplace_back().node(), item, sequence_end, depth);
        }
        return items;
    }

    void read_alone(const ElementHeader& item, std::size_t end) {
        const std::size_t elements = elements_;
        const std::size_t parsed_bytes = parsed_bytes_;
        const bool signed_pixels = signed_pixels_;
        Node alone;
        count_one(item, kItemBytes);
        read_item(alone, item, end, 0);
        elements_ = elements;
        parsed_bytes_ = parsed_bytes;
        signed_pixels_ = signed_pixels;
    }

    void read_item(Node& node, const ElementHeader& item, std::size_t end, std::size_t depth) {
        const bool undefined = item.length == kUndefinedLength;
        if (!undefined && item.length > end - at_) {
            refuse("an item claims " + std::to_string(item.length) + " bytes where " +
                       std::to_string(end - at_) + " are left",
                   item.offset);
        }
        read_elements(node, undefined ? end : at_ + item.length, undefined, depth + 1);
    }

    /// Calls `take` with each item (PS3.5 A.4) from `number` on, the offset table first.
    void each_fragment(const ElementHeader& header, std::size_t end, std::size_t number,
                       const auto& take) {
        for (;; ++number) {
            const ElementHeader item = read_header(end);
            if (item.tag == kSequenceDelimitation) return;
            if (item.tag != kItem) {
                refuse("no fragment where one should follow in " + describe(header.tag),
                       item.offset);
            }
            const ByteView piece = take_value(item, end);
            refuse_more_fragments(number, item);
            take(number, item, piece);
        }
    }

    void refuse_more_fragments(std::size_t number, const ElementHeader& item) const {
        if (number <= limits_.max_frames) return;
        refuse("more than " + std::to_string(limits_.max_frames) + " fragments", item.offset);
    }

    Element::Content read_fragments(const ElementHeader& header, std::size_t end) {
        auto fragments = std::make_unique<Fragments>();
        std::size_t first = 0;
        each_fragment(header, end, 0,
                      [&](std::size_t number, const ElementHeader& item, ByteView piece) {
                          if (number == 0) {
                              fragments->basic_offset_table = piece;
                              first = at_;
                              return;
                          }
                          count(kFragmentBytes, item);
                          fragments->pieces.push_back(piece);
                          fragments->offsets.push_back(item.offset - first);
                      });
        return fragments;
    }

    void skip_pixels(ElementHeader& header, std::size_t end) {
        if (header.length == kUndefinedLength) {
            header.vr = vr::kOb;
            each_fragment(header, end, pass_fragments(end),
                          [](std::size_t, const ElementHeader&, ByteView) {});
            return;
        }
        const ByteView value = take_value(header, end);
        if (header.vr == vr::kUn) (void)explained(header, value, 0);
    }

    /// Past those that were followed; their number.
    std::size_t pass_fragments(std::size_t end) {
        const auto& passed = passed_.fragments;
        if (!passed || passed->count == 0 || passed->begin != at_) return 0;
        refuse_more_fragments(passed->count - 1, passed->last);
        at_ = passed->last.value;
        (void)take_value(passed->last, end);
        return passed->count;
    }

    /// Pixels of 32 bits are turned over as a whole, whatever the VR.
    static std::size_t pixel_unit(const Node& node, Vr vr) {
        for (const Element& element : node.elements) {
            const bool found = element.tag == tags::kBitsAllocated && element.value().size() >= 2;
            if (found && u16(element.value(), 0) == 32) return vr == vr::kOw ? 4 : vr.unit();
        }
        return vr.unit();
    }

    /// Big endian values are turned over once, here.
    [[nodiscard]] Element::Content in_little_endian(const Node& node, const ElementHeader& header,
                                                    ByteView value) const {
        if (encoding_.little_endian) return value;
        if (!looks_at_large_values() && header.vr.is_bulk() && value.size() >= kSomeSize)
            return value;
        const std::size_t unit =
            header.tag == tags::kPixelData ? pixel_unit(node, header.vr) : header.vr.unit();
        if (unit == 1) return value;
        Bytes turned(value.begin(), value.end());
        for (std::size_t i = 0; i + unit <= turned.size(); i += unit) {
            std::reverse(turned.begin() + static_cast<std::ptrdiff_t>(i),
                         turned.begin() + static_cast<std::ptrdiff_t>(i + unit));
        }
        return turned;
    }

    /// By tag, as the node promises. Done once at the end: a file may come in any order.
    static void put_in_order(Node& node, std::size_t offset) {
        auto& elements = node.elements;
        const auto before = [](const Element& a, const Element& b) { return a.tag < b.tag; };
        if (!std::is_sorted(elements.begin(), elements.end(), before)) {
            std::vector<std::pair<Tag, std::size_t>> order;
            order.reserve(elements.size());
            for (const Element& element : elements) order.emplace_back(element.tag, order.size());
            std::sort(order.begin(), order.end());
            std::vector<Element> sorted;
            sorted.reserve(elements.size());
            for (const auto& [tag, at] : order) sorted.push_back(std::move(elements[at]));
            elements = std::move(sorted);
        }
        const auto twice =
            std::adjacent_find(elements.begin(), elements.end(),
                               [](const Element& a, const Element& b) { return a.tag == b.tag; });
        if (twice != elements.end()) refuse(describe(twice->tag) + " is there twice", offset);
    }

    ByteView bytes_;
    std::size_t at_;
    Encoding encoding_;
    const Limits& limits_;
    Extent extent_;
    const Passed passed_;
    std::size_t elements_ = 0;
    std::size_t parsed_bytes_ = 0;
    const std::size_t most_parsed_bytes_ =
        std::min(limits_.max_parsed_bytes, parsing_memory().limit());
    std::shared_ptr<MemoryBudget::Share> share_;
    bool signed_pixels_ = false;
};

}  // namespace

ElementHeader read_element_header(ByteView bytes, std::size_t at, std::size_t end,
                                  const Encoding& encoding, bool signed_pixels) {
    if (end - at < kHeaderBytes) {
        refuse(end == at ? "it ends where an element or a delimiter should follow"
                         : "it ends within an element's header",
               at);
    }
    ElementHeader header;
    header.offset = at;
    header.value = at + kHeaderBytes;
    header.tag = {number16(bytes, at, encoding), number16(bytes, at + 2, encoding)};
    const bool is_item = header.tag.group == 0xFFFE;
    if (!is_item && encoding.explicit_vr) {
        read_explicit_length(header, bytes, end, encoding);
        return header;
    }
    header.length = number32(bytes, at + 4, encoding);
    if (is_item) return header;
    const auto entry = look_up(header.tag);
    header.vr = entry ? entry->vr : vr::kUn;
    if (entry && entry->signed_by_pixels && signed_pixels) header.vr = vr::kSs;
    return header;
}

FileMeta read_file_meta(ByteView file) {
    require_prefix(file);
    const Limits limits;
    Reader reader(file, kFirstElement, Encoding{}, limits);
    FileMeta meta;
    while (const auto element = reader.read_meta_element()) {
        refuse_longer_meta(reader.position());
        // The first counts: what comes again may be of a data set that begins like File Meta.
        if (element->tag != tags::kTransferSyntaxUid || !meta.transfer_syntax_uid.empty()) continue;
        meta.transfer_syntax_uid = as_text(element->value());
        while (!meta.transfer_syntax_uid.empty() && (meta.transfer_syntax_uid.back() == '\0' ||
                                                     meta.transfer_syntax_uid.back() == ' ')) {
            meta.transfer_syntax_uid.pop_back();
        }
    }
    if (!is_valid_uid(meta.transfer_syntax_uid)) {
        throw Error(ErrorCode::kInvalidInput,
                    "not a readable DICOM file: its file meta has no valid " +
                        describe(tags::kTransferSyntaxUid));
    }
    meta.data_set_offset = reader.position();
    return meta;
}

bool file_meta_goes_on(ByteView file) {
    require_prefix(file);
    for (std::size_t at = kFirstElement;;) {
        if (file.size() - at < kLongestHeader) return true;
        if (u16(file, at) != 0x0002) return false;
        const ElementHeader header = read_element_header(file, at, file.size(), Encoding{}, false);
        if (header.length == kUndefinedLength) refuse_undefined(header);
        refuse_longer_meta(header.value + header.length);
        if (header.length > file.size() - header.value) return true;
        at = header.value + header.length;
    }
}

std::unique_ptr<Node> read_data_set(ByteView bytes, std::size_t from, const Encoding& encoding,
                                    const Limits& limits, Extent extent, const Passed& passed) {
    auto node = std::make_unique<Node>();
    Reader reader(bytes, from, encoding, limits, extent, passed);
    reader.read_elements(*node, bytes.size(), false, 0);
    node->backing = reader.share();
    return node;
}

bool is_readable_item(ByteView bytes, const ByteRange& item, const Encoding& encoding,
                      const Limits& limits) {
    try {
        Reader reader(bytes.first(item.end), item.begin, encoding, limits, Extent::kOutline);
        reader.read_item_alone();
        return reader.position() == item.end;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kInvalidInput) throw;
        return false;
    }
}

}  // namespace lucerna::dicom
