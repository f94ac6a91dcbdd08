#include "dicom/decoding_memory.h"

namespace lucerna::dicom {

MemoryBudget& decoding_memory() {
    static MemoryBudget budget("setting decoding_mib: what decoding may hold at once",
                               MemoryBudget::kNoLimit, std::chrono::seconds(20),
                               std::chrono::seconds(2), &frame_memory());
    return budget;
}

MemoryBudget& frame_memory() {
    static MemoryBudget budget("what frames may take that are read from large files",
                               MemoryBudget::kNoLimit);
    return budget;
}

MemoryBudget& parsing_memory() {
    // Whoever sends an object is answered before it gives up on that.
    static MemoryBudget budget("what data sets of very many elements may hold at once",
                               std::size_t{40} << 20, std::chrono::seconds(2),
                               std::chrono::milliseconds(200));
    return budget;
}

MemoryBudget& converting_memory() {
    static MemoryBudget budget("what may be held of objects that are converted to be sent",
                               std::size_t{64} << 20);
    return budget;
}

}  // namespace lucerna::dicom
