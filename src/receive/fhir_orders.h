#pragma once

#include <string>
#include <variant>

#include "base/clock.h"
#include "exam/order.h"
#include "fhir/resources.h"
#include "http/router.h"
#include "receive/order_sink.h"

namespace lucerna::receive {

/// What a ServiceRequest asks for (docs/orders.md has the table of elements), or the element that
/// cannot be understood. Identifiers and names whose period ended before `today` ("2026-03-01")
/// are passed over.
[[nodiscard]] std::variant<exam::OrderRequest, fhir::Issue> order_in(
    const fhir::ServiceRequest& request, const fhir::Submission& submission,
    const OrderDefaults& defaults, std::string_view today);

/// The other way: an order as the ServiceRequest that it could have been, with its patient,
/// requester and station contained, and of its steps the first.
[[nodiscard]] std::string service_request_json(const FoundOrder& found, const std::string& id);

/// Adds POST /fhir/ServiceRequest and POST /fhir (a ServiceRequest or a transaction Bundle), GET
/// /fhir/ServiceRequest/{id}, which Location of a POST's answer names, and GET /fhir/metadata.
/// There are no versions. A transaction is carried out as a whole or not at all.
///
/// 201 a new order; 200 one that was known; 400 no JSON, or an element of another type; 409 it
/// contradicts what is kept; 413 more than a megabyte; 415 another media type; 422 it cannot be
/// understood as an order. The body is an OperationOutcome, or a transaction-response. Logs
/// "orders.taken" or "orders.refused". Sink and clock must outlive the router.
void add_fhir_orders(http::Router& router, OrderSink& sink, const OrderDefaults& defaults,
                     const Clock& clock);

}  // namespace lucerna::receive
