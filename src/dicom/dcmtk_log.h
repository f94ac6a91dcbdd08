#pragma once

namespace lucerna::dicom {

/// Shuts DCMTK's own log, which writes to standard error and could name patients. Whoever calls
/// into DCMTK calls this first; only the first call does something.
void silence_dcmtk();

}  // namespace lucerna::dicom
