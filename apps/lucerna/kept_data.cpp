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

std::string archived_view_of(const dicom::DataSet& data_set) {
    const auto name = prepare::view_name_of(data_set);
    return name ? exam::to_string(*name) : "";
}

}  // namespace lucerna
