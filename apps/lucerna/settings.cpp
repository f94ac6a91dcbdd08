#include "settings.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <functional>
#include <span>
#include <sstream>
#include <utility>
#include <variant>

#include "base/encoding.h"
#include "base/error.h"
#include "base/peer_address.h"
#include "destination_settings.h"
#include "exam/jurisdiction.h"

namespace lucerna {
namespace {

using Texts = std::vector<std::string>;
using Value = std::variant<std::string, long long, bool, Texts>;

/// One thing that can be set: its key, its default (whose type it takes), what it means, and where
/// it goes. Whole numbers are held to [least, most].
struct Setting {
    std::string_view key;
    Value standard;
    std::string_view help;
    std::function<void(ServeSettings&, const Value&)> put;
    long long least = 0;
    long long most = 65535;
};

template <typename Member>
auto into(Member ServeSettings::*member) {
    return [member](ServeSettings& settings, const Value& value) {
        if constexpr (std::is_same_v<Member, bool>)
            settings.*member = std::get<bool>(value);
        else if constexpr (std::is_same_v<Member, Texts>)
            settings.*member = std::get<Texts>(value);
        else if constexpr (std::is_same_v<Member, std::string> ||
                           std::is_same_v<Member, std::filesystem::path>)
            settings.*member = std::get<std::string>(value);
        else
            settings.*member = static_cast<Member>(std::get<long long>(value));
    };
}

using Settings = std::vector<Setting>;

Settings general_settings() {
    using S = ServeSettings;
    return {
        {"data", std::string("data"), "Folder that everything is kept in.", into(&S::data)},
        {"keys", std::string(),
         "Where the key-encryption keys are: `file:PATH`, `passphrase:PATH` or "
         "`transit:URL/keys/NAME?token-file=PATH` ([keys](keys.md)); empty: the file `kek.json` in "
         "the data folder, which then opens itself.",
         into(&S::keys)},
        {"key_file", std::string(), "Short for `keys = \"file:PATH\"`.", into(&S::key_file)},
        {"web", std::string(), "Folder of the built page (web/dist).", into(&S::web)},
        {"jurisdiction", std::string(),
         "Country of the site (ISO 3166-1 alpha-2, as `CH`), for the check whether the model is "
         "cleared there; empty: nowhere.",
         [](S& settings, const Value& value) {
             settings.jurisdiction = std::get<std::string>(value);
             exam::require_jurisdiction(settings.jurisdiction, "jurisdiction");
         }},
        {"quiet_seconds", 60LL,
         "An exam without all its views is read when no image came for so long.", into(&S::quiet),
         1, 86400},
        {"reading_lease_seconds", 600LL,
         "A reading that shows no progress for so long is begun anew, by whichever server shares "
         "the "
         "index. A server that ended is noticed within seconds.",
         into(&S::reading_lease), 3, 86400},
        {"delivery_lease_seconds", 300LL,
         "A delivery whose server gives no sign of life for so long is begun anew, by whichever "
         "server shares the index; one that goes on may take longer.",
         into(&S::delivery_lease), 3, 86400},
        {"decoding_mib", 256LL,
         "What decoded images may take of memory at once, in MiB, with what decoding them needs: "
         "4 bytes a pixel of a gray JPEG 2000, 3 of another, and the codestream of JPEG and JPEG "
         "2000; and what pictures of them may take, 2 bytes a pixel of a gray JPEG. "
         "Whoever wants more waits; an image that takes more by itself is not decoded, or drawn.",
         into(&S::decoding_mib), 16, 1048576},
        {"intake_mib", 88LL,
         "What comes in may take of memory before it is kept, in MiB, by whichever protocol. "
         "Objects are sealed while they come, however they are encoded, and take a megabyte or "
         "two: more takes what has to be held (a header of megabytes, or bulk data that come "
         "apart from their metadata), one such at a time. Whoever finds no room in two seconds "
         "(bulk data in ten) is refused, and may send it again. One whose header alone is larger "
         "than seven eighths of it, as a structure set of a hundred megabytes, never finds room: "
         "raise it for those.",
         into(&S::intake_mib), 8, 1048576},
        {"log_level", std::string("info"), "debug, info, warning or error.", into(&S::log_level)},
    };
}

Settings store_settings() {
    using S = ServeSettings;
    return {
        {"store.index", std::string("sqlite"),
         "Where the index is: `sqlite`, sealed in the data folder, or `postgres:ADDRESS`, the "
         "address as libpq takes it; its rows are not sealed "
         "([what that asks for](formats/index.md#on-postgresql)).",
         into(&S::store_index)},
        {"store.objects", std::string("folder"),
         "Where objects, wrapped data keys and the secrets of de-identification projects are: "
         "`folder`, the data folder, or `s3`. With "
         "PostgreSQL and S3 several servers share the work.",
         into(&S::store_objects)},
        {"store.s3_endpoint", std::string(),
         "`https://HOST:PORT` of a service with the S3 API. Ceph's radosgw wants `tcp_nodelay=1` "
         "in its `rgw frontends`, or it keeps each answer back for 40 ms.",
         into(&S::s3_endpoint)},
        {"store.s3_bucket", std::string(), "The bucket; made where there is none.",
         into(&S::s3_bucket)},
        {"store.s3_region", std::string("us-east-1"), "The region that requests are signed for.",
         into(&S::s3_region)},
        {"store.s3_prefix", std::string(),
         "Before each key, for a bucket that others use too; one prefix belongs to one index.",
         into(&S::s3_prefix)},
        {"store.s3_keys", std::string(),
         "File with the lines `access_key VALUE` and `secret_key VALUE`; empty: "
         "`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.",
         into(&S::s3_keys)},
        {"store.s3_ca", std::string(),
         "PEM file of the authorities that may vouch for the service; empty: the system's.",
         into(&S::s3_ca)},
    };
}

Settings http_settings() {
    using S = ServeSettings;
    return {
        {"http.address", std::string("127.0.0.1"),
         "Address to listen on. Beyond loopback, `http.tokens` is required.",
         into(&S::http_address)},
        {"http.port", 8042LL, "Port of page, API and DICOMweb; 0 takes any.", into(&S::http_port)},
        {"http.tls_certificate", std::string(), "PEM file; with `http.tls_key` turns on TLS.",
         into(&S::http_tls_certificate)},
        {"http.tls_key", std::string(), "PEM file.", into(&S::http_tls_key)},
        {"http.tokens", std::string(),
         "File of bearer tokens, one `name token` a line; the name stands as who did it. `read` "
         "behind it takes the right to write away, `delete` adds that to delete.",
         into(&S::http_tokens)},
        {"http.deletion", false,
         "Delete studies, series and instances by DICOMweb; where there are tokens, for those "
         "marked `delete`.",
         into(&S::http_deletion)},
        {"http.user_header", std::string(),
         "Header in which a trusted reverse proxy names the user; empty trusts none.",
         into(&S::http_user_header)},
        {"http.origins", Texts{}, "Web origins that may use the API from elsewhere (CORS).",
         into(&S::http_origins)},
        {"http.base_url", std::string(),
         "Address of the server from outside, `https://HOST` or with a port or path, where a "
         "reverse "
         "proxy stands before it: addresses that are sent back begin with it (Retrieve URLs, "
         "BulkDataURIs, Location). Empty: with what the client asked for.",
         into(&S::http_base_url)},
        {"http.allowed_hosts", Texts{},
         "Names in the Host header that are answered, without port. Empty: on loopback "
         "`localhost`, "
         "`127.0.0.1`, `[::1]` and the host of `http.base_url`, beyond it any; "
         "and requests in HTTP/1.0 that name none.",
         into(&S::http_allowed_hosts)},
    };
}

Settings dicom_settings() {
    using S = ServeSettings;
    return {
        {"dicom.address", std::string("127.0.0.1"),
         "Address to listen on. Beyond loopback, `dicom.callers` or `dicom.tls_ca` is required, or "
         "`dicom.anybody_may_store`.",
         into(&S::dicom_address)},
        {"dicom.port", 11112LL, "Port of the storage service; 0 takes any.", into(&S::dicom_port)},
        {"dicom.aet", std::string("LUCERNA"), "Our application entity title.", into(&S::aet)},
        {"dicom.any_called_aet", true, "Answer whatever title is called; false: only `dicom.aet`.",
         into(&S::dicom_any_called_aet)},
        {"dicom.callers", Texts{},
         "Calling titles that are let in; empty lets in all. Beyond loopback, queries are answered "
         "only where this or `dicom.tls_ca` is set.",
         into(&S::dicom_callers)},
        {"dicom.anybody_may_store", false,
         "Beyond loopback, take objects from whoever reaches the port: they join the exams that "
         "are read. For a network that is closed by other means.",
         into(&S::dicom_anybody_may_store)},
        {"dicom.associations", 32LL, "Associations at a time.", into(&S::dicom_associations), 1,
         1024},
        {"dicom.max_pdu_bytes", 131072LL, "Largest PDU that peers may send.",
         into(&S::dicom_max_pdu_bytes), 4096, 1048576},
        {"dicom.idle_seconds", 300LL, "An association without a request for so long is ended.",
         into(&S::dicom_idle), 1, 86400},
        {"dicom.stall_seconds", 60LL,
         "So is one that is silent for so long within a message, or takes nothing.",
         into(&S::dicom_stall), 1, 3600},
        {"dicom.tls_certificate", std::string(), "PEM file; with `dicom.tls_key` turns on TLS.",
         into(&S::dicom_tls_certificate)},
        {"dicom.tls_key", std::string(), "PEM file.", into(&S::dicom_tls_key)},
        {"dicom.tls_ca", std::string(),
         "PEM file of the authorities whose clients are let in; empty asks for no certificate.",
         into(&S::dicom_tls_ca)},
    };
}

Settings hl7_settings() {
    using S = ServeSettings;
    return {
        {"hl7.listen", std::string(),
         "ADDRESS:PORT to take HL7 v2 orders on, by MLLP ([orders](orders.md)); empty: nowhere. "
         "Beyond loopback, `hl7.callers` or `hl7.tls_ca` is required.",
         into(&S::hl7_listen)},
        {"hl7.callers", Texts{}, "Numeric addresses that may connect; empty lets in all.",
         into(&S::hl7_callers)},
        {"hl7.connections", 16LL,
         "Connections at a time; for one more one is closed: of an address that has more than half "
         "of them, where another one asks; else the one that has rested, or been slow, for "
         "longest, of the address that has most of those.",
         into(&S::hl7_connections), 1, 1024},
        {"hl7.max_message_bytes", 1048576LL, "A longer message ends its connection.",
         into(&S::hl7_max_message_bytes), 1024, 67108864},
        {"hl7.idle_seconds", 300LL, "A connection without a message for so long is ended.",
         into(&S::hl7_idle), 1, 86400},
        {"hl7.tls_certificate", std::string(), "PEM file; with `hl7.tls_key` turns on TLS.",
         into(&S::hl7_tls_certificate)},
        {"hl7.tls_key", std::string(), "PEM file.", into(&S::hl7_tls_key)},
        {"hl7.tls_ca", std::string(),
         "PEM file of the authorities whose clients are let in; empty asks for no certificate.",
         into(&S::hl7_tls_ca)},
    };
}

/// Orders, what is given out, and what reads.
Settings reading_settings() {
    using S = ServeSettings;
    return {
        {"orders.modality", std::string("MG"), "Modality of orders that name none.",
         into(&S::order_modality)},
        {"deidentify.safe_private", Texts{},
         "Private attributes that are safe beyond those of the standard's table, each "
         "`(gggg,xxee) CREATOR` ([de-identification](deidentification.md)).",
         into(&S::deidentify_safe_private)},
        {"model.folder", std::string(), "Folder of the model package.", into(&S::model)},
        {"model.public_keys", std::string(),
         "File of Ed25519 public keys (base64, one a line) that packages are signed with.",
         into(&S::model_keys)},
        {"model.signature_required", false, "Refuse packages that are not signed.",
         into(&S::model_signature_required)},
        {"model.threads", 0LL, "Threads to read an exam with; 0: all cores.",
         into(&S::model_threads), 0, 256},
    };
}

/// In the order of the page that documents them.
const Settings& all_settings() {
    static const Settings kSettings = [] {
        Settings all;
        for (const auto section : {general_settings, store_settings, http_settings, dicom_settings,
                                   hl7_settings, reading_settings})
            for (Setting& setting : section()) all.push_back(std::move(setting));
        return all;
    }();
    return kSettings;
}

const Setting& setting_of(std::string_view key) {
    for (const Setting& setting : all_settings())
        if (setting.key == key) return setting;
    refuse("there is no setting \"" + std::string(key) + "\" (docs/configuration.md lists them)");
}

std::string_view type_name(const Value& value) {
    constexpr std::string_view kNames[] = {"text", "whole number", "true or false",
                                           "list of texts"};
    return kNames[value.index()];
}

void put(ServeSettings& settings, const Setting& setting, const Value& value) {
    if (const long long* number = std::get_if<long long>(&value);
        number && (*number < setting.least || *number > setting.most))
        refuse(std::string(setting.key) + " = " + std::to_string(*number) + " is not in [" +
               std::to_string(setting.least) + ", " + std::to_string(setting.most) + "]");
    setting.put(settings, value);
}

Value value_of(const toml::node& node, const Setting& setting, const std::string& file) {
    const std::size_t wanted = setting.standard.index();
    if (wanted == 0 && node.is_string()) return node.value<std::string>().value();
    if (wanted == 1 && node.is_integer())
        return static_cast<long long>(node.value<std::int64_t>().value());
    if (wanted == 2 && node.is_boolean()) return node.value<bool>().value();
    if (wanted == 3 && node.is_array()) {
        Texts texts;
        for (const toml::node& item : *node.as_array()) {
            if (!item.is_string())
                refuse(place_of(item, file) + ": " + std::string(setting.key) +
                       " is a list of texts");
            texts.push_back(item.value<std::string>().value());
        }
        return texts;
    }
    refuse(place_of(node, file) + ": " + std::string(setting.key) + " must be a " +
           std::string(type_name(setting.standard)));
}

void put_table(ServeSettings& settings, const toml::table& table, const std::string& prefix,
               const std::string& file) {
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string(name.str());
        if (key == "destination") continue;
        if (const toml::table* inner = node.as_table()) {
            put_table(settings, *inner, key + ".", file);
            continue;
        }
        try {
            const Setting& setting = setting_of(key);
            put(settings, setting, value_of(node, setting, file));
        } catch (const Error& error) {
            if (std::string_view(error.what()).substr(0, file.size()) == file) throw;
            refuse(place_of(node, file) + ": " + error.what());
        }
    }
}

long long number_from(std::string_view key, std::string_view text) {
    long long number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size())
        refuse(std::string(key) + ": \"" + std::string(text) + "\" is not a whole number");
    return number;
}

