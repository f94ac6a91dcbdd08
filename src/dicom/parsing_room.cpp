#include "dicom/parsing_room.h"

#include <algorithm>

#include "base/error.h"
#include "dicom/decoding_memory.h"

namespace lucerna::dicom {
namespace {

// More than any of them takes of the JSON library, the XML library and a data set together: an
// object with its attributes or as an item, any other value, an element of XML.
constexpr std::size_t kObjectBytes = 400;
constexpr std::size_t kValueBytes = 128;
constexpr std::size_t kXmlElementBytes = 200;
/// A value of JSON, and what it becomes as XML.
constexpr std::size_t kXmlTimes = 3;
/// Its texts are there as JSON, taken apart, as a tree of XML and as its text.
constexpr std::size_t kMostXmlBytes = std::size_t{16} << 20;

std::size_t parsed_json(std::string_view document) {
    std::size_t bytes = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < document.size(); ++i) {
        const char c = document[i];
        if (c == '"') in_text = !in_text;
        if (in_text && c == '\\') ++i;
        if (in_text) continue;
        if (c == '{') bytes += kObjectBytes;
        if (c == '[' || c == ',' || c == ':') bytes += kValueBytes;
    }
    return bytes;
}

}  // namespace

std::size_t most_parsed_bytes(std::string_view document) {
    const std::size_t json = parsed_json(document);
    const std::size_t first = document.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && (document[first] == '{' || document[first] == '['))
        return json;
    // XML, or what is neither and is read as either.
    return std::max(json, kXmlElementBytes * static_cast<std::size_t>(std::count(
                                                 document.begin(), document.end(), '<')));
}

namespace {

MemoryBudget::Share room_for(std::size_t bytes) {
    if (bytes <= kFreelyParsedBytes) return {};
    return parsing_memory().take(std::min(bytes, parsing_memory().limit()),
                                 "a document of so many elements");
}

}  // namespace

MemoryBudget::Share room_to_parse(std::string_view document) {
    return room_for(most_parsed_bytes(document));
}

MemoryBudget::Share room_for_xml(std::string_view json) {
    if (json.size() > kMostXmlBytes)
        throw Error(ErrorCode::kUnsupported,
                    "it is larger than what is given as XML: ask for application/dicom+json");
    const std::size_t bytes = kXmlTimes * most_parsed_bytes(json);
    if (bytes / 6 > parsing_memory().limit())
        throw Error(ErrorCode::kUnsupported,
                    "it has more values than are given as XML: ask for application/dicom+json");
    return room_for(bytes);
}

}  // namespace lucerna::dicom
