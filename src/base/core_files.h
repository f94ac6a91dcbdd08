#pragma once

namespace lucerna {

/// From here on a crash leaves no file with this process's memory, in which keys and patients' data
/// are in clear: neither where the system writes core files, nor where it hands them to a program
/// (core(5)). A debugger may still be attached.
void leave_no_core_files() noexcept;

}  // namespace lucerna
