#include "deidentify/project_place.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "vault/held_keys.h"

namespace lucerna::deidentify {

namespace fs = std::filesystem;

fs::path ProjectFolder::path_of(const std::string& name) const {
    return folder_ / (name + ".json");
}

std::string ProjectFolder::read(const std::string& name) {
    return vault::read_secretly(path_of(name));
}

void ProjectFolder::create(const std::string& name, const std::string& text) {
    std::error_code failure;
    const bool is_new = fs::create_directories(folder_, failure);
    if (failure)
        throw Error(ErrorCode::kIo, "cannot create " + folder_.string() + ": " + failure.message());
    (void)vault::create_secretly(path_of(name), text);
    if (is_new) sync_folder(folder_.parent_path());
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
    sync_folder(folder_);
}

std::vector<std::string> ProjectFolder::names() {
    std::vector<std::string> all;
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_, none))
        if (entry.path().extension() == ".json") all.push_back(entry.path().stem().string());
    std::sort(all.begin(), all.end());
    return all;
}

std::vector<std::string> ProjectFolder::names_within() {
    std::vector<std::string> all;
    std::error_code none;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_, none))
        if (entry.is_directory(none) && !ProjectFolder(Whole{entry.path()}).names().empty())
            all.push_back(entry.path().filename().string());
    std::sort(all.begin(), all.end());
    return all;
}

std::string ProjectFolder::called(const std::string& name) const {
    return path_of(name).string();
}

std::unique_ptr<ProjectPlace> ProjectFolder::within(const std::string& name) const {
    return std::unique_ptr<ProjectPlace>(new ProjectFolder(Whole{folder_ / name}));
}

}  // namespace lucerna::deidentify
