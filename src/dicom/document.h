#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "dicom/data_set.h"

namespace lucerna::dicom {

enum class DocumentForm { kHtml, kPlain, kXml };

/// Where something is to be found, by its SOP Instance UID; empty where it is not.
using AddressOf = std::function<std::string(const std::string& sop_instance_uid)>;

/// Of a report as text, in bytes.
inline constexpr std::size_t kMostDocumentBytes = std::size_t{8} << 20;

/// A structured report for people (HTML, plain text) or programs (XML as DCMTK's dsr2xml writes
/// it), in UTF-8. In HTML, what it refers to is linked to. Takes up to 40 times the report's size.
/// Throws Error(kUnsupported) saying why it cannot be shown, as where its text would be more than
/// kMostDocumentBytes.
[[nodiscard]] std::string render_document(DataSet report, DocumentForm form,
                                          const AddressOf& address_of);

}  // namespace lucerna::dicom
