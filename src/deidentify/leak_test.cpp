// Whatever is planted into any attribute that the table lists, at any depth, is in no byte of what
// comes out.
#include <gtest/gtest.h>

#include "deidentify/example_object.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
using dicom::Tag;
namespace tags = dicom::tags;

/// Values that can be found again, each its own.
class Planter {
  public:
    /// Bytes for an attribute, a valid value of its VR where that can carry a mark.
    Bytes value_for(const std::string& vr, bool within_dates, bool is_kept = false) {
        ++count_;
        std::string mark = "Zq" + std::to_string(100'000 + count_) + "qZ";
        if (vr == "UI") mark = "1.3.6.1.4.1.99999." + std::to_string(100'000 + count_);
        if (vr == "AS") mark = "9" + std::to_string(10 + count_ % 89) + "Y";
        const int day = count_ % 28 + 1;
        const int month = count_ % 12 + 1;
        const auto two = [](int n) { return std::string(n < 10 ? "0" : "") + std::to_string(n); };
        // No shift makes one that is looked for of one that is not.
        const int year = (within_dates ? 1900 : 2900) + count_ % 90;
        if (vr == "DA") mark = std::to_string(year) + two(month) + two(day);
        if (vr == "DT") mark = std::to_string(year) + two(month) + two(day) + "131415.161718";
        if (vr == "TM") mark = "131415." + std::to_string(100'000 + count_);
        if (vr == "CS") mark = "ZQ" + std::to_string(100'000 + count_);
        // Kept as they are where dates are only moved.
        const bool stays = within_dates && vr == "TM";
        // Too short to be found, or dates that a shift may make of others.
        const bool searchable =
            !is_kept && vr != "AS" && !stays && !(within_dates && (vr == "DA" || vr == "DT"));
        if (searchable) marks_.push_back(mark);
        return {mark.begin(), mark.end()};
    }
    [[nodiscard]] const std::vector<std::string>& marks() const { return marks_; }

  private:
    int count_ = 0;
    std::vector<std::string> marks_;
};

bool is_fixed(Tag tag) {
    // What says which object it is, and what a data set cannot hold.
    return tag == tags::kSopClassUid || tag == tags::kEncapsulatedDocument || tag.group < 0x0008 ||
           tag == tags::kDataSetTrailingPadding;
}

bool is_kept(const AttributeRule& rule, const Profile& profile) {
    for (std::size_t column = 0; column < rule.options.size(); ++column)
        if (rule.options[column] == 'K' && profile.has(static_cast<Option>(column))) return true;
    return false;
}

/// One value in every attribute of the table; sequences get an item of their own.
void plant(DataSet& level, Planter& planter, const Profile& profile, int depth) {
    const bool dates = profile.has(Option::kRetainModifiedDates);
    for (const AttributeRule& rule : confidentiality_table()) {
        Tag tag = rule.tag;
        if (tag == Tag{0x0001, 0x0000}) continue;  // private: below
        if (tag == Tag{0x5000, 0x0000}) tag = {0x5000, 0x3000};
        if (is_fixed(tag)) continue;
        const std::string vr = dicom::vr_of(tag);
        if (vr != "SQ") {
            level.set_bytes(tag, vr, planter.value_for(vr, dates, is_kept(rule, profile)));
        } else if (depth > 0 &&
                   (tag == tags::kContentSequence || tag == tags::kSourceImageSequence ||
                    tag == tags::kRequestAttributesSequence)) {
            plant(level.add_item(tag), planter, profile, depth - 1);
        } else {
            DataSet& item = level.add_item(tag);
            for (const Tag inner : {tags::kPatientName, tags::kPatientId, tags::kStudyInstanceUid,
                                    tags::kReferencedSopInstanceUid, tags::kAccessionNumber})
                item.set_bytes(inner, dicom::vr_of(inner),
                               planter.value_for(dicom::vr_of(inner), dates));
        }
    }
    const std::string creator = "LEAKY";
    level.set_bytes({0x0019, 0x0010}, "LO", {creator.begin(), creator.end()});
    std::uint16_t element = 0x1001;
    for (const char* vr : {"PN", "LO", "UI", "DA", "UN", "OB", "SH"})
        level.set_bytes({0x0019, element++}, vr, planter.value_for(vr, false));
}

std::vector<std::string> leaks(std::string_view profile) {
    const Profile asked = Profile::from(profile);
    Planter planter;
    DataSet object = test::example("1.3.6.1.4.1.99999.1");
    plant(object, planter, asked, 2);
    // Not of the table, and yet a name, a UID and a reference two levels down.
    DataSet& deep = object.add_item(tags::kReferencedSeriesSequence)
                        .add_item(tags::kReferencedInstanceSequence);
    plant(deep, planter, asked, 0);
    object.set_text(tags::kSopInstanceUid, "1.3.6.1.4.1.99999.7");
    object.set_text(tags::kStudyInstanceUid, "1.3.6.1.4.1.99999.8");
    auto outcome = test::deidentifier(profile).run(std::move(object));
    auto* made = std::get_if<Deidentified>(&outcome);
    if (made == nullptr) return {"refused: " + std::get<exam::Refusal>(outcome).what};
    const Bytes bytes = made->file.whole();
    std::vector<std::string> found;
    for (const std::string& mark : planter.marks())
        if (as_text(bytes).find(mark) != std::string_view::npos) found.push_back(mark);
    EXPECT_GT(planter.marks().size(), 1500U);
    return found;
}

TEST(Leaks, NothingPlantedComesOutOfTheBasicProfile) {
    EXPECT_EQ(leaks("basic"), std::vector<std::string>());
}

TEST(Leaks, NothingPlantedComesOutOfTheScreeningProfile) {
    EXPECT_EQ(leaks("screening"), std::vector<std::string>());
}

}  // namespace
}  // namespace lucerna::deidentify
