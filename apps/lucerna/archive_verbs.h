#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "settings.h"
#include "store/store.h"
#include "verbs.h"

namespace lucerna {

/// What every verb that works on the store of a server that is not running is told.
struct ArchiveOptions {
    std::filesystem::path data = "data";
    std::string keys;
    std::filesystem::path key_file;
    /// Of the server; says all that is above.
    std::filesystem::path config;
};

[[nodiscard]] ServeSettings settings_of(const ArchiveOptions& options);

void add_archive_options(CLI::App& verb, ArchiveOptions& options);
/// Throws Error(kNotFound): a verb for what is kept does not make a folder.
void require_folder(const std::filesystem::path& data);
/// Opens the store and calls `work` on it.
[[nodiscard]] ExitCode with_archive(const ArchiveOptions& options,
                                    const std::function<ExitCode(store::Archive&)>& work);
/// The user's name, as the audit trail notes it.
[[nodiscard]] std::string who_runs_this();

}  // namespace lucerna
