#include "deidentify/icc_profile.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace lucerna::deidentify {
namespace {

constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kEntryBytes = 12;
/// Above the largest in use, of printers with four inks; what is larger is no profile.
constexpr std::size_t kMostBytes = std::size_t{4} << 20;
constexpr std::size_t kMostTags = 100;

/// What color management goes by (ICC.1 9.2); the tags of text and of devices are not here.
constexpr std::string_view kKept[] = {"wtpt", "bkpt", "chad", "rXYZ", "gXYZ", "bXYZ",
                                      "kTRC", "rTRC", "gTRC", "bTRC", "A2B0", "A2B1",
                                      "A2B2", "B2A0", "B2A1", "B2A2", "gamt"};
constexpr std::string_view kClasses[] = {"scnr", "mntr", "prtr", "spac"};
constexpr std::string_view kColorSpaces[] = {"RGB ", "GRAY", "CMYK", "XYZ ", "Lab "};

template <typename Texts>
bool is_one_of(const Texts& texts, std::string_view text) {
    return std::find(std::begin(texts), std::end(texts), text) != std::end(texts);
}

/// A tag's data: reads them, big endian, and marks the bytes that something is said by.
class Element {
  public:
    explicit Element(ByteView bytes) : bytes_(bytes), kept_(bytes.size(), 0) {}

    [[nodiscard]] std::size_t number(std::size_t at, std::size_t bytes) {
        std::size_t value = 0;
        for (std::size_t i = at; i < at + bytes; ++i)
            value = value << 8 | (i < bytes_.size() ? bytes_[i] : 0U);
        return value;
    }
    [[nodiscard]] std::string_view signature(std::size_t at) const {
        return at + 4 <= bytes_.size() ? as_text(bytes_.subspan(at, 4)) : std::string_view();
    }
    /// They are there, and stay as they are.
    bool keep(std::size_t at, std::size_t count) {
        if (at > bytes_.size() || count > bytes_.size() - at) return false;
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at), count,
                    kept_.begin() + static_cast<std::ptrdiff_t>(at));
        end_ = std::max(end_, at + count);
        return true;
    }
    /// What was kept, and zeros between.
    [[nodiscard]] Bytes kept() const {
        return {kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(end_)};
    }

  private:
    ByteView bytes_;
    Bytes kept_;
    std::size_t end_ = 0;
};

/// ICC.1 10.6 and 10.18, at `at`; 0 where it is neither or ends early, else how many bytes.
std::size_t keep_curve(Element& element, std::size_t at) {
    std::size_t bytes = 0;
    if (element.signature(at) == "curv") {
        bytes = 12 + 2 * element.number(at + 8, 4);
    } else if (element.signature(at) == "para") {
        constexpr std::size_t kParameters[] = {1, 3, 4, 5, 7};
        const std::size_t function = element.number(at + 8, 2);
        if (function >= std::size(kParameters)) return 0;
        bytes = 12 + 4 * kParameters[function];
    }
    const bool is_whole = bytes > 0 && element.keep(at, 4) && element.keep(at + 8, bytes - 8);
    return is_whole ? bytes : 0;
}

bool keep_curves(Element& element, std::size_t at, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t bytes = keep_curve(element, at);
        if (bytes == 0) return false;
        at += (bytes + 3) / 4 * 4;
    }
    return true;
}

/// Grid points of a table; 0 where there are more than a profile has.
std::size_t points(std::size_t inputs, const auto& side) {
    std::size_t all = 1;
    for (std::size_t i = 0; i < inputs && all != 0; ++i)
        all = side(i) == 0 || all > kMostBytes / side(i) ? 0 : all * side(i);
    return all;
}

/// ICC.1 10.10 and 10.11: lut8Type and lut16Type.
bool keep_lut(Element& element, std::size_t sample_bytes) {
    const std::size_t inputs = element.number(8, 1);
    const std::size_t outputs = element.number(9, 1);
    const std::size_t grid = element.number(10, 1);
    const bool is_wide = sample_bytes == 2;
    const std::size_t entries = is_wide ? element.number(48, 2) : 256;
    const std::size_t out_entries = is_wide ? element.number(50, 2) : 256;
    const std::size_t all = points(inputs, [&](std::size_t) { return grid; });
    if (all == 0 || inputs > 15 || outputs > 15) return false;
    const std::size_t samples = inputs * entries + all * outputs + out_entries * outputs;
    return element.keep(0, 4) && element.keep(8, 3) &&
           element.keep(12, (is_wide ? 40U : 36U) + samples * sample_bytes);
}

/// ICC.1 10.12 and 10.13: lutAToBType and lutBToAType, whose parts lie where offsets say.
bool keep_lut_of_parts(Element& element, bool from_device) {
    const std::size_t inputs = element.number(8, 1);
    const std::size_t outputs = element.number(9, 1);
    if (inputs > 15 || outputs > 15 || !element.keep(0, 4) || !element.keep(8, 2) ||
        !element.keep(12, 20))
        return false;
    const std::size_t b_curves = element.number(12, 4);
    const std::size_t matrix = element.number(16, 4);
    const std::size_t m_curves = element.number(20, 4);
    const std::size_t table = element.number(24, 4);
    const std::size_t a_curves = element.number(28, 4);
    const std::size_t pcs_side = from_device ? outputs : inputs;
    const std::size_t device_side = from_device ? inputs : outputs;
    if (b_curves == 0 || !keep_curves(element, b_curves, pcs_side)) return false;
    if (matrix != 0 && !element.keep(matrix, 48)) return false;
    if (m_curves != 0 && !keep_curves(element, m_curves, pcs_side)) return false;
    if (a_curves != 0 && !keep_curves(element, a_curves, device_side)) return false;
    if (table == 0) return true;
    const std::size_t all =
        points(inputs, [&](std::size_t i) { return element.number(table + i, 1); });
    const std::size_t sample_bytes = element.number(table + 16, 1);
    return all != 0 && (sample_bytes == 1 || sample_bytes == 2) && element.keep(table, inputs) &&
           element.keep(table + 16, 1) && element.keep(table + 20, all * outputs * sample_bytes);
}

