#pragma once

#include <string>

#include "base/error.h"
#include "support/forwarding_records.h"

namespace lucerna::test {

/// Of which none can be removed as long as they stay: where they lie is away.
class RecordsThatStay final : public ForwardingRecords {
  public:
    using ForwardingRecords::ForwardingRecords;

    void remove(const std::string& name) override {
        if (stay) throw Error(ErrorCode::kUnavailable, "where keys lie is away");
        ForwardingRecords::remove(name);
    }

    bool stay = true;
};

}  // namespace lucerna::test
