#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "dicom/dimse_command.h"
#include "dicom/message_data_set.h"
#include "dicom/pdu.h"
#include "dicom/scp.h"
#include "dicom/scu.h"
#include "dicom/transport.h"
#include "support/connect_from.h"
#include "support/small_object.h"

namespace lucerna::dicom::test_support {

using namespace std::chrono_literals;

/// Keeps what comes in, fails when told to, and lets tests wait for the end of associations.
class Recorder : public ScpHandler {
  public:
    void object(const ReceivedObject& object, const Sender&) override {
        if (fail_with) throw Error(*fail_with, why);
        kept_.change([&](auto& kept) {
            kept[object.head.sop_instance_uid] = Bytes(object.file.begin(), object.file.end());
        });
    }
    void failed(const StoreFailure& failure, const Sender&) override {
        failures_.change([&](auto& all) { all.push_back(failure); });
    }
    void ended(const AssociationReport& report) override {
        reports_.change([&](auto& all) { all.push_back(report); });
    }

    [[nodiscard]] AssociationReport wait_for_report(std::size_t index = 0) {
        AssociationReport report;
        reports_.when(
            std::stop_token(), [&](const auto& all) { return all.size() > index; },
            [&](const auto& all) { report = all[index]; });
        return report;
    }
    [[nodiscard]] std::optional<Bytes> file(const std::string& uid) {
        return kept_.with([&](const auto& kept) -> std::optional<Bytes> {
            const auto found = kept.find(uid);
            if (found == kept.end()) return std::nullopt;
            return found->second;
        });
    }
    [[nodiscard]] std::size_t count() {
        return kept_.with([](const auto& kept) { return kept.size(); });
    }
    [[nodiscard]] std::size_t reports() {
        return reports_.with([](const auto& all) { return all.size(); });
    }
    [[nodiscard]] std::vector<StoreFailure> failures() {
        return failures_.with([](const auto& all) { return all; });
    }

    std::optional<ErrorCode> fail_with;
    std::string why = "as the test wants";

  private:
    Guarded<std::map<std::string, Bytes>> kept_;
    Guarded<std::vector<StoreFailure>> failures_;
    Guarded<std::vector<AssociationReport>> reports_;
};

inline ScpOptions any_port() {
    ScpOptions options;
    options.port = 0;
    return options;
}

inline ScuOptions to(const Scp& scp) {
    ScuOptions options;
    options.port = scp.port();
    options.called_aet = "LUCERNA";
    options.calling_aet = "MODALITY";
    return options;
}

inline SendOutcome send(const ScuOptions& options, ByteView file) {
    const ObjectHead head = split_part10(file).head;
    StoreScu scu(options, std::span(&head, 1));
    return scu.store(file);
}

inline Bytes data_set_of(ByteView file) {
    const ByteView rest = file.subspan(split_part10(file).data_set_offset);
    return {rest.begin(), rest.end()};
}

/// Speaks PDUs by hand, to say what no decent peer would.
class RawPeer {
  public:
    explicit RawPeer(const Scp& scp)
        : transport_(connect_to("127.0.0.1", scp.port(), 10s), nullptr) {}
    RawPeer(const Scp& scp, const char* address)
        : transport_(test::connect_from(address, scp.port()), nullptr) {}

    void send(ByteView bytes) { (void)transport_.write(bytes, Patience{10s}); }

    void associate(const std::string& sop_class = test::kMammogramClass) {
        associate_with({{1, sop_class, {test::kExplicitLittle}, ContextResult::kAccepted}});
    }
    void associate_with(std::vector<PresentationContext> contexts,
                        std::vector<RoleSelection> roles = {},
                        std::vector<ExtendedNegotiation> extended = {}) {
        AssociatePdu request;
        request.called_aet = "LUCERNA";
        request.calling_aet = "RAW";
        request.application_context = kDicomApplicationContext;
        request.contexts = std::move(contexts);
        request.roles = std::move(roles);
        request.extended = std::move(extended);
        send(encode_associate(PduType::kAssociateRequest, request));
        accepted = parse_associate(PduType::kAssociateAccept, read(PduType::kAssociateAccept));
    }

    /// One fragment in a PDU of its own.
    void send_fragment(bool is_command, bool is_last, ByteView bytes, std::uint8_t context = 1) {
        const auto header = fragment_header(context, bytes.size(), is_command, is_last);
        Bytes pdu(header.begin(), header.end());
        pdu.insert(pdu.end(), bytes.begin(), bytes.end());
        send(pdu);
    }

    void send_store_request(const std::string& sop_instance,
                            const std::string& sop_class = test::kMammogramClass) {
        DimseCommand request;
        request.field = command::kStoreRequest;
        request.message_id = 1;
        request.has_data_set = true;
        request.affected_sop_class_uid = sop_class;
        request.affected_sop_instance_uid = sop_instance;
        send_fragment(true, true, encode_command(request));
    }

    [[nodiscard]] Bytes read(PduType expected) {
        std::array<std::uint8_t, kPduHeaderBytes> bytes{};
        if (transport_.read(bytes, Patience{10s}) != Io::kDone) return {};
        const PduHeader header = parse_pdu_header(bytes);
        EXPECT_EQ(header.type, static_cast<std::uint8_t>(expected));
        Bytes body(header.length);
        EXPECT_EQ(transport_.read(body, Patience{10s}), Io::kDone);
        return body;
    }

    /// Any request; with `data_set` where that is not null.
    void send_request(DimseCommand request, const DataSet* data_set = nullptr) {
        request.has_data_set = data_set != nullptr;
        send_fragment(true, true, encode_command(request));
        if (data_set == nullptr) return;
        constexpr std::size_t kFragment = 64 * 1024;
        const Bytes bytes = write_message(*data_set, test::kExplicitLittle);
        ByteView left(bytes);
        for (; left.size() > kFragment; left = left.subspan(kFragment))
            send_fragment(false, false, left.first(kFragment));
        send_fragment(false, true, left);
    }

    /// The data set of a response: one PDU holds it.
    [[nodiscard]] MessageDataSet read_data_set() {
        const Bytes body = read(PduType::kData);
        return read_message(Bytes(body.begin() + 6, body.end()), test::kExplicitLittle);
    }

    [[nodiscard]] DimseCommand read_response() {
        const Bytes body = read(PduType::kData);
        if (body.size() < 6) return {};
        return parse_command(ByteView(body).subspan(6));
    }

    AssociatePdu accepted;

  private:
    Transport transport_;
};

}  // namespace lucerna::dicom::test_support
