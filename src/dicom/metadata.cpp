#include "dicom/metadata.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "dicom/charset.h"
#include "dicom/codestream_kind.h"
#include "dicom/node.h"
#include "dicom/pixel_layout.h"
#include "dicom/values.h"

namespace lucerna::dicom {
namespace {

using Json = nlohmann::json;

/// Each takes a multiple of its text.
constexpr std::size_t kMostValues = 500'000;

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
    throw Error(
        ErrorCode::kInvalidInput,
        "no data set as metadata (JSON by PS3.18 F.2, XML by PS3.19 A.1): " + where + " " + what);
}

/// For what the metadata say well, and what comes beside them contradicts.
[[noreturn]] void refuse_bulk_data(Tag tag, const std::string& what) {
    throw Error(ErrorCode::kInvalidInput,
                "the bulk data do not fit their metadata: " + describe(tag) + " " + what);
}

Tag tag_named(const std::string& name) {
    if (name.size() != 8 || name.find_first_not_of("0123456789ABCDEF") != std::string::npos)
        refuse("an attribute", "is not named by eight digits and capital letters");
    return *tag_from(name);
}

template <typename Stored>
void append(Bytes& value, Stored number) {
    std::array<std::uint8_t, sizeof(Stored)> raw{};
    std::memcpy(raw.data(), &number, sizeof(Stored));
    value.insert(value.end(), raw.begin(), raw.end());
}

std::string without_blanks(std::string text) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
    return text;
}

/// A number, or a text that is one (PS3.18 F.2.3.1).
template <typename Number>
std::optional<Number> number_in(const Json& value) {
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        Number number{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc() && end == text.data() + text.size()) return number;
        return std::nullopt;
    }
    if constexpr (std::is_floating_point_v<Number>) {
        if (!value.is_number()) return std::nullopt;
        const auto number = value.get<double>();
        const bool fits = std::abs(number) <= std::numeric_limits<Number>::max();
        return fits ? std::optional(static_cast<Number>(number)) : std::nullopt;
    } else {
        if (value.is_number_unsigned()) {
            const auto number = value.get<std::uint64_t>();
            return std::in_range<Number>(number) ? std::optional(static_cast<Number>(number))
                                                 : std::nullopt;
        }
        if (!value.is_number_integer()) return std::nullopt;
        const auto number = value.get<std::int64_t>();
        return std::in_range<Number>(number) ? std::optional(static_cast<Number>(number))
                                             : std::nullopt;
    }
}

template <typename Number>
bool append_number(Bytes& out, const Json& value) {
    const auto number = number_in<Number>(value);
    if (number) append(out, *number);
    return number.has_value();
}

bool append_tag(Bytes& out, const Json& value) {
    if (!value.is_string()) return false;
    const Tag tag = tag_named(value.get<std::string>());
    append(out, tag.group);
    append(out, tag.element);
    return true;
}

struct BinaryVr {
    Vr vr;
    bool (*append)(Bytes& out, const Json& value);
};
constexpr std::array<BinaryVr, 9> kBinary = {{{vr::kUs, append_number<std::uint16_t>},
                                              {vr::kSs, append_number<std::int16_t>},
                                              {vr::kUl, append_number<std::uint32_t>},
                                              {vr::kSl, append_number<std::int32_t>},
                                              {vr::kUv, append_number<std::uint64_t>},
                                              {vr::kSv, append_number<std::int64_t>},
                                              {vr::kFl, append_number<float>},
                                              {vr::kFd, append_number<double>},
                                              {vr::kAt, append_tag}}};

/// PS3.18 F.2.2.
std::optional<std::string> name_in(const Json& value) {
    std::string name;
    std::size_t wanted = 0;
    for (const char* group : {"Alphabetic", "Ideographic", "Phonetic"}) {
        const auto found = value.find(group);
        if (found != value.end() && !found->is_null()) {
            // One group of them (PS3.5 6.2.1.1): what is behind "=" would be another.
            if (!found->is_string() ||
                found->get_ref<const std::string&>().find('=') != std::string::npos)
                return std::nullopt;
            name.append(std::exchange(wanted, 0), '=');
            name += found->get_ref<const std::string&>();
        }
        ++wanted;
    }
    return name;
}