/// The data of a tag that stays; nothing where they are of no type that it has.
std::optional<Bytes> kept_element(ByteView bytes) {
    Element element(bytes);
    const std::string_view type = element.signature(0);
    bool is_whole = false;
    if (type == "XYZ ")
        is_whole = element.keep(0, 4) && element.keep(8, 12);
    else if (type == "sf32")
        is_whole = element.keep(0, 4) && element.keep(8, 36);
    else if (type == "curv" || type == "para")
        is_whole = keep_curve(element, 0) > 0;
    else if (type == "mft1" || type == "mft2")
        is_whole = keep_lut(element, type == "mft1" ? 1 : 2);
    else if (type == "mAB " || type == "mBA ")
        is_whole = keep_lut_of_parts(element, type == "mAB ");
    if (!is_whole) return {};
    return element.kept();
}

void append(Bytes& out, std::string_view text) {
    for (const char c : text) out.push_back(static_cast<std::uint8_t>(c));
}
void append(Bytes& out, std::size_t number, std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0;) out.push_back(static_cast<std::uint8_t>(number >> 8 * i));
}

/// "removed" as version 4 has texts (ICC.1:2010 10.13), or version 2 (ICC.1:2001 6.5.17, 6.5.18).
Bytes removed_text(bool is_version_4, bool is_description) {
    constexpr std::string_view kText = "removed";
    Bytes out;
    if (is_version_4) {
        append(out, std::string_view("mluc\0\0\0\0", 8));
        append(out, 1, 4);
        append(out, kEntryBytes, 4);
        append(out, "enUS");
        append(out, 2 * kText.size(), 4);
        append(out, 28, 4);
        for (const char c : kText) append(out, static_cast<std::size_t>(c), 2);
        return out;
    }
    append(out, std::string_view(is_description ? "desc\0\0\0\0" : "text\0\0\0\0", 8));
    if (is_description) append(out, kText.size() + 1, 4);
    append(out, kText);
    // The zero behind the text; of a description: no Unicode, no ScriptCode.
    out.resize(out.size() + (is_description ? 1 + 4 + 4 + 2 + 1 + 67 : 1), 0);
    return out;
}

/// Class, color spaces, intent and version stay (ICC.1 7.2); the white point is D50, as it must be.
std::optional<Bytes> kept_header(ByteView profile) {
    const std::string_view text = as_text(profile);
    if (profile.size() < kHeaderBytes + 4 || text.substr(36, 4) != "acsp" ||
        !is_one_of(kClasses, text.substr(12, 4)) || !is_one_of(kColorSpaces, text.substr(16, 4)) ||
        !is_one_of(kColorSpaces, text.substr(20, 4)))
        return {};
    Bytes header(8, 0);
    append(header, text.substr(8, 2));
    append(header, 0, 2);
    append(header, text.substr(12, 12));
    // 2000-01-01 00:00:00.
    for (const std::size_t part : {2000U, 1U, 1U, 0U, 0U, 0U}) append(header, part, 2);
    append(header, "acsp");
    header.resize(64, 0);
    append(header, profile[67] & 3U, 4);
    for (const std::size_t part : {0xF6D6U, 0x10000U, 0xD32DU}) append(header, part, 4);
    header.resize(kHeaderBytes, 0);
    return header;
}

struct TagData {
    std::string_view signature;
    Bytes bytes;
};

}  // namespace

std::optional<Bytes> clean_icc_profile(ByteView profile) {
    if (profile.size() > kMostBytes) return {};
    std::optional<Bytes> out = kept_header(profile);
    if (!out) return {};
    Element whole(profile);
    const std::size_t count = whole.number(kHeaderBytes, 4);
    if (count > (profile.size() - kHeaderBytes - 4) / kEntryBytes || count > kMostTags) return {};
    const bool is_version_4 = profile[8] >= 4;
    std::size_t all = 0;
    std::vector<TagData> tags{{"desc", removed_text(is_version_4, true)},
                              {"cprt", removed_text(is_version_4, false)}};
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t entry = kHeaderBytes + 4 + kEntryBytes * i;
        const std::string_view signature = whole.signature(entry);
        if (!is_one_of(kKept, signature)) continue;
        const std::size_t at = whole.number(entry + 4, 4);
        const std::size_t bytes = whole.number(entry + 8, 4);
        if (at > profile.size() || bytes > profile.size() - at) return {};
        auto kept = kept_element(profile.subspan(at, bytes));
        // Tags may share their data, which each has for itself here.
        if (!kept || (all += kept->size()) > kMostBytes) return {};
        tags.push_back({signature, *std::move(kept)});
    }
    append(*out, tags.size(), 4);
    std::size_t begin = kHeaderBytes + 4 + kEntryBytes * tags.size();
    for (const TagData& tag : tags) {
        append(*out, tag.signature);
        append(*out, begin, 4);
        append(*out, tag.bytes.size(), 4);
        begin += (tag.bytes.size() + 3) / 4 * 4;
    }
    for (const TagData& tag : tags) {
        out->insert(out->end(), tag.bytes.begin(), tag.bytes.end());
        out->resize((out->size() + 3) / 4 * 4, 0);
    }
    for (std::size_t i = 0; i < 4; ++i)
        (*out)[i] = static_cast<std::uint8_t>(out->size() >> (24 - 8 * i));
    return out;
}

}  // namespace lucerna::deidentify
