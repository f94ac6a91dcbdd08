#include "dicom/pdu.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace lucerna::dicom {
namespace {

AssociatePdu request() {
    AssociatePdu pdu;
    pdu.called_aet = "LUCERNA";
    pdu.calling_aet = "MODALITY_1";
    pdu.application_context = kDicomApplicationContext;
    pdu.contexts = {{1, "1.2.840.10008.1.1", {"1.2.840.10008.1.2"}, ContextResult::kAccepted},
                    {3,
                     "1.2.840.10008.5.1.4.1.1.1.2",
                     {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.201"},
                     ContextResult::kAccepted}};
    pdu.max_pdu_bytes = 16384;
    pdu.implementation_class_uid = "1.2.3";
    pdu.implementation_version = "TEST";
    return pdu;
}

Bytes body_of(const Bytes& pdu) {
    return {pdu.begin() + kPduHeaderBytes, pdu.end()};
}

TEST(AssociatePdu, ComesBackFromItsBytes) {
    const Bytes bytes = encode_associate(PduType::kAssociateRequest, request());
    std::array<std::uint8_t, kPduHeaderBytes> head{};
    std::copy_n(bytes.begin(), head.size(), head.begin());
    EXPECT_EQ(parse_pdu_header(head).type, 1);
    EXPECT_EQ(parse_pdu_header(head).length, bytes.size() - kPduHeaderBytes);

    const AssociatePdu back = parse_associate(PduType::kAssociateRequest, body_of(bytes));
    EXPECT_EQ(back.called_aet, "LUCERNA");
    EXPECT_EQ(back.calling_aet, "MODALITY_1");
    EXPECT_EQ(back.application_context, kDicomApplicationContext);
    ASSERT_EQ(back.contexts.size(), 2u);
    EXPECT_EQ(back.contexts[1].id, 3);
    EXPECT_EQ(back.contexts[1].abstract_syntax, "1.2.840.10008.5.1.4.1.1.1.2");
    EXPECT_EQ(back.contexts[1].transfer_syntaxes, request().contexts[1].transfer_syntaxes);
    EXPECT_EQ(back.max_pdu_bytes, 16384u);
    EXPECT_EQ(back.implementation_version, "TEST");
}

TEST(AssociatePdu, CarriesRolesAndExtendedNegotiation) {
    AssociatePdu asked = request();
    asked.roles = {{"1.2.840.10008.5.1.4.1.1.2", false, true},
                   {"1.2.840.10008.1.20.1", true, true}};
    asked.extended = {{"1.2.840.10008.5.1.4.1.2.2.1", {1, 0, 1}}, {"1.2.3", {}}};
    const AssociatePdu back = parse_associate(
        PduType::kAssociateRequest, body_of(encode_associate(PduType::kAssociateRequest, asked)));
    ASSERT_EQ(back.roles.size(), 2u);
    EXPECT_EQ(back.roles[0].sop_class, "1.2.840.10008.5.1.4.1.1.2");
    EXPECT_FALSE(back.roles[0].scu);
    EXPECT_TRUE(back.roles[0].scp);
    EXPECT_TRUE(back.roles[1].scu);
    ASSERT_EQ(back.extended.size(), 2u);
    EXPECT_EQ(back.extended[0].sop_class, "1.2.840.10008.5.1.4.1.2.2.1");
    EXPECT_EQ(back.extended[0].information, (Bytes{1, 0, 1}));
    EXPECT_TRUE(back.extended[1].information.empty());
}

TEST(AssociatePdu, AnswerKeepsResultOfEachContext) {
    AssociatePdu answer = request();
    answer.contexts[0].result = ContextResult::kAbstractSyntaxNotSupported;
    answer.contexts[1].transfer_syntaxes = {"1.2.840.10008.1.2.4.201"};
    const AssociatePdu back = parse_associate(
        PduType::kAssociateAccept, body_of(encode_associate(PduType::kAssociateAccept, answer)));
    ASSERT_EQ(back.contexts.size(), 2u);
    EXPECT_EQ(back.contexts[0].result, ContextResult::kAbstractSyntaxNotSupported);
    EXPECT_EQ(back.contexts[1].result, ContextResult::kAccepted);
    EXPECT_EQ(back.contexts[1].transfer_syntaxes.front(), "1.2.840.10008.1.2.4.201");
}

// Every prefix of a good PDU is a bad one, and says so instead of reading on.
TEST(AssociatePdu, RefusesEveryTruncation) {
    const Bytes body = body_of(encode_associate(PduType::kAssociateRequest, request()));
    // The last item is optional: without it what remains is whole.
    const std::size_t items_end = body.size();
    std::size_t accepted = 0;
    for (std::size_t length = 0; length < items_end; ++length) {
        try {
            (void)parse_associate(PduType::kAssociateRequest, ByteView(body).first(length));
            ++accepted;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
        }
    }
    // Cut exactly between items: after the fixed part, the application context, each context.
    EXPECT_EQ(accepted, 4u);
}

TEST(AssociatePdu, RefusesEvenAndRepeatedContextIds) {
    AssociatePdu even = request();
    even.contexts[0].id = 2;
    EXPECT_THROW((void)parse_associate(PduType::kAssociateRequest,
                                       body_of(encode_associate(PduType::kAssociateRequest, even))),
                 Error);
    AssociatePdu repeated = request();
    repeated.contexts[1].id = 1;
    EXPECT_THROW(
        (void)parse_associate(PduType::kAssociateRequest,
                              body_of(encode_associate(PduType::kAssociateRequest, repeated))),
        Error);
}

TEST(AssociatePdu, RefusesIdentifiersBeyond64Characters) {
    AssociatePdu pdu = request();
    pdu.contexts[0].abstract_syntax = std::string(65, '1');
    EXPECT_THROW((void)parse_associate(PduType::kAssociateRequest,
                                       body_of(encode_associate(PduType::kAssociateRequest, pdu))),
                 Error);
}

TEST(AssociatePdu, RefusesALongestPduThatHoldsNothing) {
    AssociatePdu pdu = request();
    for (const std::uint32_t most : {0u, 8u}) {
        pdu.max_pdu_bytes = most;
        EXPECT_NO_THROW((void)parse_associate(
            PduType::kAssociateRequest, body_of(encode_associate(PduType::kAssociateRequest, pdu))))
            << most;
    }
    for (const std::uint32_t most : {1u, 6u, 7u}) {
        pdu.max_pdu_bytes = most;
        EXPECT_THROW(
            (void)parse_associate(PduType::kAssociateRequest,
                                  body_of(encode_associate(PduType::kAssociateRequest, pdu))),
            Error)
            << most;
    }
}

TEST(AssociatePdu, TakesNoMoreOfEachItemThanThereAreOfIt) {
    AssociatePdu asked = request();
    asked.contexts[0].transfer_syntaxes.assign(1000, "1.2.840.10008.1.2");
    asked.roles.assign(1000, {"1.2.3", true, true});
    asked.extended.assign(1000, {"1.2.3", Bytes(30, 1)});
    asked.extended[1].information.assign(1000, 1);
    const AssociatePdu taken = parse_associate(
        PduType::kAssociateRequest, body_of(encode_associate(PduType::kAssociateRequest, asked)));
    EXPECT_EQ(taken.contexts[0].transfer_syntaxes.size(), kMostTransferSyntaxes);
    EXPECT_EQ(taken.roles.size(), kMostNegotiationItems);
    EXPECT_EQ(taken.extended.size(), kMostNegotiationItems);
    EXPECT_EQ(taken.extended[0].information, Bytes(30, 1));
    EXPECT_EQ(taken.extended[1].information, Bytes(kMostExtendedBytes, 1));
    EXPECT_EQ(taken.max_pdu_bytes, asked.max_pdu_bytes);
}

TEST(AssociatePdu, SkipsUnknownItems) {
    Bytes body = body_of(encode_associate(PduType::kAssociateRequest, request()));
    const Bytes unknown = {0x99, 0, 0, 3, 'a', 'b', 'c'};
    body.insert(body.end(), unknown.begin(), unknown.end());
    EXPECT_EQ(parse_associate(PduType::kAssociateRequest, body).contexts.size(), 2u);
}

TEST(RejectPdu, SaysWhoAndWhy) {
    EXPECT_EQ(describe_reject(kRejectCalledAet), "permanent: called AE title not recognized");
    EXPECT_EQ(describe_reject(kRejectLocalLimit), "transient: local limit exceeded");
    const Bytes bytes = encode_reject(kRejectCallingAet);
    EXPECT_EQ(parse_reject(body_of(bytes)).reason, 3);
    EXPECT_THROW((void)parse_reject(Bytes{1, 2}), Error);
}

}  // namespace
}  // namespace lucerna::dicom
