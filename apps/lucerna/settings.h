#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lucerna {

/// Where results go, as configured.
struct DestinationSettings {
    std::string name;
    std::string aet;
    std::string host;
    std::uint16_t port = 104;
    std::string calling_aet;
    std::filesystem::path tls_ca;
    std::filesystem::path tls_certificate;
    std::filesystem::path tls_key;
    /// Of a DICOMweb service; in place of aet, host and port.
    std::string url;
    std::filesystem::path token_file;
    bool tls = false;
    bool results = true;
    bool images = false;
    /// Profile and project; both empty: objects are sent as they are.
    std::string deidentify;
    std::string project;
};

/// Everything that `lucerna serve` can be told; the table in settings.cpp gives each value its key,
/// its default and its line of documentation (docs/configuration.md is printed from it).
struct ServeSettings {
    std::filesystem::path data;
    std::string keys;
    std::filesystem::path key_file;

    std::string store_index;
    std::string store_objects;
    std::string s3_endpoint;
    std::string s3_bucket;
    std::string s3_region;
    std::string s3_prefix;
    std::filesystem::path s3_keys;
    std::filesystem::path s3_ca;

    std::string http_address;
    std::uint16_t http_port = 0;
    std::filesystem::path http_tls_certificate;
    std::filesystem::path http_tls_key;
    std::filesystem::path http_tokens;
    bool http_deletion = false;
    std::string http_user_header;
    std::vector<std::string> http_origins;
    std::string http_base_url;
    std::vector<std::string> http_allowed_hosts;
    std::filesystem::path web;

    std::string dicom_address;
    std::uint16_t dicom_port = 0;
    std::string aet;
    std::vector<std::string> dicom_callers;
    bool dicom_any_called_aet = true;
    bool dicom_anybody_may_store = false;
    int dicom_associations = 0;
    std::uint32_t dicom_max_pdu_bytes = 0;
    std::chrono::seconds dicom_idle{0};
    std::chrono::seconds dicom_stall{0};
    std::filesystem::path dicom_tls_certificate;
    std::filesystem::path dicom_tls_key;
    std::filesystem::path dicom_tls_ca;

    std::string hl7_listen;
    std::vector<std::string> hl7_callers;
    int hl7_connections = 0;
    int hl7_max_message_bytes = 0;
    std::chrono::seconds hl7_idle{0};
    std::filesystem::path hl7_tls_certificate;
    std::filesystem::path hl7_tls_key;
    std::filesystem::path hl7_tls_ca;
    std::string order_modality;

    std::filesystem::path model;
    std::filesystem::path model_keys;
    bool model_signature_required = false;
    int model_threads = 0;

    std::vector<std::string> deidentify_safe_private;

    std::string jurisdiction;
    std::chrono::seconds quiet{0};
    std::chrono::seconds reading_lease{0};
    std::chrono::seconds delivery_lease{0};
    std::size_t decoding_mib = 0;
    std::size_t intake_mib = 0;
    std::string log_level;

    std::vector<DestinationSettings> destinations;
};

/// The defaults.
[[nodiscard]] ServeSettings default_settings();

/// Reads a TOML file over the defaults. Throws Error(kInvalidInput) naming file, line and key:
/// unknown keys and values of the wrong type are refused.
[[nodiscard]] ServeSettings read_settings(const std::filesystem::path& file);

/// Throws Error(kInvalidInput), naming the setting, for an application entity title that is none:
/// 1 to 16 characters of ASCII without backslash, not only spaces (PS3.5 6.2).
void require_ae_titles(const ServeSettings& settings);

/// Sets one value from text, as a command line gives it ("http.port", "8042").
void set_from_text(ServeSettings& settings, std::string_view key, std::string_view value);

/// "NAME=AET@HOST:PORT". Throws Error(kInvalidInput).
[[nodiscard]] DestinationSettings destination_from(std::string_view text,
                                                   std::string_view calling_aet);

/// One more, which `place` says: a line of the file, or an option. Throws Error(kInvalidInput)
/// where another has its name.
void add_destination(ServeSettings& settings, DestinationSettings made, const std::string& place);

/// Destinations that nothing can be moved to by C-MOVE, as one before has their title.
struct SharedTitle {
    std::string aet;
    std::string moved_to;
    std::string passed_over;
};
[[nodiscard]] std::vector<SharedTitle> shared_titles(const ServeSettings& settings);

/// "127.0.0.1:8042", "[::1]:8042" or ":8042" taken apart. Throws Error(kInvalidInput), naming
/// `setting`.
struct Endpoint {
    std::string address;
    std::uint16_t port = 0;
};
[[nodiscard]] Endpoint endpoint_from(std::string_view setting, std::string_view text,
                                     std::string_view default_address);

/// Throws Error(kInvalidInput), naming the setting, where an address to listen on is none.
void require_numeric_addresses(const ServeSettings& settings);

/// The page docs/configuration.md.
[[nodiscard]] std::string settings_page();

}  // namespace lucerna
