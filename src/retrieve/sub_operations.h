#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/parts.h"
#include "dicom/scp_exchange.h"
#include "retrieve/identifier.h"
#include "retrieve/named_objects.h"
#include "retrieve/read_ahead.h"
#include "store/archive.h"

namespace lucerna::retrieve {

/// Byte of the extended negotiation of C-MOVE and C-GET (PS3.4 C.5.2.1, C.5.3.1) that is
/// understood: relational retrieval.
constexpr std::size_t kRelationalRetrievalByte = 0;

/// What the identifier of a C-MOVE or C-GET names (PS3.4 C.4.2.1.4, C.4.3.1.3), in order of series
/// and instance number. A900 where it names nothing: its unique key is missing or a pattern, or as
/// `level_of` has it. Other keys do not count.
[[nodiscard]] std::variant<std::unique_ptr<NamedObjects>, IdentifierRefusal> objects_named(
    dicom::ScpExchange& exchange, store::Archive& archive, Root root);

/// Sends one object of those that are asked for, with the request's priority. What it throws fails
/// this object, unless the exchange's own association is lost.
using SendObject =
    std::function<dicom::SendOutcome(std::size_t index, const dicom::FileToSend& file)>;

/// Who gets them.
struct Receiver {
    /// In the log.
    std::string name;
    SendObject send;
    /// Called before the object is looked for once more, which is sent at once then.
    std::function<void(std::size_t index)> make_ready = {};
    /// Called beside the first being read, from any thread, if there is one.
    std::function<void()> prepare = {};
    /// Of what is large. Where it is checked while it is sent, `send` throws what reading it threw,
    /// and must be able to send the next one nevertheless.
    Checked checked = Checked::kBeforeItIsSent;
};

/// Sends all objects, answers after each with the counts, and in the end with 0000, B000 (some
/// failed or were taken with a warning), A702 (all failed) or FE00 (cancelled), with the list of
/// those that failed (PS3.4 C.4.2.1.5, C.4.2.1.6, C.4.3.1.4). While one is sent those that follow
/// are read, where `run` does two parts side by side (retrieve/read_ahead.h). What was erased when
/// its turn comes fails (0110). Logs "retrieve.sent", with the studies that objects were sent of,
/// whether or not the requester is still there in the end, and for each failed object
/// "retrieve.failed". Throws as NamedObjects.
void send_objects(dicom::ScpExchange& exchange, store::Archive& archive,
                  const NamedObjects& objects, const Receiver& to, const RunParts& run);

/// Answers and logs a request that is not served.
void refuse(dicom::ScpExchange& exchange, const IdentifierRefusal& refusal);

}  // namespace lucerna::retrieve
