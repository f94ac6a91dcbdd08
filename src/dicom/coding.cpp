#include "dicom/coding.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "base/error.h"
#include "dicom/inflate.h"
#include "dicom/tags.h"
#include "dicom/uids.h"

namespace lucerna::dicom {
namespace {

/// Both UIDs lie well within.
constexpr std::size_t kEnough = std::size_t{64} << 10;

bool holds_uid(ByteView value) {
    std::string_view text = as_text(value);
    while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);
    return is_valid_uid(text);
}

bool has_vr(ByteView bytes, std::size_t at) {
    return Vr(static_cast<char>(bytes[at + 4]), static_cast<char>(bytes[at + 5])).is_well_formed();
}

/// Elements in order, up to a SOP Class and a SOP Instance UID.
bool is_an_object(ByteView bytes, const Encoding& encoding) {
    bool has_class = false;
    std::optional<Tag> last;
    for (std::size_t at = 0; at < bytes.size();) {
        const ElementHeader header = read_element_header(bytes, at, bytes.size(), encoding, false);
        const bool in_order = !last || *last < header.tag;
        if (!in_order || tags::kSopInstanceUid < header.tag) return false;
        if (encoding.explicit_vr && !has_vr(bytes, at)) return false;
        if (header.length > bytes.size() - header.value) return false;
        const ByteView value = bytes.subspan(header.value, header.length);
        if (header.tag == tags::kSopInstanceUid) return has_class && holds_uid(value);
        if (header.tag == tags::kSopClassUid) has_class = holds_uid(value);
        last = header.tag;
        at = header.value + header.length;
    }
    return false;
}

bool reads_as(ByteView data_set, const Coding& coding) {
    try {
        if (!coding.deflated)
            return is_an_object(data_set.first(std::min(data_set.size(), kEnough)),
                                coding.elements);
        Bytes beginning(kEnough);
        beginning.resize(Inflater(data_set).fill(beginning));
        return is_an_object(beginning, coding.elements);
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

std::optional<Coding> coding_of(std::string_view transfer_syntax_uid, ByteView data_set) {
    if (const TransferSyntax* const syntax = find_transfer_syntax(transfer_syntax_uid))
        return Coding{{syntax->explicit_vr, syntax->little_endian}, syntax->deflated};
    // PS3.5 A.4 asks explicit VR little endian of every compressed one; so it comes first.
    static constexpr std::array<Coding, 4> kCodings = {{{{true, true}, false},
                                                        {{false, true}, false},
                                                        {{true, false}, false},
                                                        {{true, true}, true}}};
    const auto* const found =
        std::find_if(kCodings.begin(), kCodings.end(),
                     [&](const Coding& one) { return reads_as(data_set, one); });
    return found == kCodings.end() ? std::nullopt : std::optional(*found);
}

}  // namespace lucerna::dicom
