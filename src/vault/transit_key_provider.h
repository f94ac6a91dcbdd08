#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "vault/key_provider.h"

namespace lucerna::vault {

/// How long a transit service is waited for.
struct TransitPatience {
    /// A whole exchange.
    std::chrono::milliseconds whole{20'000};
    /// Whoever waited for less, as he came late to it, says nothing of the service to others.
    std::chrono::milliseconds telling{1'000};
    /// After a request that was left without an answer: until one for which an answer is due
    /// (AnswerDue) is tried again.
    std::chrono::milliseconds silence{2'000};
    /// A whole exchange once the program ends.
    std::chrono::milliseconds ending{1'000};
};

struct TransitOptions {
    /// Of the engine: "https://vault.example:8200/v1/transit".
    std::string engine;
    /// The name of the key in it. Made for this data folder alone: `forget_older` retires versions.
    std::string key;
    /// Holds the token; read anew for each request, since agents renew it.
    std::filesystem::path token_file;
    /// PEM file of the authorities that may vouch for the server; empty: those of the system.
    std::filesystem::path authorities;
    std::string name_space;
    TransitPatience patience;
};

/// "URL/keys/NAME?token-file=PATH&ca=PATH&namespace=NAME". Throws Error(kInvalidInput): no key in
/// it, no token file, an option that is none, or http:// to another machine.
[[nodiscard]] TransitOptions transit_options_from(std::string_view text);

/// Key-encryption keys in a service that speaks HashiCorp Vault's transit API (HTTP, version 1):
/// data keys are sent there to be encrypted and decrypted, the key itself never comes here. The
/// plaintext is the data key and the SHA-256 of its purpose, which binds them: not every such
/// service takes associated data.
class TransitKeyProvider final : public KeyProvider {
  public:
    /// Asks the service about the key. Throws Error: kUnavailable (not reached, sealed, token
    /// refused), kNotFound (no such key), both naming the service.
    explicit TransitKeyProvider(TransitOptions options);
    ~TransitKeyProvider() override;

    [[nodiscard]] std::string current_key() const override;
    /// Throws Error(kUnavailable) whatever the service answers in place of a ciphertext.
    [[nodiscard]] WrappedKey wrap(const SecretKey& key, std::string_view purpose) override;
    /// Throws as KeyProvider says: kCorrupt and kNotFound only where the service, in its own words,
    /// says so of the wrapped key, or that the version that it was wrapped by is retired.
    [[nodiscard]] SecretKey unwrap(const WrappedKey& wrapped, std::string_view purpose) override;
    void rotate() override;
    /// Sets the key's min_decryption_version to that of `kept`.
    void forget_older(const std::string& kept) override;
    void end_waits() override;

  private:
    struct Service;
    [[nodiscard]] std::string name_of_version(std::string_view ciphertext) const;
    [[nodiscard]] std::string decrypted(const std::string& ciphertext) const;
    /// Of encrypt. Throws Error(kUnavailable) where no ciphertext is in it.
    [[nodiscard]] WrappedKey wrapped_from(const std::string& answer) const;

    std::unique_ptr<Service> service_;
};

}  // namespace lucerna::vault