std::string written(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return "\"" + *text + "\"";
    if (const auto* number = std::get_if<long long>(&value)) return std::to_string(*number);
    if (const auto* yes = std::get_if<bool>(&value)) return *yes ? "true" : "false";
    return "[]";
}

}  // namespace

ServeSettings default_settings() {
    ServeSettings settings;
    for (const Setting& setting : all_settings()) setting.put(settings, setting.standard);
    return settings;
}

namespace {

/// A folder would read as an empty file, and what cannot be opened has no line.
toml::table parsed(const std::filesystem::path& path) {
    errno = 0;
    std::ifstream input(path, std::ios::binary);
    const int failure = input ? 0 : errno;
    std::error_code ignored;
    if (failure != 0 || std::filesystem::is_directory(path, ignored))
        refuse("cannot read the configuration " + path.string() + ": " +
               (failure != 0 ? std::strerror(failure) : "it is a folder"));
    // Whole first: of a pipe, whose place nobody can go back to, the parser would see nothing.
    std::ostringstream text;
    text << input.rdbuf();
    return toml::parse(text.str(), path.string());
}

}  // namespace

ServeSettings read_settings(const std::filesystem::path& path) {
    const std::string file = path.string();
    ServeSettings settings = default_settings();
    try {
        const toml::table table = parsed(path);
        put_table(settings, table, "", file);
        if (const toml::node* node = table.get("destination")) {
            const toml::array* list = node->as_array();
            if (!list) refuse(place_of(*node, file) + ": write [[destination]], not [destination]");
            for (const toml::node& item : *list) {
                if (!item.is_table()) refuse(place_of(item, file) + ": a destination is a table");
                add_destination(settings, destination_in(*item.as_table(), settings.aet, file),
                                place_of(item, file));
            }
        }
    } catch (const toml::parse_error& cause) {
        refuse(file + ", line " + std::to_string(cause.source().begin.line) + ": " +
               std::string(cause.description()));
    }
    return settings;
}

