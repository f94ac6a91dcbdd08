// What an unknown peer can say before and within an association: PDUs, commands, identifiers, data
// set heads.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "dicom/dimse_command.h"
#include "dicom/message_data_set.h"
#include "dicom/part10_head.h"
#include "dicom/pdu.h"
#include "seeds.h"
#include "support/small_object.h"

namespace {

template <typename Parse>
void attempt(Parse&& parse) {
    try {
        parse();
    } catch (const lucerna::Error&) {
        // Refusing is what most inputs deserve.
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lucerna::dicom;
    if (size < 1) return 0;
    const lucerna::ByteView bytes(data + 1, size - 1);
    switch (data[0] % 10) {
        case 0:
            attempt([&] { (void)parse_associate(PduType::kAssociateRequest, bytes); });
            break;
        case 1:
            attempt([&] { (void)parse_associate(PduType::kAssociateAccept, bytes); });
            break;
        case 2:
            attempt([&] { (void)parse_command(bytes); });
            break;
        case 3:
            attempt([&] { (void)split_part10(bytes); });
            break;
        case 4:
            attempt([&] { (void)head_of_data_set(bytes, "1.2.840.10008.1.2"); });
            break;
        case 5:
            attempt([&] { (void)head_of_data_set(bytes, "1.2.840.10008.1.2.1"); });
            break;
        case 6:
            attempt([&] { (void)head_of_data_set(bytes, "1.2.840.10008.1.2.2"); });
            break;
        case 7:
            attempt([&] { (void)read_message({bytes.begin(), bytes.end()}, "1.2.840.10008.1.2"); });
            break;
        case 8:
            attempt([&] {
                (void)read_message({bytes.begin(), bytes.end()}, "1.2.840.10008.1.2.1");
            });
            break;
        default:
            attempt([&] { (void)head_of_data_set(bytes, "1.2.840.10008.1.2.1.99"); });
            break;
    }
    return 0;
}

std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    using namespace lucerna::dicom;
    std::vector<Bytes> seeds;
    const auto add = [&](std::uint8_t which, ByteView bytes) {
        Bytes seed{which};
        seed.insert(seed.end(), bytes.begin(), bytes.end());
        seeds.push_back(std::move(seed));
    };
    AssociatePdu pdu;
    pdu.called_aet = "LUCERNA";
    pdu.calling_aet = "MODALITY";
    pdu.application_context = kDicomApplicationContext;
    pdu.contexts = {{1, "1.2.840.10008.1.1", {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}},
                    {3, test::kMammogramClass, {"1.2.840.10008.1.2.4.70"}}};
    pdu.max_pdu_bytes = 16384;
    pdu.implementation_class_uid = "1.2.3";
    pdu.implementation_version = "ANY";
    pdu.roles = {{test::kMammogramClass, true, true}};
    pdu.extended = {{"1.2.840.10008.5.1.4.1.2.2.1", {1, 1}}};
    for (const PduType type : {PduType::kAssociateRequest, PduType::kAssociateAccept}) {
        const Bytes whole = encode_associate(type, pdu);
        // Without the header of the PDU (PS3.8 9.3.1).
        add(type == PduType::kAssociateRequest ? 0 : 1, ByteView(whole).subspan(6));
    }
    pdu.called_aet = "../../../../etc";
    pdu.calling_aet = "<script>\x1B\xFF\n\"'";
    add(0, ByteView(encode_associate(PduType::kAssociateRequest, pdu)).subspan(6));
    DimseCommand command;
    command.field = command::kStoreRequest;
    command.message_id = 1;
    command.has_data_set = true;
    command.affected_sop_class_uid = test::kMammogramClass;
    command.affected_sop_instance_uid = "1.2.3";
    command.move_destination = "PACS";
    add(2, encode_command(command));
    command.affected_sop_instance_uid = command.move_destination = "../../../etc";
    add(2, encode_command(command));
    // Null data sets.
    for (std::uint8_t which = 3; which < 10; ++which) add(which, {});
    const Bytes file = test::small_object("1.2.3");
    add(3, file);
    const Bytes data_set = test::small_data_set(test::kMammogramClass, "1.2.3");
    for (std::uint8_t which = 4; which < 10; ++which) add(which, data_set);
    return seeds;
}
