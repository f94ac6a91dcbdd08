// What is kept in another transfer syntax is given in explicit VR little endian, bit for bit.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/file.h"
#include "dicom/frames.h"
#include "dicom/json.h"
#include "retrieve/address.h"
#include "retrieve/archive_for_test.h"
#include "support/shared_data.h"

namespace lucerna::retrieve {
namespace {

namespace tags = dicom::tags;
using nlohmann::json;

const std::string kExplicit(dicom::transfer_syntax::kExplicitVrLittleEndian);

std::string path_of(const store::InstanceRow& row) {
    return url_of(row, kRoot);
}

/// The attributes, those apart that tell of the pixels' form.
json attributes_of(const dicom::DataSet& set) {
    json all = json::parse(dicom::to_dicom_json(set));
    std::vector<std::string> form;
    for (const auto& [tag, element] : all.items())
        if (tag.starts_with("0028") || tag.starts_with("7FE0")) form.push_back(tag);
    for (const std::string& tag : form) all.erase(tag);
    return all;
}

bool can_be_kept(const dicom::DataSet& set) {
    for (const dicom::Tag tag : {tags::kSopClassUid, tags::kSopInstanceUid, tags::kStudyInstanceUid,
                                 tags::kSeriesInstanceUid})
        if (!dicom::is_valid_uid(set.text_or(tag, ""))) return false;
    return true;
}

std::optional<std::vector<Bytes>> frames_of(const dicom::DataSet& set) {
    try {
        std::vector<Bytes> frames;
        for (int i = 0; i < dicom::frame_count(set); ++i)
            frames.push_back(dicom::decode_frame(set, i).samples);
        return frames;
    } catch (const Error&) {
        return {};  // damaged on purpose
    }
}

/// Asks for one kept object in every way.
void expect_bit_exact(TestArchive& archive, const store::InstanceRow& row, const Bytes& file,
                      const std::vector<Bytes>& frames, const std::string& name) {
    const dicom::DataSet kept = dicom::DataSet::parse(file);
    const std::string stored = archive.text(path_of(row), "application/dicom; transfer-syntax=*");
    EXPECT_EQ(stored, std::string(file.begin(), file.end())) << name;
    const std::string text =
        archive.text(path_of(row), "application/dicom; transfer-syntax=" + kExplicit);
    const dicom::DataSet given = dicom::DataSet::parse(as_byte_view(text));
    EXPECT_EQ(given.transfer_syntax_uid(), kExplicit) << name;
    EXPECT_TRUE(attributes_of(given) == attributes_of(kept)) << name;
    EXPECT_TRUE(frames_of(given) == frames) << name;
    // Uncompressed frames keep their layout, which the object's header tells of.
    const auto* syntax = dicom::find_transfer_syntax(kept.transfer_syntax_uid());
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const Bytes expected =
            syntax->encapsulated() ? frames[i] : dicom::stored_frame(kept, static_cast<int>(i));
        const std::string one = archive.text(path_of(row) + "/frames/" + std::to_string(i + 1),
                                             "application/octet-stream");
        EXPECT_TRUE(one == std::string(expected.begin(), expected.end()))
            << name << ", frame " << i;
    }
}

TEST(Transcoding, OfTheCollectionsIsBitExact) {
    LUCERNA_NEEDS_SHARED_DATA("dicom");
    TestArchive archive;
    std::set<std::string> syntaxes;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(test::shared_data() / "dicom")) {
        if (!entry.is_regular_file()) continue;
        const std::string name = entry.path().filename().string();
        const Bytes file = read_file(entry.path());
        std::optional<dicom::DataSet> set;
        try {
            set = dicom::DataSet::parse(file);
        } catch (const Error&) {
            continue;
        }
        const auto frames = frames_of(*set);
        if (!can_be_kept(*set) || !frames) continue;
        archive.store.archive().keep(file);
        const auto row = archive.store.archive().instance(set->text_or(tags::kSopInstanceUid, ""));
        ASSERT_TRUE(row) << name;
        expect_bit_exact(archive, *row, file, *frames, name);
        syntaxes.insert(row->transfer_syntax_uid);
        // Copies in other syntaxes have the same UID.
        archive.store.archive().erase_study(row->study_instance_uid);
    }
    for (const std::string_view syntax :
         {dicom::transfer_syntax::kExplicitVrBigEndian,
          dicom::transfer_syntax::kDeflatedExplicitVrLittleEndian,
          dicom::transfer_syntax::kJpegBaseline, dicom::transfer_syntax::kJpegLosslessSv1,
          dicom::transfer_syntax::kJpegLsLossless, dicom::transfer_syntax::kJpeg2000Lossless,
          dicom::transfer_syntax::kRleLossless})
        EXPECT_TRUE(syntaxes.contains(std::string(syntax))) << syntax;
}

}  // namespace
}  // namespace lucerna::retrieve
