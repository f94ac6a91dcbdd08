#pragma once

namespace lucerna {

/// From here on nothing that this process was started with in its environment, for other programs
/// perhaps, sends on what is about patients, or shows it: no file gets the secrets of TLS
/// connections, and PostgreSQL is reached where the configuration says. Call before there are
/// threads.
void leave_out_environment() noexcept;

}  // namespace lucerna
