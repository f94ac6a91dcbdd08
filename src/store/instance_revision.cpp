#include "store/instance_revision.h"

#include "base/hash.h"

namespace lucerna::store {

std::string revision_of(const InstanceRow& row) {
    // Where the object's name says all by itself, it is drawn anew for each that comes.
    const std::string all = row.sop_instance_uid + "\n" + row.object + "\n" +
                            std::to_string(row.size) + "\n" +
                            std::to_string(row.received_at.time_since_epoch().count());
    return sha256(as_byte_view(all)).substr(0, 32);
}

}  // namespace lucerna::store
