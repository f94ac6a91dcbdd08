#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace lucerna::report::test {

/// What breaks docs/formats/`schema_name`, a line each; empty when nothing does. For tests only.
inline std::string problems_of(const nlohmann::json& document, const std::string& schema_name) {
    using valijson::adapters::NlohmannJsonAdapter;
    std::ifstream file(LUCERNA_SOURCE_DIR "/docs/formats/" + schema_name);
    const nlohmann::json schema_document = nlohmann::json::parse(file);
    valijson::Schema schema;
    valijson::SchemaParser parser;
    parser.populateSchema(NlohmannJsonAdapter(schema_document), schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    validator.validate(schema, NlohmannJsonAdapter(document), &results);
    std::string problems;
    for (const auto& problem : results) {
        for (const std::string& part : problem.context) problems += part;
        problems += ": " + problem.description + "\n";
    }
    return problems;
}

}  // namespace lucerna::report::test
