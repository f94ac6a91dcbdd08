#pragma once

#include <string>
#include <utility>

namespace lucerna {

/// For whom this thread works while there is one: the address of whoever asked (peer_address), so
/// that what it holds is known to be that host's. Threads that nobody asked work for "".
class CurrentPeer {
  public:
    explicit CurrentPeer(std::string address)
        : before_(std::exchange(address_, std::move(address))) {}
    ~CurrentPeer() { address_ = std::move(before_); }
    CurrentPeer(const CurrentPeer&) = delete;
    CurrentPeer& operator=(const CurrentPeer&) = delete;

    [[nodiscard]] static const std::string& address() { return address_; }

  private:
    static inline thread_local std::string address_;
    std::string before_;
};

}  // namespace lucerna
