#include <cstdio>
#include <memory>

#include "base/clock.h"
#include "store/store.h"
#include "vault/file_key_provider.h"
#include "verbs.h"

namespace lucerna {
namespace {

struct ArchiveOptions {
    std::filesystem::path data = "data";
    std::filesystem::path key_file;
};

/// Opens the store of a server that is not running, and calls `work` on it.
template <typename Work>
ExitCode with_archive(const ArchiveOptions& options, Work work) {
    const SystemClock clock;
    if (!std::filesystem::exists(options.data))
        throw Error(ErrorCode::kNotFound, "there is no folder " + options.data.string());
    vault::FileKeyProvider keys(options.key_file.empty() ? options.data / "kek.json"
                                                         : options.key_file);
    store::Store store({options.data, {}}, keys, clock);
    return work(store.archive());
}

ExitCode print(const std::vector<store::Damage>& damages, const store::Archive::Totals& totals) {
    for (const store::Damage& damage : damages)
        std::printf("damaged %s%s%s: %s\n", damage.object.c_str(),
                    damage.sop_instance_uid.empty() ? "" : " ", damage.sop_instance_uid.c_str(),
                    damage.what.c_str());
    std::printf("%llu instances in %llu studies, %llu bytes; %zu damaged\n",
                static_cast<unsigned long long>(totals.instances),
                static_cast<unsigned long long>(totals.studies),
                static_cast<unsigned long long>(totals.bytes), damages.size());
    return damages.empty() ? kDone : kBadInput;
}

template <typename Work>
void add_verb(CLI::App& app, Chosen& chosen, const char* name, const char* help, Work work) {
    auto options = std::make_shared<ArchiveOptions>();
    CLI::App* verb = app.add_subcommand(name, help);
    verb->add_option("--data", options->data, "Data folder of a server that is not running")
        ->capture_default_str();
    verb->add_option("--key-file", options->key_file, "File of the key-encryption keys");
    verb->callback([options, work, &chosen] {
        chosen = [options, work] { return with_archive(*options, work); };
    });
}

}  // namespace

void add_archive(CLI::App& app, Chosen& chosen) {
    add_verb(app, chosen, "verify", "Read every kept object and check it against the index",
             [](store::Archive& archive) { return print(archive.verify(), archive.totals()); });
    add_verb(app, chosen, "reindex", "Enter into the index what lies among the objects",
             [](store::Archive& archive) { return print(archive.reindex(), archive.totals()); });
}

}  // namespace lucerna
