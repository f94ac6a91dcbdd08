#pragma once

#include <optional>

#include "base/memory_budget.h"
#include "dicom/data_set.h"
#include "dicom/metadata.h"
#include "retrieve/workitem.h"

namespace lucerna::retrieve {

/// What the index can narrow a search for work items down by; the keys are all looked at
/// afterwards, too.
[[nodiscard]] store::WorkitemFilter narrowed_by(const dicom::DataSet& keys);

/// A work item that is searched for, taken apart once. An attribute that cannot be read, as an
/// earlier program took it, is as if it were not there.
class SearchedItem {
  public:
    explicit SearchedItem(const Json& set);
    /// As match_keys. Throws Error(kInvalidInput) for a value that its key cannot have.
    [[nodiscard]] bool meets(const dicom::DataSet& keys) const;

  private:
    std::optional<dicom::Metadata> item_;
};

/// Of dicom::parsing_memory(), while work items are looked at one after another: a page of them as
/// they are kept, and one taken apart. Throws as MemoryBudget::take.
[[nodiscard]] MemoryBudget::Share room_for_search();
/// While they are read, each of whatever size, and an answer is made of them: a few requests at a
/// time.
[[nodiscard]] MemoryBudget::Share room_to_read();

}  // namespace lucerna::retrieve
