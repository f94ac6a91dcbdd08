#include "retrieve/workitem_search.h"

#include <algorithm>

#include "base/error.h"
#include "dicom/decoding_memory.h"
#include "dicom/tags.h"
#include "retrieve/key_matching.h"

namespace lucerna::retrieve {
namespace {

constexpr dicom::Tag kProcedureStepState{0x0074, 0x1000};

std::optional<dicom::Metadata> read(const Json& set) {
    try {
        return dicom::Metadata(set);
    } catch (const Error&) {
        return {};
    }
}

/// As far as it can be read: an earlier program took values that are refused now.
std::optional<dicom::Metadata> attributes_of(const Json& set) {
    if (auto whole = read(set)) return whole;
    Json readable = Json::object();
    for (const auto& [name, attribute] : set.items())
        if (read({{name, attribute}})) readable[name] = attribute;
    return read(readable);
}

}  // namespace

store::WorkitemFilter narrowed_by(const dicom::DataSet& keys) {
    store::WorkitemFilter filter;
    filter.state = single_value(keys, kProcedureStepState);
    filter.patient_id = single_value(keys, dicom::tags::kPatientId);
    filter.study_instance_uid = single_value(keys, dicom::tags::kStudyInstanceUid);
    return filter;
}

SearchedItem::SearchedItem(const Json& set) : item_(attributes_of(set)) {}

bool SearchedItem::meets(const dicom::DataSet& keys) const {
    return item_ && match_keys(keys, item_->attributes(), Absent::kEmpty).matches;
}

MemoryBudget::Share room_for_search() {
    constexpr std::size_t kBytes = std::size_t{12} << 20;
    MemoryBudget& memory = dicom::parsing_memory();
    return memory.take(std::min(kBytes, memory.limit()), "a search of work items");
}

MemoryBudget::Share room_to_read() {
    constexpr std::size_t kAtOnce = 2;
    static MemoryBudget memory("requests for work items", kAtOnce);
    return memory.take(1, "a work item");
}

}  // namespace lucerna::retrieve
