#include "dicom/dcmtk_log.h"

#include <dcmtk/config/osconfig.h>
// osconfig.h comes first, as DCMTK asks.
#include <dcmtk/oflog/oflog.h>

#include <mutex>

namespace lucerna::dicom {

void silence_dcmtk() {
    static std::once_flag once;
    std::call_once(once, [] { OFLog::configure(OFLogger::OFF_LOG_LEVEL); });
}

}  // namespace lucerna::dicom
