#include "collection/prepared_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/error.h"
#include "collection/manifest.h"
#include "collection/test_pictures.h"
#include "prepare/test_breasts.h"
#include "prepare/view.h"

namespace lucerna::collection {
namespace {

using testing::HasSubstr;
namespace made_up = prepare::test;

constexpr AssumedSpacing kAssumed{1, 1};

ImageRecord record_of(const std::string& view) {
    return parse_manifest(
               "file,patient,laterality,view,image_malignant,x,y,w,h,lesion_pathology\n"
               "a,p," +
               view.substr(0, 1) + "," + view.substr(2) + ",1,20,90,10,16,MALIGNANT\n")
        .at(0);
}

exam::InputContract contract() {
    return mammography_contract(1);
}

Bytes file_of(const dicom::DataSet& data_set) {
    return data_set.to_part10();
}

TrainingImage prepared(const ImageRecord& record, const Bytes& file) {
    auto outcome = prepare_image(record, file, kAssumed, contract());
    if (const auto* refusal = std::get_if<exam::Refusal>(&outcome))
        throw Error(ErrorCode::kInternal, "refused: " + refusal->what);
    return std::get<TrainingImage>(std::move(outcome));
}

std::string refusal_of(const ImageRecord& record, const Bytes& file) {
    try {
        (void)prepare_image(record, file, kAssumed, contract());
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        return error.what();
    }
    return "accepted";
}

TEST(PrepareImage, GivesADicomMammogramThePixelsOfServing) {
    for (const std::string view : {"R-CC", "L-MLO"}) {
        const dicom::DataSet data_set = made_up::stored_view(view);
        const TrainingImage image = prepared(record_of(view), file_of(data_set));
        const auto served =
            std::get<exam::PreparedView>(prepare::prepare_view(data_set, contract()));
        ASSERT_EQ(image.pixels.width, served.pixels.width);
        for (std::size_t i = 0; i < served.pixels.pixels.size(); ++i)
            ASSERT_EQ(image.pixels.pixels[i], std::lround(255 * served.pixels.pixels[i]));
        const exam::Box back = image.placement.to_stored(image.lesions.at(0).box);
        EXPECT_NEAR(back.left, 20, 1e-9);
        EXPECT_NEAR(back.height, 16, 1e-9);
        EXPECT_EQ(image.record.row_spacing_mm, 1);
    }
}

TEST(PrepareImage, GivesPicturesOfEachFormatTheSamePixels) {
    test::Grey picture(150, 200);
    const exam::Raster<float> breast = made_up::left_breast();
    for (std::size_t i = 0; i < picture.pixels.size(); ++i)
        picture.pixels[i] = static_cast<std::uint16_t>(std::lround(breast.pixels[i]));
    const TrainingImage png = prepared(record_of("L-CC"), test::png_of(picture, 16));
    const TrainingImage dicom = prepared(record_of("L-CC"), file_of(made_up::stored_view("L-CC")));
    EXPECT_EQ(png.pixels.pixels, dicom.pixels.pixels);
    for (const Bytes& file : {test::pgm_of(picture, 16), test::tiff_of(picture, {16, true})})
        EXPECT_EQ(prepared(record_of("L-CC"), file).pixels.pixels, png.pixels.pixels);
}

TEST(PrepareImage, SuppliesWhatAHeaderLacks) {
    dicom::DataSet bare = made_up::stored_view("R-MLO");
    for (const dicom::Tag tag : {dicom::kImageLaterality, dicom::kViewPosition,
                                 dicom::kViewCodeSequence, dicom::kImagerPixelSpacing})
        bare.remove(tag);
    ImageRecord record = record_of("R-MLO");
    record.row_spacing_mm = record.column_spacing_mm = 1;
    EXPECT_EQ(prepared(record, file_of(bare)).pixels.pixels,
              prepared(record, file_of(made_up::stored_view("R-MLO"))).pixels.pixels);
    // A size of film is no size of a detector: nothing is assumed of a mammogram.
    record.row_spacing_mm = record.column_spacing_mm = std::nullopt;
    const auto outcome = prepare_image(record, file_of(bare), kAssumed, contract());
    ASSERT_TRUE(std::holds_alternative<exam::Refusal>(outcome));
    EXPECT_EQ(std::get<exam::Refusal>(outcome).reason, exam::RefusalReason::kNoPixelSpacing);
}

TEST(PrepareImage, TakesAFilmThatCameAsSecondaryCapture) {
    dicom::DataSet film = made_up::stored_view("L-CC");
    film.set_text(dicom::kSopClassUid, dicom::sop_class::kSecondaryCapture);
    for (const dicom::Tag tag :
         {dicom::kImageLaterality, dicom::kViewPosition, dicom::kViewCodeSequence,
          dicom::kPatientOrientation, dicom::kPresentationIntentType})
        film.remove(tag);
    EXPECT_EQ(prepared(record_of("L-CC"), file_of(film)).pixels.pixels,
              prepared(record_of("L-CC"), file_of(made_up::stored_view("L-CC"))).pixels.pixels);
}

TEST(PrepareImage, NamesTheRowOfWhatContradictsIt) {
    const Bytes file = file_of(made_up::stored_view("R-CC"));
    EXPECT_THAT(refusal_of(record_of("L-CC"), file),
                HasSubstr("manifest, line 2: the header says that it is the right breast"));
    EXPECT_THAT(refusal_of(record_of("R-MLO"), file),
                HasSubstr("manifest, line 2: the header says that the view is CC"));
    ImageRecord outside = record_of("R-CC");
    outside.lesions[0].box.left = 145;
    EXPECT_THAT(refusal_of(outside, file),
                HasSubstr("manifest, line 2: the box leaves the image of 150 x 200 pixels"));
}

TEST(PrepareImage, NamesTheRowOfWhatIsNoPicture) {
    const Bytes file = file_of(made_up::stored_view("R-CC"));
    EXPECT_THAT(refusal_of(record_of("R-CC"), Bytes(300, 'x')),
                HasSubstr("manifest, line 2: 'a' is neither DICOM"));
    EXPECT_THAT(refusal_of(record_of("R-CC"), Bytes(file.begin(), file.begin() + 300)),
                HasSubstr("manifest, line 2: "));
}

}  // namespace
}  // namespace lucerna::collection
