#include "retrieve/dimse_services.h"

#include "retrieve/dimse_find.h"
#include "retrieve/dimse_get.h"
#include "retrieve/performed_step.h"
#include "retrieve/worklist.h"

namespace lucerna::retrieve {
namespace {

namespace command = dicom::command;

/// What a service works with.
struct Shop {
    store::Archive& archive;
    DimseOptions options;
};

template <Root root>
void find(dicom::ScpExchange& exchange, const Shop& shop) {
    answer_find(exchange, shop.archive, root, shop.options.own_aet);
}

template <Root root>
void get(dicom::ScpExchange& exchange, const Shop& shop) {
    answer_get(exchange, shop.archive, root, shop.options.run);
}

template <Root root>
void move(dicom::ScpExchange& exchange, const Shop& shop) {
    answer_move(exchange, shop.archive, root, shop.options.peer_of, shop.options.run);
}

void commit(dicom::ScpExchange& exchange, const Shop& shop) {
    answer_commitment(exchange, shop.archive, shop.options.own_aet, *shop.options.commitments);
}

void find_steps(dicom::ScpExchange& exchange, const Shop& shop) {
    answer_worklist(exchange, *shop.options.orders);
}

template <void (*answer)(dicom::ScpExchange&, store::PerformedBook&)>
void perform(dicom::ScpExchange& exchange, const Shop& shop) {
    answer(exchange, *shop.options.performed);
}

bool gives_out(const DimseOptions& options) {
    return options.gives_out;
}
bool commits(const DimseOptions& options) {
    return options.commitments != nullptr;
}
bool gives_worklists(const DimseOptions& options) {
    return options.gives_out && options.orders != nullptr;
}
bool is_told_of_steps(const DimseOptions& options) {
    return options.performed != nullptr;
}
bool tells_of_steps(const DimseOptions& options) {
    return options.gives_out && options.performed != nullptr;
}

/// The table of services: SOP class (PS3.4 C.6, F, J, K), request, when it is offered, what of the
/// extended negotiation is granted, who serves. A new one is a line here and a file beside this
/// one.
struct Row {
    std::string_view sop_class;
    std::uint16_t request;
    bool (*is_offered)(const DimseOptions&);
    std::vector<std::uint8_t> extended;
    void (*serve)(dicom::ScpExchange&, const Shop&);
};
const Row kRows[] = {
    {"1.2.840.10008.5.1.4.1.2.1.1",
     command::kFindRequest,
     gives_out,
     {1, 1, 1},
     find<Root::kPatient>},
    {"1.2.840.10008.5.1.4.1.2.1.2", command::kMoveRequest, gives_out, {1}, move<Root::kPatient>},
    {"1.2.840.10008.5.1.4.1.2.1.3", command::kGetRequest, gives_out, {1}, get<Root::kPatient>},
    {"1.2.840.10008.5.1.4.1.2.2.1",
     command::kFindRequest,
     gives_out,
     {1, 1, 1},
     find<Root::kStudy>},
    {"1.2.840.10008.5.1.4.1.2.2.2", command::kMoveRequest, gives_out, {1}, move<Root::kStudy>},
    {"1.2.840.10008.5.1.4.1.2.2.3", command::kGetRequest, gives_out, {1}, get<Root::kStudy>},
    {kCommitmentClass, command::kActionRequest, commits, {}, commit},
    {kWorklistFind, command::kFindRequest, gives_worklists, {1, 1}, find_steps},
    {kPerformedStepClass,
     command::kCreateRequest,
     is_told_of_steps,
     {},
     perform<answer_step_creation>},
    {kPerformedStepClass, command::kSetRequest, is_told_of_steps, {}, perform<answer_step_set>},
    {kPerformedStepRetrieve, command::kReadRequest, tells_of_steps, {}, perform<answer_step_read>},
};

}  // namespace

std::vector<dicom::ScpService> dimse_services(store::Archive& archive,
                                              const DimseOptions& options) {
    std::vector<dicom::ScpService> services;
    for (const Row& row : kRows) {
        if (!row.is_offered(options)) continue;
        services.push_back({row.sop_class, row.request, row.extended,
                            [shop = Shop{archive, options}, serve = row.serve](
                                dicom::ScpExchange& exchange) { serve(exchange, shop); }});
    }
    return services;
}

}  // namespace lucerna::retrieve
