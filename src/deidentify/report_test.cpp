#include "deidentify/report.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "deidentify/example_object.h"

namespace lucerna::deidentify {
namespace {

bool keeps_to_schema(const nlohmann::json& document) {
    using valijson::adapters::NlohmannJsonAdapter;
    std::ifstream file(LUCERNA_SOURCE_DIR "/docs/formats/deidentification-report.schema.json");
    const nlohmann::json schema_document = nlohmann::json::parse(file);
    valijson::Schema schema;
    valijson::SchemaParser().populateSchema(NlohmannJsonAdapter(schema_document), schema);
    return valijson::Validator().validate(schema, NlohmannJsonAdapter(document), nullptr);
}

TEST(Report, KeepsToItsSchema) {
    ExportReport report{"screening", "test", "Lucerna test", {}, {}};
    dicom::DataSet object = test::example();
    object.add_item(dicom::tags::kContentSequence).set_text(dicom::tags::kTextValue, "Jane");
    auto outcome = test::deidentifier("screening").run(std::move(object));
    report.objects.push_back(std::move(std::get<Deidentified>(outcome).report));
    Steps& steps = report.objects.back().steps;
    for (std::size_t i = 0; i <= Steps::kMostListed; ++i) steps.add("00400275[*]", Action::kKeep);
    while (steps.not_listed(Action::kRemove) == 0)
        steps.add(path_of({0x0009, static_cast<std::uint16_t>(steps.listed().size())}),
                  Action::kRemove);
    report.objects.back().is_not_looked_at = true;
    report.objects.back().beside_pixels.push_back({"comment", 24});
    report.objects.back().blanked.push_back({{1, 2, 3, 4}, "detected-text"});
    report.refused.push_back({exam::RefusalReason::kUnreadable, "what", "where", "remedy", "", ""});
    report.left_out = report.refused;
    nlohmann::json document = nlohmann::json::parse(to_json(report));
    EXPECT_TRUE(keeps_to_schema(document)) << document.dump(1);
    const nlohmann::json line = nlohmann::json::parse(to_json_line(
        report, {"research", from_rfc3339("2026-03-01T08:00:00.000Z"), "0123456789abcdef"}));
    EXPECT_TRUE(keeps_to_schema(line)) << line.dump(1);
    document["objects"][0]["attributes"][0]["value"] = "Jane";
    EXPECT_FALSE(keeps_to_schema(document));
}

TEST(Report, SaysEachKindOfStepOnceWithACount) {
    Steps steps;
    for (int i = 0; i < 3; ++i) steps.add("00081140[*].00081155", Action::kUid);
    steps.add("00081140[*].00081155", Action::kRemove);
    ASSERT_EQ(steps.listed().size(), 2U);
    EXPECT_EQ(steps.listed()[0].count, 3U);
    EXPECT_EQ(steps.listed()[1].count, 1U);
    EXPECT_EQ(steps.count(Action::kUid), 3U);
}

TEST(Report, ListsNoMorePathsThanAMegabyteOfThem) {
    Steps steps;
    const std::string deep(1000, '0');
    std::size_t bytes = 0;
    for (int i = 0; i < 3000; ++i) steps.add(deep + std::to_string(i), Action::kClean);
    for (const Step& step : steps.listed()) bytes += step.path.size();
    EXPECT_LE(bytes, Steps::kMostPathBytes);
    EXPECT_EQ(steps.listed().size() + steps.not_listed(Action::kClean), 3000U);
    EXPECT_EQ(steps.count(Action::kClean), 3000U);
}

}  // namespace
}  // namespace lucerna::deidentify
