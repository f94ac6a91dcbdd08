// The first byte says what the rest is: HL7 messages in MLLP frames, or the body of a FHIR request.
// Nothing but Error may come out of it, a message is answered unless it is an answer, and what is
// taken for an order keeps to what its attributes can hold.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "fhir/resources.h"
#include "hl7/message.h"
#include "hl7/mllp.h"
#include "receive/fhir_orders.h"
#include "receive/hl7_orders.h"
#include "seeds.h"

namespace {

using namespace lucerna;

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const exam::OrderRequest& request) {
    const exam::Order& order = request.order;
    const auto fits = [](std::string_view text, std::size_t most) {
        return text.size() <= most * 4 && text.find('\\') == std::string_view::npos &&
               text.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos;
    };
    require(!order.placer.empty() || !order.filler.empty());
    require(fits(order.placer.number, 64) && fits(order.filler.number, 64));
    require(fits(order.accession_number.reveal(), 16));
    require(fits(order.patient_id.reveal(), 64) && fits(order.patient_name.reveal(), 3 * 65));
    require(fits(order.description, 64) && fits(order.comments, 10240));
    for (const exam::ScheduledStep& step : order.steps) {
        require(fits(step.step_id, 16) && fits(step.modality, 16) && fits(step.station_aet, 16));
        const bool is_said = !step.start_date.empty();
        require((is_said ? step.start_date : request.written_date).size() == 8);
        require(!(is_said ? step.start_time : request.written_time).empty());
    }
}

class Book : public receive::OrderSink {
  public:
    exam::OrderOutcomes take(std::span<const exam::OrderRequest> requests) override {
        require(!requests.empty());
        for (const exam::OrderRequest& request : requests) check(request);
        return std::vector<exam::OrderOutcome>(requests.size());
    }
    std::optional<receive::FoundOrder> find(const std::string&) override { return {}; }
};

void try_hl7(std::string_view bytes) {
    static Book book;
    static const ManualClock clock{Instant{}};
    receive::Hl7Desk desk(book, {}, clock);
    hl7::FrameReader frames(1 << 16);
    try {
        for (const char c : bytes) {
            const auto message = frames.take(static_cast<std::uint8_t>(c));
            if (!message) continue;
            // A byte beyond ASCII in a field that is repeated may not be UTF-8; the frame holds.
            const auto answer = desk.answer(*message, "fuzz");
            if (!answer) continue;
            require(answer->starts_with("MSH") && answer->find("\rMSA") != std::string::npos);
            require(answer->find('\x1C') == std::string::npos);
        }
    } catch (const Error& error) {
        require(error.code() == ErrorCode::kInvalidInput);
    }
}

void try_fhir(std::string_view body) {
    const auto read = fhir::read_submission(body);
    const auto* submission = std::get_if<fhir::Submission>(&read);
    if (submission == nullptr) return;
    for (const fhir::ServiceRequest& request : submission->requests) {
        const auto order = receive::order_in(request, *submission, {}, "2026-03-01");
        const auto* good = std::get_if<exam::OrderRequest>(&order);
        if (good == nullptr) continue;
        check(*good);
        if (good->action != exam::OrderAction::kPlace) continue;
        // What is given out of it is a request for the same order.
        const auto again =
            fhir::read_submission(receive::service_request_json({good->order, {}}, "1"));
        const auto& given = std::get<fhir::Submission>(again);
        const auto same = receive::order_in(given.requests.front(), given, {}, "2026-03-01");
        const exam::Order& order_again = std::get<exam::OrderRequest>(same).order;
        require(order_again.placer.number == good->order.placer.number);
        require(order_again.patient_id == good->order.patient_id);
        require(order_again.steps.front().start_date == good->order.steps.front().start_date);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
    if (data[0] % 2 == 0)
        try_hl7(rest);
    else
        try_fhir(rest);
    return 0;
}

std::vector<lucerna::Bytes> lucerna::fuzz::seeds() {
    std::vector<Bytes> seeds;
    const auto add = [&](std::uint8_t which, std::string_view text) {
        Bytes seed{which};
        const ByteView bytes = as_byte_view(text);
        seed.insert(seed.end(), bytes.begin(), bytes.end());
        seeds.push_back(std::move(seed));
    };
    add(0,
        "\x0BMSH|^~\\&|RIS|HOSPITAL|LUCERNA|HOSPITAL|20260301080000||OMI^O23|1|P|2.5.1|||||||"
        "UNICODE "
        "UTF-8\rPID|1||P1^^^HOSPITAL||Doe^Jane||19601231|F\rORC|NW|PL1|FI1||SC\r"
        "TQ1|1||||||20260302090000\rOBR|1|PL1|FI1|MG^Mammography^L\r"
        "IPC|ACC1|RP1|2.999.1|SPS1|MG|MG^Mammography^L|STATION\r\x1C\r");
    add(0,
        "\x0BMSH|^~\\&|RIS||||20260301080000||ORM^O01|2|P|2.3\rPID|||P1||Doe^Jane\r"
        "ORC|CA|PL1|FI1||CA\rOBR|1|PL1|FI1|MG^Mammography\\F\\L|||20260302090000\r\x1C\r");
    // With a byte order mark and without a control ID; an answer.
    add(0,
        "\x0B\xEF\xBB\xBFMSH|^~\\&|RIS||||20260301080000||ORM^O01||P|2.3\rPID|||P1||M\xC3\xBCller\r"
        "ORC|NW|PL1\rOBR|1\r\x1C\r");
    add(0, "\x0BMSH|^~\\&|RIS||||20260301080000||ACK^O01|7|P|2.3\rMSA|AA|1\r\x1C\r");
    // A frame without end, and one within it; what a browser would run for a name.
    add(0,
        "\x0BMSH|^~\\&|RIS||||20260301080000||ORM^O01|5|P|2.3\rPID|||P1||<script>alert(1)</"
        "script>\r"
        "\x0BMSH|^~\\&|RIS||||20260301080000||ORM^O01|6|P|2.3\r");
    // As many delimiters as a frame of this target may hold.
    for (const char delimiter : {'~', '^', '&', '\\', '\r'})
        add(0, "\x0BMSH|^~\\&|RIS||||20260301080000||ORM^O01|3|P|2.3\rPID|||" +
                   std::string(60000, delimiter) + "\rORC|NW|1\rOBR|1\r\x1C\r");
    add(0, "\x0BMSH|^~\\&|RIS||||20260301080000||ORM^O01|4|P|2.3||||||" + std::string(60000, '~') +
               "\r\x1C\r");
    add(1,
        R"({"resourceType":"ServiceRequest","identifier":[{"type":{"coding":[{"code":"PLAC"}]},)"
        R"("value":"PL1"}],"status":"active","intent":"order","code":{"text":"Mammography"},)"
        R"("subject":{"reference":"#p"},"occurrenceDateTime":"2026-03-02T09:00:00+01:00",)"
        R"("contained":[{"resourceType":"Patient","id":"p","identifier":[{"value":"P1"}],)"
        R"("name":[{"family":"Doe","given":["Jane"]}],"birthDate":"1960-12-31","gender":"female"}]})");
    add(1,
        R"({"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:1","resource":)"
        R"({"resourceType":"Patient","identifier":[{"value":"P1"}]},"request":{"method":"POST","url":)"
        R"("Patient"}},{"resource":{"resourceType":"ServiceRequest","status":"active","intent":"order",)"
        R"("subject":{"reference":"urn:uuid:1"}},"request":{"method":"POST","url":"ServiceRequest"}}]})");
    return seeds;
}
