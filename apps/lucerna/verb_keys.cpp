#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "archive_verbs.h"
#include "base/clock.h"
#include "kept_data.h"
#include "kept_projects.h"
#include "keys_lock.h"
#include "store/parts.h"
#include "vault/passphrase_key_provider.h"

namespace lucerna {
namespace {

std::vector<std::string> projects_in(const ServeSettings& settings) {
    std::vector<std::string> named;
    for (const DestinationSettings& one : settings.destinations)
        if (!one.project.empty()) named.push_back(one.project);
    return named;
}

ExitCode rotate(const ArchiveOptions& options) {
    const ServeSettings settings = settings_of(options);
    require_folder(settings.data);
    const KeysLock held(settings.data, KeysLock::For::kChange);
    const SystemClock clock;
    const store::OwnKeys own = own_keys_of(settings);
    const auto keys = open_keys(settings);
    KeptProjects projects(settings);
    deidentify::ProjectKeys with_projects(*keys, projects.place(), projects_in(settings));
    std::size_t rewrapped = 0;
    {
        store::Store store(store_options(settings), with_projects, clock);
        projects.gather(*keys);
        // They are wrapped last; one that cannot be would leave older keys that nothing ends.
        deidentify::require_secrets(projects.place(), *keys);
        rewrapped = store.archive().rotate_keys(who_runs_this(), own);
    }
    std::printf("%zu data keys are under a new key-encryption key; the older ones are ended\n",
                rewrapped);
    // Opening it seals an index in a file under its own new key.
    const store::Store renewed(store_options(settings), with_projects, clock);
    return kDone;
}

ExitCode move(const ArchiveOptions& options, const std::string& to) {
    const ServeSettings settings = settings_of(options);
    require_folder(settings.data);
    const KeysLock held(settings.data, KeysLock::For::kChange);
    const SystemClock clock;
    const auto from = open_keys(settings);
    const auto target = vault::open_key_provider(to, settings.data);
    vault::MovingKeyProvider both(*from, *target);
    // Their secrets move last; one that cannot would leave half here and half there.
    KeptProjects projects(settings);
    for (const auto& [file, what] : deidentify::damages_of_projects(projects.place(), both))
        throw Error(ErrorCode::kCorrupt,
                    "nothing was moved: " + file + ": " + what + "; put it back from a backup");
    store::Store store(store_options(settings), both, clock);
    projects.gather(both);
    const std::size_t rewrapped = store.archive().rewrap_keys(who_runs_this());
    (void)deidentify::rewrap_projects(projects.place(), both, projects_in(settings));
    store.archive().end_move();
    std::printf(
        "%zu data keys were moved. From now on: keys = \"%s\"\n"
        "What held them until now still opens copies of the data folder that were made before; "
        "end it when none is needed.\n",
        rewrapped, to.c_str());
    return kDone;
}

ExitCode change_passphrase(const ArchiveOptions& options,
                           const std::filesystem::path& replacement) {
    const ServeSettings settings = settings_of(options);
    require_folder(settings.data);
    constexpr std::string_view kScheme = "passphrase:";
    if (!settings.keys.starts_with(kScheme))
        throw Error(ErrorCode::kInvalidInput,
                    "--keys passphrase:PATH, or keys of --config, names the present passphrase");
    const std::filesystem::path file = vault::passphrase_key_file(settings.data);
    if (!std::filesystem::exists(file))
        throw Error(ErrorCode::kNotFound, "there is no key file " + file.string());
    const KeysLock held(settings.data, KeysLock::For::kChange);
    // A rotation beside it would save the keys that it ends, or under the passphrase that this
    // ends.
    const store::FolderLock alone(settings.data);
    vault::PassphraseKeyProvider provider(
        file, vault::read_passphrase(settings.keys.substr(kScheme.size())));
    provider.change_passphrase(vault::read_passphrase(replacement));
    std::printf("%s opens by the new passphrase\n", file.c_str());
    return kDone;
}

}  // namespace

void add_keys(CLI::App& app, Chosen& chosen) {
    CLI::App* keys = app.add_subcommand("keys", "Change what the data keys are sealed by");
    keys->require_subcommand(1);
    auto options = std::make_shared<ArchiveOptions>();

    CLI::App* rotation = keys->add_subcommand(
        "rotate", "Seal every data key under a new key-encryption key and end the older ones");
    add_archive_options(*rotation, *options);
    rotation->callback([options, &chosen] { chosen = [options] { return rotate(*options); }; });

    auto to = std::make_shared<std::string>();
    CLI::App* moving =
        keys->add_subcommand("move", "Seal every data key by another provider of keys");
    add_archive_options(*moving, *options);
    moving->add_option("--to", *to, "SCHEME:REST of the provider")->required();
    moving->callback(
        [options, to, &chosen] { chosen = [options, to] { return move(*options, *to); }; });

    auto replacement = std::make_shared<std::filesystem::path>();
    CLI::App* passphrase =
        keys->add_subcommand("passphrase", "Seal the key file under another passphrase");
    add_archive_options(*passphrase, *options);
    passphrase->add_option("--new", *replacement, "File of the new passphrase")->required();
    passphrase->callback([options, replacement, &chosen] {
        chosen = [options, replacement] { return change_passphrase(*options, *replacement); };
    });
}

}  // namespace lucerna
