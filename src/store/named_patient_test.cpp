// What an erasure takes that does not say whose it is: only what is nobody else's.
#include <gtest/gtest.h>

#include <functional>

#include "dicom/message_data_set.h"
#include "dicom/uids.h"
#include "store/store_test_support.h"

namespace lucerna::store {
namespace {

struct Said {
    std::string name;
    std::string birth_date = "";
    std::string accession_number = "";
    std::string admission_id = "";
    std::string study = "";
};
/// P1's, unless a case says otherwise.
const Said kHers{"Doe^Jane", "19600203", "ACC7", "2026-17"};
const Said kAnothers{"Roe^Ann", "19700101", "ACC8", "2026-18"};

void order(TestStore& store, const std::string& patient_id, const Said& said) {
    static int placed = 0;
    exam::Order order;
    order.placer = {std::to_string(++placed), "EHR"};
    order.patient_id = PatientId(patient_id);
    order.patient_name = PatientName(said.name);
    order.patient_birth_date = BirthDate(said.birth_date);
    order.accession_number = AccessionNumber(said.accession_number);
    order.admission_id = said.admission_id;
    order.study_instance_uid = said.study;
    order.procedure = {"SCR", "99X", "Screening"};
    order.steps.emplace_back().modality = "MG";
    const exam::OrderRequest request{exam::OrderAction::kPlace, order};
    const auto outcomes = store.orders().take(std::span(&request, 1));
    ASSERT_TRUE(std::holds_alternative<std::vector<exam::OrderOutcome>>(outcomes));
}

void perform(TestStore& store, const std::string& patient_id, const Said& said) {
    static int performed = 0;
    dicom::DataSet set;
    set.add_item({0x0040, 0x0270}).set_text({0x0008, 0x0050}, said.accession_number);
    set.set_text({0x0010, 0x0010}, said.name);
    set.set_text({0x0010, 0x0030}, said.birth_date);
    set.set_text({0x0038, 0x0010}, said.admission_id);
    PerformedStep step;
    step.sop_instance_uid = "1.4." + std::to_string(++performed);
    step.patient_id = patient_id;
    if (!said.study.empty()) step.of = {{said.study, ""}};
    step.data_set = dicom::write_message(set, dicom::transfer_syntax::kExplicitVrLittleEndian);
    ASSERT_TRUE(store.performed().create(step));
}

void keep_image(TestStore& store, const std::string& patient_id, const Said& said) {
    static int kept = 0;
    test::StoredInstance image;
    image.patient_id = patient_id;
    image.patient_name = said.name;
    image.birth_date = said.birth_date;
    image.accession_number = said.accession_number;
    if (!said.study.empty()) image.study = said.study;
    image.series = image.study + ".1";
    image.sop_instance = image.series + "." + std::to_string(++kept);
    store.archive().keep(image.file());
}

std::string json_of(const Said& said, const std::string& more = "") {
    const bool is_spelled = said.name.starts_with("=");
    const std::string name = is_spelled ? said.name.substr(1) : said.name;
    return R"({"00100010":{"vr":"PN","Value":[{")" +
           std::string(is_spelled ? "Ideographic" : "Alphabetic") + R"(":")" + name +
           R"("}]},"00100030":{"vr":"DA","Value":[")" + said.birth_date +
           R"("]},"00080050":{"vr":"SH","Value":[")" + said.accession_number +
           R"("]},"00380010":{"vr":"LO","Value":[")" + said.admission_id + R"("]})" + more + "}";
}

void ask(TestStore& store, const std::string& uid, const std::string& patient_id,
         const std::string& json, const std::string& study = "") {
    ASSERT_TRUE(store.workitems().add({uid, "SCHEDULED", "", patient_id, "", study, json}));
}