void set_from_text(ServeSettings& settings, std::string_view key, std::string_view text) {
    const Setting& setting = setting_of(key);
    switch (setting.standard.index()) {
        case 0:
            put(settings, setting, std::string(text));
            break;
        case 1:
            put(settings, setting, number_from(key, text));
            break;
        case 2:
            if (text != "true" && text != "false") refuse(std::string(key) + " is true or false");
            put(settings, setting, text == "true");
            break;
        default: {
            Texts texts;
            for (std::size_t start = 0; start <= text.size();) {
                const std::size_t comma = std::min(text.find(',', start), text.size());
                if (comma > start) texts.emplace_back(text.substr(start, comma - start));
                start = comma + 1;
            }
            put(settings, setting, texts);
        }
    }
}

Endpoint endpoint_from(std::string_view setting, std::string_view text,
                       std::string_view default_address) {
    const std::string named(setting);
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        refuse(named + ": " + json_quoted(text) + " is not ADDRESS:PORT");
    std::string_view address = text.substr(0, colon);
    if (address.size() >= 2 && address.front() == '[' && address.back() == ']')
        address = address.substr(1, address.size() - 2);
    const long long port = number_from(named + ": port", text.substr(colon + 1));
    if (port < 0 || port > 65535)
        refuse(named + ": port " + std::to_string(port) + " is not in [0, 65535]");
    return {std::string(address.empty() ? default_address : address),
            static_cast<std::uint16_t>(port)};
}

