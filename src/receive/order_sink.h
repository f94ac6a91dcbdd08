#pragma once

#include <optional>
#include <span>
#include <string>

#include "exam/order.h"

namespace lucerna::receive {

/// An order as it stands.
struct FoundOrder {
    /// Of all its steps: kCompleted where none is left to do, kCancelled where none was done.
    enum class State { kActive, kCompleted, kCancelled };
    exam::Order order;
    State state = State::kActive;
};

/// Where received orders go. Receiving does not know how they are kept.
class OrderSink {
  public:
    virtual ~OrderSink() = default;

    /// Carries out all requests or none, durably on return; says which it was. Throws Error:
    /// kOutOfSpace, kIo. Called from several threads at once.
    [[nodiscard]] virtual exam::OrderOutcomes take(
        std::span<const exam::OrderRequest> requests) = 0;
    /// By what OrderOutcome calls it.
    [[nodiscard]] virtual std::optional<FoundOrder> find(const std::string& name) = 0;
};

/// What is said of a step that an order does not say.
struct OrderDefaults {
    std::string modality = "MG";
};

}  // namespace lucerna::receive
