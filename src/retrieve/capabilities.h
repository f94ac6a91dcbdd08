#pragma once

#include "http/router.h"

namespace lucerna::retrieve {

/// Adds OPTIONS /dicom-web, Retrieve Capabilities (PS3.18 8.9): which resources below it take which
/// methods, as WADL (application/vnd.sun.wadl+xml). It tells of the routes that are there when this
/// is called.
void add_capabilities(http::Router& router);

}  // namespace lucerna::retrieve
