#include "store/unknown_objects.h"

#include <algorithm>
#include <set>

#include "store/parts.h"

namespace lucerna::store {
namespace {

/// One text for any number of names, so that it is compiled once.
const std::string& query_of_known() {
    static const std::string text = [] {
        std::string sql = "SELECT object FROM instances WHERE object IN (?";
        for (std::size_t i = 1; i < kNamesInAQuery; ++i) sql += ", ?";
        return sql + ")";
    }();
    return text;
}

}  // namespace

std::vector<std::string> unknown_among(Connection& index, const std::vector<std::string>& names) {
    Statement find = index.prepare(query_of_known());
    // No object has an empty name.
    for (std::size_t i = 0; i < kNamesInAQuery; ++i)
        find.bind(i < names.size() ? names[i] : std::string());
    std::set<std::string> known;
    while (find.step()) known.insert(find.text(0));
    std::vector<std::string> unknown;
    std::copy_if(names.begin(), names.end(), std::back_inserter(unknown),
                 [&](const std::string& name) { return !known.contains(name); });
    return unknown;
}

void for_each_unknown(Parts& parts, const std::function<void(const std::string& name)>& visit) {
    std::vector<std::string> names;
    const auto look_up = [&] {
        const auto unknown =
            parts.index.read([&](Connection& index) { return unknown_among(index, names); });
        names.clear();
        for (const std::string& name : unknown) visit(name);
    };
    parts.objects->for_each([&](const std::string& name) {
        names.push_back(name);
        if (names.size() == kNamesInAQuery) look_up();
    });
    if (!names.empty()) look_up();
}

}  // namespace lucerna::store
