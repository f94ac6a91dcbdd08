#include "dicom/storage_class.h"

#include <algorithm>
#include <array>

namespace lucerna::dicom {
namespace {

constexpr std::string_view kStandardRoot = "1.2.840.10008.";
constexpr std::string_view kStorageBranch = "1.2.840.10008.5.1.4.1.1.";

/// In the storage branch, but queries, retrieval and creation of inventories (PS3.6 Table A-1).
constexpr std::array<std::string_view, 7> kNotStored = {
    "1.2.840.10008.5.1.4.1.1.200.4", "1.2.840.10008.5.1.4.1.1.200.5",
    "1.2.840.10008.5.1.4.1.1.200.6", "1.2.840.10008.5.1.4.1.1.201.2",
    "1.2.840.10008.5.1.4.1.1.201.3", "1.2.840.10008.5.1.4.1.1.201.4",
    "1.2.840.10008.5.1.4.1.1.201.5"};

/// Storage classes outside the branch: RT delivery instructions, the one on trial too; stored
/// prints and hardcopies, which are retired (PS3.6 Table A-1).
constexpr std::array<std::string_view, 6> kStoredElsewhere = {
    "1.2.840.10008.5.1.4.34.7", "1.2.840.10008.5.1.4.34.10", "1.2.840.10008.5.1.4.34.1",
    "1.2.840.10008.5.1.1.27",   "1.2.840.10008.5.1.1.29",    "1.2.840.10008.5.1.1.30"};

/// CT and XA defined procedure protocols, protocol approval, inventory, hanging protocol, colour
/// palette, implant templates (PS3.4 Table GG.3-1).
constexpr std::array<std::string_view, 9> kOfNoPatient = {
    "1.2.840.10008.5.1.4.1.1.200.1", "1.2.840.10008.5.1.4.1.1.200.7",
    "1.2.840.10008.5.1.4.1.1.200.3", "1.2.840.10008.5.1.4.1.1.201.1",
    "1.2.840.10008.5.1.4.38.1",      "1.2.840.10008.5.1.4.39.1",
    "1.2.840.10008.5.1.4.43.1",      "1.2.840.10008.5.1.4.44.1",
    "1.2.840.10008.5.1.4.45.1"};

template <typename Table>
bool holds(const Table& table, std::string_view uid) {
    return std::find(table.begin(), table.end(), uid) != table.end();
}

}  // namespace

bool is_storage_class(std::string_view sop_class_uid) {
    if (!sop_class_uid.starts_with(kStandardRoot)) return true;
    if (is_of_no_patient(sop_class_uid)) return false;
    if (sop_class_uid.starts_with(kStorageBranch)) return !holds(kNotStored, sop_class_uid);
    return holds(kStoredElsewhere, sop_class_uid);
}

bool is_of_no_patient(std::string_view sop_class_uid) {
    return holds(kOfNoPatient, sop_class_uid);
}

}  // namespace lucerna::dicom
