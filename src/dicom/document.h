#pragma once

#include <functional>
#include <string>

#include "dicom/data_set.h"

namespace lucerna::dicom {

enum class DocumentForm { kHtml, kPlain, kXml };

/// Where something is to be found, by its SOP Instance UID; empty where it is not.
using AddressOf = std::function<std::string(const std::string& sop_instance_uid)>;

/// A structured report for people (HTML, plain text) or programs (XML as DCMTK's dsr2xml writes
/// it), in UTF-8. In HTML, what it refers to is linked to. Throws Error(kUnsupported) saying why it
/// cannot be shown.
[[nodiscard]] std::string render_document(const DataSet& report, DocumentForm form,
                                          const AddressOf& address_of);

}  // namespace lucerna::dicom
