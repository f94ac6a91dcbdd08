#pragma once

#include <string>
#include <string_view>

namespace lucerna::store {

/// A statement in PostgreSQL's words: what the two differ in is one table in postgres_dialect.cpp.
struct PostgresText {
    std::string sql;
    int parameters = 0;
};
/// `sql` as it is written for both, with ? or ?1 for parameters, which become $1.
[[nodiscard]] PostgresText postgres_text(std::string_view sql);
/// A script of the schema (schema.h).
[[nodiscard]] std::string postgres_schema(std::string_view script);
/// What PostgreSQL has to know before the schema, for the words of postgres_text.
extern const char* const kPostgresFunctions;

/// As PostgreSQL takes a text: what is not UTF-8, or is a null character, becomes U+FFFD.
[[nodiscard]] std::string postgres_storable(std::string_view text);

}  // namespace lucerna::store
