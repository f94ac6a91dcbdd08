#include "destination_settings.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "base/error.h"
#include "base/loopback.h"

namespace lucerna {

void refuse(const std::string& message) {
    throw Error(ErrorCode::kInvalidInput, message);
}

std::string place_of(const toml::node& node, const std::string& file) {
    return file + ", line " + std::to_string(node.source().begin.line);
}

namespace {

/// Data of patients goes there.
void check_url(std::string& url, const std::string& place) {
    while (url.ends_with('/')) url.pop_back();
    constexpr std::string_view kPlain = "http://";
    const bool is_plain = url.starts_with(kPlain);
    if (!is_plain && !url.starts_with("https://"))
        refuse(place + ": destination.url begins with https://");
    if (is_plain && !is_this_machine(std::string_view(url).substr(kPlain.size())))
        refuse(place + ": http:// is for this machine; use https:// in destination.url");
}

}  // namespace

DestinationSettings destination_in(const toml::table& table, const std::string& calling_aet,
                                   const std::string& file) {
    DestinationSettings made;
    made.calling_aet = calling_aet;
    const auto text = [&](std::string_view key, auto& target) {
        if (const toml::node* node = table.get(key)) {
            if (!node->is_string())
                refuse(place_of(*node, file) + ": destination." + std::string(key) +
                       " must be a text");
            target = node->value<std::string>().value();
        }
    };
    text("name", made.name);
    text("aet", made.aet);
    text("host", made.host);
    text("calling_aet", made.calling_aet);
    text("url", made.url);
    text("token_file", made.token_file);
    text("tls_ca", made.tls_ca);
    text("tls_certificate", made.tls_certificate);
    text("tls_key", made.tls_key);
    text("deidentify", made.deidentify);
    text("project", made.project);
    made.port = static_cast<std::uint16_t>(table["port"].value_or<std::int64_t>(0));
    const auto yes_or_no = [&](std::string_view key, bool& target) {
        if (const toml::node* node = table.get(key)) {
            if (!node->is_boolean())
                refuse(place_of(*node, file) + ": destination." + std::string(key) +
                       " must be true or false");
            target = node->value<bool>().value();
        }
    };
    yes_or_no("tls", made.tls);
    yes_or_no("results", made.results);
    yes_or_no("images", made.images);
    for (const auto& [key, node] : table) {
        constexpr std::string_view kKeys[] = {"name",
                                              "aet",
                                              "host",
                                              "calling_aet",
                                              "port",
                                              "tls_ca",
                                              "tls_certificate",
                                              "tls_key",
                                              "tls",
                                              "results",
                                              "images",
                                              "deidentify",
                                              "project",
                                              "url",
                                              "token_file"};
        if (std::find(std::begin(kKeys), std::end(kKeys), key.str()) == std::end(kKeys))
            refuse(place_of(node, file) + ": a destination has no \"" + std::string(key.str()) +
                   "\"");
    }
    const bool is_dimse = !made.aet.empty() && !made.host.empty() && made.port != 0;
    const bool is_mixed = !made.aet.empty() || !made.host.empty() || made.port != 0;
    if (made.name.empty() || (made.url.empty() ? !is_dimse : is_mixed))
        refuse(place_of(table, file) +
               ": a destination needs name, and either aet, host and port or url");
    if (!made.url.empty()) check_url(made.url, place_of(table, file));
    if (made.images && !made.results)
        refuse(place_of(table, file) +
               ": destination.images goes with the results; results = false sends neither");
    if (made.deidentify.empty() != made.project.empty())
        refuse(place_of(table, file) +
               ": destination.deidentify and destination.project go together");
    return made;
}

DestinationSettings destination_from(std::string_view text, std::string_view calling_aet) {
    const std::size_t equals = text.find('=');
    const std::size_t at = text.find('@');
    if (equals == std::string_view::npos || at == std::string_view::npos || at < equals)
        refuse("\"" + std::string(text) + "\" is not NAME=AET@HOST:PORT");
    const Endpoint endpoint =
        endpoint_from("destination " + std::string(text), text.substr(at + 1), "127.0.0.1");
    DestinationSettings made;
    made.name = text.substr(0, equals);
    made.aet = text.substr(equals + 1, at - equals - 1);
    made.host = endpoint.address;
    made.port = endpoint.port;
    made.calling_aet = calling_aet;
    if (made.name.empty() || made.aet.empty() || made.aet.size() > 16 || made.port == 0)
        refuse("\"" + std::string(text) + "\" is not NAME=AET@HOST:PORT");
    return made;
}

void add_destination(ServeSettings& settings, DestinationSettings made, const std::string& place) {
    for (const DestinationSettings& other : settings.destinations)
        if (other.name == made.name)
            refuse(place + ": a destination is called " + json_quoted(made.name) +
                   " already; what it is sent goes by its name");
    settings.destinations.push_back(std::move(made));
}

std::vector<SharedTitle> shared_titles(const ServeSettings& settings) {
    std::vector<SharedTitle> shared;
    for (auto at = settings.destinations.begin(); at != settings.destinations.end(); ++at) {
        if (at->aet.empty() || !at->deidentify.empty()) continue;
        const auto first =
            std::find_if(settings.destinations.begin(), at, [&](const DestinationSettings& other) {
                return other.aet == at->aet && other.deidentify.empty();
            });
        if (first != at) shared.push_back({at->aet, first->name, at->name});
    }
    return shared;
}

}  // namespace lucerna
