#include "retrieve/kept_object.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "base/parts.h"
#include "dicom/frames.h"
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

}  // namespace
}  // namespace lucerna::retrieve
