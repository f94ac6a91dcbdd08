#pragma once

#include <string>

#include "dicom/byte_budget.h"
#include "http/message.h"
#include "http/multipart.h"
#include "receive/instance_sink.h"
#include "receive/metadata_parts.h"

namespace lucerna::receive {

struct StowOptions {
    http::MultipartLimits limits;
    /// What parts are held by; one that finds no room in it fails with 0xA700. Must outlive the
    /// handler.
    dicom::ByteBudget* intake = &dicom::intake_memory();
    MetadataParts::Limits metadata;
    /// Of the service: what Retrieve URLs (0008,1190) in the answer have behind the request's
    /// origin.
    std::string root = "/dicom-web";
};

/// Answers POST /studies and POST /studies/{study} (PS3.18 10.5): multipart/related bodies of type
/// application/dicom are taken part by part as they come in; a large one is handed to the sink
/// while it comes. Of type application/dicom+json or application/dicom+xml, instances are joined
/// with their bulk data first (receive/metadata_parts.h). The answer is the Store Instances
/// Response (receive/store_response.h) in the form that Accept asks for, with the statuses of the
/// one table in dicom/dimse_status.h.
///
/// 200 all stored; 202 some; 409 none; 507 none, because there is no space; 503 none,
/// because others hold too much of what is on its way in; 400 malformed body, no
/// boundary, no part, or a study that is no UID; 406 neither JSON nor XML accepted; 415 another
/// media type or an encoded body. Logs "receive.stow" for each request and "receive.failed" for
/// each failure. The sink must outlive the handler.
[[nodiscard]] http::Handler stow_handler(InstanceSink& sink, StowOptions options = {});

}  // namespace lucerna::receive
