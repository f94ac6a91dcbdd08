#pragma once

#include <string>

#include "dicom/data_set.h"

namespace lucerna::dicom {

enum class DocumentForm { kHtml, kPlain, kXml };

/// A structured report for people (HTML, plain text) or programs (XML as DCMTK's dsr2xml writes
/// it), in UTF-8. Images are named by links to `wado`, a WADO-URI service. Throws
/// Error(kUnsupported) saying why it cannot be shown.
[[nodiscard]] std::string render_document(const DataSet& report, DocumentForm form,
                                          const std::string& wado = "/wado");

}  // namespace lucerna::dicom
