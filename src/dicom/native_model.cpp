#include "dicom/native_model.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <pugixml.hpp>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "dicom/charset.h"
#include "dicom/tags.h"
#include "dicom/vr.h"
#include "dicom/xml_document.h"

namespace lucerna::dicom {
namespace {

using Json = nlohmann::json;

constexpr const char* kNamespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM";
constexpr const char* kRoot = "NativeDicomModel";
constexpr int kDeepest = 32;
/// Values that may be left out before one: each takes room, and none in the document.
constexpr std::size_t kMostEmpty = 64;
/// Elements and attributes of a document, each of which takes a multiple of its bytes.
constexpr std::ptrdiff_t kMostNodes = 500'000;
constexpr std::array kGroups = {"Alphabetic", "Ideographic", "Phonetic"};
constexpr std::array kParts = {"FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"};
constexpr std::array<std::string_view, 11> kNumeric = {"IS", "DS", "FL", "FD", "SL", "SS",
                                                       "SV", "UL", "US", "UV", "OV"};

std::string printable(std::string_view text) {
    std::string kept;
    kept.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        // U+FFFE and U+FFFF.
        const bool is_none =
            text.substr(i, 3) == "\xEF\xBF\xBE" || text.substr(i, 3) == "\xEF\xBF\xBF";
        if (is_none)
            i += 2;
        else if (byte >= 0x20 || byte == '\t' || byte == '\n' || byte == '\r')
            kept += text[i];
    }
    return kept;
}

std::string text_of(const Json& value) {
    return printable(value.is_string() ? value.get<std::string>() : value.dump());
}

void add_attributes(pugi::xml_node node, const Json& set);

/// Odd groups; below 10 in the element's first byte nothing is a private creator's (PS3.5 7.8.1).
bool is_private(std::string_view tag) {
    return tag.size() == 8 && std::string_view("13579BDF").find(tag[3]) != std::string_view::npos;
}
bool is_private_data(std::string_view tag) {
    return is_private(tag) && tag.substr(4) >= "1000";
}

/// Of a private data element; empty where the set does not say.
std::string creator_in(const Json& set, const std::string& tag) {
    if (!is_private_data(tag)) return {};
    const auto found = set.find(tag.substr(0, 4) + "00" + tag.substr(4, 2));
    if (found == set.end() || !found->contains("Value")) return {};
    const Json& values = (*found)["Value"];
    return values.size() == 1 && values[0].is_string() ? values[0].get<std::string>() : "";
}

void add_name(pugi::xml_node node, const Json& value) {
    for (const char* group : kGroups) {
        if (!value.is_object() || !value.contains(group) || !value[group].is_string()) continue;
        pugi::xml_node within = node.append_child(group);
        std::string_view rest = value[group].get_ref<const std::string&>();
        for (std::size_t i = 0; i < kParts.size() && !rest.empty(); ++i) {
            const std::size_t end = rest.find('^');
            const std::string part = printable(rest.substr(0, end));
            if (!part.empty()) within.append_child(kParts.at(i)).text().set(part.c_str());
            rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        }
    }
}

void add_value(pugi::xml_node node, const std::string& vr, const Json& value, std::size_t number) {
    const bool is_item = vr == "SQ";
    // An item may be empty, a value is left out then.
    if (value.is_null() && !is_item) return;
    pugi::xml_node child = node.append_child(is_item      ? "Item"
                                             : vr == "PN" ? "PersonName"
                                                          : "Value");
    child.append_attribute("number").set_value(std::to_string(number).c_str());
    if (is_item && value.is_object())
        add_attributes(child, value);
    else if (vr == "PN")
        add_name(child, value);
    else if (!is_item)
        child.text().set(text_of(value).c_str());
}

void add_attributes(pugi::xml_node node, const Json& set) {
    for (const auto& [tag, element] : set.items()) {
        pugi::xml_node attribute = node.append_child("DicomAttribute");
        const std::string vr = element.value("vr", "UN");
        const std::string creator = printable(creator_in(set, tag));
        const std::string shown = creator.empty() ? tag : tag.substr(0, 4) + "00" + tag.substr(6);
        attribute.append_attribute("tag").set_value(shown.c_str());
        attribute.append_attribute("vr").set_value(printable(vr).c_str());
        if (const auto known = tag_from(tag))
            if (const std::string keyword = keyword_of(*known); !keyword.empty())
                attribute.append_attribute("keyword").set_value(keyword.c_str());
        if (!creator.empty())
            attribute.append_attribute("privateCreator").set_value(creator.c_str());
        if (const auto bytes = element.find("InlineBinary"); bytes != element.end())
            attribute.append_child("InlineBinary").text().set(text_of(*bytes).c_str());
        if (const auto address = element.find("BulkDataURI"); address != element.end())
            attribute.append_child("BulkData")
                .append_attribute("uri")
                .set_value(text_of(*address).c_str());
        if (const auto values = element.find("Value"); values != element.end())
            for (std::size_t i = 0; i < values->size(); ++i)
                add_value(attribute, vr, (*values)[i], i + 1);
    }
}

// Reading.

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
    refuse_xml(where, what);
}

