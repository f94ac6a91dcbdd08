// Reads public DICOM test collections, where they are there.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/json.h"
#include "dicom/render.h"
#include "support/shared_data.h"

namespace lucerna::dicom {
namespace {

namespace fs = std::filesystem;

fs::path pydicom() {
    return test::shared_data() / "dicom/pydicom/src/pydicom/data/test_files";
}
fs::path cornerstone() {
    return test::shared_data() / "dicom/cornerstone3D/packages/dicomImageLoader/testImages";
}

bool is_dicom(const Bytes& file) {
    return file.size() > 132 && as_text(ByteView(file).subspan(128, 4)) == "DICM";
}

/// Files of the collections that are damaged on purpose, and what is said of them.
const std::map<std::string, std::string> kDamaged{
    {"MR_truncated.dcm", "PixelData (7FE0,0010) claims 8192 bytes where 8130 are left"},
    {"SC_rgb_jpeg.dcm", "are left"},
    {"DICOMDIR-nooffset", "an item claims"},
    {"meta_missing_tsyntax.dcm", "TransferSyntaxUID"},
    {"rtplan_truncated.dcm", "BeamSequence (300A,00B0) claims"},
    {"badVR.dcm", "NumberOfFrames (0028,0008) is no whole number"},
    {"nested_priv_SQ.dcm", "Rows (0028,0010) is missing"},
    {"JPEG2000-embedded-sequence-delimiter.dcm", "a compressed frame is damaged"},
};

TEST(Collections, EveryFileIsReadOrRefusedWithItsReason) {
    LUCERNA_NEEDS_SHARED_DATA("dicom");
    int read = 0;
    for (const auto& entry : fs::recursive_directory_iterator(test::shared_data() / "dicom")) {
        if (!entry.is_regular_file()) continue;
        const Bytes file = read_file(entry.path());
        const std::string name = entry.path().filename().string();
        const auto damaged = kDamaged.find(name);
        try {
            const DataSet data_set = DataSet::parse(file);
            const int frames = frame_count(data_set);
            for (int i = 0; i < frames; ++i) {
                const DecodedFrame frame = decode_frame(data_set, i);
                EXPECT_EQ(frame.count(), static_cast<std::size_t>(frame.rows) *
                                             static_cast<std::size_t>(frame.columns) *
                                             static_cast<std::size_t>(frame.samples_per_pixel))
                    << name;
            }
            EXPECT_TRUE(frames == 0 || !render(data_set).pixels.empty()) << name;
            EXPECT_FALSE(to_dicom_json(data_set).empty());
            EXPECT_EQ(damaged, kDamaged.end()) << name << " should be refused";
            ++read;
        } catch (const Error& error) {
            if (!is_dicom(file)) {
                EXPECT_NE(std::string(error.what()).find("not a DICOM file"), std::string::npos);
                continue;
            }
            EXPECT_EQ(error.code(), ErrorCode::kInvalidInput) << name;
            if (damaged == kDamaged.end()) {
                ADD_FAILURE() << name << " was refused: " << error.what();
            } else {
                EXPECT_NE(std::string(error.what()).find(damaged->second), std::string::npos)
                    << name << ": " << error.what();
            }
        }
    }
    EXPECT_GE(read, 150);
}

TEST(Collections, RewritingKeepsEveryAttributeAndFrame) {
    LUCERNA_NEEDS_SHARED_DATA("dicom");
    int rewritten = 0;
    for (const auto& entry : fs::recursive_directory_iterator(test::shared_data() / "dicom")) {
        if (!entry.is_regular_file() || kDamaged.contains(entry.path().filename().string())) {
            continue;
        }
        const Bytes file = read_file(entry.path());
        if (!is_dicom(file)) continue;
        DataSet data_set = DataSet::parse(file);
        if (!is_valid_uid(data_set.text_or(kSopClassUid, "")) ||
            !is_valid_uid(data_set.text_or(kSopInstanceUid, ""))) {
            continue;
        }
        const DataSet again = DataSet::parse(data_set.to_part10());
        EXPECT_TRUE(to_dicom_json(again) == to_dicom_json(data_set)) << entry.path();
        if (frame_count(data_set) > 0) {
            EXPECT_EQ(stored_frame(again, 0), stored_frame(data_set, 0)) << entry.path();
        }
        ++rewritten;
    }
    EXPECT_GE(rewritten, 80);
}

/// Files that hold one image, losslessly, in several transfer syntaxes.
void expect_same_frames(const fs::path& folder, const std::vector<std::string>& names) {
    const DataSet first = DataSet::from_file(folder / names.front());
    for (const std::string& name : names) {
        const DataSet other = DataSet::from_file(folder / name);
        ASSERT_EQ(frame_count(other), frame_count(first)) << name;
        for (int i = 0; i < frame_count(first); ++i) {
            EXPECT_EQ(decode_frame(other, i).samples, decode_frame(first, i).samples)
                << name << ", frame " << i;
        }
    }
}

TEST(Collections, LosslessCopiesOfAnImageAgreeBitForBit) {
    LUCERNA_NEEDS_SHARED_DATA("dicom");
    std::vector<std::string> ct{"CTImage.dcm"};
    for (const char* suffix :
         {"BigEndianExplicitTransferSyntax_1.2.840.10008.1.2.2",
          "DeflatedExplicitVRLittleEndianTransferSyntax_1.2.840.10008.1.2.1.99",
          "JPEG2000LosslessOnlyTransferSyntax_1.2.840.10008.1.2.4.90",
          "JPEGLSLosslessTransferSyntax_1.2.840.10008.1.2.4.80",
          "JPEGProcess14SV1TransferSyntax_1.2.840.10008.1.2.4.70",
          "JPEGProcess14TransferSyntax_1.2.840.10008.1.2.4.57",
          "LittleEndianExplicitTransferSyntax_1.2.840.10008.1.2.1",
          "LittleEndianImplicitTransferSyntax_1.2.840.10008.1.2",
          "RLELosslessTransferSyntax_1.2.840.10008.1.2.5"}) {
        ct.push_back(std::string("CTImage.dcm_") + suffix + ".dcm");
    }
    expect_same_frames(cornerstone(), ct);
    expect_same_frames(cornerstone(), {"TestPattern_RGB.dcm", "TestPattern_JPEG-Lossless_RGB.dcm",
                                       "TestPattern_JPEG-LS-Lossless.dcm"});
    expect_same_frames(
        pydicom(), {"MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_expb.dcm",
                    "MR_small_implicit.dcm", "MR_small_jp2klossless.dcm",
                    "MR_small_jpeg_ls_lossless.dcm", "MR_small_RLE.dcm", "MR_small_padded.dcm"});
    expect_same_frames(pydicom(), {"rtdose.dcm", "rtdose_expb.dcm", "rtdose_rle.dcm"});
    expect_same_frames(pydicom(), {"liver_1frame.dcm", "liver_expb_1frame.dcm"});
    expect_same_frames(pydicom(), {"SC_rgb_small_odd.dcm", "SC_rgb_small_odd_big_endian.dcm"});
    expect_same_frames(test::shared_data() / "dicom/highdicom/data/test_files",
                       {"sm_image.dcm", "sm_image_jpegls.dcm", "sm_image_jpegls_nobot.dcm"});
}

TEST(Collections, PixelsOfASignedHeaderInAnUnsignedCodestreamAreSigned) {
    LUCERNA_NEEDS_SHARED_DATA("dicom");
    // pydicom's README: outside of the scanned circle the value is -2000.
    const DataSet data_set = DataSet::from_file(pydicom() / "J2K_pixelrep_mismatch.dcm");
    EXPECT_EQ(decode_frame(data_set, 0).value(0), -2000);
}

}  // namespace
}  // namespace lucerna::dicom
