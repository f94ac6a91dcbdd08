#pragma once

#include <pthread.h>

#include <cstddef>

namespace lucerna::test {

/// While one lives, the system gives no further thread: each would have more for its stack than
/// there are addresses.
class NoThreads {
  public:
    NoThreads() {
        ::pthread_getattr_default_np(&before_);
        pthread_attr_t none;
        ::pthread_attr_init(&none);
        ::pthread_attr_setstacksize(&none, std::size_t{1} << 47);
        ::pthread_setattr_default_np(&none);
        ::pthread_attr_destroy(&none);
    }
    ~NoThreads() {
        ::pthread_setattr_default_np(&before_);
        ::pthread_attr_destroy(&before_);
    }
    NoThreads(const NoThreads&) = delete;
    NoThreads& operator=(const NoThreads&) = delete;

  private:
    pthread_attr_t before_{};
};

}  // namespace lucerna::test
