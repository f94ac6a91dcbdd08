#include "receive/dimse_receiver.h"

#include <utility>

#include "base/log.h"
#include "dicom/dimse_status.h"

namespace lucerna::receive {

DimseReceiver::DimseReceiver(dicom::ScpOptions options, InstanceSink& sink,
                             std::vector<dicom::ScpService> services)
    : to_sink_(sink), scp_(std::move(options), to_sink_, std::move(services)) {}

void DimseReceiver::ToSink::object(const dicom::ReceivedObject& object,
                                   const dicom::Sender& sender) {
    if (object.arrival != nullptr)
        object.arrival->keep(object.file);
    else
        (void)sink_.keep(object.file, {"dimse", sender.calling_aet});
}

std::unique_ptr<dicom::Arrival> DimseReceiver::ToSink::arriving(const dicom::ObjectHead&,
                                                                const dicom::Sender& sender) {
    return sink_.arriving({"dimse", sender.calling_aet});
}

void DimseReceiver::ToSink::failed(const dicom::StoreFailure& failure,
                                   const dicom::Sender& sender) {
    log_event(LogLevel::kWarning, "receive.failed",
              {{"association", sender.association},
               {"protocol", "dimse"},
               {"sender", sender.calling_aet},
               {"object", failure.head.sop_instance_uid},
               {"sop_class", failure.head.sop_class_uid},
               {"status", dicom::describe_status(failure.status)},
               {"why", failure.why}});
}

void DimseReceiver::ToSink::ended(const dicom::AssociationReport& report) {
    const bool orderly = report.end == dicom::AssociationEnd::kReleased ||
                         report.end == dicom::AssociationEnd::kStopped;
    log_event(orderly ? LogLevel::kInfo : LogLevel::kWarning, "receive.association",
              {{"association", report.sender.association},
               {"sender", report.sender.calling_aet},
               {"called", report.sender.called_aet},
               {"address", report.sender.address},
               {"end", dicom::name_of(report.end)},
               {"why", report.why},
               {"contexts_refused", report.refused_contexts},
               {"first_refused", report.first_refused},
               {"stored", report.stored},
               {"failed", report.failed},
               {"bytes", report.bytes},
               {"seconds", static_cast<double>(report.lasted.count()) / 1000.0}});
}

}  // namespace lucerna::receive