TEST(NamedPatient, AStudyWithoutAnIdThatAnythingOfAnotherNamesStays) {
    using What = std::function<void(TestStore&)>;
    Said hers = kHers, anothers = kAnothers;
    hers.study = anothers.study = "1.2.7";
    struct Case {
        const char* what;
        What names_it;
        bool stays;
    };
    for (const Case& one : std::initializer_list<Case>{
             {"her performed step", [&](TestStore& store) { perform(store, "P1", hers); }, false},
             {"another's performed step", [&](TestStore& store) { perform(store, "P2", anothers); },
              true},
             {"nobody's of another name and date",
              [&](TestStore& store) { perform(store, "", anothers); }, true},
             {"nobody's of her name", [&](TestStore& store) { perform(store, "", hers); }, false},
             {"her work item",
              [&](TestStore& store) { ask(store, "1.5.7", "P1", json_of(hers), "1.2.7"); }, false},
             {"another's work item",
              [&](TestStore& store) { ask(store, "1.5.7", "P2", json_of(anothers), "1.2.7"); },
              true}})
        for (const bool has_images : {true, false}) {
            TestStore store;
            one.names_it(store);
            if (has_images) keep_image(store, "", {"Roe^Ann", "", "", "", "1.2.7"});
            order(store, "P1", hers);
            ask(store, "1.5.1", "", "{}", "1.2.7");
            const std::size_t images = has_images ? 1 : 0;
            EXPECT_EQ(store.archive().erase_patient("P1", ""), one.stays ? 0U : images) << one.what;
            EXPECT_EQ(store.archive().totals().instances, one.stays ? images : 0U) << one.what;
            EXPECT_EQ(store.workitems().find("1.5.1").has_value(), one.stays) << one.what;
            EXPECT_EQ(store.archive().erasure_of_patient("P2", "").beside.orders +
                              store.archive().erasure_of_patient("P2", "").beside.workitems >
                          0U,
                      one.stays && std::string_view(one.what).starts_with("another"))
                << one.what;
        }
}

TEST(NamedPatient, AStudyOfTwoPerformedStepsStays) {
    TestStore store;
    Said one = kHers, two = kAnothers;
    one.study = two.study = "1.2.7";
    perform(store, "P1", one);
    perform(store, "P2", two);
    keep_image(store, "", {"", "", "", "", "1.2.7"});
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 0U);
    EXPECT_EQ(store.archive().instances_of("1.2.7").size(), 1U);
}

constexpr const char* kHasHerId =
    R"(,"00101002":{"vr":"SQ","Value":[{"00100020":{"vr":"LO","Value":["P1"]}}]})";
constexpr const char* kHasBothIds = R"(,"00101000":{"vr":"LO","Value":["P1","P2"]})";
constexpr const char* kIdeographic = "=\xE5\xB1\xB1^\xE8\x8A\xB1";

struct Case {
    const char* what;
    std::function<void(TestStore&)> others;
    std::string item;
    bool stays;
    Said hers = kHers;
};

