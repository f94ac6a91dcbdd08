#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "dicom/dimse_status.h"
#include "http/message.h"

namespace lucerna::receive {

/// What became of one instance that was to be stored.
struct Outcome {
    std::string sop_class_uid = {};
    std::string sop_instance_uid = {};
    std::string study_uid = {};
    std::string series_uid = {};
    /// 0 is stored.
    std::uint16_t status = dicom::status::kSuccess;
    std::string why = {};
    bool for_lack_of_space = false;
    /// It may pass another time.
    bool for_lack_of_memory = false;

    [[nodiscard]] bool stored() const { return status == dicom::status::kSuccess; }
};
/// `why` of many letters is cut (in_brief).
[[nodiscard]] Outcome failed(Outcome outcome, std::uint16_t status, std::string why);
/// Of a text in UTF-8 no more than so many bytes, and "...": what a sender wrote is not said back
/// to it at length.
[[nodiscard]] std::string in_brief(std::string text, std::size_t most);

/// The Store Instances Response (PS3.18 Annex I): what was stored in Referenced SOP Sequence, what
/// was not in Failed SOP Sequence, what has no UID in Other Failures Sequence. The words for what
/// failed are there for the first 64 KiB of them, the codes for all.
class StoreResponse {
  public:
    /// What Retrieve URLs (0008,1190) begin with.
    explicit StoreResponse(std::string base_url) : base_url_(std::move(base_url)) {}

    void add(const Outcome& outcome);

    /// What `http` may be asked for that a client that sends this Accept takes (PS3.18 8.7.3.2):
    /// application/dicom+json, unless it prefers application/dicom+xml, alone or as the one part of
    /// multipart/related. Empty: none of it. Throws Error(kInvalidInput) as http::parse_accept.
    [[nodiscard]] static std::optional<std::string> form_for(std::string_view accept);
    /// Nothing of it is left behind. Throws as dicom::room_for_xml where that is the form.
    [[nodiscard]] http::Response http(int status, std::string_view form) &&;

  private:
    /// Which gives up what is taken into it.
    [[nodiscard]] std::string json() &&;
    [[nodiscard]] std::string reason(const Outcome& outcome);
    [[nodiscard]] std::string study_url(const std::string& study) const;
    [[nodiscard]] std::string instance_url(const Outcome& outcome) const;

    std::string base_url_;
    std::string stored_;
    std::string failed_;
    std::string other_;
    std::set<std::string> studies_;
    std::size_t word_bytes_ = 0;
};

}  // namespace lucerna::receive
