// The one place that asks DCMTK's data dictionary.
#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, as DCMTK asks.
#include <dcmtk/dcmdata/dcdicent.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dcvr.h>

#include <charconv>
#include <filesystem>
#include <mutex>
#include <string>

#include "base/error.h"
#include "dicom/dcmtk_log.h"
#include "dicom/tags.h"
#include "dicom/vr.h"

namespace lucerna::dicom {
namespace {

/// Where packages of DCMTK keep dicom.dic. A program that was built on one machine may run on
/// another whose package has another version in the folder's name.
void load_from_known_folders() {
    namespace fs = std::filesystem;
    std::error_code ignored;
    const fs::path self = fs::read_symlink("/proc/self/exe", ignored).parent_path();
    for (const fs::path& parent : {self / "../share", self, fs::path("/usr/share"),
                                   fs::path("/usr/local/share"), fs::path("/opt/dcmtk/share")}) {
        for (const auto& entry : fs::directory_iterator(parent, ignored)) {
            const std::string name = entry.path().filename().string();
            if (name.find("dcmtk") == std::string::npos && name != "lucerna") continue;
            const fs::path file = entry.path() / "dicom.dic";
            if (!fs::exists(file, ignored)) continue;
            DcmDataDictionary& dictionary = dcmDataDict.wrlock();
            dictionary.loadDictionary(file.c_str());
            const bool loaded = dictionary.isDictionaryLoaded();
            dcmDataDict.wrunlock();
            if (loaded) return;
        }
    }
}

void require_dictionary() {
    static std::once_flag once;
    static bool loaded = false;
    std::call_once(once, [] {
        silence_dcmtk();
        if (!dcmDataDict.isDictionaryLoaded()) load_from_known_folders();
        loaded = dcmDataDict.isDictionaryLoaded();
    });
    if (loaded) return;
    throw Error(ErrorCode::kUnavailable,
                "DCMTK's data dictionary dicom.dic was not found: install libdcmtk's package or "
                "name the file in the environment variable DCMDICTPATH");
}

Vr vr_of_entry(const DcmDictEntry& entry) {
    switch (entry.getEVR()) {
        case EVR_ox:
        case EVR_px:
        case EVR_lt:
            return vr::kOw;
        case EVR_xs:
            return vr::kUs;
        case EVR_up:
            return vr::kUl;
        default:
            break;
    }
    const char* const name = entry.getVR().getValidVRName();
    return {name[0], name[1]};
}

/// One look-up under DCMTK's reader lock.
template <typename Use>
void with_entry(const DcmTagKey& key, Use&& use) {
    require_dictionary();
    const DcmDataDictionary& dictionary = dcmDataDict.rdlock();
    const DcmDictEntry* const entry = dictionary.findEntry(key, nullptr);
    if (entry != nullptr) use(*entry);
    dcmDataDict.rdunlock();
}

std::string hex4(std::uint16_t number) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[(number >> shift) & 0xF];
    return out;
}

}  // namespace

std::optional<DictionaryEntry> look_up(Tag tag) {
    // Private elements mean what their creator says (PS3.5 7.8), which is not looked into.
    if (tag.group % 2 == 1) {
        if (tag.element >= 0x10 && tag.element <= 0xFF) return DictionaryEntry{"", vr::kLo, false};
        return std::nullopt;
    }
    std::optional<DictionaryEntry> found;
    with_entry(DcmTagKey(tag.group, tag.element), [&](const DcmDictEntry& entry) {
        found = DictionaryEntry{entry.getTagName(), vr_of_entry(entry), entry.getEVR() == EVR_xs};
    });
    if (!found && tag.element == 0) found = DictionaryEntry{"GenericGroupLength", vr::kUl, false};
    return found;
}

std::string to_string(Tag tag) {
    return "(" + hex4(tag.group) + "," + hex4(tag.element) + ")";
}

std::string describe(Tag tag) {
    const std::string keyword = keyword_of(tag);
    return keyword.empty() ? to_string(tag) : keyword + " " + to_string(tag);
}

std::string keyword_of(Tag tag) {
    const auto entry = look_up(tag);
    return entry ? entry->keyword : std::string();
}

std::optional<Tag> tag_from(std::string_view text) {
    if (text.size() == 8) {
        std::uint32_t number = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + 8, number, 16);
        if (code == std::errc() && end == text.data() + 8) {
            return Tag{static_cast<std::uint16_t>(number >> 16),
                       static_cast<std::uint16_t>(number & 0xFFFF)};
        }
    }
    require_dictionary();
    std::optional<Tag> found;
    const DcmDataDictionary& dictionary = dcmDataDict.rdlock();
    const DcmDictEntry* const entry = dictionary.findEntry(std::string(text).c_str());
    if (entry != nullptr) found = Tag{entry->getGroup(), entry->getElement()};
    dcmDataDict.rdunlock();
    return found;
}

std::optional<std::size_t> most_values_of(Tag tag) {
    std::optional<std::size_t> most;
    if (tag.group % 2 == 1) return most;
    with_entry(DcmTagKey(tag.group, tag.element), [&](const DcmDictEntry& entry) {
        if (entry.getVMMax() != DcmVariableVM) most = static_cast<std::size_t>(entry.getVMMax());
    });
    return most;
}

std::string vr_of(Tag tag) {
    const auto entry = look_up(tag);
    return entry ? entry->vr.str() : "UN";
}

}  // namespace lucerna::dicom