std::vector<Case> cases() {
    const auto nobody = [](TestStore&) {};
    const std::string by_name = json_of({"Doe^Jane", "19600203"});
    const std::string by_number = json_of({"", "", "ACC7"});
    const std::string by_admission = json_of({"", "", "", "2026-17"});
    const Said dotted{"Doe^Jane", "1960.02.03", "ACC7"};
    const auto says = [](auto in, Said said) {
        return [in, said](TestStore& store) { in(store, "P2", said); };
    };
    const auto asks = [](TestStore& store, const std::string& id, const Said& said) {
        ask(store, "1.5.9", id, json_of(said));
    };
    const Said alike{"Doe^Jane", "19600203", "ACC8"}, undated{"Doe^Jane", "", "ACC8"},
        same_number{"Roe^Ann", "19700101", "ACC7"}, same_stay{"Roe^Ann", "19700101", "", "2026-17"};
    std::vector<Case> all{
        {"name, nobody else", nobody, by_name, false},
        {"number, nobody else", nobody, by_number, false},
        {"admission, nobody else", nobody, by_admission, false},
        {"date written otherwise", nobody, by_name, false, dotted},
        {"number, but another name and date", nobody, json_of({"Roe^Ann", "19700101", "ACC7"}),
         true},
        {"number, and her married name", nobody, json_of({"Moe^Jane", "19600203", "ACC7"}), false},
        {"her ID, and all of another's", says(order, kAnothers), json_of(kAnothers, kHasHerId),
         true},
        {"her ID, and somebody's number", says(order, kAnothers),
         json_of({"Doe^Jane", "19600203", "ACC8"}, kHasHerId), true},
        {"her ID beside another's", says(order, kAnothers), json_of({""}, kHasBothIds), true},
        {"her ID beside nobody's", nobody, json_of({""}, kHasBothIds), false},
        {"her ID, which has another issuer",
         [](TestStore& store) {
             test::StoredInstance image;
             image.patient_id = "P1";
             for (const char* const issuer : {"A", "B"}) {
                 image.issuer = issuer;
                 image.study += "1";
                 image.series = image.study + ".1";
                 image.sop_instance = image.series + ".1";
                 store.archive().keep(image.file());
             }
         },
         json_of({""}, kHasHerId), true},
        {"number, of whom somebody has the name", says(order, alike), json_of(kHers), false},
        {"dated otherwise, name of another", says(keep_image, alike), by_name, true, dotted},
        {"name in a left-out account",
         [](TestStore& store) {
             keep_image(store, "P2", {"Moe^Jane", "19600203"});
             keep_image(store, "P2", {"Doe^Jane", "19600203"});
         },
         by_name, true},
        {"ideographic name, another of that date",
         says(keep_image, {"", "19600203"}),
         json_of({kIdeographic, "19600203"}),
         false,
         {kIdeographic, "19600203"}},
        {"ideographic name of another",
         says(order, {kIdeographic, "19600203"}),
         json_of({kIdeographic, "19600203"}),
         true,
         {kIdeographic, "19600203"}},
        {"a study of another's", [](TestStore& store) { keep_image(store, "P2", kAnothers); },
         R"({"00080050":{"vr":"SH","Value":["ACC7"]},"0020000D":{"vr":"UI","Value":[")" +
             test::StoredInstance().study + R"("]}})",
         true},
    };
    for (const auto& [where, in] :
         {std::pair<const char*, std::function<void(TestStore&, const std::string&, const Said&)>>{
              "order", order},
          {"performed step", perform},
          {"work item", asks},
          {"image", keep_image}}) {
        all.push_back({where, says(in, alike), by_name, true});
        all.push_back({where, says(in, undated), by_name, true});
        all.push_back({where, says(in, same_number), by_number, true});
        if (std::string_view(where) != "image")
            all.push_back({where, says(in, same_stay), by_admission, true});
        all.push_back({where, says(in, kAnothers), json_of(kHers), false});
    }
    return all;
}

TEST(NamedPatient, AWorkItemThatMayBeAnothersStays) {
    int number = 0;
    for (const Case& one : cases()) {
        TestStore store;
        // By a work item, since an order would change how a date is written.
        ask(store, "1.5.8", "P1", json_of(one.hers));
        one.others(store);
        ask(store, "1.5.1", "", one.item);
        // Of the issuers that one case has, none.
        store.archive().erase_patient("P1", "");
        EXPECT_FALSE(store.workitems().find("1.5.8"));
        EXPECT_EQ(store.workitems().find("1.5.1").has_value(), one.stays)
            << ++number << " " << one.what << " " << one.item;
    }
}

/// Names no study, but a series and an object in one.
std::string json_of_parts(const std::string& series, const std::string& object) {
    return R"({"00404021":{"vr":"SQ","Value":[{"0020000E":{"vr":"UI","Value":[")" + series +
           R"("]},"00081199":{"vr":"SQ","Value":[{"00081155":{"vr":"UI","Value":[")" + object +
           R"("]}}]}}]}})";
}

