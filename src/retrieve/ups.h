#pragma once

#include "base/clock.h"
#include "http/router.h"
#include "retrieve/qido.h"
#include "store/subscription_book.h"
#include "store/workitem_book.h"

namespace lucerna::retrieve {

/// Adds the Unified Procedure Step of DICOMweb (PS3.18 11, PS3.4 Annex CC), in the forms of
/// workitem_media.h, with the statuses and Warning headers of its tables:
///
///     POST /dicom-web/workitems{?uid}                 create: 201, 400, 409
///     GET  /dicom-web/workitems{?search}              search: 200 with an array
///     GET  /dicom-web/workitems/{workitem}            retrieve: 200, 404
///     POST /dicom-web/workitems/{workitem}{?transaction}   update: 200, 400, 404, 409
///     PUT  /dicom-web/workitems/{workitem}/state      change the state: 200, 400, 404, 409
///     POST /dicom-web/workitems/{workitem}/cancelrequest   202, 404, 409
///
/// and the subscriptions (ups_subscriptions.h), which every change here is reported to. What is
/// scheduled is cancelled at once; the request to cancel what is in progress is reported, and
/// refused where nobody is subscribed to hear of it. The books and `clock` are borrowed.
void add_ups(http::Router& router, store::WorkitemBook& book,
             store::SubscriptionBook& subscriptions, const Clock& clock,
             const QidoOptions& options = {});

}  // namespace lucerna::retrieve
