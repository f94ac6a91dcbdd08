// What an unknown peer can say before and within an association: PDUs, commands, identifiers, data
// set heads.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "dicom/dimse_command.h"
#include "dicom/message_data_set.h"
#include "dicom/part10_head.h"
#include "dicom/pdu.h"

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
