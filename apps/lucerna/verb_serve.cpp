#include <poll.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/open_files.h"
#include "base/peer_address.h"
#include "dicom/byte_budget.h"
#include "dicom/decoding_memory.h"
#include "http/guard.h"
#include "kept_data.h"
#include "kept_projects.h"
#include "pipeline/log_queue.h"
#include "pipeline/server.h"
#include "samples.h"
#include "settings.h"
#include "verbs.h"

namespace lucerna {
namespace {

namespace fs = std::filesystem;

/// What the command line said; empty where it said nothing.
struct ServeArguments {
    fs::path config;
    std::string data, keys, http, dicom, aet, model, web;
    std::vector<std::string> destinations;
    std::vector<std::string> sets;
    int samples = 0;
    bool print_configuration_page = false;
};

ServeSettings settings_from(const ServeArguments& arguments) {
    ServeSettings settings =
        arguments.config.empty() ? default_settings() : read_settings(arguments.config);
    if (!arguments.data.empty()) settings.data = arguments.data;
    if (!arguments.keys.empty()) settings.keys = arguments.keys;
    if (!arguments.http.empty()) {
        const Endpoint endpoint = endpoint_from("--http", arguments.http, settings.http_address);
        settings.http_address = endpoint.address;
        settings.http_port = endpoint.port;
    }
    if (!arguments.dicom.empty()) {
        const Endpoint endpoint = endpoint_from("--dicom", arguments.dicom, settings.dicom_address);
        settings.dicom_address = endpoint.address;
        settings.dicom_port = endpoint.port;
    }
    if (!arguments.aet.empty()) settings.aet = arguments.aet;
    if (!arguments.model.empty()) settings.model = arguments.model;
    if (!arguments.web.empty()) settings.web = arguments.web;
    for (const std::string& set : arguments.sets) {
        const std::size_t equals = set.find('=');
        if (equals == std::string::npos)
            throw Error(ErrorCode::kInvalidInput, "--set wants KEY=VALUE, not \"" + set + "\"");
        set_from_text(settings, std::string_view(set).substr(0, equals),
                      std::string_view(set).substr(equals + 1));
    }
    for (const std::string& text : arguments.destinations)
        add_destination(settings, destination_from(text, settings.aet), "--destination " + text);
    require_ae_titles(settings);
    if (settings.model.empty()) settings.model = default_model_folder();
    if (settings.web.empty()) settings.web = default_web_folder();
    return settings;
}

std::optional<dicom::TlsOptions> tls_options(const fs::path& certificate, const fs::path& key,
                                             const fs::path& authorities,
                                             dicom::PeerCertificate without_authorities) {
    if (certificate.empty() && key.empty() && authorities.empty()) return {};
    dicom::TlsOptions tls;
    tls.certificate_file = certificate;
    tls.key_file = key;
    tls.trusted_file = authorities;
    if (authorities.empty()) tls.peer_certificate = without_authorities;
    return tls;
}

/// The words behind a token.
constexpr std::pair<std::string_view, http::BearerToken::Rights> kRights[] = {
    {"read", http::BearerToken::Rights::kRead},
    {"write", http::BearerToken::Rights::kReadAndWrite},
    {"delete", http::BearerToken::Rights::kDelete},
};

http::BearerToken::Rights rights_from(const std::string& word, const std::string& where) {
    for (const auto& [name, rights] : kRights)
        if (word == name) return rights;
    throw Error(ErrorCode::kInvalidInput,
                where + ": behind the token may stand read, write or delete");
}

/// "name token" or "name token right" a line; '#' begins a comment.
std::vector<http::BearerToken> tokens_in(const fs::path& path) {
    std::vector<http::BearerToken> tokens;
    if (path.empty()) return tokens;
    const Bytes content = [&] {
        try {
            return read_file(path, 1 << 20);
        } catch (const Error& error) {
            throw Error(error.code(), std::string("http.tokens: ") + error.what());
        }
    }();
    std::istringstream lines{std::string(as_text(content))};
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        std::istringstream words(line.substr(0, line.find('#')));
        const std::string where = path.string() + ", line " + std::to_string(number);
        http::BearerToken token;
        if (!(words >> token.principal)) continue;
        if (!(words >> token.token)) throw Error(ErrorCode::kInvalidInput, where + ": no token");
        if (std::string right; words >> right) token.rights = rights_from(right, where);
        tokens.push_back(std::move(token));
    }
    return tokens;
}

deliver::Destination destination_of(const DestinationSettings& settings) {
    deliver::Destination destination;
    destination.name = settings.name;
    destination.host = settings.host;
    destination.port = settings.port;
    destination.aet = settings.aet;
    destination.calling_aet = settings.calling_aet;
    destination.url = settings.url;
    destination.token_file = settings.token_file;
    destination.authorities = settings.tls_ca;
    destination.tls = tls_options(settings.tls_certificate, settings.tls_key, settings.tls_ca,
                                  dicom::PeerCertificate::kRequired);
    if (settings.tls && !destination.tls) destination.tls.emplace();
    destination.results = settings.results;
    destination.images = settings.images;
    destination.deidentified = !settings.deidentify.empty();
    return destination;
}

pipeline::Deidentifiers deidentifiers_of(const ServeSettings& settings, vault::KeyProvider& keys) {
    std::vector<deidentify::SafePrivate> safe;
    for (const std::string& text : settings.deidentify_safe_private)
        safe.push_back(deidentify::safe_private_from(text));
    KeptProjects projects(settings);
    pipeline::Deidentifiers made;
    for (const DestinationSettings& destination : settings.destinations)
        if (!destination.deidentify.empty())
            made[destination.name] = std::make_shared<const deidentify::Deidentifier>(
                deidentify::Profile::from(destination.deidentify),
                projects.open(destination.project, keys), std::string("Lucerna ") + LUCERNA_VERSION,
                safe);
    projects.gather_what_goes(keys);
    return made;
}

/// Beyond loopback, who asks must be on a list or show a certificate before anything is given out.
bool gives_out_over_dimse(const ServeSettings& settings) {
    return http::is_loopback(settings.dicom_address) || !settings.dicom_callers.empty() ||
           !settings.dicom_tls_ca.empty();
}

/// Nobody writes without a name beyond loopback, unless the operator says in so many words that
/// they may.
void require_known_senders(const ServeSettings& settings) {
    if (gives_out_over_dimse(settings) || settings.dicom_anybody_may_store) return;
    throw Error(ErrorCode::kInvalidInput,
                "dicom.address beyond loopback needs dicom.callers or dicom.tls_ca: who may store? "
                "If really anybody who reaches the port, set dicom.anybody_may_store = true");
}

std::optional<receive::MllpOptions> hl7_options(const ServeSettings& settings) {
    if (settings.hl7_listen.empty()) return {};
    const Endpoint endpoint = endpoint_from("hl7.listen", settings.hl7_listen, "127.0.0.1");
    if (!http::is_loopback(endpoint.address) && settings.hl7_callers.empty() &&
        settings.hl7_tls_ca.empty())
        throw Error(ErrorCode::kInvalidInput,
                    "hl7.listen beyond loopback needs hl7.callers or hl7.tls_ca");
    receive::MllpOptions options;
    options.address = endpoint.address;
    options.port = endpoint.port;
    for (const std::string& caller : settings.hl7_callers)
        options.callers.push_back(peer_address(caller).value_or(caller));
    options.max_connections = static_cast<std::size_t>(settings.hl7_connections);
    options.max_message_bytes = static_cast<std::size_t>(settings.hl7_max_message_bytes);
    options.idle = settings.hl7_idle;
    options.tls = tls_options(settings.hl7_tls_certificate, settings.hl7_tls_key,
                              settings.hl7_tls_ca, dicom::PeerCertificate::kUnchecked);
    return options;
}

pipeline::ServerParts parts_of(const ServeSettings& settings) {
    pipeline::ServerParts parts;
    parts.http.address = settings.http_address;
    parts.http.port = settings.http_port;
    parts.http.tls_certificate_chain = settings.http_tls_certificate;
    parts.http.tls_private_key = settings.http_tls_key;
    parts.http.tokens = tokens_in(settings.http_tokens);
    parts.deletion = settings.http_deletion;
    parts.http.user_header = settings.http_user_header;
    parts.http.allowed_origins = settings.http_origins;
    parts.http.base_url = settings.http_base_url;
    while (parts.http.base_url.ends_with('/')) parts.http.base_url.pop_back();
    parts.http.allowed_hosts = settings.http_allowed_hosts;
    parts.dicom.address = settings.dicom_address;
    parts.dicom.port = settings.dicom_port;
    if (!settings.dicom_any_called_aet) parts.dicom.called_aets = {settings.aet};
    parts.dicom.calling_aets = settings.dicom_callers;
    parts.aet = settings.aet;
    parts.query_retrieve = gives_out_over_dimse(settings);
    parts.dicom.max_associations = static_cast<std::size_t>(settings.dicom_associations);
    parts.dicom.max_pdu_bytes = settings.dicom_max_pdu_bytes;
    parts.dicom.idle = settings.dicom_idle;
    parts.dicom.stall = settings.dicom_stall;
    parts.dicom.tls = tls_options(settings.dicom_tls_certificate, settings.dicom_tls_key,
                                  settings.dicom_tls_ca, dicom::PeerCertificate::kUnchecked);
    parts.hl7 = hl7_options(settings);
    parts.orders.modality = settings.order_modality;
    parts.web = settings.web;
    parts.jurisdiction = settings.jurisdiction;
    parts.version = LUCERNA_VERSION;
    parts.quiet = settings.quiet;
    parts.reading_lease = settings.reading_lease;
    parts.delivery_lease = settings.delivery_lease;
    for (const DestinationSettings& destination : settings.destinations)
        parts.destinations.push_back(destination_of(destination));
    return parts;
}

/// Of a connection over HTTP: its socket, and the file or the socket that its answer is read from.
constexpr std::size_t kFilesOfConnection = 2;
/// Of an association: its socket, what it stores, and where it sends to.
constexpr std::size_t kFilesOfAssociation = 3;
/// The index, deliveries, the log, connections that are turned away or given up.
constexpr std::size_t kFilesOfTheRest = 384;
constexpr std::size_t kFewestConnections = 16;

/// Connections over HTTP must leave files for those that store.
void fit_into_open_files(pipeline::ServerParts& parts) {
    const std::size_t others = kFilesOfTheRest +
                               kFilesOfAssociation * parts.dicom.max_associations +
                               (parts.hl7 ? parts.hl7->max_connections : 0);
    const std::size_t wanted = others + kFilesOfConnection * parts.http.max_connections;
    const std::size_t may_have = raise_open_files(wanted);
    if (may_have >= wanted) return;
    const std::size_t left = may_have - std::min(may_have, others);
    parts.http.max_connections = std::max(kFewestConnections, left / kFilesOfConnection);
    log_event(LogLevel::kWarning, "server.few-open-files",
              {{"open_files", may_have},
               {"wanted", wanted},
               {"http_connections", parts.http.max_connections},
               {"why", "the hard limit of open files (ulimit -Hn, LimitNOFILE) allows no more"}});
}

void set_level(const std::string& name) {
    constexpr std::pair<const char*, LogLevel> kLevels[] = {{"debug", LogLevel::kDebug},
                                                            {"info", LogLevel::kInfo},
                                                            {"warning", LogLevel::kWarning},
                                                            {"error", LogLevel::kError}};
    for (const auto& [text, level] : kLevels)
        if (name == text) return set_log_level(level);
    throw Error(ErrorCode::kInvalidInput, "log_level is debug, info, warning or error");
}

std::string shown_host(const std::string& address) {
    return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

/// Of what somebody may wait for, a search for one.
constexpr std::chrono::seconds kLongestStatement{30};

ExitCode run_server(const ServeSettings& settings, const infer::ModelPackage& model, int samples) {
    const SystemClock clock;
    dicom::decoding_memory().set_limit(settings.decoding_mib << 20);
    dicom::frame_memory().set_limit((settings.decoding_mib << 20) / 4);
    dicom::intake_memory().set_limit(settings.intake_mib << 20);
    std::error_code failure;
    fs::create_directories(settings.data, failure);
    if (failure)
        throw Error(ErrorCode::kIo,
                    "cannot create " + settings.data.string() + ": " + failure.message());
    const auto keys = open_keys(settings);
    store::StoreOptions options = store_options(settings);
    options.longest_statement = kLongestStatement;
    store::Store store(options, *keys, clock);
    store.archive().require_index();
    if (store.archive().keys_are_moving())
        log_event(LogLevel::kError, "store.keys-half-moved",
                  {{"why",
                    "a move of keys was broken off: run the same `lucerna keys move` again, or one "
                    "to where the others are. Until then objects of patients whose keys are by the "
                    "other provider are refused, and projects there are not used"}});
    store::note_back_ends(options);
    if (settings.store_index != "sqlite")
        log_event(LogLevel::kWarning, "store.index-not-sealed",
                  {{"why",
                    "rows on PostgreSQL are as safe as its disk and its network: see "
                    "docs/formats/index.md"}});
    if (!gives_out_over_dimse(settings))
        log_event(LogLevel::kWarning, "server.query-retrieve-off",
                  {{"why", "beyond loopback it needs dicom.callers or dicom.tls_ca"}});
    for (const auto& [aet, moved_to, passed_over] : shared_titles(settings))
        log_event(LogLevel::kWarning, "server.shared-aet",
                  {{"aet", aet},
                   {"destination", passed_over},
                   {"moved_to", moved_to},
                   {"why", "of destinations of one title C-MOVE takes the first"}});
    pipeline::ServerParts parts = parts_of(settings);
    parts.deidentifiers = deidentifiers_of(settings, *keys);
    parts.reports = reports_folder(settings);
    fit_into_open_files(parts);
    pipeline::Server server(parts, store, model, clock);
    log_event(
        LogLevel::kInfo, "server.up",
        {{"version", LUCERNA_VERSION},
         {"http", shown_host(settings.http_address) + ":" + std::to_string(server.http_port())},
         {"dicom", settings.aet + "@" + shown_host(settings.dicom_address) + ":" +
                       std::to_string(server.dicom_port())},
         {"hl7_port", server.hl7_port()},
         {"data", fs::absolute(settings.data).string()},
         {"model", model.identity().name + " " + model.identity().version},
         {"model_sha256", model.identity().sha256}});
    if (samples > 0) add_samples(server.sink(), store, samples, stop_requested);
    if (!stop_requested())
        std::printf(
            "Lucerna is up. Open %s://%s:%u/\n  DICOM: %s at %s:%u, DICOMweb at /dicom-web\n  %s\n",
            settings.http_tls_key.empty() ? "http" : "https",
            shown_host(settings.http_address).c_str(), server.http_port(), settings.aet.c_str(),
            shown_host(settings.dicom_address).c_str(), server.dicom_port(),
            exam::use_statement(model.identity(), settings.jurisdiction).c_str());
    std::fflush(stdout);
    // A signal interrupts the wait.
    while (!stop_requested()) ::poll(nullptr, 0, 500);
    log_event(LogLevel::kInfo, "server.stopping");
    keys->end_waits();
    return kDone;
}

ExitCode serve(const ServeArguments& arguments) {
    if (arguments.print_configuration_page) {
        std::fputs(settings_page().c_str(), stdout);
        return kDone;
    }
    share_freed_memory();
    const pipeline::LogQueue log;
    std::unique_ptr<infer::ModelPackage> model;
    ServeSettings settings;
    try {
        settings = settings_from(arguments);
        set_level(settings.log_level);
        require_numeric_addresses(settings);
        require_known_senders(settings);
    } catch (const Error& error) {
        say(stderr, std::string("lucerna: ") + error.what());
        return kUsage;
    }
    try {
        infer::Trust trust;
        if (!settings.model_keys.empty())
            trust.public_keys = infer::read_public_keys(settings.model_keys);
        if (settings.model_signature_required)
            trust.unsigned_packages = infer::Trust::Unsigned::kRefused;
        model = std::make_unique<infer::ModelPackage>(
            infer::ModelPackage::open(settings.model, trust, settings.model_threads));
    } catch (const Error& error) {
        say(stderr, std::string("lucerna: ") + error.what());
        return kModelRefused;
    }
    // Opening a model takes twice the memory that it needs from then on.
    give_back_freed_memory();
    return run_server(settings, *model, arguments.samples);
}

}  // namespace

void add_serve(CLI::App& app, Chosen& chosen) {
    auto options = std::make_shared<ServeArguments>();
    CLI::App* verb = app.add_subcommand(
        "serve", "Receive, store, read, deliver and show exams (docs/configuration.md)");
    verb->add_option("--config", options->config, "TOML file");
    verb->add_option("--data", options->data, "Folder that everything is kept in");
    verb->add_option("--keys", options->keys,
                     "SCHEME:REST of the key-encryption keys (docs/keys.md)");
    verb->add_option("--http", options->http, "ADDRESS:PORT of page, API and DICOMweb");
    verb->add_option("--dicom", options->dicom, "ADDRESS:PORT of the DICOM storage service");
    verb->add_option("--aet", options->aet, "Our application entity title");
    verb->add_option("--model", options->model, "Folder of the model package");
    verb->add_option("--web", options->web, "Folder of the built page");
    verb->add_option("--destination", options->destinations,
                     "NAME=AET@HOST:PORT that results are sent to; may be repeated");
    verb->add_option("--set", options->sets, "KEY=VALUE of any setting; may be repeated");
    verb->add_option("--samples", options->samples,
                     "Make so many synthetic exams where the archive holds none of them")
        ->check(CLI::Range(0, 100));
    verb->add_flag("--print-configuration-page", options->print_configuration_page,
                   "Print docs/configuration.md and end");
    verb->callback([options, &chosen] { chosen = [options] { return serve(*options); }; });
}

}  // namespace lucerna
