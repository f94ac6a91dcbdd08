#include "deidentify/project_place.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "vault/held_keys.h"

namespace lucerna::deidentify {

namespace fs = std::filesystem;

fs::path ProjectFolder::path_of(const std::string& name) const {
    return data_folder_ / "projects" / (name + ".json");
}

std::string ProjectFolder::read(const std::string& name) {
    return vault::read_secretly(path_of(name));
}

void ProjectFolder::create(const std::string& name, const std::string& text) {
    const fs::path folder = path_of(name).parent_path();
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure)
        throw Error(ErrorCode::kIo, "cannot create " + folder.string() + ": " + failure.message());
    (void)vault::create_secretly(path_of(name), text);
    sync_folder(data_folder_);
}

void ProjectFolder::write(const std::string& name, const std::string& text) {
    vault::write_secretly(path_of(name), text);
}

void ProjectFolder::remove(const std::string& name) {
    std::error_code failure;
    fs::remove(path_of(name), failure);
    if (failure)
        throw Error(ErrorCode::kIo,
                    "cannot remove " + path_of(name).string() + ": " + failure.message());
    sync_folder(path_of(name).parent_path());
}

std::vector<std::string> ProjectFolder::names() {
    std::vector<std::string> all;
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(data_folder_ / "projects", none))
        if (entry.path().extension() == ".json") all.push_back(entry.path().stem().string());
    std::sort(all.begin(), all.end());
    return all;
}

std::string ProjectFolder::called(const std::string& name) const {
    return path_of(name).string();
}

}  // namespace lucerna::deidentify