void require_numeric_addresses(const ServeSettings& settings) {
    const auto require = [](std::string_view setting, const std::string& address) {
        // That of an interface may stand behind it: "fe80::1%eth0".
        if (!peer_address(address))
            refuse(std::string(setting) + ": " + json_quoted(address) + " is no numeric address");
    };
    require("http.address", settings.http_address);
    require("dicom.address", settings.dicom_address);
    if (!settings.hl7_listen.empty())
        require("hl7.listen",
                endpoint_from("hl7.listen", settings.hl7_listen, "127.0.0.1").address);
    for (const std::string& caller : settings.hl7_callers) require("hl7.callers", caller);
}

void require_ae_titles(const ServeSettings& settings) {
    const auto require = [](const std::string& title, const std::string& name) {
        const bool is_printable = std::all_of(title.begin(), title.end(), [](char letter) {
            return letter >= ' ' && letter <= '~' && letter != '\\';
        });
        if (!is_printable || title.size() > 16 || title.find_first_not_of(' ') == std::string::npos)
            refuse(name + ": " + json_quoted(title) +
                   " is no application entity title: 1 to 16 characters of ASCII, no backslash");
    };
    require(settings.aet, "dicom.aet");
    for (const std::string& caller : settings.dicom_callers) require(caller, "dicom.callers");
    for (const DestinationSettings& made : settings.destinations) {
        if (made.aet.empty()) continue;
        require(made.aet, "destination " + made.name + ": aet");
        require(made.calling_aet, "destination " + made.name + ": calling_aet");
    }
}

