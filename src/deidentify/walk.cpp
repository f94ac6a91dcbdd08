#include "deidentify/walk.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "deidentify/content.h"
#include "deidentify/icc_profile.h"
#include "deidentify/tails.h"
#include "deidentify/unlisted.h"
#include "deidentify/values.h"
#include "deidentify/whose_date.h"
#include "deidentify/words.h"
#include "dicom/item_access.h"
#include "dicom/uids.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
namespace tags = dicom::tags;
using namespace std::string_view_literals;

/// How the items of a sequence are treated.
enum class Mode {
    kTable,  ///< by the table, attribute by attribute
    kDummy,  ///< nothing of them may stay (code D on a sequence)
};

bool is_temporal(std::string_view vr) {
    return vr == "DA" || vr == "DT" || vr == "TM";
}
bool is_free_text(std::string_view vr) {
    return vr == "LO" || vr == "SH" || vr == "ST" || vr == "LT" || vr == "UT" || vr == "UC";
}

/// UIDs that say what something is, not which one: whoever made them (PS3.15 E.3.9, note 4).
bool is_structural(Tag tag) {
    constexpr Tag kTags[] = {{0x0008, 0x0016}, {0x0008, 0x001A}, {0x0008, 0x001B}, {0x0008, 0x0062},
                             {0x0008, 0x010C}, {0x0008, 0x0117}, {0x0008, 0x0118}, {0x0008, 0x1150},
                             {0x0008, 0x115A}, {0x0400, 0x0010}};
    return std::find(std::begin(kTags), std::end(kTags), tag) != std::end(kTags);
}
/// A file of its own within the object, with texts in it (PS3.3 C.11.15).
constexpr Tag kIccProfile{0x0028, 0x2000};

/// UIDs that say which one: nobody's standard has those of an object, its series and study.
bool is_of_an_instance(Tag tag) {
    constexpr Tag kTags[] = {tags::kSopInstanceUid, tags::kStudyInstanceUid,
                             tags::kSeriesInstanceUid, tags::kReferencedSopInstanceUid};
    return std::find(std::begin(kTags), std::end(kTags), tag) != std::end(kTags);
}

/// What a value of that VR is made of (PS3.5 6.2), and what some write in its place, a decimal in
/// an IS or a comma; empty: of much.
std::string_view repertoire_of(std::string_view vr) {
    constexpr std::pair<std::string_view, std::string_view> kOf[] = {
        {"AS", "0123456789DWMY \\"}, {"DA", "0123456789.- \\"},     {"DS", "0123456789+-eE., \\"},
        {"DT", "0123456789+-. \\"},  {"IS", "0123456789+-eE., \\"}, {"TM", "0123456789.:- \\"},
        {"UI", "0123456789. \\"}};
    for (const auto& [name, repertoire] : kOf)
        if (name == vr) return repertoire;
    return {};
}

bool is_text(std::string_view vr) {
    constexpr std::string_view kTexts[] = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT",
                                           "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"};
    return std::find(std::begin(kTexts), std::end(kTexts), vr) != std::end(kTexts);
}

/// Whether it is what its VR can hold, so that nobody has put anything else into it.
bool is_held_by(std::string_view vr, ByteView value) {
    if (!is_text(vr)) return true;
    std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
    // Some pad with zeros whatever the VR.
    while (text.ends_with('\0')) text.remove_suffix(1);
    if (text.find('\0') != std::string_view::npos) return false;
    if (vr == "CS") return text.find_first_of("^=@") == std::string_view::npos;
    const std::string_view repertoire = repertoire_of(vr);
    return repertoire.empty() || text.find_first_not_of(repertoire) == std::string_view::npos;
}

std::size_t bytes_of_number(std::string_view vr) {
    constexpr std::pair<std::string_view, std::size_t> kBytes[] = {{"AT", 4}, {"FD", 8}, {"FL", 4},
                                                                   {"SL", 4}, {"SS", 2}, {"SV", 8},
                                                                   {"UL", 4}, {"US", 2}, {"UV", 8}};
    for (const auto& [name, bytes] : kBytes)
        if (name == vr) return bytes;
    return 0;
}

