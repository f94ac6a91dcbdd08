#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "exam/order.h"
#include "hl7/message.h"
#include "receive/order_sink.h"

namespace lucerna::receive {

/// What a message asks for. A message without ORC asks for nothing: that is a fault.
struct Hl7Orders {
    std::vector<exam::OrderRequest> requests;
    /// Which ORC of the message each comes from, from 1.
    std::vector<int> orc;
};

/// The orders of an ORM^O01, OMI^O23 or OMG^O19 (docs/orders.md has the table of fields). ORC
/// groups of the same numbers are one order's steps. A fault names the field that cannot be
/// understood; so does one at a second PID, which prior results begin with: their ORC is no order.
/// Identifiers of the patient that have ended before `today` (20260301) are passed over.
[[nodiscard]] std::variant<Hl7Orders, hl7::Fault> orders_in(const hl7::Message& message,
                                                            const OrderDefaults& defaults,
                                                            std::string today);

/// A message as UTF-8, by its MSH-18, without the byte order mark that some send before MSH. A
/// fault for a character set that is not known.
[[nodiscard]] std::variant<std::string, hl7::Fault> message_text(const std::string& bytes);

/// Answers HL7 messages: AA, AE or AR (HL7 v2.5.1 2.9.2). Safe from several threads.
class Hl7Desk {
  public:
    /// All are borrowed.
    Hl7Desk(OrderSink& sink, OrderDefaults defaults, const Clock& clock)
        : sink_(sink), defaults_(std::move(defaults)), clock_(clock) {}

    /// The acknowledgement of a message that came from `peer`; nothing where that is itself an
    /// answer, which is never acknowledged. Logs "orders.taken", "orders.refused" or
    /// "orders.answer-passed-over".
    [[nodiscard]] std::optional<std::string> answer(const std::string& message,
                                                    const std::string& peer);

  private:
    OrderSink& sink_;
    const OrderDefaults defaults_;
    const Clock& clock_;
};

}  // namespace lucerna::receive
