#pragma once

#include <string_view>

/// Implementation Class UID (0002,0012) and Version Name (0002,0013) of this program, in the File
/// Meta Information that it writes and in association negotiation (PS3.7 D.3.3.2).
namespace lucerna::dicom::implementation {

constexpr std::string_view kClassUid = "2.25.335170332045608681899302699542908174491";
constexpr std::string_view kVersionName = "LUCERNA_0_1";

}  // namespace lucerna::dicom::implementation