/// As it stands between backslashes; empty for none.
std::optional<std::string> text_in(const Json& value, Vr vr) {
    if (value.is_null()) return std::string();
    if (value.is_string()) return value.get<std::string>();
    if (vr == vr::kPn && value.is_object()) return name_in(value);
    if (vr == vr::kIs) {
        const auto number = number_in<std::int64_t>(value);
        return number ? std::optional(std::to_string(*number)) : std::nullopt;
    }
    if (vr != vr::kDs || !value.is_number()) return std::nullopt;
    constexpr std::size_t kLongest = 16;  // PS3.5 6.2
    std::string whole = value.is_number_float() ? std::string() : value.dump();
    const bool fits = !whole.empty() && whole.size() <= kLongest;
    return fits ? whole : decimal_string(value.get<double>());
}

/// Where the header can be read: fewer would be half an object (a frame that came by itself).
void require_all_frames(const DataSet& header, std::size_t bytes) {
    std::size_t wanted = 0;
    try {
        const StoredLayout layout = stored_layout_of(header);
        wanted = (layout.frame_bits() * static_cast<std::size_t>(layout.frames) + 7) / 8;
    } catch (const Error&) {
        return;  // nothing is known of its frames: it is kept as it is
    }
    if (bytes < wanted)
        refuse_bulk_data(tags::kPixelData, "has " + std::to_string(bytes) + " of the " +
                                               std::to_string(wanted) +
                                               " bytes that its header speaks of");
}

}  // namespace

/// Makes nodes of JSON.
class Metadata::Reader {
  public:
    Reader(Metadata& metadata, const Limits& limits) : metadata_(metadata), limits_(limits) {}

    void read(Node& node, const Json& set, std::size_t depth) {
        if (!set.is_object()) refuse("it", "is no object");
        for (const auto& [name, element] : set.items()) {
            const Tag tag = tag_named(name);
            const bool is_meta = tag.group == 0x0002 && depth == 0;
            if (is_meta || tag.element == 0) continue;
            if (tag.group <= 0x0002 || tag.group == 0xFFFE)
                refuse(to_string(tag), "does not belong into a data set");
            read_element(node, tag, element, depth);
        }
    }

    static void require_text(Tag tag, Vr vr, ByteView value) {
        if (vr.is_text() && !is_utf8(as_text(value)))
            refuse(describe(tag), "has a text that is no UTF-8");
    }

  private:
    void read_element(Node& node, Tag tag, const Json& element, std::size_t depth) {
        if (++elements_ > limits_.max_elements)
            refuse("it", "has more than " + std::to_string(limits_.max_elements) + " attributes");
        const auto named = element.is_object() ? element.find("vr") : element.end();
        if (!element.is_object() || named == element.end() || !named->is_string())
            refuse(describe(tag), "has no VR");
        const auto& letters = named->get_ref<const std::string&>();
        if (letters.size() != 2 || !Vr(letters[0], letters[1]).is_well_formed())
            refuse(describe(tag), "has a VR that is none");
        const Vr vr(letters[0], letters[1]);
        node.elements.push_back({tag, vr, content_of(node, tag, vr, element, depth)});
        metadata_.memory_bytes_ += 2 * sizeof(Element) + node.elements.back().value().size();
    }

    Element::Content content_of(Node& node, Tag tag, Vr vr, const Json& element,
                                std::size_t depth) {
        const auto value = element.find("Value");
        const auto binary = element.find("InlineBinary");
        const auto uri = element.find("BulkDataURI");
        if ((value != element.end()) + (binary != element.end()) + (uri != element.end()) > 1)
            refuse(describe(tag), "has more than one of Value, InlineBinary and BulkDataURI");
        if (value != element.end() && !value->is_array())
            refuse(describe(tag), "has a Value that is no array");
        if (vr == vr::kSq) {
            if (binary != element.end() || uri != element.end())
                refuse(describe(tag), "is a sequence that is kept as bytes");
            return value == element.end() ? std::unique_ptr<Items>() : items(tag, *value, depth);
        }
        if (uri != element.end()) {
            if (!uri->is_string() || uri->get_ref<const std::string&>().empty())
                refuse(describe(tag), "has a BulkDataURI that is none");
            uri_bytes_ += Limits::kOfUri + uri->get_ref<const std::string&>().size();
            if (uri_bytes_ > limits_.max_uri_bytes)
                refuse(describe(tag), "is one of too many with a BulkDataURI");
            metadata_.holes_.push_back({&node, tag, uri->get<std::string>()});
            // With what whoever waits for it keeps of it (receive/metadata_parts.h).
            constexpr std::size_t kOfItsPlaces = 256;
            metadata_.memory_bytes_ +=
                kOfItsPlaces + sizeof(Hole) + 4 * metadata_.holes_.back().uri.size();
            return Bytes();
        }
        if (binary != element.end()) return inline_binary(tag, vr, *binary);
        return value == element.end() ? Bytes() : bytes_of(tag, vr, *value);
    }

