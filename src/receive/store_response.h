#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "receive/outcome_list.h"

namespace lucerna::receive {

/// The Store Instances Response (PS3.18 Annex I): what was stored in Referenced SOP Sequence, what
/// was not in Failed SOP Sequence, what has no UID in Other Failures Sequence. The words for what
/// failed are there for the first 64 KiB of them, the codes for all.
class StoreResponse {
  public:
    /// What Retrieve URLs (0008,1190) begin with; and the budget of the outcomes, which must
    /// outlive this and the answer.
    StoreResponse(std::string base_url, dicom::ByteBudget& budget)
        : base_url_(std::move(base_url)), outcomes_(std::make_shared<OutcomeList>(budget)) {}

    [[nodiscard]] OutcomeList& outcomes() { return *outcomes_; }
    void add(Outcome outcome);

    /// What `http` may be asked for that a client that sends this Accept takes (PS3.18 8.7.3.2):
    /// application/dicom+json, unless it prefers application/dicom+xml, alone or as the one part of
    /// multipart/related. Empty: none of it. Throws Error(kInvalidInput) as http::parse_accept.
    [[nodiscard]] static std::optional<std::string> form_for(std::string_view accept);
    /// A long one is written while it is sent. Nothing of it is left behind.
    [[nodiscard]] http::Response http(int status, std::string_view form) &&;

  private:
    std::string base_url_;
    std::shared_ptr<OutcomeList> outcomes_;
    std::size_t word_bytes_ = 0;
};

}  // namespace lucerna::receive