/// Not more numbers than the standard has there: what follows may be a text. (A table that it has
/// as bytes may come as numbers.)
bool is_of_its_count(Tag tag, std::string_view vr, ByteView value) {
    const std::size_t bytes = bytes_of_number(vr);
    if (bytes == 0 || bytes_of_number(dicom::vr_of(tag)) == 0) return true;
    const auto most = dicom::most_values_of(tag);
    return value.size() % bytes == 0 && (!most || value.size() / bytes <= *most);
}

/// By the VR that it comes with, and by that of the standard: whatever the sender calls a text.
bool is_its_own(Tag tag, std::string_view vr, ByteView value) {
    const std::string known = dicom::vr_of(tag);
    const bool is_asked = is_text(vr) && tag.group % 2 == 0 && known != "UN";
    if (!is_of_its_count(tag, vr, value)) return false;
    return is_held_by(vr, value) && (!is_asked || (is_text(known) && is_held_by(known, value)));
}

/// It begins with an item of a sequence (PS3.5 7.5), in either order of bytes.
bool is_sequence(ByteView value) {
    const std::string_view text = as_text(value);
    return text.starts_with("\xFE\xFF\x00\xE0"sv) || text.starts_with("\xFF\xFE\xE0\x00"sv);
}

bool is_number(std::string_view vr) {
    return bytes_of_number(vr) > 0;
}

/// What the standard has as text, number or sequence comes as bytes, or text and sequence come as
/// numbers, in which nobody has looked for either. (Tables of numbers may be bytes: PS3.5 A.2.)
bool hides_another(Tag tag, std::string_view vr) {
    if (tag.group % 2 == 1 || is_text(vr) || vr == "SQ") return false;
    const std::string known = dicom::vr_of(tag);
    const bool is_known_as_bytes = !is_text(known) && !is_number(known) && known != "SQ";
    return !is_known_as_bytes && !(is_number(known) && is_number(vr));
}

class Walk {
  public:
    Walk(const Rules& rules, Steps& steps) : rules_(rules), steps_(steps) {}

    void level(DataSet& data, Tag parent, const std::string& prefix, Mode mode) {
        cut_tails(data, prefix, steps_);
        const std::vector<Tag> all = data.tags();
        std::vector<Tag> around = std::exchange(gone_, {});
        for (const Tag tag : all)
            if (!is_private_creator(tag)) one(data, tag, parent, prefix, mode);
        for (const Tag tag : creators_of_nothing(all, gone_)) remove(tag, prefix + path_of(tag));
        std::sort(gone_.begin(), gone_.end());
        dicom::remove_all(data, gone_);
        gone_ = std::move(around);
    }

  private:
    void remove(Tag tag, const std::string& path) {
        gone_.push_back(tag);
        note(path, Action::kRemove);
    }

    /// A creator stays for what it explains. Both in the order of tags.
    static std::vector<Tag> creators_of_nothing(const std::vector<Tag>& all,
                                                const std::vector<Tag>& gone) {
        std::vector<Tag> explained;
        auto next_gone = gone.begin();
        for (const Tag tag : all) {
            if (next_gone != gone.end() && *next_gone == tag) {
                ++next_gone;
                continue;
            }
            const Tag creator{tag.group, static_cast<std::uint16_t>(tag.element >> 8)};
            if (explained.empty() || explained.back() != creator) explained.push_back(creator);
        }
        std::vector<Tag> found;
        for (const Tag tag : all)
            if (is_private_creator(tag) &&
                !std::binary_search(explained.begin(), explained.end(), tag))
                found.push_back(tag);
        return found;
    }

    void note(const std::string& path, Action action) { steps_.add(path, action); }

