#include "kept_data.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "exam/view.h"
#include "kept_projects.h"
#include "prepare/view_codes.h"
#include "store/used.h"
#include "verbs.h"

namespace lucerna {

namespace {

bool has_projects(const std::filesystem::path& data) {
    return !deidentify::ProjectFolder(data).names().empty();
}

bool has_projects(const ServeSettings& settings) {
    return has_projects(settings.data) || !KeptProjects(settings).place().names().empty();
}

std::unique_ptr<vault::KeyProvider> opened(const std::filesystem::path& data,
                                           const std::string& keys,
                                           const std::filesystem::path& key_file,
                                           const vault::IsUsed& is_used) {
    if (key_file.empty()) return vault::open_key_provider(keys, data, is_used);
    if (!keys.empty())
        throw Error(ErrorCode::kInvalidInput, "keys and key_file are given: one of them says it");
    return vault::open_key_provider("file:" + key_file.string(), data, is_used);
}

}  // namespace

std::unique_ptr<vault::KeyProvider> open_keys(const std::filesystem::path& data,
                                              const std::string& keys,
                                              const std::filesystem::path& key_file) {
    return opened(data, keys, key_file, [&] {
        return store::is_used({data, archived_view_of}) || has_projects(data);
    });
}

std::unique_ptr<vault::KeyProvider> open_keys(const ServeSettings& settings) {
    return opened(settings.data, settings.keys, settings.key_file, [&] {
        return store::is_used(store_options(settings)) || has_projects(settings);
    });
}

namespace {

/// `path` is in `folder`, whatever links lead there.
bool lies_in(const std::filesystem::path& path, const std::filesystem::path& folder) {
    std::error_code failure;
    const auto whole = std::filesystem::weakly_canonical(folder, failure);
    if (failure) return false;
    const auto there = std::filesystem::weakly_canonical(path, failure);
    if (failure) return false;
    const auto [left, _] = std::mismatch(whole.begin(), whole.end(), there.begin(), there.end());
    return left == whole.end();
}

bool keys_lie_in_folder(const ServeSettings& settings) {
    constexpr std::string_view kFile = "file:";
    if (!settings.key_file.empty()) return lies_in(settings.key_file, settings.data);
    if (settings.keys.starts_with(kFile) && settings.keys != kFile)
        return lies_in(settings.keys.substr(kFile.size()), settings.data);
    return settings.keys.empty() || settings.keys == kFile ||
           settings.keys.starts_with("passphrase:");
}

}  // namespace

store::OwnKeys own_keys_of(const ServeSettings& settings) {
    return keys_lie_in_folder(settings) && has_projects(settings) ? store::OwnKeys::kInItsFolder
                                                                  : store::OwnKeys::kUnknown;
}

store::StoreOptions store_options(const ServeSettings& settings) {
    constexpr std::string_view kPostgres = "postgres:";
    store::StoreOptions options{settings.data, archived_view_of};
    options.is_stopping = stop_requested;
    if (settings.store_index.starts_with(kPostgres))
        options.postgres = settings.store_index.substr(kPostgres.size());
    // An empty address is SQLite to StoreOptions, and whatever the environment says to libpq.
    if (settings.store_index != "sqlite" && options.postgres.empty())
        throw Error(ErrorCode::kInvalidInput, "store.index is sqlite or postgres:ADDRESS");
    if (settings.store_objects == "folder") return options;
    if (settings.store_objects != "s3")
        throw Error(ErrorCode::kInvalidInput, "store.objects is folder or s3");
    options.bucket.emplace();
    options.bucket->endpoint = settings.s3_endpoint;
    options.bucket->bucket = settings.s3_bucket;
    options.bucket->region = settings.s3_region;
    options.bucket->prefix = settings.s3_prefix;
    if (!settings.s3_prefix.empty() && !settings.s3_prefix.ends_with('/'))
        options.bucket->prefix += '/';
    options.bucket->credentials = store::s3_credentials(settings.s3_keys);
    options.bucket->authorities = settings.s3_ca;
    return options;
}

std::filesystem::path reports_folder(const ServeSettings& settings) {
    return settings.data / "deidentified";
}

std::string archived_view_of(const dicom::DataSet& data_set) {
    const auto name = prepare::view_name_of(data_set);
    return name ? exam::to_string(*name) : "";
}

}  // namespace lucerna
