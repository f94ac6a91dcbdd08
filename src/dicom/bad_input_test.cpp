// tests/cases/*/case.json whose "reader" is "dicom": what is done to a good file, and the refusal.
//
//   base     "image" (native, 16 bit), "jpeg" or "jpeg2000" (a header alone), all 16 x 16
//   set      attributes by keyword, set before the file is written
//   change   byte by byte, in order: {"keep": n}, {"cut": n}, {"append": hex},
//            {"replace": hex, "with": hex}, {"nest": n, "delimited": bool},
//            {"private_elements": n, "each": bytes}, {"deflate_zeros": n}, {"syntax": uid}
//   limits   fields of Limits
//   by       "parse" or "decode"
//   refused  the error's code and words it must hold, or absent where it must be accepted
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "dicom/data_set.h"
#include "dicom/frames.h"
#include "dicom/part10_head.h"
#include "dicom/reader.h"
#include "dicom/render.h"

namespace lucerna::dicom {
namespace {

using Json = nlohmann::json;

constexpr int kSize = 16;
constexpr std::size_t kPixels = std::size_t{kSize} * kSize;

/// SOC and SIZ of a 16 x 16 image of one 8-bit component in one tile (T.800 A.5.1).
const char* const kJpeg2000Header =
    "ff4fff5100290000000000100000001000000000000000000000001000000010000000000000000000010701"
    "01";

void set(DataSet& data_set, const std::string& keyword, const Json& value) {
    const Tag tag = tag_from(keyword).value();
    if (value.is_null()) {
        data_set.remove(tag);
    } else if (value.is_string()) {
        data_set.set_text(tag, value.get<std::string>());
    } else {
        data_set.set_integer(tag, value.get<long long>());
    }
}

DataSet base_of(const Json& test) {
    DataSet data_set;
    data_set.set_text(kSopClassUid, sop_class::kDigitalMammographyForPresentation);
    data_set.set_text(kSopInstanceUid, "1.2.3");
    const std::string base = test.value("base", "image");
    const PixelLayout gray{.rows = kSize, .columns = kSize, .bits_allocated = 8, .bits_stored = 8};
    if (base == "image") {
        data_set.set_pixels({.rows = kSize, .columns = kSize, .bits_stored = 12},
                            Bytes(kPixels * 2, 1));
    } else if (base == "jpeg") {
        const Bytes jpeg = encode_jpeg({kSize, kSize, 1, Bytes(kPixels, 40)});
        data_set.set_encapsulated_pixels(gray, {jpeg}, transfer_syntax::kJpegBaseline);
    } else {
        data_set.set_encapsulated_pixels(gray, {from_hex(kJpeg2000Header)},
                                         transfer_syntax::kJpeg2000Lossless);
    }
    const Json attributes = test.value("set", Json::object());
    for (const auto& [keyword, value] : attributes.items()) {
        set(data_set, keyword, value);
    }
    return data_set;
}

void append(Bytes& file, const Bytes& more) {
    file.insert(file.end(), more.begin(), more.end());
}

void put32(Bytes& file, std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) {
        file.push_back(static_cast<std::uint8_t>(number >> shift));
    }
}

/// Private sequences (7FE1,1010), each in an item of the one before, explicit little endian.
Bytes nested(std::size_t depth, bool delimited) {
    const Bytes sequence = from_hex("e17f101053510000");
    const Bytes item = from_hex("feff00e0");
    Bytes out;
    for (std::size_t i = 0; i < depth; ++i) {
        const auto rest = static_cast<std::uint32_t>((depth - i - 1) * 20);
        append(out, sequence);
        put32(out, delimited ? 0xFFFFFFFF : rest + 8);
        append(out, item);
        put32(out, delimited ? 0xFFFFFFFF : rest);
    }
    return out;
}

Bytes private_elements(std::size_t count, std::size_t each) {
    Bytes out;
    for (std::size_t i = 0; i < count; ++i) {
        put32(out, static_cast<std::uint32_t>(0x10007FE1 + (i << 16)));
        append(out, from_hex("554e0000"));
        put32(out, static_cast<std::uint32_t>(each));
        out.resize(out.size() + each, 7);
    }
    return out;
}

Bytes with_syntax(const Bytes& file, const std::string& syntax, const Bytes* data_set = nullptr) {
    const Part10Parts parts = split_part10(file);
    ObjectHead head = parts.head;
    head.transfer_syntax_uid = syntax;
    Bytes out = part10_head(head, "");
    const ByteView rest =
        data_set != nullptr ? ByteView(*data_set) : ByteView(file).subspan(parts.data_set_offset);
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

void replace(Bytes& file, const Bytes& what, const Bytes& with) {
    const auto at = std::search(file.begin(), file.end(), what.begin(), what.end());
    ASSERT_NE(at, file.end()) << "nothing to replace";
    const auto after = file.erase(at, at + static_cast<std::ptrdiff_t>(what.size()));
    file.insert(after, with.begin(), with.end());
}

void change(Bytes& file, const Json& step) {
    if (step.contains("keep")) file.resize(step["keep"].get<std::size_t>());
    if (step.contains("cut")) file.resize(file.size() - step["cut"].get<std::size_t>());
    if (step.contains("append")) append(file, from_hex(step["append"].get<std::string>()));
    if (step.contains("replace")) {
        replace(file, from_hex(step["replace"].get<std::string>()),
                from_hex(step["with"].get<std::string>()));
    }
    if (step.contains("nest")) append(file, nested(step["nest"], step["delimited"]));
    if (step.contains("private_elements")) {
        append(file, private_elements(step["private_elements"], step["each"]));
    }
    if (step.contains("syntax")) file = with_syntax(file, step["syntax"]);
    if (step.contains("deflate_zeros")) {
        const Bytes bomb = deflated(Bytes(step["deflate_zeros"].get<std::size_t>()));
        file =
            with_syntax(file, std::string(transfer_syntax::kDeflatedExplicitVrLittleEndian), &bomb);
    }
}

Limits limits_of(const Json& test) {
    Limits limits;
    const Json given = test.value("limits", Json::object());
    limits.max_bytes = given.value("max_bytes", limits.max_bytes);
    limits.max_inflated_bytes = given.value("max_inflated_bytes", limits.max_inflated_bytes);
    limits.max_depth = given.value("max_depth", limits.max_depth);
    limits.max_elements = given.value("max_elements", limits.max_elements);
    limits.max_frame_bytes = given.value("max_frame_bytes", limits.max_frame_bytes);
    limits.max_frames = given.value("max_frames", limits.max_frames);
    return limits;
}

void expect_refusal(const Json& refused, const Error& error) {
    EXPECT_EQ(name_of(error.code()), refused["code"].get<std::string>()) << error.what();
    for (const Json& words : refused["says"]) {
        EXPECT_NE(std::string(error.what()).find(words.get<std::string>()), std::string::npos)
            << error.what() << "\ndoes not say: " << words;
    }
}

void run(const Json& test) {
    Bytes file = base_of(test).to_part10();
    for (const Json& step : test.value("change", Json::array())) change(file, step);
    const Limits limits = limits_of(test);
    const Json refused = test.value("refused", Json());
    std::optional<DataSet> read;
    try {
        read = DataSet::parse(file, limits);
    } catch (const Error& error) {
        if (refused.is_null() || test["by"] != "parse") {
            ADD_FAILURE() << "refused: " << error.what();
        } else {
            expect_refusal(refused, error);
        }
        return;
    }
    if (test["by"] == "parse") {
        EXPECT_TRUE(refused.is_null()) << "was not refused";
        return;
    }
    try {
        (void)decode_frame(*read, test.value("frame", 0), limits);
        EXPECT_TRUE(refused.is_null()) << "was not refused";
    } catch (const Error& error) {
        if (refused.is_null()) {
            ADD_FAILURE() << "refused: " << error.what();
        } else {
            expect_refusal(refused, error);
        }
    }
}

TEST(BadInput, IsRefusedAsTheCasesSay) {
    const std::filesystem::path folder = std::filesystem::path(LUCERNA_SOURCE_DIR) / "tests/cases";
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto file = entry.path() / "case.json";
        if (!std::filesystem::exists(file)) continue;
        const Json test = Json::parse(as_text(read_file(file)));
        if (test.value("reader", "") != "dicom") continue;
        SCOPED_TRACE(entry.path().filename().string());
        run(test);
        ++count;
    }
    EXPECT_GE(count, 30);
}

}  // namespace
}  // namespace lucerna::dicom