TEST(NamedPatient, AWorkItemGoesThatNamesOnlyWhatIsInHerStudy) {
    struct Image {
        test::StoredInstance stored;
        explicit Image(const char* patient_id, const char* study) {
            stored.patient_id = patient_id;
            stored.study = study;
            stored.series = stored.study + ".1";
            stored.sop_instance = stored.series + ".1";
        }
    };
    const test::StoredInstance hers = Image("P1", "1.2.7").stored;
    const test::StoredInstance anothers = Image("P2", "1.2.8").stored;
    const std::pair<std::string, bool> items[] = {
        {json_of_parts(hers.series, hers.sop_instance), true},
        {json_of_parts("", hers.sop_instance), true},
        {json_of_parts(hers.series, ""), true},
        {json_of_parts(hers.series, "1.2.99.1"), true},
        {json_of_parts(hers.series, anothers.sop_instance), false},
        {json_of_parts(anothers.series, anothers.sop_instance), false},
        {json_of_parts("1.2.99", "1.2.99.1"), false}};
    for (const bool is_of_patient : {true, false}) {
        TestStore store;
        store.archive().keep(hers.file());
        store.archive().keep(anothers.file());
        std::size_t going = 0;
        for (std::size_t i = 0; i < std::size(items); ++i) {
            ask(store, "1.5." + std::to_string(i + 1), "", items[i].first);
            going += items[i].second ? 1 : 0;
        }
        ask(store, "1.5.99", "P2", items[0].first);
        EXPECT_EQ(is_of_patient ? store.archive().erasure_of_patient("P1", "").beside.workitems
                                : store.archive().beside_study(hers.study).workitems,
                  going);
        is_of_patient ? store.archive().erase_patient("P1", "")
                      : store.archive().erase_study(hers.study);
        for (std::size_t i = 0; i < std::size(items); ++i)
            EXPECT_EQ(!store.workitems().find("1.5." + std::to_string(i + 1)), items[i].second)
                << is_of_patient << " " << items[i].first;
        EXPECT_TRUE(store.workitems().find("1.5.99")) << "it has another's ID";
    }
}

TEST(NamedPatient, AWorkItemGoesWithAStudyThoughWhatItSaysOfHerIsInAnotherOfHers) {
    const std::string part = test::StoredInstance().study + ".7.1";
    const auto item = [](const std::string& series, const std::string& more = "") {
        return json_of(kHers, more + R"(,"0020000E":{"vr":"UI","Value":[")" + series + R"("]})");
    };
    const std::string her_id =
        R"(,"00101002":{"vr":"SQ","Value":[{"00100020":{"vr":"LO","Value":["P1"]}}]})";
    const std::pair<std::string, bool> items[] = {
        {item(part), true},
        {item(part, her_id), true},
        {item(part, R"(,"00101000":{"vr":"LO","Value":["P2"]})"), false},
        {item("1.2.99"), false},
        {json_of(kHers, her_id), false}};
    for (const auto& [json, goes] : items) {
        TestStore store;
        Said in_study = kHers;
        for (const char* number : {".7", ".8"}) {
            in_study.study = test::StoredInstance().study + number;
            keep_image(store, "P1", in_study);
        }
        keep_image(store, "P2", kAnothers);
        order(store, "P1", kHers);
        ask(store, "1.5.1", "", json);
        const std::string study = test::StoredInstance().study + ".7";
        EXPECT_EQ(store.archive().beside_study(study).workitems, goes ? 1U : 0U) << json;
        store.archive().erase_study(study);
        EXPECT_EQ(!store.workitems().find("1.5.1"), goes) << json;
    }
}

TEST(NamedPatient, HerOtherNameInALeftOutAccountIsHers) {
    TestStore store;
    keep_image(store, "P1", {"Doe^Jane", "19600203"});
    keep_image(store, "P1", {"Moe^Jane", "19600203"});
    ask(store, "1.5.1", "", json_of({"Moe^Jane", "19600203"}));
    EXPECT_EQ(store.archive().erase_patient("P1", ""), 2U);
    EXPECT_FALSE(store.workitems().find("1.5.1"));
}

}  // namespace
}  // namespace lucerna::store
