#include "base/environment.h"

#include <cstdlib>

namespace lucerna {

std::vector<std::string> leave_out_environment() {
    std::vector<std::string> left_out;
    for (const char* name : {
             // libcurl, and OpenSSL from 3.5 on, write to that file what decrypts each connection.
             "SSLKEYLOGFILE",
             // libpq goes to this address, whatever host it was told.
             "PGHOSTADDR",
             // It takes all that it was not told from there, that address and the use of TLS too.
             "PGSERVICE",
         }) {
        if (std::getenv(name) == nullptr) continue;
        ::unsetenv(name);
        left_out.emplace_back(name);
    }
    return left_out;
}

}  // namespace lucerna
