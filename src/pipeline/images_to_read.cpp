#include "pipeline/images_to_read.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "prepare/header.h"

namespace lucerna::pipeline {
namespace {

constexpr std::size_t kMostImages = 24;
constexpr std::size_t kMostOthers = 64;

struct Contender {
    std::size_t index = 0;
    prepare::Claim claim;
};

/// Of one view, and all or none of a SOP class that is read.
struct Group {
    std::string view;
    bool is_read = false;
    friend auto operator<=>(const Group&, const Group&) = default;
};

}  // namespace

bool may_be_a_view(const store::InstanceRow& row) {
    return row.number_of_frames <= 1 &&
           row.rows * std::int64_t{row.columns} <= prepare::kMostPixels;
}

ImagesToRead images_to_read(const std::vector<store::InstanceRow>& rows,
                            const exam::InputContract& contract, const LookAtHead& look_at) {
    std::vector<bool> is_taken(rows.size());
    std::map<Group, std::vector<Contender>> groups;
    std::size_t images = 0;
    std::size_t others = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!may_be_a_view(rows[i])) {
            is_taken[i] = ++others <= kMostOthers;
            continue;
        }
        const bool is_read = prepare::is_class_that_is_read(rows[i].sop_class_uid, contract);
        groups[{rows[i].view, is_read}].push_back({i, {}});
        ++images;
    }
    using Turn = std::tuple<bool, std::size_t, bool, bool, std::size_t>;
    std::vector<Turn> turns;
    std::vector<bool> is_a_patients(rows.size());
    for (auto& [group, contenders] : groups) {
        if (group.is_read && images > kMostImages) {
            for (Contender& each : contenders) {
                each.claim = look_at(rows[each.index]);
                is_a_patients[each.index] = each.claim.is_of_a_patient;
            }
            std::stable_sort(contenders.begin(), contenders.end(),
                             [](const Contender& one, const Contender& other) {
                                 return prepare::outranks(one.claim, other.claim);
                             });
        }
        const bool is_asked_for = std::find(contract.views.begin(), contract.views.end(),
                                            group.view) != contract.views.end();
        for (std::size_t nth = 0; nth < contenders.size(); ++nth)
            turns.emplace_back(group.view.empty(), nth, !group.is_read, !is_asked_for,
                               contenders[nth].index);
    }
    std::sort(turns.begin(), turns.end());
    turns.resize(std::min(turns.size(), kMostImages));
    for (const Turn& turn : turns) is_taken[std::get<4>(turn)] = true;
    ImagesToRead chosen;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (is_taken[i]) chosen.images.push_back(rows[i]);
        if (!is_taken[i] && is_a_patients[i]) chosen.are_beside_a_patients = true;
    }
    return chosen;
}

}  // namespace lucerna::pipeline
