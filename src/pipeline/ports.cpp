#include "pipeline/ports.h"

#include "base/error.h"
#include "base/log.h"
#include "dicom/part10_head.h"

namespace lucerna::pipeline {
receive::KeptAs ArchiveSink::keep(ByteView file, const receive::Origin&) {
    const store::Kept kept = store_.archive().keep(file, store::Role::kReceived);
    if (kept == store::Kept::kAlreadyKept) return receive::KeptAs::kAlreadyKept;
    const std::string uid = dicom::split_part10(file).head.sop_instance_uid;
    // The image is safe now. What follows must not turn its acknowledgement into a failure: an
    // exam that is not queued here is found by the watch for quiet exams.
    try {
        const auto row = store_.archive().instance(uid);
        if (row) kept_(row->study_instance_uid);
    } catch (const Error& error) {
        log_event(LogLevel::kError, "exam.not-noted",
                  {{"instance", uid}, {"problem", error.what()}});
    }
    return receive::KeptAs::kNew;
}

exam::OrderOutcomes OrderDesk::take(std::span<const exam::OrderRequest> requests) {
    return orders_.take(requests);
}

dicom::ObjectHead ArchiveSource::head(const std::string& sop_instance_uid) {
    return dicom::split_part10(archive_.head(sop_instance_uid)).head;
}

Bytes ArchiveSource::file(const std::string& sop_instance_uid) {
    return archive_.object(sop_instance_uid);
}

}  // namespace lucerna::pipeline
