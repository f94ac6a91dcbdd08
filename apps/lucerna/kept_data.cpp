#include "kept_data.h"

#include "base/error.h"
#include "exam/view.h"
#include "prepare/view_codes.h"

namespace lucerna {

std::unique_ptr<vault::KeyProvider> open_keys(const std::filesystem::path& data,
                                              const std::string& keys,
                                              const std::filesystem::path& key_file) {
    if (key_file.empty()) return vault::open_key_provider(keys, data);
    if (!keys.empty())
        throw Error(ErrorCode::kInvalidInput, "keys and key_file are given: one of them says it");
    return vault::open_key_provider("file:" + key_file.string(), data);
}

store::StoreOptions store_options(const ServeSettings& settings) {
    constexpr std::string_view kPostgres = "postgres:";
    store::StoreOptions options{settings.data, archived_view_of};
    if (settings.store_index.starts_with(kPostgres))
        options.postgres = settings.store_index.substr(kPostgres.size());
    else if (settings.store_index != "sqlite")
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

std::string archived_view_of(const dicom::DataSet& data_set) {
    const auto name = prepare::view_name_of(data_set);
    return name ? exam::to_string(*name) : "";
}

}  // namespace lucerna
