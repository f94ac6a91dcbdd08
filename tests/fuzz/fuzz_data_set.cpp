// A DICOM file of a stranger: read, looked through, written again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "dicom/data_set.h"
#include "dicom/json.h"
#include "seeds.h"
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
    if (dicom::DataSet::parse(file).to_part10() != file) std::abort();
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
    return seeds;
}
