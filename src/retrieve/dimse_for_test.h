#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dicom/dimse_status.h"
#include "dicom/scp_test_support.h"
#include "retrieve/dimse_services.h"
#include "store/store_test_support.h"

namespace lucerna::retrieve {

inline constexpr const char* kPatientFind = "1.2.840.10008.5.1.4.1.2.1.1";
inline constexpr const char* kStudyFind = "1.2.840.10008.5.1.4.1.2.2.1";

/// Keys of an identifier, in order.
using Keys = std::vector<std::pair<dicom::Tag, std::string>>;

inline dicom::DataSet identifier_of(const Keys& keys) {
    dicom::DataSet identifier;
    for (const auto& [tag, value] : keys)
        identifier.set_bytes(tag, dicom::vr_of(tag), Bytes(value.begin(), value.end()));
    return identifier;
}

/// One response: the command, and its data set where it has one.
struct Response {
    dicom::DimseCommand command;
    std::optional<dicom::MessageDataSet> data;

    [[nodiscard]] std::string text(dicom::Tag tag) const {
        return data ? data->data_set.text_or(tag, "") : std::string();
    }
};

/// An archive behind a provider with the services of this room.
class DimseTest : public testing::Test {
  protected:
    void start(const DimseOptions& options = {},
               dicom::ScpOptions scp_options = dicom::test_support::any_port()) {
        scp.emplace(std::move(scp_options), recorder, dimse_services(store.archive(), options));
    }
    void keep(const test::StoredInstance& instance) { store.archive().keep(instance.file()); }

    /// Sends a request and gathers its responses, the last one included.
    std::vector<Response> ask(dicom::test_support::RawPeer& peer, dicom::DimseCommand request,
                              const Keys& keys) {
        const dicom::DataSet identifier = identifier_of(keys);
        peer.send_request(std::move(request), &identifier);
        std::vector<Response> responses;
        do {
            Response next;
            next.command = peer.read_response();
            if (next.command.has_data_set) next.data = peer.read_data_set();
            responses.push_back(std::move(next));
        } while (is_pending(responses.back()));
        return responses;
    }
    static bool is_pending(const Response& response) {
        return response.command.status == dicom::status::kPending ||
               response.command.status == dicom::status::kPendingKeysIgnored;
    }
    static dicom::DimseCommand request(std::uint16_t field, const std::string& sop_class) {
        dicom::DimseCommand request;
        request.field = field;
        request.message_id = 3;
        request.affected_sop_class_uid = sop_class;
        return request;
    }
    /// C-FIND on an association of its own.
    std::vector<Response> find(const std::string& sop_class, const Keys& keys,
                               Bytes extended = {}) {
        dicom::test_support::RawPeer peer(*scp);
        peer.associate_with(
            {{1, sop_class, {test::kExplicitLittle}, dicom::ContextResult::kAccepted}}, {},
            {{sop_class, std::move(extended)}});
        return ask(peer, request(dicom::command::kFindRequest, sop_class), keys);
    }

    store::TestStore store;
    dicom::test_support::Recorder recorder;
    std::optional<dicom::Scp> scp;
};

}  // namespace lucerna::retrieve
