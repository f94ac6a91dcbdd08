#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/encoding.h"

namespace lucerna {

/// SHA-256 (FIPS 180-4) of what was added so far.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void add(ByteView bytes);
    /// Lower-case hexadecimal, 64 characters. Call once.
    [[nodiscard]] std::string finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

[[nodiscard]] std::string sha256(ByteView bytes);
/// Throws Error(kIo) if the file cannot be read.
[[nodiscard]] std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace lucerna
