#include "dicom/event_report.h"

#include <utility>

#include "base/error.h"
#include "dicom/convertible.h"
#include "dicom/message_data_set.h"
#include "dicom/scu_association.h"

namespace lucerna::dicom {

DimseCommand send_event_report(const ScuOptions& options, DimseCommand report,
                               const DataSet& data_set) {
    PresentationContext context;
    context.id = 1;
    context.abstract_syntax = report.affected_sop_class_uid;
    context.transfer_syntaxes.assign(kLittleEndian.begin(), kLittleEndian.end());
    ScuAssociation association(options, {context}, {{context.abstract_syntax, false, true}});
    if (association.accepted().empty())
        throw Error(ErrorCode::kUnsupported,
                    association.named("does not accept SOP class " + context.abstract_syntax));
    const PresentationContext& agreed = association.accepted().front();
    report.field = command::kEventReportRequest;
    report.has_data_set = true;
    return association.exchange(std::move(report), agreed.id,
                                write_message(data_set, agreed.transfer_syntaxes.front()));
}

}  // namespace lucerna::dicom
