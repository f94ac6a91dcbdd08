#include <gtest/gtest.h>

#include <functional>

#include "dicom/dimse_status.h"
#include "dicom/scp_test_support.h"

namespace lucerna::dicom {
namespace {

using namespace test_support;
using test::small_object;

TEST(Scp, AnswersAnUnknownOperation) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    DimseCommand request;
    request.field = 0x0020;  // C-FIND-RQ
    request.message_id = 3;
    request.has_data_set = true;
    peer.send_fragment(true, true, encode_command(request));
    peer.send_fragment(false, true, Bytes(10, 0));
    const DimseCommand response = peer.read_response();
    EXPECT_EQ(response.field, 0x8020);
    EXPECT_EQ(response.message_id, 3);
    EXPECT_EQ(response.status, status::kUnrecognizedOperation);
}

TEST(Scp, NoticesAnAbort) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    peer.send(encode_abort(AbortSource::kServiceUser, AbortReason::kNotSpecified));
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kAborted);
}

TEST(Scp, AbortsWhatIsNoDicom) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.send(as_byte_view("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    (void)peer.read(PduType::kAbort);
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kProtocolError);
    EXPECT_NO_THROW(StoreScu(to(scp), {}).echo());
}

TEST(Scp, AbortsAnAssociationRequestOfAbsurdLength) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.send(Bytes{1, 0, 0xFF, 0xFF, 0xFF, 0xFF});
    (void)peer.read(PduType::kAbort);
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kProtocolError);
}

struct Malformed {
    const char* name;
    std::function<void(RawPeer&)> say;
};
class AfterAssociating : public testing::TestWithParam<Malformed> {};

TEST_P(AfterAssociating, AbortsAndGoesOnServingOthers) {
    Recorder recorder;
    const Scp scp(any_port(), recorder);
    RawPeer peer(scp);
    peer.associate();
    GetParam().say(peer);
    (void)peer.read(PduType::kAbort);
    EXPECT_EQ(recorder.wait_for_report().end, AssociationEnd::kProtocolError);
    EXPECT_EQ(recorder.count(), 0u);
    EXPECT_NO_THROW(StoreScu(to(scp), {}).echo());
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, AfterAssociating,
    testing::Values(
        Malformed{"PduLongerThanAgreed",
                  [](RawPeer& peer) {
                      peer.send(Bytes{4, 0, 0x7F, 0xFF, 0xFF, 0xFF});
                  }},
        Malformed{"EmptyPdu",
                  [](RawPeer& peer) {
                      peer.send(Bytes{4, 0, 0, 0, 0, 0});
                  }},
        Malformed{"PdvLongerThanItsPdu",
                  [](RawPeer& peer) {
                      peer.send(Bytes{4, 0, 0, 0, 0, 8, 0, 0, 0, 100, 1, 3, 0, 0});
                  }},
        Malformed{"PdvOfNoLength",
                  [](RawPeer& peer) {
                      peer.send(Bytes{4, 0, 0, 0, 0, 6, 0, 0, 0, 0, 1, 3});
                  }},
        Malformed{"UnknownPduType",
                  [](RawPeer& peer) {
                      peer.send(Bytes{0x42, 0, 0, 0, 0, 0});
                  }},
        Malformed{"ContextThatWasNotAgreed",
                  [](RawPeer& peer) { peer.send_fragment(true, true, Bytes(10, 0), 5); }},
        Malformed{"DataSetWithoutCommand",
                  [](RawPeer& peer) { peer.send_fragment(false, true, Bytes(10, 0)); }},
        Malformed{"CommandInsteadOfDataSet",
                  [](RawPeer& peer) {
                      peer.send_store_request("1.2.3");
                      peer.send_store_request("1.2.3");
                  }},
        Malformed{"CommandThatIsNone",
                  [](RawPeer& peer) { peer.send_fragment(true, true, Bytes(10, 0xFF)); }},
        Malformed{"CommandWithoutEnd",
                  [](RawPeer& peer) {
                      for (int part = 0; part < 20; ++part)
                          peer.send_fragment(true, false, Bytes(4000, 0));
                  }},
        Malformed{"SecondAssociationRequest",
                  [](RawPeer& peer) {
                      peer.send(Bytes{1, 0, 0, 0, 0, 4, 0, 0, 0, 0});
                  }},
        Malformed{"ResponseThatNobodyAskedFor",
                  [](RawPeer& peer) {
                      DimseCommand response;
                      response.field = command::kStoreResponse;
                      response.status = 0;
                      peer.send_fragment(true, true, encode_command(response));
                  }}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace lucerna::dicom
