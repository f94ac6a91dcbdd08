#pragma once

#include <vector>

#include "base/error.h"
#include "exam/order.h"
#include "store/order_book.h"

namespace lucerna::store {

/// Why a request is not carried out, nor any that came with it.
class RefusedOrder : public Error {
  public:
    using Error::Error;
};
/// Its number is in use for something else: another patient's order, or another procedure.
class NumberIsTaken : public RefusedOrder {
  public:
    using RefusedOrder::RefusedOrder;
};

/// Under way or done.
[[nodiscard]] bool is_performed(StepState state);
[[nodiscard]] bool is_any_performed(const std::vector<StepState>& states);

/// One system's numbers, or one of them is not known. An issuer that is not known is any.
[[nodiscard]] bool agree(const exam::OrderNumber& one, const exam::OrderNumber& other);

/// It says another patient, by Patient ID, or by birth date and family name.
[[nodiscard]] bool is_of_another_patient(const exam::OrderRequest& request, const KeptOrder& known);

/// A number that is used twice must not give one patient the study and the steps of another, nor
/// take her exam off the list: two hospitals may have given out one Patient ID, too, so that name
/// and birth date count with it, but for a change. Throws NumberIsTaken.
void require_same_patient(const exam::OrderRequest& request, const KeptOrder& known);

/// Without the filler's number, which tells procedures apart, or where the placer's is another one,
/// what an order of a known number says may be another procedure: that is not to be replaced by it,
/// nor cancelled. Throws NumberIsTaken.
void require_same_procedure(const exam::OrderRequest& request, const KeptOrder& known);

/// An order that is not known yet, with what it lacks made up: IDs from its number, which is the
/// placer's for all his procedures where `is_one_of_several`; the Study Instance UID at random
/// (PS3.5 B.2), since other archives, and this one after an erasure, know other orders of that
/// number.
[[nodiscard]] KeptOrder new_order(const exam::OrderRequest& request, bool is_one_of_several);

/// What becomes of one that is known. What the request leaves empty of numbers, identifiers and
/// times stays. A step that it does not name is the known one that is most like it; what has begun
/// is never another's, and stays though it is not named any more. Throws NumberIsTaken where it is
/// another procedure, RefusedOrder where it cannot be changed so any more.
[[nodiscard]] KeptOrder changed_by(const exam::OrderRequest& request, const KeptOrder& known);

}  // namespace lucerna::store
