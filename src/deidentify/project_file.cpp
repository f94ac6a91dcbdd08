#include "deidentify/project_file.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "base/encoding.h"
#include "base/error.h"

namespace lucerna::deidentify {
namespace {

constexpr std::string_view kFormat = "lucerna-project/1";

std::string purpose_of(const std::string& name) {
    return "de-identification project " + name;
}

bool is_name(const std::string& name) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), fits);
}

void require_name(const std::string& name) {
    if (!is_name(name))
        throw Error(ErrorCode::kInvalidInput,
                    "\"" + name + "\" is no project: 1 to 40 of a-z, 0-9, - and _");
}

std::string to_text(const vault::WrappedKey& wrapped) {
    const nlohmann::ordered_json json = {{"format", kFormat},
                                         {"provider_key", wrapped.provider_key},
                                         {"secret", to_base64(wrapped.bytes)}};
    return json.dump() + "\n";
}

vault::WrappedKey wrapped_in(const std::string& text, const std::string& place) {
    try {
        const auto json = nlohmann::json::parse(text);
        if (json.at("format").get<std::string>() != kFormat)
            throw Error(ErrorCode::kCorrupt, place + " is of another format");
        return {json.at("provider_key").get<std::string>(),
                from_base64(json.at("secret").get<std::string>())};
    } catch (const nlohmann::json::exception&) {
        throw Error(ErrorCode::kCorrupt, place + " is no project file");
    }
}

vault::SecretKey secret_in(ProjectPlace& place, const std::string& name, const std::string& text,
                           vault::KeyProvider& keys) {
    return keys.unwrap(wrapped_in(text, place.called(name)), purpose_of(name));
}

/// Notes of what was given out are only made of a project that there is.
bool is_lost(ProjectPlace& place, const std::string& name) {
    return place.read(name).empty() && !place.within(name)->names().empty() &&
           // One that another makes meanwhile.
           place.read(name).empty();
}

std::string loss_of(const ProjectPlace& place, const std::string& name) {
    return place.called(name) +
           " is missing, and what the project gave out is noted beside it, in the folder " + name +
           ": put it back from a backup; if there is none, move that folder out of projects, and "
           "the project begins anew, with other pseudonyms, UIDs and dates "
           "(docs/deidentification.md)";
}

std::string not_the_secret(const ProjectPlace& place, const std::string& name) {
    return place.called(name) +
           " is not the secret by which the project gave out what is noted in the folder " + name +
           ", or else all that is noted is damaged: put back from a backup what belongs together "
           "(docs/deidentification.md)";
}

void require_not_lost(ProjectPlace& place, const std::string& name) {
    if (is_lost(place, name)) throw Error(ErrorCode::kCorrupt, loss_of(place, name));
}

/// What something is noted of; a folder that was moved out of the way is of no project.
std::vector<std::string> noted_projects(ProjectPlace& place) {
    std::vector<std::string> names = place.names_within();
    std::erase_if(names, [](const std::string& name) { return !is_name(name); });
    return names;
}

using Damages = std::vector<std::pair<std::string, std::string>>;

void add_damages_within(const ProjectPlace& place, const Project& project, Damages& damages) {
    const auto given = place.within(project.name());
    for (const std::string& study : given->names()) {
        std::string what;
        try {
            if (project.is_damaged(study, given->read(study))) what = "it is not as it was written";
        } catch (const Error& error) {
            what = error.what();
        }
        if (!what.empty())
            damages.emplace_back("projects/" + project.name() + "/" + study + ".json", what);
    }
}

/// Something is noted in `place`, and nothing of it opens by that secret. Throws as
/// ProjectPlace::read.
bool is_noted_by_another(const ProjectPlace& place, const Project& project) {
    const auto given = place.within(project.name());
    bool is_any_there = false;
    for (const std::string& study : given->names()) {
        const std::string text = given->read(study);
        if (text.empty()) continue;  // taken elsewhere meanwhile
        if (!project.is_damaged(study, text)) return false;
        is_any_there = true;
    }
    return is_any_there;
}

}  // namespace

Project open_project(ProjectPlace& place, const std::string& name, vault::KeyProvider& keys) {
    require_name(name);
    std::string text = place.read(name);
    if (text.empty()) {
        require_not_lost(place, name);
        const vault::SecretKey secret = vault::SecretKey::random();
        vault::WrappedKey wrapped = keys.wrap(secret, purpose_of(name));
        place.create(name, to_text(wrapped));
        // Another's, if that was first.
        text = place.read(name);
        // Who rotates the keys from elsewhere looked for projects before this was one, it may be.
        constexpr int kMostTimes = 3;
        for (int times = 0; text == to_text(wrapped) && keys.current_key() != wrapped.provider_key;
             ++times) {
            if (times == kMostTimes)
                throw Error(ErrorCode::kUnavailable,
                            place.called(name) + " cannot be had under the present key");
            wrapped = keys.wrap(secret, purpose_of(name));
            place.write(name, to_text(wrapped));
            text = place.read(name);
        }
    }
    Project project(name, secret_in(place, name, text, keys), place.within(name));
    if (is_noted_by_another(place, project))
        throw Error(ErrorCode::kCorrupt, not_the_secret(place, name));
    return project;
}

