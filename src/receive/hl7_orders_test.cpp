#include "receive/hl7_orders.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/memory_budget.h"
#include "dicom/decoding_memory.h"
#include "support/zone.h"

namespace lucerna::receive {
namespace {

using exam::OrderAction;
using testing::HasSubstr;

constexpr const char* kHeader =
    "MSH|^~\\&|EHR|HOSP|LUCERNA|SCREEN|20260301081500||ORM^O01^ORM_O01|42|P|2.5.1||||||UNICODE "
    "UTF-8\r";
constexpr const char* kPatient =
    "PID|1||P1^^^HOSP^PI~M7^^^HOSP&1.2.3&ISO^MR||Doe^Jane^Q^Jr^Dr~\xE5\xB1\xB1\xE7\x94\xB0^^^^^^^I|"
    "|19700102|F\r"
    "PV1|1|O|WARD^R1^B2|||||77^Ref^Erring|||||||B6|VIP|||V9\r";
constexpr const char* kOrder =
    "ORC|NW|O1^EHR|F1^RIS||||^^^20260302093000^^R|||||\r"
    "OBR|1|O1^EHR|F1^RIS|SCR^Screening^99X^MG4^Four views^99Y||||||||HI^Hearing^L|Latex|||"
    "5^Asking^Anne||ACC1|RP1|SPS1||||MG||||||WALK|^Lump|||77&Tech&Nora\r"
    "ZDS|1.2.3.4^X^Application^DICOM\r"
    "NTE|1||bring \\T\\ wait\\.br\\outside\r";

Hl7Orders orders_from(const std::string& text) {
    auto message = hl7::Message::parse(text);
    auto result = orders_in(std::get<hl7::Message>(message), {}, "20260301");
    if (const auto* fault = std::get_if<hl7::Fault>(&result))
        throw std::runtime_error(fault->place.segment + ": " + fault->why);
    return std::get<Hl7Orders>(std::move(result));
}
hl7::Fault fault_from(const std::string& text) {
    auto message = hl7::Message::parse(text);
    auto result = orders_in(std::get<hl7::Message>(message), {}, "20260301");
    return std::get<hl7::Fault>(result);
}
std::string replaced(std::string text, const std::string& what, const std::string& with) {
    return text.replace(text.find(what), what.size(), with);
}

TEST(Hl7Orders, ReadsAnOrmAsIheMapsIt) {
    const Hl7Orders orders = orders_from(std::string(kHeader) + kPatient + kOrder);
    ASSERT_EQ(orders.requests.size(), 1U);
    const exam::Order& order = orders.requests[0].order;
    EXPECT_EQ(order.placer, (exam::OrderNumber{"O1", "EHR"}));
    EXPECT_EQ(order.filler, (exam::OrderNumber{"F1", "RIS"}));
    EXPECT_EQ(order.patient_id.reveal(), "M7") << "the one of type MR";
    EXPECT_EQ(order.issuer_of_patient_id, "HOSP");
    EXPECT_EQ(order.patient_name.reveal(), "Doe^Jane^Q^Dr^Jr=\xE5\xB1\xB1\xE7\x94\xB0");
    EXPECT_EQ(order.patient_birth_date.reveal(), "19700102");
    EXPECT_EQ(order.patient_sex, "F");
    EXPECT_EQ(order.patient_location, "WARD R1 B2");
    EXPECT_EQ(order.admission_id, "V9");
    EXPECT_EQ(order.confidentiality, "VIP");
    EXPECT_EQ(order.pregnancy_status, "3");
    EXPECT_EQ(order.referring_physician, "Ref^Erring");
    EXPECT_EQ(order.requesting_physician, "Asking^Anne");
    EXPECT_EQ(order.accession_number.reveal(), "ACC1");
    EXPECT_EQ(order.requested_procedure_id, "RP1");
    EXPECT_EQ(order.study_instance_uid, "1.2.3.4");
    EXPECT_EQ(order.procedure, (exam::CodedTerm{"SCR", "99X", "Screening"}));
    EXPECT_EQ(order.priority, "ROUTINE");
    EXPECT_EQ(order.reason, "Lump");
    EXPECT_EQ(order.transport, "WALK");
    EXPECT_EQ(order.patient_state, "Hearing");
    EXPECT_EQ(order.medical_alerts, "Latex");
    EXPECT_EQ(order.comments, "bring & wait outside");
    ASSERT_EQ(order.steps.size(), 1U);
    const exam::ScheduledStep& step = order.steps[0];
    EXPECT_EQ(step.step_id, "SPS1");
    EXPECT_EQ(step.modality, "MG");
    EXPECT_EQ(step.start_date, "20260302");
    EXPECT_EQ(step.start_time, "093000");
    EXPECT_EQ(step.performing_physician, "Tech^Nora");
    EXPECT_EQ(step.protocol, (exam::CodedTerm{"MG4", "99Y", "Four views"}));
}

TEST(Hl7Orders, ReadsTheStepsOfAnOmiFromItsIpcs) {
    const Hl7Orders orders =
        orders_from(replaced(kHeader, "ORM^O01^ORM_O01", "OMI^O23^OMI_O23") + kPatient +
                    "ORC|NW|O1\rTQ1|1||||||202603021000||S\rOBR|1|O1||SCR^Screening^99X\r"
                    "IPC|A1|RP1|1.2.3|S1|MG|P1^Left^99Y|ROOM1|FLOOR1|MAMMO1\r"
                    "IPC|A1|RP1|1.2.3|S2|US\r");
    const exam::Order& order = orders.requests.at(0).order;
    EXPECT_EQ(order.accession_number.reveal(), "A1");
    EXPECT_EQ(order.study_instance_uid, "1.2.3");
    EXPECT_EQ(order.priority, "STAT");
    ASSERT_EQ(order.steps.size(), 2U);
    EXPECT_EQ(order.steps[0].station_aet, "MAMMO1");
    EXPECT_EQ(order.steps[0].station_name, "ROOM1");
    EXPECT_EQ(order.steps[0].description, "Left");
    EXPECT_EQ(order.steps[1].modality, "US");
    EXPECT_EQ(order.steps[1].start_time, "1000");
}

TEST(Hl7Orders, TakesWhatAnyIpcOfAnOrderSaysOfItsProcedure) {
    const auto omi = [](const std::string& first, const std::string& second) {
        return replaced(kHeader, "ORM^O01^ORM_O01", "OMI^O23^OMI_O23") + kPatient +
               "ORC|NW|O1\rTQ1|1||||||202603021000||S\rOBR|1|O1||SCR^Screening^99X\rIPC|" + first +
               "|S1|MG\rIPC|" + second + "|S2|MG\r";
    };
    for (const auto& text : {omi("||", "A1|RP1|1.2.3"), omi("A1||1.2.3", "|RP1|"),
                             omi("A1|RP1|1.2.3", "||"), omi("A1|RP1|1.2.3", "A1|RP1|1.2.3")}) {
        const exam::Order order = orders_from(text).requests.at(0).order;
        EXPECT_EQ(order.accession_number.reveal(), "A1");
        EXPECT_EQ(order.requested_procedure_id, "RP1");
        EXPECT_EQ(order.study_instance_uid, "1.2.3");
        EXPECT_EQ(order.steps.size(), 2U);
    }
    const std::pair<const char*, int> others[] = {
        {"A2|RP1|1.2.3", 1}, {"A1|RP2|1.2.3", 2}, {"A1|RP1|1.2.4", 3}};
    for (const auto& [second, field] : others) {
        const hl7::Fault fault = fault_from(omi("A1|RP1|1.2.3", second));
        EXPECT_EQ(fault.code, hl7::FaultCode::kDuplicateKey);
        EXPECT_EQ(fault.place.segment, "IPC");
        EXPECT_EQ(fault.place.occurrence, 2);
        EXPECT_EQ(fault.place.field, field);
    }
    EXPECT_EQ(fault_from(omi("A1|RP1|1.2.3", "A1|RP1|none")).code, hl7::FaultCode::kDataType);
}

TEST(Hl7Orders, TakesOrcGroupsOfOneNumberForOneOrdersSteps) {
    const std::string second = replaced(
        replaced(replaced(kOrder, "SPS1", "SPS2"), "ZDS|1.2.3.4^X^Application^DICOM\r", ""),
        "bring", "come");
    const Hl7Orders orders =
        orders_from(std::string(kHeader) + kPatient + kOrder + second + "ORC|CA|O9\r");
    ASSERT_EQ(orders.requests.size(), 2U);
    EXPECT_EQ(orders.requests[0].order.steps.size(), 2U);
    EXPECT_EQ(orders.requests[0].order.comments, "bring & wait outside come & wait outside");
    EXPECT_EQ(orders.requests[1].action, OrderAction::kCancel);
    EXPECT_EQ(orders.orc.at(1), 3);
    const hl7::Fault fault =
        fault_from(std::string(kHeader) + kPatient + kOrder + replaced(second, "RP1", "RP2"));
    EXPECT_EQ(fault.code, hl7::FaultCode::kDuplicateKey);
    EXPECT_EQ(fault.place.occurrence, 2);
}

TEST(Hl7Orders, TellsChangesFromNewOrders) {
    const auto action_of = [](const std::string& orders) {
        return orders_from(std::string(kHeader) + kPatient + orders).requests.at(0).action;
    };
    EXPECT_EQ(action_of(kOrder), OrderAction::kPlace);
    EXPECT_EQ(action_of(replaced(kOrder, "NW", "XO")), OrderAction::kChange);
    EXPECT_EQ(action_of("ORC|XO|1\rOBR|1|||||||||||||||||||S1\rORC|NW|1\rOBR|2"),
              OrderAction::kPlace)
        << "one number, the stricter of both";
}

TEST(Hl7Orders, ReadsAllRepetitionsOfANote) {
    const std::string text = std::string(kHeader) + kPatient +
                             "ORC|NW|1\rOBR|1\rNTE|1||ALLERGY: none~PACEMAKER: yes\rNTE|2||deaf\r";
    EXPECT_EQ(orders_from(text).requests.at(0).order.comments, "ALLERGY: none PACEMAKER: yes deaf");
}

TEST(Hl7Orders, RefusesASecondObrBehindOneOrc) {
    const hl7::Fault fault =
        fault_from(std::string(kHeader) + kPatient + "ORC|NW|1\rOBR|1|||A\rOBR|2|||B\r");
    EXPECT_EQ(fault.code, hl7::FaultCode::kSegmentSequence);
    EXPECT_EQ(fault.place.segment, "OBR");
    EXPECT_EQ(fault.place.occurrence, 2);
}

TEST(Hl7Orders, RefusesTwoProceduresUnderOneNumber) {
    const std::string first = "ORC|NW|1\rOBR|1|||MAM^Mammography^L||||||||||||||ACC1\r";
    for (const char* second : {"ORC|NW|1\rOBR|2|||MAM^Mammography^L||||||||||||||ACC2\r",
                               "ORC|NW|1\rOBR|2|||SON^Sonography^L||||||||||||||ACC1\r"})
        EXPECT_EQ(fault_from(std::string(kHeader) + kPatient + first + second).code,
                  hl7::FaultCode::kDuplicateKey)
            << second;
}

TEST(Hl7Orders, SaysWhoseOrderIsCancelled) {
    const Hl7Orders orders = orders_from(std::string(kHeader) + kPatient + "ORC|CA|1\rORC|CA|2\r");
    ASSERT_EQ(orders.requests.size(), 2U);
    for (const exam::OrderRequest& request : orders.requests) {
        EXPECT_EQ(request.order.patient_id.reveal(), "M7");
        EXPECT_EQ(request.order.issuer_of_patient_id, "HOSP");
        EXPECT_FALSE(request.order.patient_name.empty());
        EXPECT_EQ(request.order.patient_birth_date.reveal().size(), 8U);
    }
    const std::string long_name = "PID|1||M7^^^HOSP||" + std::string(70, 'A') + "^B||19700102\r";
    const Hl7Orders of_long_name = orders_from(std::string(kHeader) + long_name + "ORC|CA|1\r");
    ASSERT_EQ(of_long_name.requests.size(), 1U);
    EXPECT_EQ(of_long_name.requests[0].order.patient_id.reveal(), "M7");
    EXPECT_EQ(of_long_name.requests[0].order.patient_name.reveal(), "");
    EXPECT_EQ(orders_from(std::string(kHeader) + "PID|1\rORC|CA|1\r")
                  .requests.at(0)
                  .order.patient_id.reveal(),
              "")
        << "it need not be said";
}

TEST(Hl7Orders, ReadsAGeneralOrderButNoPriorResults) {
    const std::string header = replaced(kHeader, "ORM^O01^ORM_O01", "OMG^O19^OMG_O19");
    const std::string order = header + kPatient +
                              "ORC|NW|O1^EHR\rTQ1|1||||||20260302094500||S\r"
                              "OBR|1|O1^EHR||SCR^Screening^99X||||||||||||5^Asking^Anne\r"
                              "NTE|1||bring it\rOBX|1|NM|1^Height||170\rNTE|1||of the height\r";
    const exam::Order read = orders_from(order).requests.at(0).order;
    EXPECT_EQ(read.steps.at(0).start_time, "094500");
    EXPECT_EQ(read.priority, "STAT");
    EXPECT_EQ(read.requesting_physician, "Asking^Anne");
    EXPECT_EQ(read.comments, "bring it")
        << "what is noted of an observation is none of the order's";
    const hl7::Fault fault =
        fault_from(order + "PID|2||P1||Doe^Jane\rORC|NW|OLD\rOBR|1|OLD\rOBX|1|TX|1||old\r");
    EXPECT_EQ(fault.code, hl7::FaultCode::kSegmentSequence);
    EXPECT_EQ(fault.place.segment, "PID");
    EXPECT_EQ(fault.place.occurrence, 2);
}

TEST(Hl7Orders, SaysWhatItDoesNotSay) {
    const exam::OrderRequest request =
        orders_from(std::string(kHeader) + "PID|||1||Doe\rORC|XO||F1\rOBR|1").requests.at(0);
    EXPECT_EQ(request.order.steps.at(0).modality, "MG") << "as configured";
    EXPECT_EQ(request.order.steps.at(0).start_date, "") << "a known step's stays";
    EXPECT_EQ(request.written_date, "20260301") << "when the message was written";
    EXPECT_EQ(request.written_time, "081500");
}

TEST(Hl7Orders, ReckonsTimesWithAnOffsetIntoTheZoneOfThePlace) {
    const test::CentralEurope place;
    const std::string good = std::string(kHeader) + kPatient + kOrder;
    const auto start_of = [&](const std::string& text) {
        const exam::ScheduledStep step = orders_from(text).requests.at(0).order.steps.at(0);
        return step.start_date + " " + step.start_time;
    };
    EXPECT_EQ(start_of(replaced(good, "20260302093000", "202603012330+0000")), "20260302 0030");
    const exam::OrderRequest silent =
        orders_from(replaced(replaced(good, "20260302093000", ""), "20260301081500",
                             "20260301081500.000-0500"))
            .requests.at(0);
    EXPECT_EQ(silent.written_date + " " + silent.written_time, "20260301 141500");
    const std::string born = replaced(good, "19700102", "19700102233000-0800");
    EXPECT_EQ(orders_from(born).requests.at(0).order.patient_birth_date.reveal(), "19700102");
    for (const char* part : {"1970", "197001", "\"\"", ""})
        EXPECT_TRUE(orders_from(replaced(good, "19700102", part))
                        .requests.at(0)
                        .order.patient_birth_date.empty())
            << part << " is none of DICOM's dates";
    const hl7::Fault fault = fault_from(replaced(good, "20260302093000", "20260302093000+1"));
    EXPECT_EQ(fault.place.field, 7);
}

struct Wrong {
    const char* what;
    const char* with;
    const char* segment;
    int field;
    hl7::FaultCode code;
};

TEST(Hl7Orders, NamesTheFieldThatIsWrong) {
    const std::string good = std::string(kHeader) + kPatient + kOrder;
    const Wrong kWrong[] = {
        {"PID|1|", "ZID|1|", "PID", 0, hl7::FaultCode::kSegmentSequence},
        {"ORC|NW|", "ZRC|NW|", "ORC", 0, hl7::FaultCode::kSegmentSequence},
        {"ORC|NW|", "ORC||", "ORC", 1, hl7::FaultCode::kRequiredFieldMissing},
        {"ORC|NW|", "ORC|ZZ|", "ORC", 1, hl7::FaultCode::kTableValue},
        {"OBR|1|O1^EHR|F1^RIS", "ZBR|1||", "ORC", 0, hl7::FaultCode::kSegmentSequence},
        {"P1^^^HOSP^PI~M7^^^HOSP&1.2.3&ISO^MR", "", "PID", 3,
         hl7::FaultCode::kRequiredFieldMissing},
        {"P1^^^HOSP^PI~M7^^^", "P1^^^HOSP^PI~M7&8^^^", "PID", 3, hl7::FaultCode::kDataType},
        {"P1^^^HOSP^PI~M7^^^", "P1^^^HOSP^PI~M7&&8^^^", "PID", 3, hl7::FaultCode::kDataType},
        {"ORC|NW|O1^EHR", "ORC|NW|O1&2^EHR", "ORC", 2, hl7::FaultCode::kDataType},
        {"Doe^Jane^Q^Jr^Dr", "\"\"", "PID", 5, hl7::FaultCode::kRequiredFieldMissing},
        {"19700102", "19701302", "PID", 7, hl7::FaultCode::kDataType},
        {"19700102", "19700230", "PID", 7, hl7::FaultCode::kDataType},
        {"19700102", "ZQ1970", "PID", 7, hl7::FaultCode::kDataType},
        {"19700102", "197013", "PID", 7, hl7::FaultCode::kDataType},
        {"ACC1", "ACC12345678901234", "OBR", 18, hl7::FaultCode::kDataType},
        {"1.2.3.4^X", "1..2^X", "ZDS", 1, hl7::FaultCode::kDataType},
        {"20260302093000", "tomorrow", "ORC", 7, hl7::FaultCode::kDataType},
        {"|MG|", "|mammo|", "OBR", 24, hl7::FaultCode::kDataType}};
    for (const Wrong& wrong : kWrong) {
        std::string text = replaced(good, wrong.what, wrong.with);
        // A name in other characters would do.
        if (wrong.field == 5) text = replaced(text, "~\xE5\xB1\xB1\xE7\x94\xB0^^^^^^^I", "");
        const hl7::Fault fault = fault_from(text);
        EXPECT_EQ(fault.place.segment, wrong.segment) << wrong.with;
        EXPECT_EQ(fault.place.field, wrong.field) << wrong.with;
        EXPECT_EQ(fault.code, wrong.code) << wrong.with;
    }
    const std::string none = std::string(kHeader) + kPatient + "ORC|CA\r";
    EXPECT_EQ(fault_from(none).place.field, 2);
}

/// Keeps what comes, or refuses it as the test wants.
class Book : public OrderSink {
  public:
    exam::OrderOutcomes take(std::span<const exam::OrderRequest> requests) override {
        if (error) throw Error(*error, "as the test wants");
        if (refusal) return *refusal;
        taken.assign(requests.begin(), requests.end());
        return std::vector<exam::OrderOutcome>(requests.size());
    }
    std::optional<FoundOrder> find(const std::string&) override { return {}; }
    std::vector<exam::OrderRequest> taken;
    std::optional<exam::OrderRefusal> refusal;
    std::optional<ErrorCode> error;
};

struct Desk {
    /// "nothing" where none is given.
    std::string answer(const std::string& message) {
        ManualClock clock(from_rfc3339("2026-03-01T08:00:00.000Z"));
        return Hl7Desk(book, {}, clock).answer(message, "127.0.0.1").value_or("nothing");
    }
    Book book;
};

TEST(Hl7Desk, AnswersAaOnceTheOrdersAreKept) {
    Desk desk;
    EXPECT_THAT(desk.answer(std::string(kHeader) + kPatient + kOrder), HasSubstr("\rMSA|AA|42|\r"));
    EXPECT_EQ(desk.book.taken.size(), 1U);
}

TEST(Hl7Desk, ReadsTextByMsh18) {
    Desk desk;
    const std::string latin = replaced(kHeader, "UNICODE UTF-8", "8859/1");
    (void)desk.answer(latin + "PID|||1||M\xFCller\rORC|NW|1\rOBR|1");
    EXPECT_EQ(desk.book.taken.at(0).order.patient_name.reveal(), "M\xC3\xBCller");
    const std::string odd = replaced(kHeader, "UNICODE UTF-8", "EBCDIC");
    EXPECT_THAT(desk.answer(odd + kPatient + kOrder),
                AllOf(HasSubstr("MSA|AE|42"), HasSubstr("|MSH^1^18|103^")));
    const std::string answer =
        desk.answer(replaced(replaced(odd, "EHR", "E\xC8R"), "HOSP", "H\xD6SP") + kPatient);
    EXPECT_THAT(answer, HasSubstr("|E?R|H?SP|")) << "nothing of it is passed off as UTF-8";
    EXPECT_THAT(answer, Not(HasSubstr("EBCDIC")));
}

TEST(Hl7Desk, RefusesAMessageWithoutControlIdAndKeepsNothingOfIt) {
    Desk desk;
    for (const char* none : {"||P|", "|\"\"|P|", "| |P|"}) {
        const std::string header = replaced(kHeader, "|42|P|", none);
        EXPECT_THAT(desk.answer(header + kPatient + kOrder),
                    AllOf(HasSubstr("\rMSA|AE|"), HasSubstr("|MSH^1^10|101^")))
            << none;
    }
    EXPECT_TRUE(desk.book.taken.empty());
}

TEST(Hl7Desk, TakesAByteOrderMarkForUtf8WhereMsh18SaysNothing) {
    const std::string mark = "\xEF\xBB\xBF";
    const auto name_from = [&](const char* set, const char* name) {
        Desk desk;
        const std::string answer = desk.answer(mark + replaced(kHeader, "UNICODE UTF-8", set) +
                                               "PID|||1||" + name + "\rORC|NW|1\rOBR|1");
        EXPECT_THAT(answer, AllOf(testing::StartsWith("MSH|"), HasSubstr("\rMSA|AA|42|")));
        return desk.book.taken.at(0).order.patient_name.reveal();
    };
    EXPECT_EQ(name_from("", "M\xC3\xBCller"), "M\xC3\xBCller");
    EXPECT_EQ(name_from("UNICODE UTF-8", "M\xC3\xBCller"), "M\xC3\xBCller");
    EXPECT_EQ(name_from("8859/1", "M\xFCller"), "M\xC3\xBCller") << "what is said counts";
    Desk desk;
    EXPECT_THAT(
        desk.answer(mark + replaced(kHeader, "UNICODE UTF-8", "EBCDIC") + kPatient),
        AllOf(testing::StartsWith("MSH|"), HasSubstr("MSA|AE|42"), HasSubstr("|MSH^1^18|103^")));
    EXPECT_THAT(desk.answer(mark), HasSubstr("MSA|AE|"));
}

TEST(Hl7Desk, TakesAFieldThatIsBrokenForNothingButItself) {
    for (const char* set : {"UNICODE UTF-8", ""}) {
        Desk desk;
        const std::string answer =
            desk.answer(replaced(kHeader, "UNICODE UTF-8", set) +
                        "PID|||1||M\xC3\xBCller^Eva\rORC|NW|1\rOBR|1\rNTE|1||gr\xC3");
        EXPECT_THAT(answer, HasSubstr("\rMSA|AA|42|"));
        EXPECT_EQ(desk.book.taken.at(0).order.patient_name.reveal(), "M\xC3\xBCller^Eva");
    }
}

TEST(Hl7Orders, PassOverIdentifiersThatHaveEnded) {
    const auto patient_of = [](const std::string& identifiers) {
        return orders_from(std::string(kHeader) + "PID|||" + identifiers + "||M\rORC|NW|1\rOBR|1")
            .requests.at(0)
            .order.patient_id.reveal();
    };
    EXPECT_EQ(patient_of("OLD^^^H^MR^^20200101^20210101~A5^^^H^MR"), "A5");
    EXPECT_EQ(patient_of("OLD^^^H^MR^^^20260228~P5^^^H^PI"), "P5");
    EXPECT_EQ(patient_of("A5^^^H^MR^^^20260301"), "A5") << "the last day is one";
    EXPECT_EQ(patient_of("P1^^^H^PI~A5^^^H^MR^^^2020~A6^^^H^MR"), "A5") << "a year is no day";
    EXPECT_EQ(fault_from(std::string(kHeader) + "PID|||OLD^^^H^MR^^^20210101||M\rORC|NW|1\rOBR|1")
                  .place.field,
              3);
}

TEST(Hl7Desk, AnswersNoAnswer) {
    Desk desk;
    const std::string rest = "MSA|AA|7\r";
    EXPECT_EQ(desk.answer(replaced(kHeader, "ORM^O01^ORM_O01", "ACK") + rest), "nothing");
    EXPECT_EQ(desk.answer(replaced(kHeader, "ORM^O01^ORM_O01", "ACK^O01^ACK") + rest), "nothing");
    EXPECT_EQ(desk.answer(replaced(kHeader, "ORM^O01^ORM_O01", "ORR^O02") + rest), "nothing");
    EXPECT_EQ(desk.answer("MSH|^~\\&|||||||ACK\rno segment"), "nothing") << "not even a bad one";
    EXPECT_EQ(desk.answer("MSH|^~\\&|||||||ACK||P|2.5.1||||||EBCDIC"), "nothing");
    EXPECT_THAT(desk.answer(replaced(kHeader, "ORM^O01^ORM_O01", "ORR^O02") + kPatient),
                HasSubstr("MSA|AR|42"))
        << "it answers nothing";
    EXPECT_TRUE(desk.book.taken.empty());
}

TEST(Hl7Desk, RefusesAMegabyteOfDelimitersAndNamesTheField) {
    Desk desk;
    const auto with = [&](const char* what, char delimiter) {
        const std::string good = std::string(kHeader) + kPatient + kOrder;
        return desk.answer(replaced(good, what, std::string(std::size_t{1} << 20, delimiter)));
    };
    EXPECT_THAT(with("UNICODE UTF-8", '~'), HasSubstr("MSA|AE||")) << "it is not repeated";
    EXPECT_THAT(with("P1^^^HOSP^PI", '~'),
                AllOf(HasSubstr("MSA|AE|42"), HasSubstr("|PID^1^3|102^")));
    EXPECT_THAT(with("Doe^Jane^Q^Jr^Dr~", '~'), HasSubstr("|PID^1^5|102^"));
    EXPECT_THAT(with("B6", '~'), HasSubstr("|PV1^1^15|102^"));
    // Empty escape sequences are none that is known, and stay.
    EXPECT_THAT(with("P1^^^HOSP^PI~M7^^^HOSP&1.2.3&ISO^MR", '\\'), HasSubstr("|PID^1^3^1^1|102^"));
    EXPECT_THAT(with("NW", '\\'), HasSubstr("|ORC^1^1|103^"));
    for (const char delimiter : {'^', '&'}) {
        EXPECT_THAT(with("P1^^^HOSP^PI~M7^^^HOSP&1.2.3&ISO^MR", delimiter),
                    HasSubstr("|PID^1^3|101^"));
        EXPECT_THAT(with("NW", delimiter), HasSubstr("|ORC^1^1|101^"));
    }
    EXPECT_THAT(with("PID|", '\r'), HasSubstr("MSA|AE|42"));
    EXPECT_TRUE(desk.book.taken.empty());
}

TEST(Hl7Desk, RepeatsNothingOfAHeaderThatIsTooLong) {
    Desk desk;
    const std::string header = replaced(kHeader, "|42|P|", "|" + std::string(9000, '4') + "|P|");
    const std::string answer = desk.answer(header + kPatient + kOrder);
    EXPECT_THAT(answer, AllOf(HasSubstr("MSA|AE||"), HasSubstr("MSH is too long")));
    EXPECT_LT(answer.size(), 1000U);
    EXPECT_TRUE(desk.book.taken.empty());
}

TEST(Hl7Desk, RejectsALargeMessageForWhichThereIsNoMemory) {
    struct MayNotWait final : MemoryBudget::Waiting {
        bool begin(bool /*again*/) noexcept override { return false; }
        void end() noexcept override {}
    } may_not_wait;
    Desk desk;
    const std::string good = std::string(kHeader) + kPatient + kOrder;
    const std::string large = good + "NTE|1||" + std::string(100'000, 'x') + "\r";
    MemoryBudget& memory = dicom::parsing_memory();
    memory.set_limit(std::size_t{2} << 20);
    MemoryBudget::begin_task();
    auto all = memory.take(memory.limit(), "all of it");
    MemoryBudget::begin_task(&may_not_wait);
    EXPECT_THAT(desk.answer(large), HasSubstr("MSA|AR|42"));
    EXPECT_TRUE(desk.book.taken.empty());
    EXPECT_THAT(desk.answer(good), HasSubstr("MSA|AA|42")) << "it needs little";
    all = {};
    EXPECT_THAT(desk.answer(large), HasSubstr("MSA|AA|42"));
    MemoryBudget::begin_task();
    memory.set_limit(MemoryBudget::kNoLimit);
}

TEST(Hl7Desk, TellsErrorsFromRejections) {
    Desk desk;
    const std::string rest = std::string(kPatient) + kOrder;
    EXPECT_THAT(desk.answer(replaced(kHeader, "ORM^O01^ORM_O01", "ADT^A01") + rest),
                AllOf(HasSubstr("MSA|AR|42"), HasSubstr("|200^")));
    EXPECT_THAT(desk.answer(replaced(kHeader, "O01", "O02") + rest), HasSubstr("|201^"));
    EXPECT_THAT(desk.answer(replaced(kHeader, "ORM^O01^ORM_O01", "OMG^O19") + rest),
                AllOf(HasSubstr("MSA|AA|42"), HasSubstr("|ACK^O19")));
    EXPECT_THAT(desk.answer(replaced(kHeader, "ORM^O01^ORM_O01", "OMG^O23") + rest),
                HasSubstr("|201^"));
    EXPECT_THAT(desk.answer(replaced(kHeader, "|P|", "|T|") + rest), HasSubstr("|202^"));
    EXPECT_THAT(desk.answer(replaced(kHeader, "2.5.1", "3.0") + rest), HasSubstr("|203^"));
    EXPECT_THAT(desk.answer("garbage"), HasSubstr("MSA|AE|"));
    desk.book.refusal = exam::OrderRefusal{0, ErrorCode::kNotFound, "no such order"};
    EXPECT_THAT(desk.answer(kHeader + rest),
                AllOf(HasSubstr("MSA|AE|42"), HasSubstr("|ORC^1^2|204^")));
    desk.book.refusal->code = ErrorCode::kConflict;
    EXPECT_THAT(desk.answer(kHeader + rest), HasSubstr("|ORC^1^1|206^"));
    desk.book.refusal->is_number_taken = true;
    EXPECT_THAT(desk.answer(kHeader + rest),
                AllOf(HasSubstr("MSA|AE|42"), HasSubstr("|ORC^1^2|205^")));
    desk.book.error = ErrorCode::kOutOfSpace;
    EXPECT_THAT(desk.answer(kHeader + rest), AllOf(HasSubstr("MSA|AR|42"), HasSubstr("|207^")));
}

}  // namespace
}  // namespace lucerna::receive
