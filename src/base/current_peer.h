#pragma once

#include <string>
#include <utility>

#include "base/peer_address.h"

namespace lucerna {

/// For whom this thread works while there is one: the host of whoever asked (host_of), so that what
/// it holds is known to be that host's. Threads that nobody asked work for "".
class CurrentPeer {
  public:
    explicit CurrentPeer(const std::string& address)
        : before_(std::exchange(host_, host_of(address))) {}
    ~CurrentPeer() { host_ = std::move(before_); }
    CurrentPeer(const CurrentPeer&) = delete;
    CurrentPeer& operator=(const CurrentPeer&) = delete;

    [[nodiscard]] static const std::string& host() { return host_; }

  private:
    static inline thread_local std::string host_;
    std::string before_;
};

}  // namespace lucerna
