#include "base/environment.h"

#include <cstdlib>

namespace lucerna {

void leave_out_environment() noexcept {
    // libcurl, and OpenSSL from 3.5 on, write to that file what decrypts each connection.
    ::unsetenv("SSLKEYLOGFILE");
    // libpq goes to this address, whatever host it was told.
    ::unsetenv("PGHOSTADDR");
    // It takes all that it was not told from there, that address and the use of TLS too.
    ::unsetenv("PGSERVICE");
}

}  // namespace lucerna
