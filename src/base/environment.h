#pragma once

#include <string>
#include <vector>

namespace lucerna {

/// From here on nothing that this process was started with in its environment, for other programs
/// perhaps, sends on what is about patients, or shows it: no file gets the secrets of TLS
/// connections, and PostgreSQL is reached where the configuration says. Call before there are
/// threads. Returns the names of what is left out.
std::vector<std::string> leave_out_environment();

}  // namespace lucerna
