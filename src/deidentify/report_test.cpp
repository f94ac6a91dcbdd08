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
    report.objects.back().beside_pixels.push_back({"comment", 24});
    report.objects.back().blanked.push_back({{1, 2, 3, 4}, "detected-text"});
    report.refused.push_back({exam::RefusalReason::kUnreadable, "what", "where", "remedy", "", ""});
    nlohmann::json document = nlohmann::json::parse(to_json(report));
    EXPECT_TRUE(keeps_to_schema(document)) << document.dump(1);
    document["objects"][0]["attributes"][0]["value"] = "Jane";
    EXPECT_FALSE(keeps_to_schema(document));
}

}  // namespace
}  // namespace lucerna::deidentify
