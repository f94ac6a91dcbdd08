#include "deidentify/project_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "vault/held_keys.h"

namespace lucerna::deidentify {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "lucerna-project/1";

fs::path folder_of(const fs::path& data_folder) {
    return data_folder / "projects";
}

std::string purpose_of(const std::string& name) {
    return "de-identification project " + name;
}

void require_name(const std::string& name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (name.empty() || name.size() > 40 || !std::all_of(name.begin(), name.end(), fits))
        throw Error(ErrorCode::kInvalidInput,
                    "\"" + name + "\" is no project: 1 to 40 of a-z, 0-9, - and _");
}

std::string to_text(const vault::WrappedKey& wrapped) {
    const nlohmann::ordered_json json = {{"format", kFormat},
                                         {"provider_key", wrapped.provider_key},
                                         {"secret", to_base64(wrapped.bytes)}};
    return json.dump() + "\n";
}

vault::WrappedKey wrapped_in(const std::string& text, const fs::path& path) {
    try {
        const auto json = nlohmann::json::parse(text);
        if (json.at("format").get<std::string>() != kFormat)
            throw Error(ErrorCode::kCorrupt, path.string() + " is of another format");
        return {json.at("provider_key").get<std::string>(),
                from_base64(json.at("secret").get<std::string>())};
    } catch (const nlohmann::json::exception&) {
        throw Error(ErrorCode::kCorrupt, path.string() + " is no project file");
    }
}

}  // namespace

Project open_project(const fs::path& data_folder, const std::string& name,
                     vault::KeyProvider& keys) {
    require_name(name);
    const fs::path path = folder_of(data_folder) / (name + ".json");
    std::string text = vault::read_secretly(path);
    if (text.empty()) {
        std::error_code failure;
        fs::create_directories(path.parent_path(), failure);
        if (failure)
            throw Error(ErrorCode::kIo,
                        "cannot create " + path.parent_path().string() + ": " + failure.message());
        // Of two that make it at once, the first one's secret holds for both.
        (void)vault::create_secretly(
            path, to_text(keys.wrap(vault::SecretKey::random(), purpose_of(name))));
        sync_folder(data_folder);
        text = vault::read_secretly(path);
    }
    return {name, keys.unwrap(wrapped_in(text, path), purpose_of(name))};
}

bool has_projects(const fs::path& data_folder) {
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_of(data_folder), none))
        if (entry.path().extension() == ".json") return true;
    return false;
}

std::vector<std::pair<std::string, std::string>> damages_of_projects(const fs::path& data_folder,
                                                                     vault::KeyProvider& keys) {
    std::vector<std::pair<std::string, std::string>> damages;
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_of(data_folder), none)) {
        if (entry.path().extension() != ".json") continue;
        const std::string file = "projects/" + entry.path().filename().string();
        try {
            const std::string text = vault::read_secretly(entry.path());
            const vault::WrappedKey wrapped = wrapped_in(text, entry.path());
            (void)keys.unwrap(wrapped, purpose_of(entry.path().stem().string()));
            if (to_text(wrapped) != text)
                throw Error(ErrorCode::kCorrupt, entry.path().string() + " is not as it was made");
        } catch (const Error& error) {
            damages.emplace_back(file, error.what());
        }
    }
    std::sort(damages.begin(), damages.end());
    return damages;
}

std::size_t rewrap_projects(const fs::path& data_folder, vault::KeyProvider& keys) {
    std::size_t count = 0;
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_of(data_folder), none)) {
        if (entry.path().extension() != ".json") continue;
        const vault::WrappedKey wrapped =
            wrapped_in(vault::read_secretly(entry.path()), entry.path());
        if (wrapped.provider_key == keys.current_key()) continue;
        vault::write_secretly(
            entry.path(), to_text(keys.rewrap(wrapped, purpose_of(entry.path().stem().string()))));
        ++count;
    }
    return count;
}

}  // namespace lucerna::deidentify