    std::unique_ptr<Items> items(Tag tag, const Json& values, std::size_t depth) {
        if (depth == limits_.max_depth)
            refuse(describe(tag),
                   "is within more than " + std::to_string(limits_.max_depth) + " sequences");
        auto items = std::make_unique<Items>();
        constexpr std::size_t kItemBytes = 256;
        for (const Json& value : values) {
            item_bytes_ += kItemBytes;
            metadata_.memory_bytes_ += kItemBytes;
            if (++elements_ > limits_.max_elements || item_bytes_ > limits_.max_parsed_bytes)
                refuse(describe(tag), "has too many items");
            Node& item = items->emplace_back().node();
            if (!value.is_null()) read(item, value, depth + 1);
        }
        return items;
    }

    static Bytes inline_binary(Tag tag, Vr vr, const Json& value) {
        if (!value.is_string()) refuse(describe(tag), "has an InlineBinary that is no text");
        const auto& text = value.get_ref<const std::string&>();
        // Writers of XML break lines.
        const bool is_broken = text.find_first_of(" \t\r\n") != std::string::npos;
        Bytes bytes;
        try {
            bytes = is_broken ? from_base64(without_blanks(text)) : from_base64(text);
        } catch (const Error& error) {
            refuse(describe(tag), "has an InlineBinary that is none: " + std::string(error.what()));
        }
        require_text(tag, vr, bytes);
        return bytes;
    }

    static Bytes bytes_of(Tag tag, Vr vr, const Json& values) {
        if (vr.is_text()) return text_of(tag, vr, values);
        const auto binary = std::find_if(kBinary.begin(), kBinary.end(),
                                         [&](const BinaryVr& one) { return one.vr == vr; });
        Bytes bytes;
        const bool is_empty = std::all_of(values.begin(), values.end(),
                                          [](const Json& value) { return value.is_null(); });
        if (is_empty) return bytes;
        if (binary == kBinary.end())
            refuse(describe(tag), "of VR " + vr.str() + " has values, not bytes");
        for (const Json& value : values)
            if (!binary->append(bytes, value))
                refuse(describe(tag), "has a value that VR " + vr.str() + " cannot hold");
        return bytes;
    }

    static Bytes text_of(Tag tag, Vr vr, const Json& values) {
        if (vr.is_single_text() && values.size() > 1)
            refuse(describe(tag), "of VR " + vr.str() + " has more than one value");
        Bytes bytes;
        bool is_first = true;
        for (const Json& value : values) {
            const std::optional<std::string> text = text_in(value, vr);
            const bool is_split = text && !vr.is_single_text() && text->find('\\') != text->npos;
            if (!text || is_split)
                refuse(describe(tag), "has a value that VR " + vr.str() + " cannot hold");
            if (!std::exchange(is_first, false)) bytes.push_back('\\');
            bytes.insert(bytes.end(), text->begin(), text->end());
        }
        return bytes;
    }

    Metadata& metadata_;
    const Limits& limits_;
    std::size_t elements_ = 0;
    std::size_t item_bytes_ = 0;
    std::size_t uri_bytes_ = 0;
};

Metadata::Metadata(const Json& set, const Limits& limits) {
    Reader(*this, limits).read(set_.node(), set, 0);
    for (const Hole& hole : holes_) uris_.push_back(hole.uri);
    std::sort(uris_.begin(), uris_.end());
    uris_.erase(std::unique(uris_.begin(), uris_.end()), uris_.end());
}

std::string_view Metadata::pixels_uri() const {
    for (const Hole& hole : holes_)
        if (hole.of == &set_.node() && hole.tag == tags::kPixelData) return hole.uri;
    return {};
}

DataSet Metadata::with_bulk_data(const std::function<BulkData(const std::string& uri)>& found) && {
    Node& root = set_.node();
    for (const Hole& hole : holes_) {
        const BulkData bulk = found(hole.uri);
        if (hole.of == &root && hole.tag == tags::kPixelData) {
            put_pixels(bulk);
            continue;
        }
        Element& element = hole.of->writable(hole.tag);
        if (bulk.pieces.size() != 1) refuse_bulk_data(hole.tag, "has them in several pieces");
        Reader::require_text(hole.tag, element.vr, bulk.pieces.front());
        element.content = bulk.pieces.front();
    }
    if (root.transfer_syntax_uid.empty())
        root.transfer_syntax_uid = transfer_syntax::kExplicitVrLittleEndian;
    return std::move(set_);
}

