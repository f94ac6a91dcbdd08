#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/connection.h"
#include "store/facts.h"
#include "store/key_ring.h"
#include "store/sealed_io.h"

namespace lucerna::store {

struct Parts;

/// Where an instance that is kept lies.
struct Place {
    std::string object;
    std::string data_key;
    Role role = Role::kReceived;
    std::uint64_t head_bytes = 0;
    std::uint64_t bytes = 0;
};
[[nodiscard]] std::optional<Place> place_of(Connection& index, const std::string& sop_instance_uid);
/// Throws Error(kNotFound).
[[nodiscard]] Place require_place(Parts& parts, const std::string& sop_instance_uid);

/// An object that the index knows must be there, have its key and so many bytes: anything else is
/// damage, unless it was erased meanwhile, even if the instance came again. Throws Error:
/// kNotFound, kCorrupt, kIo.
[[nodiscard]] SealedReader opened(Parts& parts, const std::string& sop_instance_uid,
                                  const std::string& object, std::uint64_t bytes);

/// An object that is about to be written.
struct NewObject {
    DataKey key;
    Placing placing;
    /// Which this one was called when it began: others may have taken it for dead since.
    std::string process;
};
/// Under the key of `owner`, which is made if there is none (KeyRing::of_owner).
[[nodiscard]] NewObject new_object(Parts& parts, const std::string& owner, Role role,
                                   const Required& require = {});
[[nodiscard]] NewObject new_object(Parts& parts, DataKey key, Role role);

/// Enters an object that is written and on the device. False, leaving it, when somebody else was
/// first or the patient was erased meanwhile. After a throw, also one of `require` in the same
/// transaction, it is gone, unless it is not known whether it was entered.
[[nodiscard]] bool enter(Parts& parts, const Facts& facts, const NewObject& object,
                         const Required& require = {});
/// Says in the log that zeros follow the data set of an object that comes, if they do.
void log_padding(const dicom::DataSet& header, const Facts& facts);
/// Ends one that was not entered.
void drop(Parts& parts, const NewObject& object);

}  // namespace lucerna::store
