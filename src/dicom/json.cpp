#include "dicom/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include "dicom/node.h"
#include "dicom/values.h"

namespace lucerna::dicom {
namespace {

std::string json_name(Tag tag) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    const std::uint32_t number = static_cast<std::uint32_t>(tag.group) << 16 | tag.element;
    for (int shift = 28; shift >= 0; shift -= 4) out += kDigits[(number >> shift) & 0xF];
    return out;
}

/// PS3.18 F.2.2: a person's name by its groups.
std::string person_name(std::string_view value) {
    constexpr std::string_view kGroups[] = {"Alphabetic", "Ideographic", "Phonetic"};
    std::string out = "{";
    for (const std::string_view group : kGroups) {
        const std::size_t end = value.find('=');
        const std::string_view part = trimmed(value.substr(0, end));
        if (!part.empty()) {
            if (out.size() > 1) out += ',';
            out += json_quoted(group) + ":" + json_quoted(part);
        }
        if (end == std::string_view::npos) break;
        value.remove_prefix(end + 1);
    }
    return out + "}";
}

/// PS3.18 F.2.3: DS and IS are numbers; a text that is none stays a text, as F.2.3.1 lets it.
std::string number_text(std::string_view value, Vr vr) {
    const auto number = parsed_number(value);
    if (!number) return json_quoted(value);
    if (vr == vr::kIs) {
        long long integer = 0;
        if (value.front() == '+') value.remove_prefix(1);
        const auto [end, code] =
            std::from_chars(value.data(), value.data() + value.size(), integer);
        if (code == std::errc() && end == value.data() + value.size()) {
            return std::to_string(integer);
        }
    }
    return printed_number(*number);
}

/// What is larger than any text or list that the model is meant for, or a list of numbers that is
/// longer than those that stand in the model itself.
bool is_long(const Element& element, const JsonOptions& options) {
    if (element.is_sequence() || element.fragments() != nullptr) return false;
    if (element.value().size() > options.value_limit) return true;
    if (options.list_limit == SIZE_MAX || element.vr == vr::kAt || element.vr.is_bulk())
        return false;
    const bool is_text = element.vr.is_text();
    if (is_text && element.vr != vr::kDs && element.vr != vr::kIs) return false;
    return (is_text ? text_count(element) : binary_count(element)) > options.list_limit;
}

/// Written as BulkDataURI where there is one to give.
bool is_bulk_data(const Element& element, const JsonOptions& options) {
    return element.tag == tags::kPixelData || is_long(element, options) ||
           (element.vr.is_bulk() && element.value().size() > options.inline_limit);
}

void add_bulk_data_paths(const Node& node, const std::string& path, const JsonOptions& options,
                         std::vector<std::string>& paths) {
    for (const Element& element : node.elements) {
        const std::string name = path + json_name(element.tag);
        if (!element.is_sequence()) {
            if (is_bulk_data(element, options)) paths.push_back(name);
        } else if (const Items* const items = element.items()) {
            for (std::size_t i = 0; i < items->size(); ++i)
                add_bulk_data_paths((*items)[i].node(), name + "/" + std::to_string(i + 1) + "/",
                                    options, paths);
        }
    }
}

/// Of FL and FD; JSON has no such numbers, and PS3.18 F.2.3 no word for them. Readers know these.
std::string non_finite(const Element& element, std::size_t index) {
    const bool is_single = element.vr == vr::kFl;
    if (!is_single && element.vr != vr::kFd) return "null";
    double number = 0;
    float single = 0;
    const std::uint8_t* const value = element.value().data();
    if (is_single)
        std::memcpy(&single, value + index * sizeof single, sizeof single);
    else
        std::memcpy(&number, value + index * sizeof number, sizeof number);
    if (is_single) number = single;
    if (std::isnan(number)) return "\"NaN\"";
    return number > 0 ? "\"Infinity\"" : "\"-Infinity\"";
}

class JsonWriter {
  public:
    JsonWriter(std::string& out, const JsonOptions& options) : out_(out), options_(options) {}

    void write(const Node& node, const std::string& path) {
        out_ += '{';
        bool first = true;
        for (const Element& element : node.elements) {
            // Group lengths say nothing here (PS3.18 F.2).
            if (element.tag.element == 0) continue;
            if (!first) out_ += ',';
            first = false;
            write(element, path);
        }
        out_ += '}';
    }

  private:
    void write(const Element& element, const std::string& path) {
        const std::string name = json_name(element.tag);
        out_ += '"' + name + "\":{\"vr\":\"" + element.vr.str() + '"';
        if (element.is_sequence()) {
            write_items(element, path + name + "/");
        } else if (element.tag == tags::kPixelData || element.vr.is_bulk() ||
                   is_long(element, options_)) {
            write_bulk(element, path + name);
        } else if (element.vr.is_text()) {
            write_texts(element);
        } else if (element.vr == vr::kAt) {
            write_values(binary_count(element),
                         [&](std::size_t i) { return '"' + binary_tag(element, i) + '"'; });
        } else {
            write_numbers(element);
        }
        out_ += '}';
    }

    template <typename ValueAt>
    void write_values(std::size_t count, ValueAt&& value_at) {
        if (count == 0) return;
        out_ += ",\"Value\":[";
        for (std::size_t i = 0; i < count; ++i) {
            if (i > 0) out_ += ',';
            out_ += value_at(i);
        }
        out_ += ']';
    }

    void write_items(const Element& element, const std::string& path) {
        const Items* const items = element.items();
        if (items == nullptr || items->empty()) return;
        out_ += ",\"Value\":[";
        for (std::size_t i = 0; i < items->size(); ++i) {
            if (i > 0) out_ += ',';
            write((*items)[i].node(), path + std::to_string(i + 1) + "/");
        }
        out_ += ']';
    }

