#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace lucerna::store {

struct Parts;

/// Performed Procedure Step Status (0040,0252); the number is what the index holds.
enum class PerformedState { kInProgress, kCompleted, kDiscontinued };

/// A modality performed procedure step (PS3.4 F.7).
struct PerformedStep {
    std::string sop_instance_uid;
    PerformedState state = PerformedState::kInProgress;
    /// Grows with each update; what an update was made from.
    std::int64_t revision = 0;
    std::string patient_id;
    std::string issuer_of_patient_id;
    /// Its attributes, explicit VR little endian.
    Bytes data_set;
    /// What was scheduled that it performs; empty step: the study's only one.
    struct Of {
        std::string study_instance_uid;
        std::string step_id;
    };
    std::vector<Of> of;
};

/// What modalities said that they do and did. It moves the scheduled steps that it is about: they
/// are started, completed or discontinued with it, in the same transaction. Safe from several
/// threads.
class PerformedBook {
  public:
    explicit PerformedBook(Parts& parts);

    /// Durable on return. False, and nothing done, where one of that UID is kept.
    [[nodiscard]] bool create(const PerformedStep& step);
    [[nodiscard]] std::optional<PerformedStep> find(const std::string& sop_instance_uid);
    /// State and data set. False, and nothing done, where the kept one has another revision by now,
    /// or is gone.
    [[nodiscard]] bool update(const PerformedStep& step);

  private:
    Parts& parts_;
};

}  // namespace lucerna::store
