#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "dicom/scu.h"

namespace lucerna::deliver {

/// A peer that objects can be sent to, by C-STORE or by STOW-RS.
struct Destination {
    /// What configuration, queue and log call it: "pacs".
    std::string name;
    std::string host;
    std::uint16_t port = 104;
    /// AE title of the peer.
    std::string aet;
    /// How we call ourselves there.
    std::string calling_aet = "LUCERNA";
    std::optional<dicom::TlsOptions> tls;
    /// Of a DICOMweb service, "https://pacs.example/dicom-web": where it is set, objects go there
    /// by STOW-RS, and what is said above of DIMSE does not count.
    std::string url = {};
    /// Holds the bearer token for it; empty: none is sent.
    std::filesystem::path token_file = {};
    /// PEM file of the authorities that may vouch for it; empty: those of the system.
    std::filesystem::path authorities = {};
    /// Results are sent there unasked.
    bool results = true;
    /// All that was received of an exam's study is sent there, with its results or as it comes
    /// later.
    bool images = false;
    /// What is sent there is de-identified: nobody may have identified objects moved there.
    bool deidentified = false;
};

[[nodiscard]] dicom::ScuOptions scu_options(const Destination& destination);

/// Payload of a delivery job: {"destination": "pacs", "instances": ["1.2.3", ...]}, with
/// "delivered" where some have been.
struct DeliveryJob {
    std::string destination;
    /// In the order in which they are sent.
    std::vector<std::string> sop_instance_uids;
    /// What the peer has by this job, or is not to have, and is not sent again.
    std::vector<std::string> delivered = {};
    /// Whose results they are, for the log; the queue keeps it beside the payload.
    std::string study_instance_uid = {};
    friend bool operator==(const DeliveryJob&, const DeliveryJob&) = default;
};
[[nodiscard]] std::string to_json(const DeliveryJob& job);
/// Throws Error(kInvalidInput), naming the field that is missing or wrong.
[[nodiscard]] DeliveryJob delivery_job_from_json(const std::string& json);

}  // namespace lucerna::deliver
