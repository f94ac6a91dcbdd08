#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "dicom/data_set.h"
#include "settings.h"
#include "store/store.h"
#include "vault/key_provider.h"

namespace lucerna {

/// Which keys open a data folder, as `keys` ("SCHEME:REST") or the older `key_file` say; both empty
/// is the key file in the folder. Throws Error(kInvalidInput) when both are given, and what
/// vault::open_key_provider throws: kNotFound where they are missing and something is kept under
/// them.
[[nodiscard]] std::unique_ptr<vault::KeyProvider> open_keys(const std::filesystem::path& data,
                                                            const std::string& keys,
                                                            const std::filesystem::path& key_file);
/// The same of whatever the settings say, with an index or objects elsewhere.
[[nodiscard]] std::unique_ptr<vault::KeyProvider> open_keys(const ServeSettings& settings);

/// The key-encryption keys lie in the data folder itself, and projects have secrets there: nothing
/// elsewhere can have been wrapped under them without being told of this folder.
[[nodiscard]] store::OwnKeys own_keys_of(const ServeSettings& settings);

/// Where index and objects are, as `store.index` and `store.objects` say. Throws
/// Error(kInvalidInput) naming the setting.
[[nodiscard]] store::StoreOptions store_options(const ServeSettings& settings);

/// Where `serve` writes what was done to objects that it sent de-identified.
[[nodiscard]] std::filesystem::path reports_folder(const ServeSettings& settings);

/// "R-CC", or empty: how the archive notes the view of an image.
[[nodiscard]] std::string archived_view_of(const dicom::DataSet& data_set);

}  // namespace lucerna
