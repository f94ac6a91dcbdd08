#pragma once

#include <string>
#include <vector>

#include "http/router.h"
#include "retrieve/workitem_search.h"
#include "store/subscription_book.h"

namespace lucerna::retrieve {

/// Adds the subscriptions of UPS-RS (PS3.18 11.10 to 11.13, 8.10; PS3.4 CC.2.3, CC.2.4):
///
/// - POST   /dicom-web/workitems/{workitem}/subscribers/{aetitle}{?deletionlock,filter}: 201, 404
/// - DELETE /dicom-web/workitems/{workitem}/subscribers/{aetitle}: 200, 404
/// - POST   /dicom-web/workitems/{workitem}/subscribers/{aetitle}/suspend: 200, 404
/// - GET    /dicom-web/subscribers/{aetitle}: 101, the channel, a WebSocket
///
/// {workitem} is a UID, or that of the Global or of the Filtered Global Subscription. The channel
/// gives what its subscriber was not told yet, then what comes; it begins with SCP Status Change
/// where the process has started since the subscriber was last here. A client was told what it has
/// answered a ping behind. `book` is borrowed.
void add_ups_subscriptions(http::Router& router, store::SubscriptionBook& book);

/// Whether a work item fits a filter as `subscribe` has kept it.
[[nodiscard]] bool fits_filter(const SearchedItem& item, const std::string& filter);

}  // namespace lucerna::retrieve
