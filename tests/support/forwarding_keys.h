#pragma once

#include <string>
#include <string_view>

#include "vault/key_provider.h"

namespace lucerna::test {

/// Lets another provider do everything; a test overrides what it wants to see or to fail.
class ForwardingKeys : public vault::KeyProvider {
  public:
    /// Borrowed.
    explicit ForwardingKeys(vault::KeyProvider& keys) : keys_(keys) {}
    [[nodiscard]] std::string current_key() const override { return keys_.current_key(); }
    [[nodiscard]] vault::WrappedKey wrap(const vault::SecretKey& key,
                                         std::string_view purpose) override {
        return keys_.wrap(key, purpose);
    }
    [[nodiscard]] vault::SecretKey unwrap(const vault::WrappedKey& wrapped,
                                          std::string_view purpose) override {
        return keys_.unwrap(wrapped, purpose);
    }
    void rotate() override { keys_.rotate(); }
    void forget_older(const std::string& kept) override { keys_.forget_older(kept); }

  private:
    vault::KeyProvider& keys_;
};

}  // namespace lucerna::test
