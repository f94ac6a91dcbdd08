#include "dicom/event_report.h"

#include <utility>

#include "base/error.h"
#include "dicom/convertible.h"
#include "dicom/message_data_set.h"
#include "dicom/scu_association.h"

namespace lucerna::dicom {

DimseCommand send_event_report(const ScuOptions& options, const std::string& sop_class,
                               const std::function<Question()>& report) {
    PresentationContext context;
    context.id = 1;
    context.abstract_syntax = sop_class;
    context.transfer_syntaxes.assign(kLittleEndian.begin(), kLittleEndian.end());
    ScuAssociation association(options, {context}, {{context.abstract_syntax, false, true}});
    if (association.accepted().empty())
        throw Error(ErrorCode::kUnsupported,
                    association.named("does not accept SOP class " + context.abstract_syntax));
    const PresentationContext& agreed = association.accepted().front();
    Question made = report();
    made.command.field = command::kEventReportRequest;
    made.command.has_data_set = true;
    return association.exchange(std::move(made.command), agreed.id,
                                write_message(made.data_set, agreed.transfer_syntaxes.front()));
}

}  // namespace lucerna::dicom
