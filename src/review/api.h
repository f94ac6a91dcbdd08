#pragma once

#include "base/clock.h"
#include "http/router.h"
#include "review/about.h"
#include "review/exams.h"

namespace lucerna::review {

/// Adds what the page asks for, all of it JSON (docs/formats/api.md):
///
///     GET  /api/about
///     GET  /api/worklist?state=&limit=
///     GET  /api/exams/{study}
///     GET  /api/exams/{study}/decisions
///     POST /api/exams/{study}/findings/{finding}/decisions
///     GET  /api/events        server-sent events: "changed" with the revision
///
/// `exams` and `clock` are borrowed and must outlive the router's server. A body that is wrong is
/// answered 400 with the name of the field; patients' names go out as data, the page shows them as
/// text.
void add_api(http::Router& router, Exams& exams, const About& about, const Clock& clock);

}  // namespace lucerna::review
