#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/connection.h"

namespace lucerna::store {

struct Parts;

/// A Unified Procedure Step (PS3.4 Annex CC) as it is kept.
struct Workitem {
    std::string sop_instance_uid;
    /// Procedure Step State (0074,1000): "SCHEDULED", "IN PROGRESS", "CANCELED", "COMPLETED".
    std::string state;
    /// Of whoever has it in progress, empty before: a secret between the two, never given out.
    std::string transaction_uid;
    std::string patient_id;
    std::string issuer_of_patient_id;
    std::string study_instance_uid;
    /// DICOM JSON, without Transaction UID.
    std::string json;
    /// Somebody is subscribed to it. Set by WorkitemBook::change.
    bool is_watched = false;
    /// What subscribers are told of this change once it is kept (SubscriptionBook). Not kept
    /// itself.
    std::vector<std::string> reports = {};
};

/// Which work items: those with every value that is not empty here.
struct WorkitemFilter {
    std::string state = {};
    std::string patient_id = {};
    std::string study_instance_uid = {};
};

/// The work items. Safe from several threads; durable on return.
class WorkitemBook {
  public:
    explicit WorkitemBook(Parts& parts);

    /// False where there is one of that UID already. Throws Error(kConflict) where it has a Patient
    /// ID and names, wherever it does, a study that is kept or ordered as another's. Who is
    /// subscribed to those to come is told: to all, or by a filter that `fits` it.
    bool add(const Workitem& item, const std::function<bool(const std::string& filter)>& fits = {});
    [[nodiscard]] std::optional<Workitem> find(const std::string& sop_instance_uid);
    /// Lets `work` change it, nobody else meanwhile; what `work` throws leaves it as it was. Throws
    /// Error(kNotFound), and as `add` for a study that it did not name before. `work` may run in
    /// another writer's thread, and more than once.
    void change(const std::string& sop_instance_uid, const std::function<void(Workitem&)>& work);
    /// In the order in which they were added, until `take` returns false. No snapshot is held while
    /// `take` runs.
    void for_each(const WorkitemFilter& filter, const std::function<bool(const Workitem&)>& take);

  private:
    Parts& parts_;
};

/// For erasures: how many there are, and how many went. Of a study: those that name it anywhere; of
/// a patient whose issuer is not given: not those that name a study that has one.
[[nodiscard]] std::size_t count_workitems_of_study(Connection& index,
                                                   const std::string& study_instance_uid);
std::size_t erase_workitems_of_study(Connection& index, const std::string& study_instance_uid);
/// Of those that name a study, the ones that say nobody's Patient ID.
std::size_t erase_workitems_of_nobody(Connection& index, const std::string& study_instance_uid);
/// Of that SOP Instance UID: one or none.
std::size_t erase_workitem(Connection& index, const std::string& sop_instance_uid);
std::size_t erase_workitems_of_patient(Connection& index, const std::string& patient_id,
                                       const std::string& issuer_of_patient_id);

}  // namespace lucerna::store
