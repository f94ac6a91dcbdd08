// What strangers search for: the identifier of a C-FIND, or the query of a QIDO-RS request, against
// an archive that holds two studies. The first byte chooses.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "dicom/message_data_set.h"
#include "http/router.h"
#include "retrieve/identifier.h"
#include "retrieve/qido.h"
#include "seeds.h"
#include "store/store_test_support.h"

namespace {

using namespace lucerna;

struct SearchedArchive {
    SearchedArchive() {
        test::StoredInstance one;
        store.archive().keep(one.file());
        test::StoredInstance two;
        two.study = "1.2.5";
        two.series = "1.2.5.1";
        two.sop_instance = "1.2.5.1.1";
        two.patient_name = "M\xC3\xBCller^Eva";
        store.archive().keep(two.file());
        retrieve::add_qido(router, store.archive());
    }
    store::TestStore store;
    http::Router router;
};

SearchedArchive& searched() {
    static SearchedArchive archive;
    return archive;
}

void find(ByteView bytes, retrieve::Root root) {
    const dicom::DataSet identifier =
        dicom::read_message({bytes.begin(), bytes.end()}, "1.2.840.10008.1.2.1").data_set;
    const auto level = retrieve::level_of(identifier, root, retrieve::Naming::kRelational);
    if (!std::holds_alternative<store::Level>(level)) return;
    store::Query query;
    query.level = std::get<store::Level>(level);
    for (const dicom::Tag tag : identifier.tags())
        if (store::is_indexed(tag, query.level))
            query.keys.push_back({tag, retrieve::key_value(identifier, tag)});
    if (searched().store.archive().find(query).size() > 2) std::abort();
}

void search(const std::string& level, std::string_view text) {
    http::BodyInMemory body;
    http::Request request(body);
    request.path = "/dicom-web/" + level;
    request.query = http::Query::parse(text);
    request.origin = "http://localhost";
    if (searched().router.handle(request).status >= 500) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const ByteView bytes(data + 1, size - 1);
    try {
        switch (data[0] % 5) {
            case 0:
                find(bytes, retrieve::Root::kPatient);
                break;
            case 1:
                find(bytes, retrieve::Root::kStudy);
                break;
            case 2:
                search("studies", as_text(bytes));
                break;
            case 3:
                search("series", as_text(bytes));
                break;
            default:
                search("instances", as_text(bytes));
        }
    } catch (const Error& error) {
        if (error.code() == ErrorCode::kInternal) std::abort();
    }
    return 0;
}

std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    std::vector<Bytes> seeds;
    const auto add = [&](std::uint8_t which, ByteView bytes) {
        Bytes seed{which};
        seed.insert(seed.end(), bytes.begin(), bytes.end());
        seeds.push_back(std::move(seed));
    };
    const std::pair<const char*, const char*> kLevels[] = {
        {"PATIENT", "P*"}, {"STUDY", "P1"}, {"SERIES", "P1"}, {"IMAGE", "?1"}};
    for (const auto& [level, patient] : kLevels) {
        dicom::DataSet identifier;
        identifier.set_text(dicom::tags::kQueryRetrieveLevel, level);
        identifier.set_text(dicom::tags::kPatientId, patient);
        identifier.set_text(dicom::tags::kPatientName, "DOE^*");
        identifier.set_text(dicom::tags::kStudyDate, "20240101-20241231");
        identifier.set_text(dicom::tags::kStudyTime, "100000-");
        identifier.set_text(dicom::tags::kStudyInstanceUid, "1.2.3.4\\1.2.5");
        identifier.set_text(dicom::tags::kModality, "MG");
        for (std::uint8_t which = 0; which < 2; ++which)
            add(which, dicom::write_message(identifier, "1.2.840.10008.1.2.1"));
    }
    for (std::uint8_t which = 2; which < 5; ++which)
        for (const char* text :
             {"PatientName=DOE%5E*&StudyDate=20240101-20241231&includefield=all&limit=10",
              "ModalitiesInStudy=MG,SR&StudyTime=100000.000-110000&offset=1&fuzzymatching=true",
              "00100020=P1&0020000D=1.2.3.4,1.2.5&00081140.00081155=1.2.3&includefield=00081030"})
            add(which, as_byte_view(text));
    return seeds;
}