    void write_texts(const Element& element) {
        const auto printed = [&](std::string_view value) -> std::string {
            if (value.empty()) return "null";
            if (element.vr == vr::kPn) return person_name(value);
            if (element.vr == vr::kDs || element.vr == vr::kIs)
                return number_text(value, element.vr);
            return json_quoted(value);
        };
        bool is_first = true;
        each_text(element, [&](std::string_view value) {
            out_ += std::exchange(is_first, false) ? ",\"Value\":[" : ",";
            out_ += printed(value);
            return true;
        });
        if (!is_first) out_ += ']';
    }

    void write_numbers(const Element& element) {
        write_values(binary_count(element), [&](std::size_t i) -> std::string {
            if (auto digits = binary_digits(element, i)) return *std::move(digits);
            const auto number = binary_number(element, i);
            return number ? printed_number(*number) : non_finite(element, i);
        });
    }

    void write_bulk(const Element& element, const std::string& path) {
        const ByteView value = element.value();
        const bool is_pixels = element.tag == tags::kPixelData;
        if (!is_pixels && value.empty()) return;
        if (!is_bulk_data(element, options_)) {
            out_ += ",\"InlineBinary\":\"" + to_base64(value) + '"';
        } else if (!options_.bulk_data_uri.empty()) {
            out_ += ",\"BulkDataURI\":" + json_quoted(options_.bulk_data_uri + "/" + path);
        }
    }

    std::string& out_;
    const JsonOptions& options_;
};

std::optional<std::size_t> item_number(std::string_view text) {
    std::size_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size() || number == 0) return std::nullopt;
    return number;
}

std::string_view next_part(std::string_view& path) {
    const std::size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    path = end == std::string_view::npos ? std::string_view() : path.substr(end + 1);
    return part;
}

}  // namespace

namespace {

/// Letters that JSON writes as six.
std::size_t escapes_in(ByteView text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](std::uint8_t c) { return c < 0x20 || c == '"'; }));
}

std::size_t json_bytes_of(const Node& node, const JsonOptions& options) {
    constexpr std::size_t kElement = 48;
    constexpr std::size_t kPath = 64;
    constexpr std::size_t kName = 20;  // {"Alphabetic":""},
    constexpr std::size_t kText = 6;   // "",  null,
    constexpr std::size_t kNumber = 24;
    constexpr std::size_t kEscape = 5;
    std::size_t bytes = 0;
    for (const Element& element : node.elements) {
        bytes += kElement;
        if (const Items* const items = element.items()) {
            for (std::size_t i = 0; i < items->size(); ++i)
                bytes += json_bytes_of((*items)[i].node(), options);
        } else if (element.is_sequence()) {
            continue;
        } else if (is_bulk_data(element, options)) {
            bytes += options.bulk_data_uri.size() + kPath;
        } else if (element.vr.is_bulk()) {
            bytes += element.value().size() * 4 / 3 + kText;
        } else if (element.vr.is_text()) {
            const ByteView text = element.value();
            // In a list it stands between values.
            const auto backslashes = static_cast<std::size_t>(
                element.vr.is_single_text() ? std::count(text.begin(), text.end(), '\\') : 0);
            bytes += text.size() + backslashes + kEscape * escapes_in(text) +
                     text_count(element) * (element.vr == vr::kPn ? kName : kText);
        } else {
            bytes += binary_count(element) * kNumber;
        }
    }
    return bytes;
}

}  // namespace

std::size_t json_bytes(const DataSet& data_set, const JsonOptions& options) {
    return json_bytes_of(data_set.node(), options);
}

std::string to_dicom_json(const DataSet& data_set, const JsonOptions& options) {
    std::string out;
    append_dicom_json(out, data_set, options);
    return out;
}

void append_dicom_json(std::string& out, const DataSet& data_set, const JsonOptions& options) {
    out.reserve(out.size() + options.expected_bytes);
    JsonWriter(out, options).write(data_set.node(), "");
}

std::vector<std::string> bulk_data_paths(const DataSet& data_set, const JsonOptions& options) {
    std::vector<std::string> paths;
    add_bulk_data_paths(data_set.node(), "", options, paths);
    return paths;
}

namespace {

/// An attribute, and what it is one of.
struct Found {
    const DataSet* of;
    const Element* element;
};

std::optional<Found> found_at(const DataSet& data_set, std::string_view path) {
    const DataSet* at = &data_set;
    while (true) {
        const std::string_view name = next_part(path);
        const auto tag = name.size() == 8 ? tag_from(name) : std::nullopt;
        const Element* const element = tag ? at->node().find(*tag) : nullptr;
        if (element == nullptr) return std::nullopt;
        if (path.empty()) return Found{at, element};
        const auto number = item_number(next_part(path));
        const Items* const items = element->items();
        if (!number || items == nullptr || *number > items->size() || path.empty()) {
            return std::nullopt;
        }
        at = &(*items)[*number - 1];
    }
}

}  // namespace

std::optional<ByteView> bulk_data_at(const DataSet& data_set, std::string_view path) {
    const auto found = found_at(data_set, path);
    if (!found || found->element->is_sequence() || found->element->fragments() != nullptr)
        return std::nullopt;
    return found->element->value();
}

const DataSet* item_with_fragments(const DataSet& data_set, std::string_view path) {
    const auto found = found_at(data_set, path);
    const bool is_item = found && found->of != &data_set;
    return is_item && found->element->fragments() != nullptr ? found->of : nullptr;
}

}  // namespace lucerna::dicom
