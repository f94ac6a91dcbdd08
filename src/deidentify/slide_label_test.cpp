#include "deidentify/slide_label.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "deidentify/example_object.h"
#include "dicom/uids.h"

namespace lucerna::deidentify {
namespace {

using dicom::DataSet;
namespace tags = dicom::tags;

constexpr dicom::Tag kSpecimenLabelInImage{0x0048, 0x0010};
constexpr dicom::Tag kFrameTypeSequence{0x0040, 0x0710};
constexpr dicom::Tag kFrameType{0x0008, 0x9007};

/// Of a slide whose label holds nothing that a detector of text finds.
DataSet slide(const std::vector<std::string>& image_type, const std::string& label_in_image) {
    DataSet object = test::example();
    object.set_text(tags::kModality, "SM");
    object.set_texts(tags::kImageType, image_type);
    if (!label_in_image.empty()) object.set_text(kSpecimenLabelInImage, label_in_image);
    return object;
}

DataSet of_frames(dicom::Tag groups, const char* frame_type) {
    DataSet object = slide({"ORIGINAL", "PRIMARY", "VOLUME", "NONE"}, "NO");
    if (groups == tags::kPerFrameFunctionalGroupsSequence) (void)object.add_item(groups);
    const std::vector<std::string> type{"ORIGINAL", "PRIMARY", frame_type, "NONE"};
    object.add_item(groups).add_item(kFrameTypeSequence).set_texts(kFrameType, type);
    return object;
}

/// Where, as its refusal says; empty for one that goes out.
std::string refused_for(const DataSet& object) {
    std::string where;
    for (const char* profile : {"screening", "basic", "basic+clean-pixel-data"}) {
        auto outcome = test::deidentifier(profile).run(object.clone());
        const auto* refusal = std::get_if<exam::Refusal>(&outcome);
        const std::string found = refusal == nullptr ? "" : refusal->where;
        if (profile == std::string("screening")) where = found;
        EXPECT_EQ(found, where) << profile;
    }
    return where;
}

TEST(SlideLabel, IsNotGivenOutUnderAnyProfile) {
    struct Case {
        std::vector<std::string> image_type;
        const char* label_in_image;
        std::string where;
    };
    const std::string type = dicom::describe(tags::kImageType);
    const std::string label = dicom::describe(kSpecimenLabelInImage);
    const Case cases[] = {
        {{"ORIGINAL", "PRIMARY", "LABEL", "NONE"}, "YES", label},
        {{"ORIGINAL", "PRIMARY", "LABEL", "NONE"}, "NO", type},
        {{"ORIGINAL", "PRIMARY", "LABEL", "NONE"}, "", type},
        {{"DERIVED", "SECONDARY", "NONE", "LABEL"}, "NO", type},
        {{"LABEL"}, "", type},
        {{"ORIGINAL", "PRIMARY", "label"}, "no", type},
        {{"ORIGINAL", "PRIMARY", "OVERVIEW", "NONE"}, "YES", label},
        {{"ORIGINAL", "PRIMARY", "OVERVIEW", "NONE"}, "", type},
        {{"ORIGINAL", "PRIMARY", "OVERVIEW", "NONE"}, "NO", ""},
        {{"ORIGINAL", "PRIMARY", "VOLUME", "NONE"}, "YES", label},
        {{"ORIGINAL", "PRIMARY", "VOLUME", "NONE"}, "yes", label},
        {{"ORIGINAL", "PRIMARY", "VOLUME", "NONE"}, "NO", ""},
        {{"ORIGINAL", "PRIMARY", "VOLUME", "NONE"}, "", ""},
        {{"DERIVED", "PRIMARY", "THUMBNAIL", "RESAMPLED"}, "NO", ""},
        {{"DERIVED", "PRIMARY", "LABELMAP"}, "", ""},
    };
    for (const Case& one : cases)
        EXPECT_EQ(refused_for(slide(one.image_type, one.label_in_image)), one.where)
            << testing::PrintToString(one.image_type) << " " << one.label_in_image;
}

TEST(SlideLabel, IsOnTheOverviewOfASlideAlone) {
    const std::string type = dicom::describe(tags::kImageType);
    const std::string_view mammogram = dicom::sop_class::kDigitalMammographyForPresentation;
    const std::string_view whole_slide = dicom::sop_class::kWholeSlideMicroscopy;
    const auto of = [](const char* kind, const char* modality, std::string_view sop_class) {
        DataSet object = slide({"DERIVED", "PRIMARY", kind}, "");
        object.set_text(tags::kModality, modality);
        object.set_text(tags::kSopClassUid, std::string(sop_class));
        return object;
    };
    EXPECT_EQ(refused_for(of("OVERVIEW", "MG", mammogram)), "");
    EXPECT_EQ(refused_for(of("LABEL", "MG", mammogram)), type);
    EXPECT_EQ(refused_for(of("OVERVIEW", "sm", mammogram)), type);
    EXPECT_EQ(refused_for(of("OVERVIEW", "", whole_slide)), type);
    DataSet labelled = of("OVERVIEW", "MG", mammogram);
    labelled.set_text(kSpecimenLabelInImage, "YES");
    EXPECT_EQ(refused_for(labelled), dicom::describe(kSpecimenLabelInImage));
}

TEST(SlideLabel, IsNotGivenOutAmongOtherFrames) {
    for (const dicom::Tag groups :
         {tags::kSharedFunctionalGroupsSequence, tags::kPerFrameFunctionalGroupsSequence}) {
        EXPECT_EQ(refused_for(of_frames(groups, "LABEL")), dicom::describe(kFrameType));
        EXPECT_EQ(refused_for(of_frames(groups, "VOLUME")), "");
    }
}

TEST(SlideLabel, IsNotGivenOutThoughItSaysThatNothingIsBurnedIn) {
    DataSet object = slide({"ORIGINAL", "PRIMARY", "LABEL", "NONE"}, "YES");
    object.set_text(tags::kBurnedInAnnotation, "NO");
    EXPECT_NE(refused_for(object), "");
}

}  // namespace
}  // namespace lucerna::deidentify
