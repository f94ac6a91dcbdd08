#include "retrieve/dimse_get.h"

#include "retrieve/sub_operations.h"

namespace lucerna::retrieve {

void answer_get(dicom::ScpExchange& exchange, store::Archive& archive, Root root,
                const RunParts& run) {
    const auto named = objects_named(exchange, archive, root);
    if (const auto* refusal = std::get_if<IdentifierRefusal>(&named))
        return refuse(exchange, *refusal);
    send_objects(
        exchange, archive, *std::get<std::unique_ptr<NamedObjects>>(named),
        {.name = exchange.sender().calling_aet,
         .send = [&](std::size_t, const dicom::FileToSend& file) { return exchange.store(file); }},
        run);
}

}  // namespace lucerna::retrieve
