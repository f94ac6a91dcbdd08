// A DICOM file of a stranger: read, looked through, written again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/json.h"
#include "seeds.h"
#include "support/other_encodings.h"
#include "support/small_object.h"
#include "support/stored_instance.h"

namespace {

namespace dicom = lucerna::dicom;

dicom::Limits small_limits() {
    dicom::Limits limits;
    limits.max_inflated_bytes = std::size_t{1} << 20;
    limits.max_frame_bytes = std::size_t{1} << 20;
    return limits;
}

/// What was written here must be readable, and be the same when it is written again. (The first
/// writing may pad values and change the encoding of texts.)
void write_again(dicom::DataSet& data_set) {
    data_set.set_text(dicom::kSopClassUid, "1.2.3");
    data_set.set_text(dicom::kSopInstanceUid, "1.2.3.4");
    const lucerna::Bytes file = data_set.to_part10();
    const auto read = dicom::DataSet::parse(file);
    if (read.padding_bytes() != 0 || read.to_part10() != file) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const lucerna::ByteView file(data, size);
    try {
        const auto head = dicom::DataSet::parse(file, small_limits(), dicom::PixelData::kSkip);
        (void)to_dicom_json(head);
    } catch (const lucerna::Error&) {
    }
    try {
        auto data_set = dicom::DataSet::parse(file, small_limits());
        for (const dicom::Tag tag : data_set.tags()) {
            (void)data_set.texts(tag);
            (void)data_set.numbers(tag);
            (void)data_set.integers(tag);
        }
        (void)data_set.clone();
        (void)to_dicom_json(data_set);
        write_again(data_set);
    } catch (const lucerna::Error&) {
    }
    return 0;
}

namespace {

namespace test = lucerna::test;
using lucerna::Bytes;

/// `instance` with `element`, in explicit VR little endian, in front of its pixels.
Bytes with(const test::StoredInstance& instance, std::string_view element) {
    Bytes file = instance.file();
    const auto at =
        static_cast<std::ptrdiff_t>(dicom::DataSet::header_in(file).pixel_data_offset());
    file.insert(file.begin() + at, element.begin(), element.end());
    return file;
}

/// What tests/fuzz/README.md lists.
void add_hostile(std::vector<Bytes>& seeds) {
    using namespace std::string_view_literals;
    const test::StoredInstance instance;
    constexpr auto kSequence =
        "\x29\0\x10\x10SQ\0\0\xFF\xFF\xFF\xFF\xFE\xFF\0\xE0\xFF\xFF\xFF\xFF"sv;
    constexpr auto kEnd = "\xFE\xFF\x0D\xE0\0\0\0\0\xFE\xFF\xDD\xE0\0\0\0\0"sv;
    std::string deep;
    for (int depth = 0; depth < 70; ++depth) deep += kSequence;
    seeds.push_back(with(instance, deep));  // without an end
    for (int depth = 0; depth < 70; ++depth) deep += kEnd;
    seeds.push_back(with(instance, deep));
    // Absurd lengths in file meta: of the group, and of its transfer syntax.
    for (const std::size_t at : {std::size_t{140}, std::size_t{144 + 8}}) {
        Bytes file = instance.file();
        std::fill_n(file.begin() + static_cast<std::ptrdiff_t>(at), 4, std::uint8_t{0xF0});
        seeds.push_back(file);
    }
    test::StoredInstance zeros;
    zeros.pixels = 0;
    Bytes bomb = zeros.file();
    test::put_element(bomb, 0x7FE1, 0x1010, "OB", std::string(2'000'000, '\0'));
    seeds.push_back(test::in_deflate(bomb));
    for (const std::string_view element :
         {"\x28\0\x10\0SQ\0\0\0\0\0\0"sv, "\x28\0\x10\0UT\0\0\2\0\0\0008 "sv,
          "\x28\0\x10\0OB\0\0\3\0\0\0\xFF\xFF\xFF"sv, "\x28\0\x08\0IS\6\000999999"sv}) {
        test::StoredInstance without = instance;
        without.picture = false;
        Bytes file = without.file();
        file.insert(file.end(), element.begin(), element.end());
        test::put_element(file, 0x7FE0, 0x0010, "OB", std::string(64, 'x'));
        seeds.push_back(file);
    }
    // A frame whose size overflows: 65535 x 65535 pixels of 64 bits.
    dicom::DataSet huge = dicom::DataSet::parse(instance.file());
    huge.set_integer(dicom::tags::kRows, 65535);
    huge.set_integer(dicom::tags::kColumns, 65535);
    huge.set_integer(dicom::tags::kBitsAllocated, 64);
    seeds.push_back(huge.to_part10());
    seeds.push_back(test::in_fragments(10'000, 2));
    test::StoredInstance odd = instance;
    odd.sop_instance = odd.study = "../../../etc/passwd";
    odd.patient_name = "<script>alert(1)</script>^\"'&";
    seeds.push_back(odd.file());
    const Bytes whole = instance.file();
    // No data set at all.
    seeds.emplace_back(whole.begin(),
                       whole.end() - static_cast<std::ptrdiff_t>(instance.data_set().size()));
}

}  // namespace

std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    test::StoredInstance instance;
    dicom::DataSet nested;
    nested.set_text(dicom::kSopClassUid, test::kMammogramClass);
    nested.set_text(dicom::kSopInstanceUid, "1.2.3");
    nested.set_text(dicom::tags::kPatientName, "Doe^Jane");
    dicom::DataSet& item = nested.add_item(dicom::tags::kReferencedSopSequence);
    item.set_text(dicom::tags::kReferencedSopInstanceUid, "1.2.4");
    item.add_item(dicom::tags::kReferencedSopSequence)
        .set_text(dicom::tags::kReferencedSopClassUid, "1.2.5");
    std::vector<Bytes> seeds{instance.file(), nested.to_part10()};
    for (const char* syntax : {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2",
                               "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.50"})
        seeds.push_back(test::small_object("1.2.3", 64, syntax));
    add_hostile(seeds);
    return seeds;
}