void take_over_project(ProjectPlace& from, ProjectPlace& to, const std::string& name,
                       vault::KeyProvider& keys) {
    require_name(name);
    const std::string text = from.read(name);
    if (text.empty()) {
        if (to.read(name).empty()) require_not_lost(from, name);
        return;
    }
    try {
        const vault::SecretKey secret = secret_in(from, name, text, keys);
        // It may be there again from a backup; another one would make damage of what is noted.
        if (is_lost(to, name) && is_noted_by_another(to, {name, secret_in(from, name, text, keys)}))
            throw Error(ErrorCode::kCorrupt, loss_of(to, name));
        to.create(name, text);
        if (secret != secret_in(to, name, to.read(name), keys))
            throw Error(ErrorCode::kConflict,
                        "they are two secrets, with pseudonyms, UIDs and dates of their own");
    } catch (const Error& error) {
        const bool are_two =
            error.code() == ErrorCode::kConflict || error.code() == ErrorCode::kCorrupt;
        throw Error(error.code(),
                    "project " + name + ": " + from.called(name) + " does not go into " +
                        to.called(name) +
                        (are_two ? "; remove the one that is not to be gone on with "
                                   "(docs/deidentification.md)"
                                 : ""),
                    error);
    }
    const auto given = from.within(name);
    const auto into = to.within(name);
    for (const std::string& study : given->names()) {
        into->create(study, given->read(study));
        given->remove(study);
    }
    from.remove(name);
}

Damages damages_of_projects(ProjectPlace& place, vault::KeyProvider& keys) {
    Damages damages;
    const std::vector<std::string> names = place.names();
    for (const std::string& name : names) {
        try {
            const std::string text = place.read(name);
            add_damages_within(place, {name, secret_in(place, name, text, keys)}, damages);
            if (to_text(wrapped_in(text, place.called(name))) != text)
                throw Error(ErrorCode::kCorrupt, place.called(name) + " is not as it was made");
        } catch (const Error& error) {
            damages.emplace_back("projects/" + name + ".json", error.what());
        }
    }
    for (const std::string& name : noted_projects(place))
        if (!std::binary_search(names.begin(), names.end(), name) && is_lost(place, name))
            damages.emplace_back("projects/" + name + ".json", loss_of(place, name));
    return damages;
}

std::vector<std::string> names_of_projects(ProjectPlace& place) {
    std::vector<std::string> kept = place.names(), noted = noted_projects(place), all;
    std::set_union(kept.begin(), kept.end(), noted.begin(), noted.end(), std::back_inserter(all));
    return all;
}

void require_secrets(ProjectPlace& place, vault::KeyProvider& keys) {
    for (const std::string& name : names_of_projects(place)) {
        require_not_lost(place, name);
        const std::string text = place.read(name);
        if (text.empty()) continue;
        const Project project(name, secret_in(place, name, text, keys));
        if (is_noted_by_another(place, project))
            throw Error(ErrorCode::kCorrupt, not_the_secret(place, name));
    }
}

namespace {

/// True where it was not under the current key already. It opens (KeyProvider::wrap) before it
/// takes the other's place, and is shown to lie there then.
bool rewrap(ProjectPlace& place, const std::string& name, const std::string& text,
            vault::KeyProvider& keys) {
    const std::string where = place.called(name);
    vault::WrappedKey wrapped = wrapped_in(text, where);
    const bool is_new = wrapped.provider_key != keys.current_key();
    if (is_new) {
        wrapped = keys.rewrap(wrapped, purpose_of(name));
        const std::string under_current = to_text(wrapped);
        place.write(name, under_current);
        // What stands between may once give what does not lie there.
        if (place.read(name) != under_current && place.read(name) != under_current)
            throw Error(ErrorCode::kUnavailable, where + " was written, and is not what it was");
    } else {
        (void)keys.unwrap(wrapped, purpose_of(name));
    }
    return is_new;
}

}  // namespace

std::size_t rewrap_projects(ProjectPlace& place, vault::KeyProvider& keys,
                            const std::vector<std::string>& named) {
    std::size_t count = 0;
    std::set<std::string> seen;
    // What a backup has of it may be under a key that is to end.
    for (const std::string& name : noted_projects(place)) require_not_lost(place, name);
    for (const std::string& name : named) {
        require_name(name);
        require_not_lost(place, name);
        const std::string text = place.read(name);
        if (text.empty() || !seen.insert(name).second) continue;
        if (rewrap(place, name, text, keys)) ++count;
    }
    // A listing may lack what the next one has.
    for (int without_more = 0; without_more < 2; ++without_more)
        for (const std::string& name : place.names()) {
            if (!seen.insert(name).second) continue;
            without_more = -1;
            if (rewrap(place, name, place.read(name), keys)) ++count;
        }
    return count;
}

}  // namespace lucerna::deidentify
