#include "retrieve/kept_object.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "base/parts.h"
#include "dicom/frames.h"
#include "dicom/json.h"
#include "dicom/tags.h"
#include "retrieve/archive_for_test.h"

namespace lucerna::retrieve {
namespace {

/// Of three frames, in a file of which a bit can be flipped: who reads it again notices.
class KeptObjectTest : public testing::Test {
  protected:
    std::shared_ptr<KeptObject> kept(KeptObject::For wanted) {
        return KeptObject::of(archive_.store.archive(), row(), one_after_another, wanted,
                              dicom::PixelData::kKeep);
    }
    store::InstanceRow row() { return *archive_.store.archive().instance("1.2.1.1.1"); }
    void flip_a_bit() {
        Bytes sealed = archive_.store.sealed(row().object);
        sealed[sealed.size() - 20] ^= 1;
        archive_.store.replace(row().object, sealed);
    }
    static Bytes frame_of(KeptObject& object, int frame) {
        return object.take_frame([&](dicom::FramedObject& framed) {
            return dicom::decode_cells(framed.with_frame(frame), frame).samples;
        });
    }
    static std::string failure_of(KeptObject& object) {
        try {
            (void)frame_of(object, 1);
            return "none";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kCorrupt);
            return error.what();
        }
    }

    TestArchive archive_;
};

TEST_F(KeptObjectTest, IsReadOnceForItsFrames) {
    const auto object = kept(KeptObject::For::kFrames);
    const Bytes first = frame_of(*object, 0);
    const Bytes second = frame_of(*object, 1);
    EXPECT_NE(first, second);
    flip_a_bit();
    EXPECT_EQ(frame_of(*object, 1), second);
    EXPECT_EQ(frame_of(*object, 0), first);
    EXPECT_TRUE(object->let_go());
    EXPECT_NE(failure_of(*object).find("instance 1.2.1.1.1"), std::string::npos);
}

TEST_F(KeptObjectTest, IsNotKeptWhereOneFrameIsWanted) {
    const auto object = kept(KeptObject::For::kOneFrame);
    const auto count = [](dicom::FramedObject& framed) {
        return dicom::frame_count(framed.header());
    };
    EXPECT_EQ(object->look(count), 3);
    flip_a_bit();
    (void)frame_of(*object, 0);
    EXPECT_NE(failure_of(*object), "none");
}

TEST_F(KeptObjectTest, IsNotLetGoWhileItIsUsedButThen) {
    const auto object = kept(KeptObject::For::kFrames);
    object->look([&](dicom::FramedObject& framed) {
        // As a thread that uses one waits for memory, and asks for all that may be let go.
        EXPECT_FALSE(object->let_go());
        EXPECT_EQ(framed.header().integer(dicom::tags::kNumberOfFrames), 3);
    });
    flip_a_bit();
    EXPECT_NE(failure_of(*object), "none");
}

/// An object with so many contours of so many coordinates.
dicom::DataSet contours(int count, std::size_t values) {
    dicom::DataSet set;
    dicom::DataSet& roi = set.add_item({0x3006, 0x0039});
    std::string text;
    for (std::size_t i = 0; i < values; ++i) text += (i == 0 ? "" : "\\") + std::string("-12.3");
    for (int i = 0; i < count; ++i)
        roi.add_item({0x3006, 0x0040})
            .set_bytes({0x3006, 0x0050}, "DS", Bytes(text.begin(), text.end()));
    return set;
}

TEST(JsonOptions, MakeBulkDataOfListsWhereThereIsMuch) {
    const dicom::JsonOptions asked{.bulk_data_uri = "/x"};
    EXPECT_EQ(json_options_for(contours(10, 2000), asked).list_limit, asked.list_limit);
    const dicom::DataSet long_lists = contours(600, 2000);
    const dicom::JsonOptions options = json_options_for(long_lists, asked);
    EXPECT_EQ(options.list_limit, 256U);
    const std::string json = dicom::to_dicom_json(long_lists, options);
    EXPECT_LT(json.size(), std::size_t{1} << 20);
    EXPECT_NE(json.find("/x/30060039/1/30060040/600/30060050"), std::string::npos);
    EXPECT_EQ(json_options_for(contours(8'000, 200), asked).list_limit, 16U);
    EXPECT_EQ(json_options_for(contours(100, 2000), {.list_limit = 100}).list_limit, 100U);
    EXPECT_THROW((void)json_options_for(contours(150'000, 15), asked), Error);
}

}  // namespace
}  // namespace lucerna::retrieve