    void one(DataSet& data, Tag tag, Tag parent, const std::string& prefix, Mode mode) {
        const std::string vr = data.vr(tag);
        const std::string path = prefix + path_of(tag);
        if (mode == Mode::kDummy && tag.group % 2 == 0) return dummy(data, tag, vr, path, true);
        Decision decision = decide(data, tag, vr, parent);
        const bool stays = decision.action == Action::kKeep || decision.action == Action::kClean;
        if (stays && hides_another(tag, vr)) decision = {Action::kRemove};
        if (decision.action == Action::kClean && !clean(data, tag, vr, path))
            return apply(data, tag, vr, path, decision.otherwise);
        if (decision.action == Action::kClean) return;
        if (decision.action == Action::kKeep && !is_its_own(tag, vr, data.bytes(tag)))
            return empty(data, tag, vr, path);
        if (decision.action == Action::kKeep && !decision.by_rule && vr != "SQ") return;
        apply(data, tag, vr, path, decision.action);
    }

    struct Decision {
        Action action = Action::kKeep;
        /// Where cleaning leaves nothing: what the Basic Profile asks for.
        Action otherwise = Action::kRemove;
        bool by_rule = true;
    };

    Decision decide(const DataSet& data, Tag tag, std::string_view vr, Tag parent) const {
        if (tag.group % 2 == 1) return decide_private(data, tag, vr);
        // Group lengths, commands, directories, file meta; an overlay without its data is none.
        if (tag.group < 0x0008 || tag.element == 0) return {Action::kRemove};
        if (tag.group >= 0x5000 && tag.group <= 0x50FF) return {Action::kRemove};
        if (tag.group >= 0x6000 && tag.group <= 0x60FF) return {Action::kRemove};
        if (const AttributeRule* rule = rule_for(tag)) {
            const Action basic = action_of(rule->basic, type_of(tag, parent, rules_.sop_class_uid));
            return {by_options(*rule, basic, whose_date(tag)), basic};
        }
        if (tag == tags::kTextValue && !may_hold_text(data)) return {Action::kDummy};
        return decide_unlisted(tag, vr, parent);
    }

    /// "A requirement for an Option overrides any requirement for the underlying Profile"; of two
    /// options that which protects more. A date of somebody else's is not moved.
    [[nodiscard]] Action by_options(const AttributeRule& rule, Action basic,
                                    WhoseDate whose) const {
        bool keeps = false;
        for (std::size_t column = 0; column < rule.options.size(); ++column) {
            if (!rules_.profile.has(static_cast<Option>(column))) continue;
            if (rule.options[column] == 'C')
                return whose == WhoseDate::kOthers ? basic : Action::kClean;
            keeps = keeps || rule.options[column] == 'K';
        }
        return keeps ? Action::kKeep : basic;
    }

    Decision decide_private(const DataSet& data, Tag tag, std::string_view vr) const {
        if (!rules_.profile.has(Option::kRetainSafePrivate) ||
            !rules_.safe_privates.holds(data, tag))
            return {Action::kRemove};
        // What an implicit VR leaves unsaid: its items would go out unseen.
        if (vr == "UN" && is_sequence(data.bytes(tag))) return {Action::kRemove};
        if (vr == "UI") return {Action::kUid};
        if (vr == "PN") return {Action::kDummy};
        if (is_temporal(vr)) return temporal(Action::kRemove);
        return {Action::kKeep};
    }

    /// Attributes that the table does not list (PS3.15 E.1.1, notes 1 and 4).
    Decision decide_unlisted(Tag tag, std::string_view vr, Tag parent) const {
        // Nobody has looked into what is stored as bytes alone, a sequence perhaps.
        if (vr == "UN" || dicom::keyword_of(tag).empty()) return {Action::kRemove};
        if (tag == kIccProfile) return {Action::kClean, Action::kRemove};
        if (const auto action = action_beyond_table(tag, vr, parent, rules_.profile))
            return {*action, Action::kDummy, *action != Action::kKeep};
        // Whatever the sender calls it: a name stored as LO is one.
        const std::string known = dicom::vr_of(tag);
        if (vr == "PN" || known == "PN") return {Action::kDummy};
        // Where the original lies: its UIDs are in it, and whose archive it is. Codes stay.
        if ((vr == "UR" || known == "UR") && tag != tags::kUrnCodeValue) return {Action::kRemove};
        if (is_temporal(known) && !is_temporal(vr)) return {Action::kDummy};
        if (is_temporal(vr)) return temporal(Action::kDummy, whose_date(tag));
        if ((vr == "UI" || known == "UI") && !is_structural(tag) &&
            !rules_.profile.has(Option::kRetainUids))
            return {Action::kUid, Action::kUid, false};
        return {Action::kKeep, Action::kKeep, false};
    }

