#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "exam/order.h"
#include "store/connection.h"

namespace lucerna::store {

struct Parts;
struct PatientKey;

/// Performed Procedure Step Status (0040,0252); the number is what the index holds.
enum class PerformedState {
    kInProgress,
    kCompleted,
    kDiscontinued,
    /// DISCONTINUED, as the wrong entry of the worklist had been selected (PS3.16 CID 9300):
    /// nothing was done of what is scheduled.
    kMistaken,
};

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

/// What modalities said that they do and did. It moves the scheduled steps that it is about, in the
/// same transaction: of all that is performed of one, what is in progress counts before what is
/// completed, and that before what was discontinued. Safe from several threads.
class PerformedBook {
  public:
    explicit PerformedBook(Parts& parts);

    /// Durable on return. False, and nothing done, where one of that UID is kept.
    [[nodiscard]] bool create(const PerformedStep& step);
    /// What its data set takes in the index; 0 where there is none.
    [[nodiscard]] std::size_t bytes_of(const std::string& sop_instance_uid);
    [[nodiscard]] std::optional<PerformedStep> find(const std::string& sop_instance_uid);
    /// State and data set. False, and nothing done, where the kept one has another revision by now,
    /// or is gone.
    [[nodiscard]] bool update(const PerformedStep& step);

  private:
    Parts& parts_;
};

/// Part of the transaction in which an order becomes another patient's, or its patient comes to be
/// called otherwise: so does what was performed of it, which names her from then on, where by what
/// it says it would be another's; but not what was performed of an order of the other one's, too.
void give_performed_to_patient_of(Connection& index, const exam::Order& order,
                                  const exam::Order& known, Instant now);

enum class Performed {
    /// What was performed for another study at the same time stays, as that one's.
    kOfItAlone,
    kWhateverElse
};
/// Part of an erasure: takes out what was performed of a study, but that of another patient than
/// `whose`, and says how many steps that were.
std::size_t erase_performed_of_study(Connection& index, const std::string& study_instance_uid,
                                     const PatientKey& whose, Performed which);

}  // namespace lucerna::store
