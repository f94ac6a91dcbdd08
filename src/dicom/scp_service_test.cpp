#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <semaphore>

#include "base/memory_budget.h"
#include "dicom/dimse_status.h"
#include "dicom/scp_exchange.h"
#include "dicom/scp_test_support.h"

namespace lucerna::dicom {
namespace {

using namespace test_support;
using test::small_object;
using testing::HasSubstr;

constexpr std::string_view kFind = "1.2.840.10008.5.1.4.1.2.2.1";
constexpr std::string_view kGet = "1.2.840.10008.5.1.4.1.2.2.3";

PresentationContext context(std::uint8_t id, std::string_view sop_class,
                            std::vector<std::string> syntaxes = {test::kExplicitLittle}) {
    return {id, std::string(sop_class), std::move(syntaxes), ContextResult::kAccepted};
}

DimseCommand request(std::uint16_t field, std::string_view sop_class) {
    DimseCommand request;
    request.field = field;
    request.message_id = 7;
    request.affected_sop_class_uid = sop_class;
    return request;
}

DataSet named(std::string_view name) {
    DataSet set;
    set.set_text(tags::kPatientName, name);
    return set;
}

/// A provider with one more service.
class ServiceTest : public testing::Test {
  protected:
    void start(std::string_view sop_class, std::uint16_t field,
               std::function<void(ScpExchange&)> serve, Bytes extended = {}) {
        std::vector<ScpService> services(1);
        services[0] = {sop_class, field, std::move(extended), std::move(serve)};
        ScpOptions options = any_port();
        options.intake = &intake_;
        scp_.emplace(std::move(options), recorder_, std::move(services));
        peer_.emplace(*scp_);
    }
    Recorder recorder_;
    ByteBudget intake_{300'000};
    std::optional<Scp> scp_;
    std::optional<RawPeer> peer_;
};

TEST_F(ServiceTest, IsCalledByClassAndRequestAndAnswersInTheAskersCharacters) {
    start(kFind, command::kFindRequest, [](ScpExchange& exchange) {
        EXPECT_EQ(exchange.data_set().text(tags::kPatientName), "M\xC3\xBCller");
        const DataSet match = named("\xC3\x84nne");
        const DataSet beyond = named("\xE5\xB1\xB1");
        exchange.gather({.status = status::kPending, .data_set = &match});
        exchange.gather({.status = status::kPending, .data_set = &beyond});
        exchange.answer({.status = status::kSuccess});
    });
    peer_->associate(std::string(kFind));
    DimseCommand find = request(command::kFindRequest, kFind);
    find.has_data_set = true;
    peer_->send_fragment(true, true, encode_command(find));
    // By hand, as the writer would make it UTF-8.
    peer_->send_fragment(false, true,
                         as_byte_view(std::string_view(
                             "\x08\0\x05\0CS\x0A\0ISO_IR 100\x10\0\x10\0PN\x06\0M\xFCller", 32)));
    for (const char* expected : {"\xC3\x84nne", "\xE5\xB1\xB1"}) {
        const DimseCommand pending = peer_->read_response();
        EXPECT_EQ(pending.field, 0x8020);
        EXPECT_EQ(pending.message_id, 7);
        EXPECT_EQ(pending.status, status::kPending);
        const MessageDataSet match = peer_->read_data_set();
        EXPECT_EQ(match.character_set, expected[1] == '\x84' ? "ISO_IR 100" : "ISO_IR 192");
        EXPECT_EQ(match.data_set.text(tags::kPatientName), expected);
    }
    EXPECT_EQ(peer_->read_response().status, status::kSuccess);
}

TEST_F(ServiceTest, ErrorsBecomeStatusesAndTheAssociationGoesOn) {
    start(kFind, command::kFindRequest, [](ScpExchange& exchange) {
        (void)exchange.data_set();
        throw Error(ErrorCode::kOutOfSpace, "the reason");
    });
    peer_->associate(std::string(kFind));
    peer_->send_request(request(command::kFindRequest, kFind));
    EXPECT_EQ(peer_->read_response().status, status::kCannotUnderstand) << "no data set";
    const DataSet asked = named("A");
    peer_->send_request(request(command::kFindRequest, kFind), &asked);
    const DimseCommand response = peer_->read_response();
    EXPECT_EQ(response.status, status::kOutOfResources);
    EXPECT_EQ(response.error_comment, "the reason");
    peer_->send_request(request(command::kFindRequest, kGet), &asked);
    EXPECT_EQ(peer_->read_response().status, status::kClassNotSupported);
    peer_->send_request(request(command::kMoveRequest, kFind), &asked);
    EXPECT_EQ(peer_->read_response().status, status::kUnrecognizedOperation);
}

TEST_F(ServiceTest, WaitsForNoMemoryOnceTheProviderStops) {
    // Whoever is not told waits for longer than a test may.
    MemoryBudget budget("the test's", 100, std::chrono::hours(1));
    const MemoryBudget::Share all = budget.take(100, "all");
    std::binary_semaphore begun{0};
    std::optional<ErrorCode> code;
    start(kFind, command::kFindRequest, [&](ScpExchange&) {
        begun.release();
        try {
            (void)budget.take(1, "a query");
        } catch (const Error& error) {
            code = error.code();
            throw;
        }
    });
    peer_->associate(std::string(kFind));
    const DataSet keys = named("*");
    peer_->send_request(request(command::kFindRequest, kFind), &keys);
    begun.acquire();
    scp_.reset();
    EXPECT_EQ(code, ErrorCode::kUnavailable);
}

TEST_F(ServiceTest, ErrorsOfDimseNBecomeStatusesOfIt) {
    ErrorCode code = ErrorCode::kUnavailable;
    start(kFind, command::kCreateRequest,
          [&](ScpExchange&) { throw Error(code, "the index is away"); });
    peer_->associate(std::string(kFind));
    peer_->send_request(request(command::kCreateRequest, kFind));
    EXPECT_EQ(peer_->read_response().status, status::kProcessingFailure);
    code = ErrorCode::kOutOfSpace;
    peer_->send_request(request(command::kCreateRequest, kFind));
    EXPECT_EQ(peer_->read_response().status, status::kResourceLimitation);
}

TEST_F(ServiceTest, IsNotCalledWithWhatFindsNoRoom) {
    struct Case {
        std::uint16_t request;
        std::uint16_t status;
    };
    const Case kCases[] = {{command::kFindRequest, status::kOutOfResources},
                           {command::kMoveRequest, status::kCannotCount},
                           {command::kCreateRequest, status::kResourceLimitation}};
    const DataSet much = named(std::string(120'000, 'A'));
    const DataSet little = named("A");
    for (const Case& one : kCases) {
        int served = 0;
        start(kFind, one.request, [&](ScpExchange& exchange) {
            ++served;
            EXPECT_GT(intake_.held(), 0U) << "the request is held while it is served";
            exchange.answer({.status = status::kSuccess});
        });
        peer_->associate(std::string(kFind));
        peer_->send_request(request(one.request, kFind), &much);
        const DimseCommand refused = peer_->read_response();
        EXPECT_EQ(refused.status, one.status);
        EXPECT_THAT(refused.error_comment, HasSubstr("more than may be held at once"));
        EXPECT_EQ(served, 0);
        peer_->send_request(request(one.request, kFind), &little);
        EXPECT_EQ(peer_->read_response().status, status::kSuccess) << "the association goes on";
        EXPECT_EQ(served, 1);
    }
}

TEST_F(ServiceTest, SeesACancelForItsRequestAlone) {
    std::atomic<int> answered = 0;
    start(kFind, command::kFindRequest, [&](ScpExchange& exchange) {
        const DataSet match = named("A");
        while (!exchange.is_cancelled()) {
            exchange.answer({.status = status::kPending, .data_set = &match});
            ++answered;
        }
        exchange.answer({.status = status::kCancelled});
    });
    peer_->associate(std::string(kFind));
    const DataSet asked = named("*");
    peer_->send_request(request(command::kFindRequest, kFind), &asked);
    DimseCommand cancel = request(command::kCancelRequest, {});
    cancel.message_id = 8;
    peer_->send_request(cancel);
    const int before = answered;
    while (answered < before + 10) {
        EXPECT_EQ(peer_->read_response().status, status::kPending);
        (void)peer_->read_data_set();
    }
    cancel.message_id = 7;
    peer_->send_request(cancel);
    DimseCommand response = peer_->read_response();
    for (; response.status == status::kPending; response = peer_->read_response())
        (void)peer_->read_data_set();
    EXPECT_EQ(response.status, status::kCancelled);
}

TEST_F(ServiceTest, ARequestWithinAnotherAborts) {
    start(kFind, command::kFindRequest, [](ScpExchange& exchange) {
        while (!exchange.is_cancelled()) std::this_thread::yield();
    });
    peer_->associate(std::string(kFind));
    const DataSet asked = named("*");
    peer_->send_request(request(command::kFindRequest, kFind), &asked);
    peer_->send_request(request(command::kFindRequest, kFind), &asked);
    EXPECT_EQ(recorder_.wait_for_report().end, AssociationEnd::kProtocolError);
}

TEST_F(ServiceTest, GrantsOfTheExtendedNegotiationWhatItUnderstands) {
    start(kFind, command::kFindRequest,
          [](ScpExchange& exchange) {
              EXPECT_TRUE(exchange.is_extended(0));
              EXPECT_FALSE(exchange.is_extended(1));
              EXPECT_FALSE(exchange.is_extended(2));
              EXPECT_FALSE(exchange.is_extended(9));
              exchange.answer({.status = status::kSuccess});
          },
          {1, 1, 0});
    peer_->associate_with({context(1, kFind)}, {},
                          {{std::string(kFind), {1, 0, 1, 1}}, {"1.2.3", {1}}});
    ASSERT_EQ(peer_->accepted.extended.size(), 1u);
    EXPECT_EQ(peer_->accepted.extended[0].information, (Bytes{1, 0, 0, 0}));
    peer_->send_request(request(command::kFindRequest, kFind));
    EXPECT_EQ(peer_->read_response().status, status::kSuccess);
}

TEST_F(ServiceTest, WantsALittleEndianSyntax) {
    start(kFind, command::kFindRequest, [](ScpExchange&) {});
    peer_->associate_with({context(1, kFind, {"1.2.840.10008.1.2.2"}),
                           context(3, kFind, {"1.2.840.10008.1.2.2", "1.2.840.10008.1.2"})});
    EXPECT_EQ(peer_->accepted.contexts[0].result, ContextResult::kTransferSyntaxesNotSupported);
    EXPECT_EQ(peer_->accepted.contexts[1].result, ContextResult::kAccepted);
    EXPECT_EQ(peer_->accepted.contexts[1].transfer_syntaxes.front(), "1.2.840.10008.1.2");
}

TEST_F(ServiceTest, StoresToAPeerThatTookTheRoleAndSaysWhyNotElse) {
    const Bytes file = small_object("1.2.3.4", 5000);
    std::vector<SendOutcome> outcomes;
    start(kGet, command::kGetRequest, [&](ScpExchange& exchange) {
        outcomes.push_back(exchange.store(file));
        outcomes.push_back(exchange.store(
            small_object("1.2.3.5", 10, test::kExplicitLittle, "1.2.840.10008.5.1.4.1.1.2")));
        exchange.answer({.status = status::kSuccess});
    });
    peer_->associate_with(
        {context(1, kGet),
         context(3, test::kMammogramClass, {"1.2.840.10008.1.2.4.90", test::kExplicitLittle}),
         context(5, "1.2.840.10008.5.1.4.1.1.2")},
        {{test::kMammogramClass, true, true},
         {"1.2.840.10008.5.1.4.1.1.2", true, false},
         {std::string(kGet), true, true}});
    ASSERT_EQ(peer_->accepted.roles.size(), 3u);
    EXPECT_TRUE(peer_->accepted.roles[0].scp);
    EXPECT_FALSE(peer_->accepted.roles[1].scp);
    EXPECT_FALSE(peer_->accepted.roles[2].scp);
    EXPECT_EQ(peer_->accepted.contexts[1].transfer_syntaxes.front(), test::kExplicitLittle);
    peer_->send_request(request(command::kGetRequest, kGet));
    const DimseCommand store = peer_->read_response();
    EXPECT_EQ(store.field, command::kStoreRequest);
    EXPECT_EQ(store.affected_sop_instance_uid, "1.2.3.4");
    const Bytes data = peer_->read(PduType::kData);
    EXPECT_EQ(data[4], 3) << "on the context that was agreed";
    EXPECT_EQ(Bytes(data.begin() + 6, data.end()), data_set_of(file));
    DimseCommand stored = request(command::kStoreResponse, test::kMammogramClass);
    stored.message_id = store.message_id;
    stored.status = 0xB007;
    peer_->send_fragment(true, true, encode_command(stored), 3);
    EXPECT_EQ(peer_->read_response().status, status::kSuccess);
    ASSERT_EQ(outcomes.size(), 2u);
    EXPECT_EQ(outcomes[0].kind, StatusKind::kWarning);
    EXPECT_EQ(outcomes[1].kind, StatusKind::kPermanentFailure);
    EXPECT_THAT(outcomes[1].why, HasSubstr("1.2.840.10008.5.1.4.1.1.2"));
}

}  // namespace
}  // namespace lucerna::dicom
