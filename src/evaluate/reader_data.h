#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "evaluate/reader_study.h"

namespace lucerna::evaluate::test {

/// The rows of a simple CSV by column, quotes dropped: for tests only.
inline std::vector<std::map<std::string, std::string>> csv_rows(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::vector<std::map<std::string, std::string>> rows;
    std::vector<std::string> columns;
    for (std::string line; std::getline(file, line);) {
        std::erase(line, '"');
        std::istringstream fields(line);
        std::vector<std::string> values;
        for (std::string field; std::getline(fields, field, ',');) values.push_back(field);
        if (columns.empty()) {
            columns = values;
            continue;
        }
        rows.emplace_back();
        for (std::size_t i = 0; i < columns.size(); ++i) rows.back()[columns[i]] = values.at(i);
    }
    return rows;
}

/// An ROC study of numbered readers, treatments and cases (from 1).
inline ReaderStudy numbered_study(const std::vector<std::map<std::string, std::string>>& rows) {
    const auto number = [](const auto& row, const char* column) {
        return static_cast<std::size_t>(std::stoul(row.at(column))) - 1;
    };
    std::size_t treatments = 0, readers = 0, cases = 0;
    for (const auto& row : rows) {
        treatments = std::max(treatments, number(row, "treatment") + 1);
        readers = std::max(readers, number(row, "reader") + 1);
        cases = std::max(cases, number(row, "case") + 1);
    }
    ReaderStudy study;
    for (std::size_t i = 0; i < treatments; ++i) study.treatments.push_back(std::to_string(i + 1));
    for (std::size_t j = 0; j < readers; ++j) study.readers.push_back(std::to_string(j + 1));
    study.lesions_of_case.assign(cases, 0);
    study.ratings.assign(treatments, {readers, std::vector<CaseRating>(cases)});
    for (const auto& row : rows) {
        const bool diseased = row.at("truth") == "1";
        const std::size_t at = number(row, "case");
        study.lesions_of_case[at] = diseased ? 1 : 0;
        CaseRating& rating = study.ratings[number(row, "treatment")][number(row, "reader")][at];
        const double value = std::stod(row.at("rating"));
        if (diseased)
            rating.lesions = {value};
        else
            rating.highest_false = value;
    }
    return study;
}

}  // namespace lucerna::evaluate::test
