// Metadata in JSON or XML and bulk data of a STOW-RS request. The first byte says in which form and
// of which media type, the second how many of the last bytes are bulk data. Whatever is joined can
// be read, and is said in the same words again.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/json.h"
#include "receive/metadata_parts.h"
#include "seeds.h"

namespace {

using namespace lucerna;

constexpr std::array kForms = {"application/dicom+json", "application/dicom+xml"};
constexpr std::array kBulk = {"application/octet-stream", "image/jpeg", "image/jp2",
                              "image/dicom-rle",
                              "image/jls; transfer-syntax=1.2.840.10008.1.2.4.80"};

void send(receive::MetadataParts& parts, const char* type, ByteView body, const char* location) {
    try {
        parts.begin(*http::parse_media_type(type), location);
        parts.more(body);
        parts.end();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::kInvalidInput && error.code() != ErrorCode::kUnavailable)
            std::abort();
    }
}

void look_at(receive::MetadataParts& parts) {
    while (parts.has_next()) {
        Bytes file;
        const receive::Outcome outcome = parts.next(
            [&](ByteView piece) { file.insert(file.end(), piece.begin(), piece.end()); });
        if (!outcome.stored()) {
            if (outcome.status == dicom::status::kProcessingFailure) std::abort();
            continue;
        }
        // What it is made of was read once: that it cannot be read again is a defect of ours.
        const dicom::DataSet made = dicom::DataSet::parse(file);
        if (dicom::DataSet::parse(made.to_part10()).tags() != made.tags()) std::abort();
        (void)dicom::to_dicom_json(made);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const char* const form = kForms.at(data[0] % kForms.size());
    const char* const bulk = kBulk.at(data[0] / kForms.size() % kBulk.size());
    const ByteView rest(data + 2, size - 2);
    const std::size_t apart = std::min<std::size_t>(data[1], rest.size());
    dicom::ByteBudget budget(std::size_t{16} << 20);
    receive::MetadataParts parts(budget, {});
    send(parts, form, rest.first(rest.size() - apart), "");
    look_at(parts);
    send(parts, bulk, rest.last(apart), "a");
    look_at(parts);
    parts.finish();
    look_at(parts);
    return 0;
}

std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    std::vector<Bytes> seeds;
    const auto add = [&](std::uint8_t kind, std::string_view text, std::string_view bulk) {
        Bytes seed{kind, static_cast<std::uint8_t>(bulk.size())};
        for (const std::string_view part : {text, bulk})
            seed.insert(seed.end(), part.begin(), part.end());
        seeds.push_back(std::move(seed));
    };
    constexpr std::string_view kUids =
        R"("00080016":{"vr":"UI","Value":["1.2"]},"00080018":{"vr":"UI","Value":["1.2.3"]},)";
    const std::string object =
        "{" + std::string(kUids) +
        R"("00080008":{"vr":"CS","Value":["A",null]},"00081140":{"vr":"SQ","Value":[{},)"
        R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B"}]}}]},"00091001":{"vr":"UN","InlineBinary":"AQI="},)"
        R"("00280008":{"vr":"IS","Value":[1]},"00280009":{"vr":"AT","Value":["00181063"]},)"
        R"("00280010":{"vr":"US","Value":[2]},"00280030":{"vr":"DS","Value":[0.5,"1"]},)"
        R"("00189073":{"vr":"FL","Value":[1e3]},"7FE00010":{"vr":"OB","BulkDataURI":"a"}})";
    add(0, object, "pixels");
    add(8, object, "stream");
    add(6, "[" + object + "," + object + "]", "segments");
    using namespace std::string_view_literals;
    const std::string_view jpeg =
        "\xFF\xD8\xFF\xEE\0\x0E"
        "Adobe\0\0\0\0\0\0\0\xFF\xC0\0\x0B\x08\0\x02\0\x02\x01\x01\x11\0\xFF\xDA\0\x08\x01\x01\0\0\x3F\0"sv;
    add(2, "{" + std::string(kUids) + R"("7FE00010":{"vr":"OB","BulkDataURI":"a"}})", jpeg);
    // One that lies about its dimensions.
    std::string lying(jpeg);
    lying.replace(lying.find("\xFF\xC0"sv) + 5, 4, "\xFF\xDC\xFF\xDC"sv);
    add(2, "{" + std::string(kUids) + R"("7FE00010":{"vr":"OB","BulkDataURI":"a"}})", lying);
    std::string deep;
    for (int depth = 0; depth < 70; ++depth) deep += R"("00081140":{"vr":"SQ","Value":[{)";
    add(0, "{" + std::string(kUids) + deep, "");
    for (int depth = 0; depth < 70; ++depth) deep += "}]}";
    add(0, "{" + std::string(kUids) + deep + "}", "");
    const std::string_view jpeg2000 =
        "\xFF\x4F\xFF\x51\0\x29\0\0\0\0\0\x02\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x02\0\0\0\0"
        "\0\0\0\0\0\x01"
        "\x07\x01\x01\xFF\x52\0\x0C\0\0\0\x01\0\x01\x04\x04\0\x01\xFF\x90\0\x02"sv;
    add(4, "{" + std::string(kUids) + R"("7FE00010":{"vr":"OB","BulkDataURI":"a"}})", jpeg2000);
    add(1,
        R"(<NativeDicomModel><DicomAttribute tag="00080016" vr="UI"><Value number="1">1.2</Value>)"
        R"(</DicomAttribute><DicomAttribute tag="00080018" vr="UI"><Value number="1">1.3</Value>)"
        R"(</DicomAttribute><DicomAttribute tag="00090001" vr="LO" privateCreator="X"/>)"
        R"(<DicomAttribute tag="00081140" vr="SQ"><Item number="1"><DicomAttribute tag="00100010" vr="PN">)"
        R"(<PersonName number="1"><Alphabetic><FamilyName>D</FamilyName></Alphabetic></PersonName>)"
        R"(</DicomAttribute></Item></DicomAttribute><DicomAttribute tag="7FE00010" vr="OW">)"
        R"(<BulkData uri="a"/></DicomAttribute></NativeDicomModel>)",
        "pixels");
    return seeds;
}
