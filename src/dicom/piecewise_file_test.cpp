#include "dicom/piecewise_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "dicom/converted_file.h"
#include "dicom/encoders.h"

namespace lucerna::dicom {
namespace {

DataSet image(int frames, int columns = 5, int rows = 3) {
    Bytes samples(static_cast<std::size_t>(rows * columns * frames));
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<std::uint8_t>(i * 7);
    DataSet made;
    made.set_text(tags::kSopClassUid, sop_class::kSecondaryCapture);
    made.set_text(tags::kSopInstanceUid, "1.2.3");
    made.set_text({0x0018, 0x4000}, "before the pixels");
    made.set_bytes({0x7FE1, 0x1010}, "OB", Bytes(4, 9));
    made.set_pixels(
        {.rows = rows, .columns = columns, .bits_allocated = 8, .bits_stored = 8, .frames = frames},
        std::move(samples));
    return made;
}

std::shared_ptr<PiecewiseFile> as_it_is(const DataSet& data_set) {
    const auto object = std::make_shared<FramedObject>(DataSet::parse(data_set.to_part10()));
    BarePixels bare = look_beside_pixels(*object);
    DataSet attributes = object->take_attributes();
    strip_attributes(attributes, bare);
    EXPECT_TRUE(bare.left_out.empty());
    return std::make_shared<PiecewiseFile>(attributes, bare_pieces(object, bare));
}

std::vector<DataSet> images_of_all_kinds() {
    std::vector<DataSet> all;
    for (const int frames : {1, 3}) {
        all.push_back(image(frames));
        all.push_back(image(frames, 60'000, 30));
        all.push_back(encoded(image(frames), *find_encoder(transfer_syntax::kRleLossless)));
    }
    return all;
}

TEST(PiecewiseFile, IsWhatIsWrittenAtOnce) {
    for (const DataSet& object : images_of_all_kinds()) {
        const auto file = as_it_is(object);
        const Bytes whole = object.to_part10();
        EXPECT_EQ(file->size(), whole.size());
        EXPECT_TRUE(file->whole() == whole) << object.transfer_syntax_uid();
    }
}

TEST(PiecewiseFile, IsReadInAnyParts) {
    for (const DataSet& object : images_of_all_kinds()) {
        const auto file = as_it_is(object);
        const Bytes whole = object.to_part10();
        const std::size_t step = whole.size() / 41 + 1;
        for (std::size_t at = whole.size() / step * step;; at -= step) {
            Bytes part(std::min(step, whole.size() - at));
            file->read(at, part);
            EXPECT_TRUE(std::equal(part.begin(), part.end(),
                                   whole.begin() + static_cast<std::ptrdiff_t>(at)));
            if (at == 0) break;
        }
    }
}

TEST(PiecewiseFile, IsConvertedFrameByFrame) {
    for (const DataSet& object : images_of_all_kinds()) {
        const auto file = as_it_is(object);
        const std::string_view syntax = transfer_syntax::kImplicitVrLittleEndian;
        ConvertedFile converted([&] { return *PiecewiseFile::object_in(file); }, syntax);
        Bytes whole(static_cast<std::size_t>(converted.size()));
        converted.read(0, whole);
        EXPECT_TRUE(whole == object.to_part10(syntax)) << object.transfer_syntax_uid();
    }
}

TEST(PiecewiseFile, MakesOnePieceAtATime) {
    int made = 0;
    PixelLayout layout;
    layout.rows = layout.columns = 4;
    layout.bits_allocated = layout.bits_stored = 8;
    layout.frames = 5;
    PiecewiseFile file(image(5), frame_pieces(layout, [&](int number) {
                           ++made;
                           DecodedFrame frame;
                           frame.samples = Bytes(number == 3 ? 15 : 16, 1);
                           return frame;
                       }));
    EXPECT_EQ(made, 0);
    Bytes part(20);
    file.read(file.beginning().size(), part);
    EXPECT_EQ(made, 2);
    file.read(file.beginning().size() + 17, std::span(part).first(3));
    EXPECT_EQ(made, 2);
    // It is another than it was.
    EXPECT_THROW((void)file.whole(), Error);
}

}  // namespace
}  // namespace lucerna::dicom