void Metadata::put_pixels(const BulkData& pixels) {
    Node& root = set_.node();
    Element& element = root.writable(tags::kPixelData);
    const CodestreamKind kind = kind_of(pixels);
    if (kind.transfer_syntax_uid.empty()) {
        if (pixels.pieces.size() != 1)
            refuse_bulk_data(element.tag, "has uncompressed ones in several pieces");
        require_all_frames(set_, pixels.pieces.front().size());
        element.content = pixels.pieces.front();
        return;
    }
    if (pixels.transfer_syntax_uid.empty())
        for (const ByteView piece : pixels.pieces)
            if (kind_of({{piece}, pixels.media_type, {}}).transfer_syntax_uid !=
                kind.transfer_syntax_uid)
                refuse_bulk_data(element.tag, "has frames of two transfer syntaxes");
    const long long wanted = std::max(set_.integer(tags::kNumberOfFrames).value_or(1), 1LL);
    const TransferSyntax* const syntax = find_transfer_syntax(kind.transfer_syntax_uid);
    const bool are_apart =
        syntax != nullptr ? syntax->frames_apart : pixels.media_type.starts_with("image/");
    if (are_apart && static_cast<long long>(pixels.pieces.size()) != wanted)
        refuse_bulk_data(element.tag, "has " + std::to_string(pixels.pieces.size()) + " of the " +
                                          std::to_string(wanted) +
                                          " frames that its header speaks of");
    std::vector<ByteView> frames = pixels.pieces;
    for (ByteView& frame : frames)
        frame = kind.codec == Codec::kJpeg2000 ? without_boxes(frame) : frame;
    (void)root.put(tags::kPixelData, vr::kOb, fragments_of(frames));
    root.transfer_syntax_uid = kind.transfer_syntax_uid;
    if (kind.header) complete_description(set_, kind);
}

namespace {

/// Builds one data set at a time. (The library's own parser with a callback looks through all of an
/// object whenever one within it ends.)
class SetParser final : public nlohmann::json_sax<Json> {
  public:
    explicit SetParser(const std::function<void(const Json& set)>& take) : take_(take) {}

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t& /*text*/) override {
        return add(value);
    }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t& /*value*/) override { return false; }
    bool key(string_t& name) override {
        count_one();
        if (open_.back()->contains(name)) refuse("it", "has something twice");
        name_ = std::move(name);
        return true;
    }
    bool start_object(std::size_t /*size*/) override { return open(Json::object()); }
    bool start_array(std::size_t /*size*/) override {
        if (in_array_ || !open_.empty()) return open(Json::array());
        in_array_ = true;
        return true;
    }
    bool end_object() override {
        open_.pop_back();
        if (!open_.empty()) return true;
        take_(set_);
        set_ = nullptr;
        values_ = 0;
        return true;
    }
    bool end_array() override {
        if (!open_.empty()) open_.pop_back();
        return true;
    }
    bool parse_error(std::size_t at, const std::string& /*token*/,
                     const Json::exception& error) override {
        // 406: a number is too large for any type.
        if (error.id == 406) refuse("it", "has a number that is out of range");
        refuse("it", "is no JSON at byte " + std::to_string(at));
    }

  private:
    void count_one() {
        if (++values_ > kMostValues)
            refuse("it", "has more than " + std::to_string(kMostValues) + " values");
    }

    bool open(Json value) {
        constexpr std::size_t kDeepest = 3 * Limits{}.max_depth + 4;
        if (open_.empty() && !value.is_object())
            refuse("it", "is neither a data set nor an array of them");
        if (open_.size() == kDeepest) refuse("it", "is nested too deep");
        open_.push_back(&put(std::move(value)));
        return true;
    }

    bool add(Json value) {
        if (open_.empty()) refuse("it", "is neither a data set nor an array of them");
        (void)put(std::move(value));
        return true;
    }

    Json& put(Json value) {
        count_one();
        Json& place = open_.empty()              ? set_
                      : open_.back()->is_array() ? open_.back()->emplace_back()
                                                 : (*open_.back())[name_];
        return place = std::move(value);
    }

    const std::function<void(const Json& set)>& take_;
    /// Of sets.
    bool in_array_ = false;
    Json set_;
    /// The objects and arrays of the set that have not ended.
    std::vector<Json*> open_;
    std::string name_;
    std::size_t values_ = 0;
};

}  // namespace

void each_data_set(std::string_view text, const std::function<void(const Json& set)>& take) {
    SetParser parser(take);
    (void)Json::sax_parse(text, &parser);
}

}  // namespace lucerna::dicom