    [[nodiscard]] Decision temporal(Action otherwise,
                                    WhoseDate whose = WhoseDate::kPatients) const {
        if (rules_.profile.has(Option::kRetainFullDates)) return {Action::kKeep, otherwise, false};
        if (rules_.profile.has(Option::kRetainModifiedDates) && whose != WhoseDate::kOthers)
            return {Action::kClean, otherwise};
        return {otherwise};
    }

    void apply(DataSet& data, Tag tag, const std::string& vr, const std::string& path,
               Action action) {
        // As for unlisted ones. Private ones are of VR UN in every implicit file, and known as
        // safe.
        const bool stays = action == Action::kKeep || action == Action::kClean;
        if (stays && vr == "UN" && tag.group % 2 == 0) action = Action::kRemove;
        switch (action) {
            case Action::kRemove:
                return remove(tag, path);
            case Action::kEmpty:
                return empty(data, tag, vr, path);
            case Action::kDummy:
                return dummy(data, tag, vr, path, false);
            case Action::kUid:
                if (vr == "SQ") return items(data, tag, path, Mode::kTable, action);
                return replace_uids(data, tag, vr, path);
            case Action::kClean:
            case Action::kKeep:
                if (vr == "SQ") return items(data, tag, path, Mode::kTable, action);
                return note(path, action);
        }
    }

    void items(DataSet& data, Tag tag, const std::string& path, Mode mode, Action action) {
        note(path, action);
        auto* const found = dicom::editable_items(data, tag);
        if (found == nullptr) return;
        const std::string within = path + "[*].";
        for (DataSet& item : *found) level(item, tag, within, mode);
    }

    void empty(DataSet& data, Tag tag, const std::string& vr, const std::string& path) {
        // Z may be a value, where that says nothing.
        if (tag == tags::kPatientName || tag == tags::kPatientId)
            return set(data, tag, vr, rules_.pseudonym, path);
        if (vr == "SQ") {
            if (auto* const found = dicom::editable_items(data, tag)) found->clear();
        } else {
            data.set_bytes(tag, vr, {});
        }
        note(path, Action::kEmpty);
    }

    void set(DataSet& data, Tag tag, const std::string& vr, const std::string& text,
             const std::string& path, Action action = Action::kDummy) {
        data.set_bytes(tag, vr, {text.begin(), text.end()});
        note(path, action);
    }

    void dummy(DataSet& data, Tag tag, const std::string& vr, const std::string& path,
               bool inside_dummy) {
        if (tag == tags::kPatientName || tag == tags::kPatientId)
            return set(data, tag, vr, rules_.pseudonym, path);
        if (vr == "SQ") {
            // Its shape stays, and one item of it.
            if (auto* const found = dicom::editable_items(data, tag); found && found->size() > 1)
                found->keep_first(1);
            return items(data, tag, path, Mode::kDummy, Action::kDummy);
        }
        if (vr == "UI") return replace_uids(data, tag, vr, path);
        if (tag == tags::kTextValue && vr == "UT")
            if (const std::string kept = standing_lines(data.text_or(tag, "")); !kept.empty())
                return set(data, tag, vr, kept, path, Action::kClean);
        // Within an item: enumerated values and counts, which others depend on.
        if (inside_dummy && (vr == "CS" || vr == "US" || vr == "SS") && rule_for(tag) == nullptr &&
            !hides_another(tag, vr) && is_plain(data, tag, vr))
            return note(path, Action::kKeep);
        if (inside_dummy && !data.has_value(tag)) return;
        Bytes value = dummy_value(vr);
        if (inside_dummy && (vr == "FL" || vr == "FD")) value = Bytes(data.bytes(tag).size(), 0);
        data.set_bytes(tag, vr, std::move(value));
        note(path, Action::kDummy);
    }

