#include "infer/manifest_schema.h"

#include <nlohmann/json.hpp>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "base/error.h"
#include "model_package_schema.h"  // generated: kModelPackageSchema

namespace lucerna::infer {
namespace {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

json parsed(std::string_view text) {
    try {
        return json::parse(text);
    } catch (const json::exception& cause) {
        throw Error(ErrorCode::kInvalidInput, "manifest.json is not JSON", cause);
    }
}

const valijson::Schema& compiled_schema() {
    // Built once; const afterwards, so it may be read from any thread.
    static const auto schema = [] {
        auto made = std::make_unique<valijson::Schema>();
        const json document = json::parse(kModelPackageSchema);
        valijson::SchemaParser parser;
        parser.populateSchema(NlohmannJsonAdapter(document), *made);
        return made;
    }();
    return *schema;
}

}  // namespace

void check_against_schema(std::string_view manifest) {
    const json document = parsed(manifest);
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(compiled_schema(), NlohmannJsonAdapter(document), &results)) return;
    std::string message = "manifest.json breaks its schema";
    for (const auto& problem : results) {
        std::string place;
        for (const std::string& part : problem.context) place += part;
        message.append("; ").append(place).append(": ").append(problem.description);
    }
    throw Error(ErrorCode::kInvalidInput, message);
}

}  // namespace lucerna::infer
