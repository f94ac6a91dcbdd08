#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/encoding.h"
#include "dicom/tls.h"

struct ssl_ctx_st;
struct ssl_st;

namespace lucerna::dicom {

enum class TlsRole { kServer, kClient };

/// Keys, trust and rules that many connections share. Safe for several threads.
class TlsContext {
  public:
    /// Throws Error(kInvalidInput), naming the file that can't be read or does not fit.
    TlsContext(const TlsOptions& options, TlsRole role);

    [[nodiscard]] TlsRole role() const { return role_; }

  private:
    friend class TlsSession;
    struct Free {
        void operator()(ssl_ctx_st* context) const;
    };
    std::unique_ptr<ssl_ctx_st, Free> context_;
    TlsRole role_;
    std::string expected_host_;
};

/// TLS over one non-blocking socket, which it borrows. Never raises SIGPIPE.
class TlsSession {
  public:
    TlsSession(const TlsContext& context, int socket);

    enum class State { kDone, kWantsToRead, kWantsToWrite, kClosed, kFailed };
    struct Step {
        State state = State::kFailed;
        std::size_t bytes = 0;
    };
    [[nodiscard]] Step handshake();
    [[nodiscard]] Step read(std::span<std::uint8_t> into);
    [[nodiscard]] Step write(ByteView bytes);
    /// Decrypted bytes wait to be read.
    [[nodiscard]] bool has_pending() const;
    /// Says goodbye as far as that goes without waiting.
    void close();
    /// Why the last step failed.
    [[nodiscard]] const std::string& why() const { return why_; }

  private:
    [[nodiscard]] Step outcome(int result, std::size_t bytes);
    struct Free {
        void operator()(ssl_st* session) const;
    };
    std::unique_ptr<ssl_st, Free> session_;
    TlsRole role_;
    std::string why_;
};

}  // namespace lucerna::dicom