std::string settings_page() {
    std::string page =
        "# Configuration of `lucerna serve`\n\n"
        "A TOML file (`--config FILE`), then options of the command line, which win. A key that "
        "is not\nlisted here, or a value of another type, stops the start with file and line.\n\n"
        "| key | default | what |\n| --- | --- | --- |\n";
    for (const Setting& setting : all_settings())
        page.append("| `")
            .append(setting.key)
            .append("` | `")
            .append(written(setting.standard))
            .append("` | ")
            .append(setting.help)
            .append(" |\n");
    return page +
           "\nA dotted key is a key in a table: `http.port` is `port` under `[http]`. On the "
           "command "
           "line any\nof them is `--set KEY=VALUE` (lists with commas).\n\n"
           "Each `[[destination]]` is a peer that objects can be sent to: `name`, `aet`, `host`, "
           "`port`, and where\nwanted `calling_aet` (default: `dicom.aet`), `tls = true`, "
           "`tls_ca`, "
           "`tls_certificate`, `tls_key`. Or a DICOMweb service that\nobjects can be sent to by "
           "STOW-RS: `name`, `url` (\"https://pacs.example/dicom-web\"), and where wanted\n"
           "`token_file` (a bearer token) and `tls_ca`. Results are sent there unless `results = "
           "false`; "
           "whoever "
           "may ask can have objects moved there by its\n`aet` (C-MOVE). With `images = true` all "
           "that was received of an exam's\nstudy goes there with its results, an ultrasound or a "
           "report beside its images too; what comes of that after the\nreading goes there once no "
           "more has come for `quiet_seconds`. With\n`deidentify = \"PROFILE\"` and `project "
           "= \"NAME\"` all that goes there is de-identified\n([how](deidentification.md)), and "
           "nothing can be moved there. Each has a `name` of its own. Several may have one `aet`: "
           "C-MOVE takes the\nfirst of them, and the start says so.\n\n"
           "What goes out to a `url`, an object store or a key service goes to the address that is "
           "said for it: no proxy of\nthe environment (`http_proxy`, `https_proxy`, `ALL_PROXY`) "
           "is used, and no redirection followed. Where\n`tls_ca` is given, its authorities alone "
           "are trusted. `SSLKEYLOGFILE`, `PGHOSTADDR` and `PGSERVICE` of the\nenvironment are not "
           "gone by.\n\n"
           "```toml\ndata = \"/var/lib/lucerna\"\n\n[http]\nport = 8042\n\n[model]\nfolder = "
           "\"models/cbis-mass\"\n\n[[destination]]\nname = \"pacs\"\naet = \"PACS\"\nhost = "
           "\"127.0.0.1\"\nport = 4242\n```\n";
}

}  // namespace lucerna