    /// Of the sort of text that enumerated values are made of, and short.
    static bool is_plain(const DataSet& data, Tag tag, std::string_view vr) {
        const ByteView bytes = data.bytes(tag);
        if (!is_held_by(vr, bytes) || !is_of_its_count(tag, vr, bytes)) return false;
        if (vr != "CS") return true;
        const auto values = data.texts(tag);
        return std::all_of(values.begin(), values.end(), [](const std::string& value) {
            return value.size() <= 16 && value.find_first_of("0123456789 ") == std::string::npos;
        });
    }

    void replace_uids(DataSet& data, Tag tag, const std::string& vr, const std::string& path) {
        // Something else under the tag of a UID cannot be mapped.
        if (vr != "UI") return remove(tag, path);
        if (is_structural(tag) && !is_held_by(vr, data.bytes(tag)))
            return empty(data, tag, vr, path);
        std::string joined;
        bool changed = false;
        for (const std::string& uid : data.texts(tag)) {
            if (!joined.empty()) joined += '\\';
            const bool is_known = !is_of_an_instance(tag) && dicom::is_registered_uid(uid) &&
                                  dicom::is_valid_uid(uid);
            const bool stays = uid.empty() || is_structural(tag) || is_known;
            joined += stays ? uid : rules_.project.uid(uid);
            changed = changed || !stays;
        }
        if (!changed) return;
        Bytes value(joined.begin(), joined.end());
        data.set_bytes(tag, vr, std::move(value));
        note(path, Action::kUid);
    }

    /// False where nothing is left: then the Basic Profile holds.
    bool clean(DataSet& data, Tag tag, const std::string& vr, const std::string& path) {
        if (vr == "SQ") {
            if (is_content(tag)) clean_content(data, tag, rules_.profile, path, steps_);
            items(data, tag, path, Mode::kTable, Action::kClean);
            return true;
        }
        if (tag == kIccProfile) return clean_profile(data, path);
        if (!is_temporal(vr) && !is_free_text(vr)) return false;
        std::string joined;
        bool first = true;
        for (const std::string& value : data.texts(tag)) {
            const std::optional<std::string> cleaned = cleaned_value(tag, vr, value);
            if (!cleaned) return false;
            if (!std::exchange(first, false)) joined += '\\';
            joined += *cleaned;
        }
        if (joined.empty()) return false;
        set(data, tag, vr, joined, path, Action::kClean);
        return true;
    }

    bool clean_profile(DataSet& data, const std::string& path) {
        auto cleaned = clean_icc_profile(data.bytes(kIccProfile));
        if (!cleaned) return false;
        data.set_bytes(kIccProfile, "OB", *std::move(cleaned));
        note(path, Action::kClean);
        return true;
    }

    [[nodiscard]] std::optional<std::string> cleaned_value(Tag tag, std::string_view vr,
                                                           const std::string& value) const {
        constexpr Tag kTimezoneOffsetFromUtc{0x0008, 0x0201};
        const int days = whose_date(tag) == WhoseDate::kPatients ? rules_.shift_days : 0;
        const auto moved = [&](const std::string& date) {
            return vr == "DA" ? shifted_date(date, days) : shifted_date_time(date, days);
        };
        if (vr == "DA" || vr == "DT")
            return moved(rules_.last_day ? no_later_than(*rules_.last_day, value) : value);
        if (vr == "TM" ? is_time(value)
                       : tag == kTimezoneOffsetFromUtc && is_offset_from_utc(value))
            return value;
        if (vr == "TM") return {};
        const std::string words = safe_words(value);
        if (words.empty()) return {};
        return words;
    }

    const Rules& rules_;
    Steps& steps_;
    /// Of the level that is walked, to be taken out at once: each alone would move all behind it.
    std::vector<Tag> gone_;
};

}  // namespace

void apply_table(DataSet& object, const Rules& rules, Steps& steps) {
    Walk(rules, steps).level(object, {}, "", Mode::kTable);
}

}  // namespace lucerna::deidentify