std::string_view local_name(pugi::xml_node node) {
    const std::string_view name = node.name();
    const std::size_t colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string text_in(pugi::xml_node node) {
    std::string text;
    for (const pugi::xml_node child : node.children())
        if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata)
            text += child.value();
    return text;
}

std::string attribute_of(pugi::xml_node node, const char* name) {
    return node.attribute(name).value();
}

template <typename Number>
bool is_whole(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

Json value_from(const std::string& vr, std::string text, XmlNumbers numbers) {
    if (numbers == XmlNumbers::kTexts) return text;
    if (std::find(kNumeric.begin(), kNumeric.end(), vr) == kNumeric.end()) return text;
    std::int64_t whole = 0;
    if (is_whole(text, whole)) return whole;
    std::uint64_t natural = 0;
    if (is_whole(text, natural)) return natural;
    double real = 0;
    const bool is_finite = text.find_first_not_of("0123456789+-.eE") == std::string::npos;
    if (is_finite && is_whole(text, real)) return real;
    return text;
}

Json name_from(pugi::xml_node node) {
    Json name = Json::object();
    for (const pugi::xml_node group : node.children()) {
        const std::string key(local_name(group));
        if (std::find(kGroups.begin(), kGroups.end(), key) == kGroups.end()) continue;
        std::array<std::string, kParts.size()> parts;
        for (const pugi::xml_node part : group.children())
            for (std::size_t i = 0; i < kParts.size(); ++i)
                if (local_name(part) == kParts.at(i)) parts.at(i) = text_in(part);
        std::string joined;
        for (const std::string& part : parts) joined += (&part == parts.data() ? "" : "^") + part;
        while (joined.ends_with('^')) joined.pop_back();
        name[key] = joined;
    }
    return name;
}

/// Where a data set stands, and how it is read.
struct Level {
    int depth = 0;
    XmlNumbers numbers = XmlNumbers::kNumbers;
    /// Of the whole document: values that were left out so far.
    std::ptrdiff_t* left_out = nullptr;
};

Json set_from(pugi::xml_node node, const Level& level);

Json attribute_from(pugi::xml_node node, const std::string& tag, const Level& level) {
    const std::string vr = node.attribute("vr").value();
    if (vr.size() != 2 || !Vr(vr[0], vr[1]).is_well_formed()) refuse("(" + tag + ")", "has no VR");
    Json element = {{"vr", vr}};
    Json values = Json::array();
    for (const pugi::xml_node child : node.children()) {
        const std::string_view name = local_name(child);
        if (name == "InlineBinary") element["InlineBinary"] = text_in(child);
        if (name == "BulkData")
            element["BulkDataURI"] = attribute_of(child, child.attribute("uri") ? "uri" : "uuid");
        const bool is_value = name == "Value" || name == "PersonName" || name == "Item";
        if (!is_value) continue;
        if ((name == "Item") != (vr == "SQ") || (name == "PersonName") != (vr == "PN"))
            refuse("(" + tag + ")", "has a " + std::string(name) + ", but VR " + vr);
        std::size_t number = 0;
        if (!is_whole(std::string_view(child.attribute("number").value()), number) ||
            number <= values.size() || number > values.size() + kMostEmpty)
            refuse("(" + tag + ")", "has values that are not numbered one after the other");
        *level.left_out += static_cast<std::ptrdiff_t>(number - values.size() - 1);
        if (*level.left_out > kMostNodes)
            refuse("it", "leaves out more than " + std::to_string(kMostNodes) + " values");
        while (values.size() + 1 < number) values.push_back(nullptr);
        if (name == "Item")
            values.push_back(set_from(child, {level.depth + 1, level.numbers, level.left_out}));
        else if (name == "PersonName")
            values.push_back(name_from(child));
        else
            values.push_back(value_from(vr, text_in(child), level.numbers));
    }
    if (!values.empty()) element["Value"] = std::move(values);
    return element;
}

/// The blocks that private creators have in a set (PS3.5 7.8.1).
class Blocks {
  public:
    explicit Blocks(Json& set) : set_(set) {
        for (const auto& [tag, element] : set.items())
            if (const std::string creator =
                    creator_in(set, tag.substr(0, 4) + tag.substr(6) + "00");
                tag.substr(4, 2) == "00" && !creator.empty())
                blocks_.emplace(tag.substr(0, 4) + creator, tag.substr(6));
    }

    /// The two digits of that of `creator` in `group`, reserved if need be.
    const std::string& of(const std::string& group, const std::string& creator) {
        const auto [found, is_new] = blocks_.try_emplace(group + creator);
        if (is_new) {
            found->second = next_free(group);
            set_[group + "00" + found->second] = {{"vr", "LO"}, {"Value", {creator}}};
        }
        return found->second;
    }

  private:
    std::string next_free(const std::string& group) {
        constexpr std::string_view kDigits = "0123456789ABCDEF";
        const auto& elements = set_.get_ref<const Json::object_t&>();
        for (std::size_t& i = next_.try_emplace(group, 0x10).first->second; i <= 0xFF; ++i) {
            const std::string block{kDigits[i / 16], kDigits[i % 16]};
            const auto first = elements.lower_bound(group + block);
            const bool has_elements =
                first != elements.end() && first->first.starts_with(group + block);
            if (!has_elements && !elements.contains(group + "00" + block)) return block;
        }
        refuse("group " + group, "has no block left for another private creator");
    }

    Json& set_;
    std::map<std::string, std::string> blocks_;
    std::map<std::string, std::size_t> next_;
};

std::string tag_of(pugi::xml_node node) {
    std::string tag = node.attribute("tag").value();
    std::transform(tag.begin(), tag.end(), tag.begin(), [](char c) {
        return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    if (local_name(node) != "DicomAttribute" || tag.size() != 8 ||
        tag.find_first_not_of("0123456789ABCDEF") != std::string::npos)
        refuse("an element", "is no DicomAttribute with a tag");
    return tag;
}

void put_attribute(Json& set, pugi::xml_node node, const std::string& tag, const Level& level) {
    if (set.contains(tag)) refuse("(" + tag + ")", "is there twice");
    set[tag] = attribute_from(node, tag, level);
}

Json set_from(pugi::xml_node node, const Level& level) {
    if (level.depth > kDeepest) refuse("it", "nests more than 32 sequences");
    Json set = Json::object();
    std::vector<pugi::xml_node> of_creators;
    for (const pugi::xml_node child : node.children()) {
        if (child.type() != pugi::node_element) continue;
        const std::string tag = tag_of(child);
        if (is_private(tag) && *child.attribute("privateCreator").value() != '\0')
            of_creators.push_back(child);
        else
            put_attribute(set, child, tag, level);
    }
    // Their creators may be named behind them.
    Blocks blocks(set);
    for (const pugi::xml_node child : of_creators) {
        const std::string tag = tag_of(child);
        const std::string group = tag.substr(0, 4);
        const std::string creator = attribute_of(child, "privateCreator");
        put_attribute(set, child, group + blocks.of(group, creator) + tag.substr(6), level);
    }
    return set;
}

}  // namespace

namespace {

/// A reader turns those that stand in a text themselves into line feeds (XML 1.0 2.11), of which
/// DICOM has CR LF made (PS3.5 6.1.3).
std::string with_returns(std::string xml) {
    const auto count = static_cast<std::size_t>(std::count(xml.begin(), xml.end(), '\r'));
    if (count == 0) return xml;
    constexpr std::string_view kReturn = "&#xD;";
    std::string escaped;
    escaped.reserve(xml.size() + count * kReturn.size());
    for (const char c : xml) {
        if (c == '\r')
            escaped += kReturn;
        else
            escaped += c;
    }
    return escaped;
}

}  // namespace

std::string native_xml_begin() {
    return std::string(R"(<?xml version="1.0" encoding="UTF-8"?><)") + kRoot + R"( xmlns=")" +
           kNamespace + R"(" xml:space="preserve">)";
}

std::string native_xml_end() {
    return std::string("</") + kRoot + ">";
}

std::string native_xml_attributes(const nlohmann::json& set) {
    pugi::xml_document document;
    pugi::xml_node root = document.append_child(kRoot);
    add_attributes(root, set);
    std::ostringstream text;
    for (const pugi::xml_node attribute : root.children())
        attribute.print(text, "", pugi::format_raw, pugi::encoding_utf8);
    return with_returns(std::move(text).str());
}

std::string to_native_xml(const nlohmann::json& set) {
    return native_xml_begin() + native_xml_attributes(set) + native_xml_end();
}

nlohmann::json from_native_xml(std::string_view document, XmlNumbers numbers,
                               std::string_view charset) {
    if (std::count(document.begin(), document.end(), '<') +
            std::count(document.begin(), document.end(), '=') >
        kMostNodes)
        refuse("it", "has more than " + std::to_string(kMostNodes) + " elements and attributes");
    const pugi::xml_document parsed = parsed_xml(document, charset);
    const pugi::xml_node root = parsed.document_element();
    if (local_name(root) != kRoot) refuse("its root", "is another");
    std::ptrdiff_t left_out = 0;
    return set_from(root, {0, numbers, &left_out});
}

}  // namespace lucerna::dicom
