// How long a search takes in an index of so many instances, on SQLite and, where
// LUCERNA_TEST_POSTGRES gives an address, on PostgreSQL.
//
//   bench_index [INSTANCES [FOLDER]]
//   tests/support/services.py --postgres -- build/release/bench/bench_index 1000000
//
// The rows are made by the database itself: four instances a study, so a million takes minutes.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "store/database.h"
#include "store/find.h"
#include "store/postgres.h"
#include "store/postgres_index.h"
#include "store/sqlite_index.h"
#include "vault/secret_key.h"

namespace {

using namespace lucerna;
using store::Connection;
using store::Database;
using store::IndexSource;
using Milliseconds = std::chrono::duration<double, std::milli>;

/// Numbers n(i) from 0 to below the parameter.
#define NUMBERS "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1) "

constexpr const char* kStudies =
    "INSERT INTO studies (id, study_instance_uid, patient_id, issuer_of_patient_id, patient_name, "
    "alphabetic_name_key, ideographic_name_key, phonetic_name_key, patient_birth_date, "
    "patient_sex, study_date, study_time, study_time_key, accession_number, study_id, "
    "study_description, referring_physician_name, referring_physician_name_key, modalities, "
    "series_count, instance_count) " NUMBERS
    "SELECT i + 1, '1.2.3.' || i, 'P' || (i / 2), '', 'Name' || (i * 7919 % 10007) || '^First', "
    "'name' || (i * 7919 % 10007) || '^first', '', '', '19600101', 'F', "
    "CAST(20100101 + 10000 * (i % 15) AS TEXT), '101500', '101500.000000', 'A' || i, '', "
    "'Screening', '', '', 'MG', 1, 4 FROM n";
constexpr const char* kSeries =
    "INSERT INTO series (id, study, series_instance_uid, modality, series_number, "
    "series_description, body_part_examined, laterality, series_date, series_time, "
    "series_time_key, step_start_date, step_start_time, step_start_time_key, "
    "instance_count) " NUMBERS
    "SELECT i + 1, i + 1, '1.2.3.' || i || '.1', 'MG', 1, '', 'BREAST', '', '', '', '', '', '', "
    "'', 4 FROM n";
constexpr const char* kInstances =
    "INSERT INTO instances (series, sop_instance_uid, sop_class_uid, transfer_syntax_uid, "
    "instance_number, rows, columns, bits_allocated, number_of_frames, view_position, "
    "image_laterality, view, role, object, data_key, bytes, head_bytes, received_at) " NUMBERS
    "SELECT i / 4 + 1, '1.2.3.' || (i / 4) || '.1.' || (i % 4), '1.2.840.10008.5.1.4.1.1.1.2', "
    "'1.2.840.10008.1.2.1', i % 4, 3328, 2560, 16, 1, 'CC', 'R', 'R-CC', 0, 'object' || i, 'k', "
    "17000000, 2000, 0 FROM n";

void fill(Database& database, std::int64_t instances) {
    database.write([&](Connection& index) {
        index.execute("INSERT INTO data_keys (name, owner) VALUES ('k', 'o')");
        index.prepare(kStudies).bind(instances / 4).run();
        index.prepare(kSeries).bind(instances / 4).run();
        index.prepare(kInstances).bind(instances).run();
    });
}

void search(Database& database) {
    using store::Level;
    const std::pair<const char*, store::Query> queries[] = {
        {"studies, no key, limit 10", {Level::kStudy, {}, 10}},
        {"studies by Patient ID", {Level::kStudy, {{{0x10, 0x20}, "P77"}}, 10}},
        {"studies by name prefix", {Level::kStudy, {{{0x10, 0x10}, "name77*"}}, 10}},
        {"studies by date range", {Level::kStudy, {{{0x08, 0x20}, "20120101-20131231"}}, 10}},
        {"studies by modality", {Level::kStudy, {{{0x08, 0x61}, "MG"}}, 10}},
        {"instances of a study", {Level::kInstance, {{{0x20, 0x0D}, "1.2.3.77"}}, 10}},
    };
    constexpr std::size_t kRounds = 500;
    for (const auto& [name, query] : queries) {
        std::vector<double> times;
        std::size_t matches = 0;
        for (std::size_t i = 0; i < kRounds; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            matches = database
                          .read([&, &asked = query](Connection& index) {
                              return store::find_matches(index, asked);
                          })
                          .size();
            times.push_back(Milliseconds(std::chrono::steady_clock::now() - begin).count());
        }
        std::sort(times.begin(), times.end());
        std::printf("  %-28s median %7.3f ms   p99 %7.3f ms   %zu matches\n", name,
                    times[kRounds / 2], times[kRounds * 99 / 100], matches);
    }
}

void measure(const char* name, std::unique_ptr<IndexSource> source, std::int64_t instances) {
    Database database(std::move(source), {});
    const auto begin = std::chrono::steady_clock::now();
    fill(database, instances);
    std::printf("%s, %lld instances (rows made in %.0f s)\n", name,
                static_cast<long long>(instances),
                Milliseconds(std::chrono::steady_clock::now() - begin).count() / 1000);
    // PostgreSQL does it by itself within minutes, SQLite when it is closed.
    database.write([](Connection& index) { index.execute("ANALYZE"); });
    search(database);
}

}  // namespace

int main(int count, char** arguments) {
    const std::int64_t instances = count > 1 ? std::atoll(arguments[1]) : 2060;
    const std::filesystem::path base =
        count > 2 ? std::filesystem::path(arguments[2]) : std::filesystem::temp_directory_path();
    const std::filesystem::path folder = base / ("lucerna-bench-" + random_hex(6));
    std::filesystem::create_directories(folder);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    measure(
        "SQLite",
        std::make_unique<store::SqliteIndex>(folder / "index.sqlite", vault::SecretKey::random()),
        instances);
    std::filesystem::remove_all(folder);
    const char* address = std::getenv("LUCERNA_TEST_POSTGRES");
    if (address == nullptr) return 0;
    const std::string schema = "bench_" + random_hex(6);
    store::PostgresConnection server(address);
    server.execute(("CREATE SCHEMA " + schema).c_str());
    measure("PostgreSQL",
            std::make_unique<store::PostgresIndex>(
                std::string(address) + " options=-csearch_path=" + schema,
                store::PostgresIndex::Others::kRefused, nullptr, store::PostgresIndex::Waits{}),
            instances);
    server.execute(("DROP SCHEMA " + schema + " CASCADE").c_str());
    return 0;
}
