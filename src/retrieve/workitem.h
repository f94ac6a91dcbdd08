#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "store/workitem_book.h"

namespace lucerna::retrieve {

/// A data set in the DICOM JSON model (PS3.18 Annex F).
using Json = nlohmann::json;

/// The first value as text; empty where there is none.
[[nodiscard]] std::string first_text(const Json& set, const char* tag);
void put(Json& set, const char* tag, const char* vr, Json value);

/// Makes `set` a new work item by the N-CREATE column of Table CC.2.5-3 (PS3.4): refuses by
/// Error(kInvalidInput), naming the attribute, what lacks a value that it must have or has one that
/// it must not. Returns whether something was added that may be empty but not absent.
[[nodiscard]] bool complete_new(Json& set, Instant now);

/// Takes over what an update says (N-SET column). Throws Error(kInvalidInput), naming the
/// attribute, for a change of what no update may change.
void apply_update(Json& set, const Json& update, Instant now);

/// What a work item lacks for this final state (PS3.4 Table CC.2.5-3, column Final State).
[[nodiscard]] std::vector<std::string> missing_for_final(const Json& set, std::string_view state);

/// Notes when and why it was cancelled: for an unspecified reason where none is given.
void note_cancellation(Json& set, const Json& reasons, Instant now);

/// What becomes of a request to change the state (PS3.4 Table CC.1.1-2).
enum class StateOutcome {
    kDone,
    kAlreadyThere,  // B304H, B306H: a success with a warning
    kInconsistent,  // C300H, C302H, C303H, C310H
    kUidMissing,    // C301H
    kUidIncorrect,  // C301H
    kNotClaimed,    // C310H: an update under a Transaction UID of what is in progress nowhere
    kNotComplete    // C304H
};
/// Moves `item` to `state` where the table lets it.
[[nodiscard]] StateOutcome change_state(store::Workitem& item, const std::string& state,
                                        const std::string& transaction_uid, Instant now);
/// Whether an update under this Transaction UID may be made: kDone if so.
[[nodiscard]] StateOutcome may_update(const store::Workitem& item,
                                      const std::string& transaction_uid);

}  // namespace lucerna::retrieve
