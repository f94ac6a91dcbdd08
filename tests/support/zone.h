#pragma once

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

namespace lucerna::test {

/// Central European time for this process while it lives; by POSIX's own form, which needs no
/// zone database.
class CentralEurope {
  public:
    CentralEurope() {
        if (const char* zone = std::getenv("TZ")) before_ = zone;
        setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
        tzset();
    }
    ~CentralEurope() {
        if (before_)
            setenv("TZ", before_->c_str(), 1);
        else
            unsetenv("TZ");
        tzset();
    }
    CentralEurope(const CentralEurope&) = delete;
    CentralEurope& operator=(const CentralEurope&) = delete;

  private:
    std::optional<std::string> before_;
};

}  // namespace lucerna::test
